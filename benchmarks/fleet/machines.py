"""Nodes and racks: what they are made of, and their power as sums of courses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from benchmarks.fleet.course import Course
from benchmarks.fleet.scenario import Event
from benchmarks.fleet.work import Lane
from collector.model import GpuIdentity
from collector.sitefile.model import Node, Rack
from collector.sources.simulated.identity import make_identity
from collector.sources.simulated.models import BoardModel

NODE_WATTS = 500.0
"""Fans, network cards and disks of a node, whatever its GPUs do. This and the three below: guesses
that bring a rack of 72 GB200 at full power to about 120 kW."""
SERVER_WATTS = 1_900.0
"""The same, for a node whose processors are no part of a module."""
NODE_LOSS = 0.08
RACK_WATTS = 6_000.0
"""Switch trays and power shelves of a rack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One GPU. Boards of a kind differ a little.

    Attributes:
        identity: who it is.
        idle_watts: power without work.
        span_watts: what full work adds.
        cooler: thermal resistance to the coolant, relative to the model's own.
    """

    identity: GpuIdentity
    idle_watts: float
    span_watts: float
    cooler: float


def make_board(model: BoardModel, seed: int, node: int, index: int) -> Board:
    """Make up a board; the same for the same arguments."""
    draw = Random(f"{seed}/board/{node}/{index}").random  # noqa: S311 - play, not secrets
    idle = model.idle_mw / 1000 * (1 + 0.06 * draw())
    return Board(
        identity=make_identity(model, seed * 1_000_000 + node, index),
        idle_watts=idle,
        span_watts=model.limit_mw / 1000 * (0.96 + 0.04 * draw()) - idle,
        cooler=0.94 + 0.12 * draw(),
    )


@dataclass(slots=True, kw_only=True)
class Machine:
    """A node and what happens to it.

    Attributes:
        node: what the site file says.
        number: its place among the nodes.
        lane: what it works on.
        boards: its GPUs.
        events: what strikes it, its rack, its hall or the site.
        course: of the machine.
        courses: of each of its GPUs.
        boots: when it was switched on, in order; the first is the origin.
    """

    node: Node
    number: int
    lane: Lane
    boards: tuple[Board, ...]
    events: tuple[Event, ...] = ()
    course: Course
    courses: tuple[Course, ...]
    boots: tuple[float, ...]


@dataclass(slots=True)
class Load:
    """Power as a sum over courses: for each, watts while on and watts of full work."""

    terms: dict[Course, tuple[float, float]] = field(default_factory=dict)

    def add(self, course: Course, on_watts: float, work_watts: float) -> None:
        """Add something that follows a course."""
        on, work = self.terms.get(course, (0.0, 0.0))
        self.terms[course] = (on + on_watts, work + work_watts)

    def add_all(self, other: "Load") -> None:
        """Add another load."""
        for course, (on, work) in other.terms.items():
            self.add(course, on, work)

    def watts(self, at_s: float) -> float:
        """Power at an instant."""
        total = 0.0
        for course, (on, work) in self.terms.items():
            doing = course.at(at_s)
            if doing.piece.on:
                total += on + work * doing.level
        return total

    def joules(self, at_s: float) -> float:
        """Energy from the origin to an instant."""
        total = 0.0
        for course, (on, work) in self.terms.items():
            doing = course.at(at_s)
            total += on * doing.on + work * doing.done
        return total


def gpu_load(machine: Machine, index: int) -> Load:
    """One GPU's power."""
    board = machine.boards[index]
    load = Load()
    load.add(machine.courses[index], board.idle_watts, board.span_watts)
    return load


def processor_load(model: BoardModel, machine: Machine, index: int) -> Load:
    """The part of a module's processor that goes with one of its GPUs."""
    load = Load()
    load.add(machine.course, model.host_idle_mw / 1000, 0.0)
    load.add(machine.courses[index], 0.0, model.host_busy_mw / 1000)
    return load


def node_load(model: BoardModel, machine: Machine) -> Load:
    """What a node draws from outside."""
    inside = Load()
    for index in range(len(machine.boards)):
        inside.add_all(gpu_load(machine, index))
        inside.add_all(processor_load(model, machine, index))
    load = Load()
    for course, (on, work) in inside.terms.items():
        load.add(course, on * (1 + NODE_LOSS), work * (1 + NODE_LOSS))
    load.add(machine.course, NODE_WATTS if model.is_module else SERVER_WATTS, 0.0)
    return load


@dataclass(slots=True, kw_only=True)
class RackLoad:
    """A rack: its nodes, what it has besides, and what events add or take.

    Attributes:
        rack: what the site file says.
        machines: its nodes.
        load: of its nodes together.
        own: of what it has besides, on while the rack is.
        extra: events that add to it.
    """

    rack: Rack
    machines: tuple[Machine, ...]
    load: Load
    own: Load
    extra: tuple[Event, ...] = ()

    def watts(self, at_s: float) -> float:
        """What it draws at an instant."""
        more = sum(event.watts for event in self.extra if event.during(at_s))
        return self.load.watts(at_s) + self.own.watts(at_s) + more

    def joules(self, at_s: float) -> float:
        """What it drew from the origin to an instant."""
        more = sum(
            event.watts * max(0.0, min(at_s, event.end_s) - event.begin_s) for event in self.extra
        )
        return self.load.joules(at_s) + self.own.joules(at_s) + more


def by_rack(machines: Iterable[Machine]) -> Mapping[str, tuple[Machine, ...]]:
    """The nodes of each rack."""
    found: dict[str, list[Machine]] = {}
    for machine in machines:
        found.setdefault(machine.node.rack, []).append(machine)
    return {rack: tuple(nodes) for rack, nodes in found.items()}
