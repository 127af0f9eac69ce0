"""Decodes the messages of the facility contract.

Topics are `BMS/v1/PUB/Value|Metadata/{objectType}/{pointType}/{tagPath}`; the tagPath may hold
slashes and is the same in both. Source: NVIDIA/dsx-exchange, docs/bms-integration.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from collector.sitefile.model import MeterSpec
from collector.sources.meters.decoder import MOST_POINTS, Request, Subscription
from collector.sources.meters.dsx.heartbeat import LIMIT_NS, Heartbeats
from collector.sources.meters.dsx.metadata import metadata_of
from collector.sources.meters.dsx.point import Point
from collector.sources.meters.dsx.points import ELECTRICAL, HEARTBEAT, POINTS
from collector.sources.meters.dsx.tree import Tree
from collector.sources.meters.dsx.value import Value, value_of
from collector.sources.meters.reading import MeterReading, Quality, Shape
from collector.sources.meters.rejection import Reason, Rejected
from collector.sources.meters.values import SourceClock

_ROOT = "BMS/v1/PUB/"
_VALUE, _METADATA = "Value", "Metadata"
_LEVELS = 7
_METADATA_NS = 220_000_000_000
"""Metadata comes every 100 s; a value that waited longer waits for nothing."""
_MOST_HELD = 200_000
"""Values that wait, of all points: some 20 MB."""


class DsxDecoder:
    """Readings from the building management system.

    Args:
        meters: those of the site file; `dsx_object` or, without one, the id names the object.
        clock: the building's clock.
        most_points: how many points are kept track of.
    """

    def __init__(
        self,
        meters: Iterable[MeterSpec],
        clock: SourceClock,
        *,
        most_points: int = MOST_POINTS,
    ) -> None:
        self._meters = {meter.dsx_object or meter.id: meter.id for meter in meters}
        self._clock = clock
        self._most_points = most_points
        self._points: dict[str, Point] = {}
        self._held = 0
        self._hearts = Heartbeats()
        self._tree = Tree(most_points)

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """Values and metadata of what is read, and the heartbeats."""
        return tuple(
            Subscription(f"{_ROOT}{what}/{object_type}/#")
            for what in (_METADATA, _VALUE)
            for object_type in (*POINTS, "System")
        )

    @property
    def tree(self) -> Mapping[str, tuple[str, ...]]:
        """By the contract's object id, the ids that the object feeds with power."""
        return self._tree.serves

    @property
    def described(self) -> frozenset[str]:
        """The contract's ids of all objects that have points which are read."""
        known = (point.metadata for point in self._points.values())
        return frozenset(metadata.object_id for metadata in known if metadata is not None)

    def wants(self, topic: str) -> bool:
        """Whether it is a topic of the contract."""
        return topic.startswith(_ROOT)

    def origin(self, topic: str) -> str:
        """The point, whether its value or its metadata came."""
        return topic.split("/", 4)[-1]

    def requests(self) -> Sequence[Request]:
        """Nothing: the contract is only read."""
        return ()

    def decode(
        self, topic: str, payload: bytes, *, retain: bool, received_ns: int, wall_ns: int
    ) -> Sequence[MeterReading]:
        """Readings of one message; see `Decoder`."""
        point = self._points.get(topic)
        if point is not None:
            if retain:
                raise _kept()
            return self._value(point, payload, received_ns, wall_ns)
        parts = topic.split("/", _LEVELS - 1)
        if len(parts) != _LEVELS or parts[3] not in {_VALUE, _METADATA}:
            raise Rejected(Reason.BAD_TOPIC, "not the topic of a value or of metadata")
        what, object_type, point_type, tag = parts[3:]
        if object_type == "System":
            if point_type == HEARTBEAT and what == _METADATA:
                scope = metadata_of(object_type, HEARTBEAT, payload).scope if payload else ""
                self._hearts.described(tag, scope, received_ns)
            elif point_type == HEARTBEAT and not retain:
                self._beat(tag, payload, received_ns)
            return ()
        if point_type not in POINTS.get(object_type, ()):
            return ()
        value_topic = (
            topic if what == _VALUE else f"{_ROOT}{_VALUE}/{object_type}/{point_type}/{tag}"
        )
        point = self._points.get(value_topic) or self._add(value_topic, object_type, point_type)
        if what == _VALUE:
            if retain:
                raise _kept()
            return self._value(point, payload, received_ns, wall_ns)
        return self._described(point, payload, wall_ns)

    def tick(self, *, received_ns: int, wall_ns: int) -> Sequence[MeterReading]:
        """Notices for the points whose heartbeat is lost, and that say nothing either."""
        is_lost = self._hearts.lost(received_ns)
        if is_lost is None:
            return ()
        notices = []
        for point in self._points.values():
            quiet = received_ns - point.heard_ns > LIMIT_NS
            if point.silent or not quiet or not is_lost(point.topic):
                continue
            point.silent = True
            metadata, meter = point.metadata, point.meter
            if metadata is None or metadata.quantity is None or meter is None:
                continue
            notices.append(
                MeterReading(
                    meter=meter,
                    quantity=metadata.quantity,
                    value=None,
                    source_ns=wall_ns,
                    received_ns=received_ns,
                    quality=Quality.BAD,
                    shape=Shape.HELD,
                    point=metadata.point,
                    reason="the heartbeat of the building management system is lost",
                    notice=True,
                )
            )
        return notices

    def _add(self, topic: str, object_type: str, point_type: str) -> Point:
        if len(self._points) >= self._most_points:
            raise Rejected(
                Reason.TOO_MANY_POINTS, f"more than {self._most_points} points are published"
            )
        point = self._points[topic] = Point(topic, object_type, point_type)
        return point

    def _value(
        self, point: Point, payload: bytes, received_ns: int, wall_ns: int
    ) -> Sequence[MeterReading]:
        value = value_of(payload, received_ns)
        point.heard_ns = received_ns
        if point.problem is not None:
            raise Rejected(point.problem.reason, point.problem.detail)
        if point.metadata is None:
            self._hold(point, value)
            return ()
        return self._reading(point, value, wall_ns)

    def _hold(self, point: Point, value: Value) -> None:
        """Keep a value until its metadata comes.

        What a broker kept for us while we were away comes before the metadata does, which is sent
        anew only when we subscribe.
        """
        waiting = point.waiting
        waiting.append(value)
        self._held += 1
        overdue = value.received_ns - waiting[0].received_ns > _METADATA_NS
        if overdue or self._held > _MOST_HELD:
            self._held -= len(waiting) - 1
            del waiting[:-1]
            raise Rejected(Reason.NO_METADATA, "values come, and no metadata has")

    def _reading(self, point: Point, value: Value, wall_ns: int) -> Sequence[MeterReading]:
        metadata, meter = point.metadata, point.meter
        if metadata is None or metadata.quantity is None:
            return ()
        if meter is None:
            raise Rejected(
                Reason.UNMAPPED, f"no meter of the site file is object {metadata.object_id!r}"
            )
        source_ns = self._clock.corrected(value.stamped_ns, wall_ns)
        point.silent = False
        amount = value.value
        if amount is not None:
            amount = amount * metadata.unit.factor + metadata.unit.offset
        return (
            MeterReading(
                meter=meter,
                quantity=metadata.quantity,
                value=amount,
                source_ns=source_ns,
                received_ns=value.received_ns,
                quality=Quality.BAD if value.doubt else Quality.GOOD,
                shape=Shape.HELD,
                point=metadata.point,
                reason=value.doubt,
            ),
        )

    def _described(self, point: Point, payload: bytes, wall_ns: int) -> Sequence[MeterReading]:
        seen = hash(payload)
        if seen == point.seen:
            return ()
        point.seen = seen
        point.forget()
        if not payload:  # the point was taken away
            return ()
        try:
            metadata = metadata_of(point.object_type, point.point_type, payload)
        except Rejected as why:
            point.problem = why
            raise
        point.metadata = replace(metadata, serves=None)  # the tree has it, once an object
        point.meter = self._meters.get(metadata.object_id)
        if point.object_type in ELECTRICAL and metadata.serves is not None:
            self._tree.put(metadata.object_id, metadata.serves)
        waited, point.waiting = point.waiting, []
        self._held -= len(waited)
        return [reading for value in waited for reading in self._reading(point, value, wall_ns)]

    def _beat(self, tag: str, payload: bytes, received_ns: int) -> None:
        value = value_of(payload, received_ns)
        if not value.doubt and value.value is not None:
            self._hearts.beat(tag, value.value, received_ns)


def _kept() -> Rejected:
    return Rejected(Reason.RETAINED, "the broker had kept this value")
