"""Decodes plain JSON and bare numbers."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from collector.sources.meters.decoder import MOST_POINTS, Request, Subscription
from collector.sources.meters.reading import MeterReading, Quantity
from collector.sources.meters.rejection import Reason, Rejected, in_part
from collector.sources.meters.topicmap.pointer import found
from collector.sources.meters.topicmap.rule import TopicRule
from collector.sources.meters.values import SourceClock, json_of, number


class TopicDecoder:
    """Readings from topics that the map names.

    Args:
        rules: the map.
        meters: ids of the site file; a message of any other is rejected.
        clock: the publishers' clock; it does not matter where the arrival counts.
        most_points: how many topics are kept track of.
    """

    def __init__(
        self,
        rules: Iterable[TopicRule],
        meters: Collection[str],
        clock: SourceClock,
        *,
        most_points: int = MOST_POINTS,
    ) -> None:
        self._rules = tuple(rules)
        self._meters = frozenset(meters)
        self._clock = clock
        self._most_points = most_points
        self._bound: dict[str, tuple[tuple[TopicRule, str], ...]] = {}

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """The map's topics.

        Those without a time are wanted with QoS 0: what a broker kept for us while we were away
        would be taken for new.
        """
        return tuple(Subscription(rule.topic, int(rule.time is not None)) for rule in self._rules)

    def wants(self, topic: str) -> bool:
        """Whether the map names it."""
        levels = topic.split("/")
        return any(rule.meter_for(levels) is not None for rule in self._rules)

    def origin(self, topic: str) -> str:
        """The topic itself."""
        return topic

    def tick(self, *, received_ns: int, wall_ns: int) -> Sequence[MeterReading]:
        """Nothing: only the age of a reading tells that its publisher is gone."""
        del received_ns, wall_ns
        return ()

    def requests(self) -> Sequence[Request]:
        """Nothing."""
        return ()

    def decode(
        self, topic: str, payload: bytes, *, retain: bool, received_ns: int, wall_ns: int
    ) -> Sequence[MeterReading]:
        """Readings of one message, one for each entry that names its topic; see `Decoder`."""
        bound = self._bound.get(topic)
        if bound is None:
            bound = self._bind(topic)
        if retain:
            raise Rejected(Reason.RETAINED, "the broker had kept this message")
        said = json_of(payload)
        readings: list[MeterReading] = []
        rejected: list[Rejected] = []
        for rule, meter in bound:
            try:
                readings.append(self._reading(rule, meter, said, received_ns, wall_ns))
            except Rejected as why:
                rejected.append(why)
        in_part(readings, rejected)
        return readings

    def _bind(self, topic: str) -> tuple[tuple[TopicRule, str], ...]:
        levels = topic.split("/")
        pairs = ((rule, rule.meter_for(levels)) for rule in self._rules)
        bound = tuple((rule, meter) for rule, meter in pairs if meter is not None)
        unknown = [meter for _, meter in bound if meter not in self._meters]
        if not bound or unknown:
            named = f"no meter of the site file is {unknown[0]!r}" if unknown else "not in the map"
            raise Rejected(Reason.UNMAPPED, named)
        series = [(m, rule.conversion.quantity, rule.conversion.point) for rule, m in bound]
        if len(set(series)) < len(series):
            raise Rejected(
                Reason.AMBIGUOUS, "the map takes the same quantity of a meter from it twice"
            )
        if len(self._bound) >= self._most_points:
            raise Rejected(
                Reason.TOO_MANY_POINTS, f"more than {self._most_points} topics are published"
            )
        self._bound[topic] = bound
        return bound

    def _reading(
        self, rule: TopicRule, meter: str, said: Any, received_ns: int, wall_ns: int
    ) -> MeterReading:
        try:
            value = found(said, rule.value)
        except LookupError:
            where = "/" + "/".join(rule.value)
            raise Rejected(Reason.NO_VALUE, f"there is nothing at {where}") from None
        if type(value) is bool and rule.conversion.quantity is Quantity.STATE:
            value = int(value)
        source_ns = wall_ns
        if rule.time is not None and rule.stamp is not None:
            source_ns = self._clock.corrected(rule.stamp(_timed(said, rule.time)), wall_ns)
        return rule.conversion.reading(
            meter,
            None if value is None else number(value),
            source_ns=source_ns,
            received_ns=received_ns,
            problem=_problem(said, rule),
        )


def _timed(said: Any, where: tuple[str, ...]) -> object:
    try:
        return found(said, where)
    except LookupError:
        raise Rejected(Reason.BAD_TIMESTAMP, "the time is missing") from None


def _problem(said: Any, rule: TopicRule) -> str:
    if rule.quality is None:
        return ""
    try:
        quality = found(said, rule.quality)
    except LookupError:
        return "the source says no quality"
    good = any(type(quality) is type(one) and quality == one for one in rule.good)
    return "" if good else "the source does not vouch for it"
