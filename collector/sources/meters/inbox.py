"""Every message comes in here: it is routed, decoded, and what is not new is left out."""

import logging
from collections.abc import Iterable, Mapping, Sequence

from collector.shown import shown
from collector.sources.meters.decoder import MOST_POINTS, Decoder, Request, Subscription
from collector.sources.meters.reading import MeterReading, Quantity
from collector.sources.meters.rejection import Reason, Rejected, Rejections

_log = logging.getLogger(__name__)

Key = tuple[str, Quantity, str]
"""Meter, quantity and point: what a series of readings is of."""

_LONGEST_TOPIC = 1024
_GIVEN_UP_NS = 200 * 1_000_000_000
"""Who was silent for so long, twice the republish time of the facility's contract, has given up
its series to another: its topic may have been renamed."""


_PACE_NS = 5 * 1_000_000_000
_SET_BACK_NS = 30 * 1_000_000_000
"""For so long only old times must have come, and gone on as ours did: what a broker sends again
comes faster than its times say, and news come between."""


class _Series:
    """What was last taken of a series, and from whom."""

    __slots__ = ("_late", "received_ns", "source_ns", "topic")

    def __init__(self, source_ns: int, received_ns: int, topic: str) -> None:
        self.source_ns = source_ns
        self.received_ns = received_ns
        self.topic = topic
        self._late: tuple[MeterReading, MeterReading] | None = None

    def take(self, reading: MeterReading, topic: str) -> None:
        """This one is news."""
        self.source_ns = reading.source_ns
        self.received_ns = reading.received_ns
        self.topic = topic
        self._late = None

    def was_set_back(self, reading: MeterReading) -> bool:
        """Whether by this old reading it is clear that the source's clock was set back."""
        first, last = self._late or (reading, reading)
        came_ns = reading.received_ns - first.received_ns
        off_ns = reading.source_ns - first.source_ns - came_ns
        if reading.source_ns < last.source_ns or abs(off_ns) > _PACE_NS:
            self._late = (reading, reading)
            return False
        self._late = (first, reading)
        return came_ns >= _SET_BACK_NS


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic that one filter matches is matched by another (MQTT 5, section 4.7)."""
    ours, theirs = wide.split("/"), narrow.split("/")
    for i, level in enumerate(ours):
        if level == "#":
            return True
        if i >= len(theirs) or theirs[i] == "#":
            return False
        if level not in {"+", theirs[i]}:
            return False
    return len(ours) == len(theirs)


class MeterInbox:
    """Turns messages into readings that are new, and counts the rest.

    Args:
        decoders: the ways in; the first that wants a topic gets it.
        last: when the last reading of each series was taken that is known from before, so that a
            restart takes none twice.
        rejections: where they are counted.
    """

    def __init__(
        self,
        decoders: Iterable[Decoder],
        last: Mapping[Key, int] | None = None,
        rejections: Rejections | None = None,
    ) -> None:
        self._decoders = tuple(decoders)
        self._routes: dict[str, Decoder] = {}
        self._series = {key: _Series(at_ns, 0, "") for key, at_ns in (last or {}).items()}
        self._rejections = rejections or Rejections()
        self._bug_told = False

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """What all decoders want to hear; each topic filter once, with its highest QoS.

        A filter that another one covers is left out: a broker would send each message twice.
        """
        wanted: dict[str, int] = {}
        for decoder in self._decoders:
            for one in decoder.subscriptions:
                wanted[one.topic] = max(one.qos, wanted.get(one.topic, 0))
        for narrow in list(wanted):
            wide = [topic for topic in wanted if topic != narrow and covers(topic, narrow)]
            if wide:
                qos = wanted.pop(narrow)
                for topic in wide:
                    wanted[topic] = max(qos, wanted[topic])
        return tuple(Subscription(topic, qos) for topic, qos in wanted.items())

    @property
    def rejected(self) -> Mapping[str, int]:
        """How many were not taken, by reason."""
        return self._rejections.counts

    @property
    def last(self) -> Mapping[Key, int]:
        """When the last reading of each series was taken, nanoseconds of UTC."""
        return {key: one.source_ns for key, one in self._series.items()}

    def receive(
        self, topic: str, payload: bytes, *, retain: bool, received_ns: int, wall_ns: int
    ) -> Sequence[MeterReading]:
        """What is new in a message. Never raises: what is wrong is counted.

        Args:
            topic: where it was published.
            payload: what was.
            retain: whether the broker had kept it.
            received_ns: when it arrived, CLOCK_MONOTONIC.
            wall_ns: when it arrived, UTC.
        """
        decoder = self._route(topic)
        if decoder is None:
            return ()
        try:
            readings = decoder.decode(
                topic, payload, retain=retain, received_ns=received_ns, wall_ns=wall_ns
            )
        except Rejected as why:
            readings = why.readings
            for one in (why, *why.others):
                self._rejections.add(one.reason, topic, one.detail)
        except Exception as error:  # noqa: BLE001 - one message must not end the daemon
            self._bug(topic, error)
            return ()
        if not readings:
            return ()
        return [one for one in readings if self._is_new(one, topic, decoder)]

    def tick(self, *, received_ns: int, wall_ns: int) -> list[MeterReading]:
        """Notices of what fell silent by now. Call about once a second."""
        return [
            reading
            for decoder in self._decoders
            for reading in decoder.tick(received_ns=received_ns, wall_ns=wall_ns)
        ]

    def requests(self) -> list[Request]:
        """What is to be published; each is given once."""
        return [request for decoder in self._decoders for request in decoder.requests()]

    def unreadable_topic(self) -> None:
        """Count a message whose topic is no text."""
        self._rejections.add(Reason.BAD_TOPIC, "(unreadable)", "the topic is not UTF-8")

    def _route(self, topic: str) -> Decoder | None:
        decoder = self._routes.get(topic)
        if decoder is not None:
            return decoder
        if len(topic) > _LONGEST_TOPIC:
            self._rejections.add(
                Reason.BAD_TOPIC, topic, f"the topic is {len(topic)} characters long"
            )
            return None
        decoder = next((one for one in self._decoders if one.wants(topic)), None)
        if decoder is None:
            self._rejections.add(Reason.UNMAPPED, topic, "nothing says what this topic is")
        elif len(self._routes) < MOST_POINTS:
            self._routes[topic] = decoder
        return decoder

    def _is_new(self, reading: MeterReading, topic: str, decoder: Decoder) -> bool:
        if reading.notice:
            return True
        key = (reading.meter, reading.quantity, reading.point)
        series = self._series.get(key)
        if series is None:
            self._series[key] = _Series(reading.source_ns, reading.received_ns, topic)
            return True
        if series.topic != topic and not self._may_take_over(series, reading, topic, decoder):
            return False
        if reading.source_ns <= series.source_ns and not series.was_set_back(reading):
            self._rejections.add(
                Reason.REPLAYED, topic, "its time is that of the last reading, or before"
            )
            return False
        series.take(reading, topic)
        return True

    def _may_take_over(
        self, series: _Series, reading: MeterReading, topic: str, decoder: Decoder
    ) -> bool:
        """Only one speaks for a series: two would be one watt twice."""
        if (
            not series.topic
            or decoder.origin(series.topic) == decoder.origin(topic)
            or reading.received_ns - series.received_ns > _GIVEN_UP_NS
        ):
            return True
        self._rejections.add(
            Reason.AMBIGUOUS,
            topic,
            f"{series.topic} gives the {reading.quantity.value} of meter {reading.meter} already",
        )
        return False

    def _bug(self, topic: str, error: Exception) -> None:
        self._rejections.add(Reason.BUG, topic, f"{type(error).__name__} while decoding")
        if not self._bug_told:
            self._bug_told = True
            _log.error("meters: please report this bug; topic %s", shown(topic), exc_info=error)
