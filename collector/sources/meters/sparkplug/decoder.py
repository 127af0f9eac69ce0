"""Decodes Sparkplug B messages, and asks for a rebirth where something is missing.

Topics are `spBv1.0/{group}/{type}/{node}[/{device}]`. A host application's STATE is not published:
it is needed only by nodes that are set up to wait for a primary host.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from collector.sources.meters.decoder import MOST_POINTS, Request, Subscription
from collector.sources.meters.reading import MeterReading
from collector.sources.meters.rejection import Reason, Rejected, in_part
from collector.sources.meters.sparkplug.binder import Binder
from collector.sources.meters.sparkplug.message import Message, birth_number, called, parsed
from collector.sources.meters.sparkplug.metric import problem_of, value_of
from collector.sources.meters.sparkplug.node import Device, EdgeNode
from collector.sources.meters.sparkplug.rule import ANY, BoundMetric, MetricRule
from collector.sources.meters.sparkplug.schema import Payload
from collector.sources.meters.values import SourceClock

REBIRTHS_APART_NS = 60 * 1_000_000_000
_OF_NODE, _OF_DEVICE = ("NBIRTH", "NDATA", "NDEATH"), ("DBIRTH", "DDATA", "DDEATH")
_REBIRTH = b"Node Control/Rebirth"
_BOOLEAN = 11
_MS_NS = 1_000_000


class SparkplugDecoder:
    """Readings from the edge nodes of one group.

    Args:
        group: its id.
        rules: which metrics are read, and as what.
        meters: ids of the site file.
        clock: the nodes' clock.
        most_points: how many metrics are kept track of; and as many nodes.
    """

    def __init__(
        self,
        group: str,
        rules: Iterable[MetricRule],
        meters: Collection[str],
        clock: SourceClock,
        *,
        most_points: int = MOST_POINTS,
    ) -> None:
        self._root = f"spBv1.0/{group}/"
        self._rules: dict[str, list[MetricRule]] = {}
        for rule in rules:
            self._rules.setdefault(rule.metric, []).append(rule)
        self._named = {rule.node for rules in self._rules.values() for rule in rules}
        self._meters = frozenset(meters)
        self._clock = clock
        self._most_points = most_points
        self._nodes: dict[str, EdgeNode] = {}
        self._tracked = 0
        self._requests: list[Request] = []

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """All that the group's nodes and devices say."""
        nodes = tuple(Subscription(f"{self._root}{kind}/+") for kind in _OF_NODE)
        return nodes + tuple(Subscription(f"{self._root}{kind}/+/+") for kind in _OF_DEVICE)

    def wants(self, topic: str) -> bool:
        """Whether it is a topic of the group."""
        return topic.startswith(self._root)

    def tick(self, *, received_ns: int, wall_ns: int) -> Sequence[MeterReading]:
        """Nothing: death certificates tell."""
        del received_ns, wall_ns
        return ()

    def requests(self) -> Sequence[Request]:
        """Rebirth commands that are due."""
        due, self._requests = self._requests, []
        return due

    def decode(
        self, topic: str, payload: bytes, *, retain: bool, received_ns: int, wall_ns: int
    ) -> Sequence[MeterReading]:
        """Readings of one message; see `Decoder`."""
        kind, _, rest = topic.removeprefix(self._root).partition("/")
        name, _, device = rest.partition("/")
        wanted = _OF_DEVICE if device else _OF_NODE
        if kind not in wanted or not name or "/" in device:
            raise Rejected(Reason.BAD_TOPIC, "not the topic of a birth, of data or of a death")
        if retain:
            raise Rejected(Reason.RETAINED, "the broker had kept this message")
        if not self._concerned(name):
            return ()
        message = Message(
            node=self._node(name),
            name=name,
            device=device,
            said=parsed(payload),
            received_ns=received_ns,
            wall_ns=wall_ns,
        )
        match kind[1:]:
            case "BIRTH":
                return self._born(message)
            case "DEATH":
                return self._died(message)
        return self._data(message)

    def origin(self, topic: str) -> str:
        """The node or device, whatever kind of message it sent."""
        return topic.removeprefix(self._root).partition("/")[2]

    def _concerned(self, node: str) -> bool:
        return ANY in self._named or node in self._named

    def _node(self, name: str) -> EdgeNode:
        node = self._nodes.get(name)
        if node is None:
            if len(self._nodes) >= self._most_points:
                raise Rejected(
                    Reason.TOO_MANY_POINTS, f"more than {self._most_points} nodes publish"
                )
            node = self._nodes[name] = EdgeNode()
        return node

    def _born(self, message: Message) -> list[MeterReading]:
        node, said = message.node, message.said
        rejected: list[Rejected] = []
        if message.device:
            if "" not in node.devices:
                self._ask(message)
                raise Rejected(Reason.NOT_BORN, "a device was born before its node")
            self._check_sequence(message, rejected)
            self._bury(node, message.device)
        else:
            for name in tuple(node.devices):
                self._bury(node, name)
            node.sequence = said.seq
            node.birth = birth_number(said)
        binder = Binder(self._rules, self._meters, message.name, message.device)
        room = self._most_points - self._tracked
        if len(said.metrics) >= room:
            raise Rejected(
                Reason.TOO_MANY_POINTS, f"more than {self._most_points} metrics are born"
            )
        node.devices[message.device] = device = binder.device(said.metrics)
        self._tracked += device.size
        rejected += binder.rejected
        readings = self._readings(message, device, rejected)
        in_part(readings, rejected)
        return readings

    def _bury(self, node: EdgeNode, device: str) -> Device | None:
        gone = node.devices.pop(device, None)
        if gone is not None:
            self._tracked -= gone.size
        return gone

    def _died(self, message: Message) -> list[MeterReading]:
        node = message.node
        if message.device:
            gone = {message.device: self._bury(node, message.device)}
            if message.said.HasField("seq"):
                node.follows(message.said.seq)
        else:
            birth = birth_number(message.said)
            if node.birth is not None and birth is not None and birth != node.birth:
                return []  # the will of a session before this one
            gone = {device: self._bury(node, device) for device in tuple(node.devices)}
            node.sequence = node.birth = None
        return [
            replace(
                metric.conversion.reading(
                    metric.meter,
                    None,
                    source_ns=message.wall_ns,
                    received_ns=message.received_ns,
                    problem=f"Sparkplug {called(message.name, name)} died",
                ),
                notice=True,
            )
            for name, device in gone.items()
            if device is not None
            for metric in device.names.values()
            if metric is not None
        ]

    def _data(self, message: Message) -> list[MeterReading]:
        device = message.node.devices.get(message.device)
        if device is None:
            self._ask(message)
            raise Rejected(Reason.NOT_BORN, "data without a birth; a rebirth is asked for")
        rejected: list[Rejected] = []
        self._check_sequence(message, rejected)
        readings = self._readings(message, device, rejected)
        in_part(readings, rejected)
        return readings

    def _check_sequence(self, message: Message, rejected: list[Rejected]) -> None:
        if not message.node.follows(message.said.seq):
            self._ask(message)
            rejected.append(
                Rejected(Reason.SEQUENCE_GAP, "messages are missing; a rebirth is asked for")
            )

    def _readings(
        self, message: Message, device: Device, rejected: list[Rejected]
    ) -> list[MeterReading]:
        readings = []
        for metric in message.said.metrics:
            try:
                bound = device.find(metric)
                if bound is not None:
                    readings.append(self._reading(message, metric, bound))
            except Rejected as why:
                if why.reason is Reason.UNKNOWN_ALIAS:
                    self._ask(message)
                rejected.append(why)
        return readings

    def _reading(self, message: Message, metric: Any, bound: BoundMetric) -> MeterReading:
        stamp = metric.timestamp or message.said.timestamp
        value = value_of(metric, metric.datatype or bound.datatype)
        return bound.conversion.reading(
            bound.meter,
            value,
            source_ns=self._clock.corrected(stamp * _MS_NS, message.wall_ns),
            received_ns=message.received_ns,
            problem=problem_of(metric),
        )

    def _ask(self, message: Message) -> None:
        """Ask a node to be born again; at most once a minute."""
        node = message.node
        asked_ns = node.asked_ns
        if asked_ns is not None and message.received_ns - asked_ns < REBIRTHS_APART_NS:
            return
        node.asked_ns = message.received_ns
        command = Payload(timestamp=message.wall_ns // _MS_NS)
        command.metrics.add(name=_REBIRTH, datatype=_BOOLEAN, boolean_value=True)
        self._requests.append(
            Request(f"{self._root}NCMD/{message.name}", command.SerializeToString())
        )
