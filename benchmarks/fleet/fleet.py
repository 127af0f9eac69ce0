"""The truth about a site at any instant: every node, rack and GPU."""

import itertools
from collections.abc import Iterable, Mapping
from math import isfinite
from random import Random
from time import time

from benchmarks.fleet import heat
from benchmarks.fleet.course import Course, Piece
from benchmarks.fleet.machines import (
    RACK_WATTS,
    Load,
    Machine,
    RackLoad,
    by_rack,
    gpu_load,
    make_board,
    node_load,
)
from benchmarks.fleet.scenario import Event, EventKind, check
from benchmarks.fleet.work import Lane
from collector.sitefile.model import Site
from collector.sources.simulated.models import MODELS, BoardModel

DAY_SECONDS = 86_400
_HISTORY_DAYS = 40
_LANE_RACKS = (0.5, 1, 1, 2, 2, 4, 4, 8, 16)
"""Sizes of jobs, in racks."""
_OFF = frozenset({EventKind.NODE_DOWN, EventKind.RACK_MAINTENANCE})
_OF_ONE_GPU = frozenset({EventKind.GPU_LOST, EventKind.XID, EventKind.SENSOR_HUNG})


def origin_of(now_s: float) -> float:
    """A midnight some weeks ago: what a fleet's counters begin at when nobody says otherwise."""
    return (now_s // DAY_SECONDS - _HISTORY_DAYS) * DAY_SECONDS


class Fleet:
    """A site's nodes and what happens to them.

    Args:
        site: the topology.
        seed: the same seed, origin and events give the same fleet.
        nodes: only so many of the site's nodes, the first ones; None for all.
        model: the board, a key of `collector.sources.simulated.models.MODELS`.
        origin_s: when it all begins; `origin_of(now)` when not given.
        gpus: GPUs of a node; what the site file says of the rack when not given, else 4.
    """

    def __init__(
        self,
        site: Site,
        *,
        seed: int = 1,
        nodes: int | None = None,
        model: str = "GB200",
        origin_s: float | None = None,
        gpus: int | None = None,
    ) -> None:
        self.site = site
        self.seed = seed
        self.model: BoardModel = MODELS[model]
        self.origin_s = origin_of(time()) if origin_s is None else origin_s
        self.events: tuple[Event, ...] = ()
        self._courses: dict[tuple[int, tuple[Piece, ...]], Course] = {}
        self._cut: dict[tuple[Event, ...], tuple[Piece, ...]] = {}
        chosen = list(itertools.islice(site.nodes.values(), nodes))
        of_rack: dict[str, int] = {}
        for node in site.nodes.values():
            of_rack[node.rack] = of_rack.get(node.rack, 0) + 1
        self.lanes = self._make_lanes([of_rack[node.rack] for node in chosen])
        self.machines: dict[str, Machine] = {}
        for number, node in enumerate(chosen):
            lane = self.lanes[number]
            said = site.racks[node.rack].gpus
            count = gpus or (4 if said is None else max(1, said // of_rack[node.rack]))
            plain = self._course(lane, (Piece(self.origin_s),))
            self.machines[node.name] = Machine(
                node=node,
                number=number,
                lane=lane,
                boards=tuple(make_board(self.model, seed, number, i) for i in range(count)),
                course=plain,
                courses=(plain,) * count,
                boots=(self.origin_s,),
            )
        self.racks: dict[str, RackLoad] = {}
        for rack, machines in by_rack(self.machines.values()).items():
            self.racks[rack] = RackLoad(
                rack=site.racks[rack], machines=machines, load=Load(), own=Load()
            )
            self._add_up(self.racks[rack])

    def apply(self, *events: Event) -> None:
        """Let something happen. What it strikes shows it from its begin on.

        Raises:
            ScenarioError: the site has no such node, rack, ...
        """
        for event in events:
            check(event, self.site)
        self.events += events
        for rack in self.racks.values():
            machines = [m for m in rack.machines if any(self._strikes(e, m) for e in events)]
            for machine in machines:
                machine.events = tuple(e for e in self.events if self._strikes(e, machine))
                self._route(machine)
            if machines:
                self._add_up(rack)

    def excess_celsius(self, hall: str, at_s: float) -> float:
        """How much warmer than usual the coolant of a hall is."""
        lost = [e for e in self.events if e.kind is EventKind.COOLING_LOST and e.hall == hall]
        return heat.excess_celsius(lost, at_s)

    def gpu_watts(self, node: str, gpu: int, at_s: float) -> float:
        """Power of a GPU."""
        return gpu_load(self.machines[node], gpu).watts(at_s)

    def gpu_joules(self, node: str, gpu: int, at_s: float) -> float:
        """Energy of a GPU since the origin."""
        return gpu_load(self.machines[node], gpu).joules(at_s)

    def node_watts(self, node: str, at_s: float) -> float:
        """What a node draws from outside."""
        return node_load(self.model, self.machines[node]).watts(at_s)

    def rack_watts(self, at_s: float) -> Mapping[str, float]:
        """What each rack draws."""
        return {name: rack.watts(at_s) for name, rack in self.racks.items()}

    def rack_means(self, at_s: float, seconds: float) -> Mapping[str, float]:
        """What each rack drew on average over the seconds before an instant."""
        return {
            name: (rack.joules(at_s) - rack.joules(at_s - seconds)) / seconds
            for name, rack in self.racks.items()
        }

    def _strikes(self, event: Event, machine: Machine) -> bool:
        node = machine.node
        rack = self.site.racks[node.rack]
        return (
            event.kind not in {EventKind.FEED_LOST, EventKind.METER_SILENT}
            and event.node in {"", node.name}
            and event.rack in {"", node.rack}
            and event.hall in {"", rack.hall}
        )

    def _route(self, machine: Machine) -> None:
        """Work out the courses of a node and its GPUs from its events."""
        shared = [e for e in machine.events if e.kind not in _OF_ONE_GPU]
        machine.course = self._course(machine.lane, self._pieces(shared))
        courses = []
        for index in range(len(machine.boards)):
            lost = [e for e in machine.events if e.kind is EventKind.GPU_LOST and e.gpu == index]
            pieces = self._pieces([*shared, *lost])
            courses.append(self._course(machine.lane, pieces))
        machine.courses = tuple(courses)
        boots = [e.end_s for e in machine.events if e.kind in _OFF and isfinite(e.end_s)]
        machine.boots = (self.origin_s, *sorted(boots))

    def _pieces(self, events: Iterable[Event]) -> tuple[Piece, ...]:
        """What holds when, by the events of something; many have the same ones."""
        key = tuple(events)
        found = self._cut.get(key)
        if found is None:
            found = self._cut[key] = self._cut_up(key)
        return found

    def _cut_up(self, events: tuple[Event, ...]) -> tuple[Piece, ...]:
        off = [e for e in events if e.kind in _OFF or e.kind is EventKind.GPU_LOST]
        full = [e for e in events if e.kind is EventKind.OVER_BUDGET]
        hot = [e for e in events if e.kind is EventKind.COOLING_LOST]
        cuts = {self.origin_s}
        for event in (*off, *full):
            cuts |= {max(event.begin_s, self.origin_s), event.end_s}
        for event in hot:
            cuts.update(max(at_s, self.origin_s) for at_s in heat.steps(event))
        pieces: list[Piece] = []
        for at_s in sorted(cut for cut in cuts if isfinite(cut)):
            piece = Piece(
                at_s,
                on=not any(event.during(at_s) for event in off),
                share=heat.share(self.model, heat.excess_celsius(hot, at_s)),
                level=1.0 if any(event.during(at_s) for event in full) else None,
            )
            if not pieces or _what(piece) != _what(pieces[-1]):
                pieces.append(piece)
        return tuple(pieces)

    def _course(self, lane: Lane, pieces: tuple[Piece, ...]) -> Course:
        key = (id(lane), pieces)
        course = self._courses.get(key)
        if course is None:
            course = self._courses[key] = Course(lane, pieces)
        return course

    def _add_up(self, rack: RackLoad) -> None:
        rack.load = Load()
        for machine in rack.machines:
            rack.load.add_all(node_load(self.model, machine))
        name = rack.rack.id
        mine = [e for e in self.events if e.rack == name]
        closed = [e for e in mine if e.kind is EventKind.RACK_MAINTENANCE]
        rack.own = Load()
        own = self._course(rack.machines[0].lane, self._pieces(closed))
        rack.own.add(own, RACK_WATTS if self.model.is_module else 0.0, 0.0)
        rack.extra = tuple(
            e
            for e in self.events
            if e.kind is EventKind.OVER_BUDGET
            and e.rack in {"", name}
            and e.hall in {"", rack.rack.hall}
        )

    def _make_lanes(self, of_rack: list[int]) -> list[Lane]:
        """For each node its lane; jobs take whole racks, or halves."""
        random = Random(f"{self.seed}/lanes")  # noqa: S311 - play, not secrets
        lanes: list[Lane] = []
        number = 0
        while len(lanes) < len(of_rack):
            size = max(1, round(random.choice(_LANE_RACKS) * of_rack[len(lanes)]))
            lanes += [Lane(self.seed, number, self.origin_s)] * size
            number += 1
        return lanes[: len(of_rack)]


def _what(piece: Piece) -> tuple[bool, float, float | None]:
    return piece.on, piece.share, piece.level
