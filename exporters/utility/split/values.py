"""A split: what goes into it and what comes out. Energy in integers, money in its smallest unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Basis(StrEnum):
    """What a node's energy was measured by."""

    HOST = "host_input"
    """What the machine draws from outside."""
    GPU = "gpu"
    """Its GPUs alone, less than what it draws: nothing else was there."""


class Cut(StrEnum):
    """By what a site is cut into shares."""

    TENANT = "tenant"
    HALL = "hall"
    ROW = "row"
    RACK = "rack"
    NODE = "node"


class Kind(StrEnum):
    """What a share is."""

    NAMED = "named"
    """Somebody's."""
    NOBODY = "nobody"
    """Of nodes that the site file gives to nobody here."""
    UNATTRIBUTED = "unattributed"
    """Used by what no node tells of."""
    COMMON = "common"
    """Losses, cooling and the like, where they are a line of their own."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is; what is not known is empty."""

    rack: str = ""
    row: str = ""
    hall: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEnergy:
    """What a node used.

    Attributes:
        node: its name.
        place: as its series say.
        energy_mj: in the time that is known.
        known: how many of the steps are known.
    """

    node: str
    place: Place
    basis: Basis
    energy_mj: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the nodes of a site used, as Prometheus has it.

    Attributes:
        server: its URL.
        start_s: when the period begins, UTC seconds.
        end_s: when it ends.
        steps: how many steps the period was asked in.
        step_seconds: how long each is.
        notes: what a reader must know.
    """

    server: str
    start_s: int
    end_s: int
    steps: int
    step_seconds: int
    nodes: tuple[NodeEnergy, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One line of a split.

    Attributes:
        name: whose; empty where it is nobody's.
        it_wh: what its nodes were measured to use.
        energy_wh: its part of the billed energy, common losses in it where they are shared.
        cost: its part of the bill, in the currency's smallest unit.
        carbon_g: its part of the emissions; None without an emission factor.
        nodes: how many nodes.
        coverage_ratio: how much of their time is known; None where there is no node.
    """

    kind: Kind
    name: str
    it_wh: int
    energy_wh: int
    cost: int
    carbon_g: int | None
    nodes: int = 0
    coverage_ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A site's energy, cost and carbon, cut in several ways; each adds up to the same totals.

    Attributes:
        rule: what was done with common losses: `proportional` or `own_line`.
        energy_wh: all of it.
        cost: all of it, in the currency's smallest unit.
        cost_digits: how many digits of it are behind the point.
        carbon_g: all of it; None without an emission factor.
        it_meters_wh: what the IT meters say; None where there are none.
        coverage_ratio: how much of the nodes' time is known.
    """

    rule: str
    server: str
    currency: str
    energy_wh: int
    cost: int
    cost_digits: int
    carbon_g: int | None
    it_meters_wh: int | None
    nodes_wh: int
    coverage_ratio: float
    cuts: Mapping[Cut, tuple[Share, ...]]
    notes: tuple[str, ...]
