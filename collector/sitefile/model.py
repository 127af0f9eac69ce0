"""What a site file says: the topology of a site, as values. Power in watts, energy in joules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo


class Level(StrEnum):
    """Where in the electrical tree a branch is, widest first."""

    FEED = "feed"
    SUBSTATION = "substation"
    SWITCHBOARD = "switchboard"
    UPS = "ups"
    BUSWAY = "busway"
    RACK = "rack"


class Role(StrEnum):
    """What a meter's energy is counted as."""

    UTILITY = "utility"
    """At the utility's border: what the site is billed for."""
    GENERATION = "generation"
    IT = "it"
    COOLING = "cooling"
    UPS = "ups"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One node of the electrical tree.

    Attributes:
        id: unique in the site.
        level: what it is.
        parents: what feeds it: none for a feed, one, or two (A and B) for a dual-corded rack.
        rating_watts: what it is built for; None when not stated.
        derating_ratio: the share of the rating that may be used for long, 0 to 1.
        redundancy_group: branches of one group stand in for each other (2N).
        budget_watts: what its load may draw by plan; None when not stated.
        contract_watts: what the utility's contract allows; feeds only.
        ramp_limits_watts: by span in seconds, the largest change that is allowed.
        rack: for a branch of level `rack`, the rack's id.
    """

    id: str
    level: Level
    parents: tuple[str, ...] = ()
    rating_watts: float | None = None
    derating_ratio: float = 1.0
    redundancy_group: str = ""
    budget_watts: float | None = None
    contract_watts: float | None = None
    ramp_limits_watts: Mapping[int, float] = field(default_factory=dict)
    rack: str = ""

    @property
    def limit_watts(self) -> float | None:
        """The derated rating: what it may carry for long."""
        return None if self.rating_watts is None else self.rating_watts * self.derating_ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSpec:
    """One meter.

    Attributes:
        id: unique in the site; the topics map to it.
        branch: the branch that it measures.
        role: what its energy is counted as.
        register: whether its 15-minute registers are kept for the reports.
        stale_seconds: a reading older than this is not used.
        rollover_joules: at what energy its register starts again at zero; None when it never does.
        dsx_object: `objectId` or `rackLocationId` of the facility's contract; empty when the same
            as the id.
        side: for a branch with two parents, the parent from which comes what it measures; empty
            when it measures the whole branch.
    """

    id: str
    branch: str
    role: Role = Role.OTHER
    register: bool = False
    stale_seconds: float = 200.0
    rollover_joules: float | None = None
    dsx_object: str = ""
    side: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rack:
    """A rack: where it stands and what feeds it. Its branch has the level `rack`."""

    id: str
    hall: str = ""
    row: str = ""
    branches: tuple[str, ...] = ()
    """What feeds it: A, or A and B."""
    limit_watts: float | None = None
    gpus: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A GPU node."""

    name: str
    rack: str
    address: str
    """HOST or HOST:PORT of its `/metrics`."""
    tenant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmissionFactor:
    """What a kilowatt-hour emits from a day on, by the authority that says so."""

    name: str
    valid_from: date
    kg_per_kwh: float
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where alerts go. Secrets are in files.

    Attributes:
        name: unique.
        kind: `pagerduty`, `webhook`, `slack`, `email`, `teams` or `opsgenie`.
        secret_file: routing key, URL or API key, as the kind needs.
        to: channel or address, for Slack and e-mail.
        url: for a webhook without a secret; for PagerDuty, where its events API is.
    """

    name: str
    kind: str
    secret_file: str = ""
    to: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Who looks after what: halls or racks, and which receiver gets which severity."""

    name: str
    halls: tuple[str, ...] = ()
    racks: tuple[str, ...] = ()
    receivers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By severity (`page`, `ticket`, `info`), names of receivers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """Who is charged for which nodes or racks."""

    name: str
    nodes: tuple[str, ...] = ()
    racks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A whole site, checked: every id that is named exists, and the tree has no cycle."""

    name: str
    zone: ZoneInfo
    branches: Mapping[str, Branch]
    """By id, parents before children; the branches of racks among them."""
    meters: Mapping[str, MeterSpec]
    racks: Mapping[str, Rack]
    nodes: Mapping[str, Node]
    teams: tuple[Team, ...] = ()
    receivers: Mapping[str, Receiver] = field(default_factory=dict)
    tenants: tuple[Tenant, ...] = ()
    emission_factors: tuple[EmissionFactor, ...] = ()
    tariff: str = ""
    demand_target_watts: float | None = None
    """What a 15-minute interval should not exceed; the contract's power when not stated."""
    pue_category: int = 1
    """ISO/IEC 30134-2: 1 at the UPS's output, 2 at the PDU's, 3 at the IT equipment."""
    grafana_url: str = ""
    runbook_url: str = ""
    warnings: tuple[str, ...] = ()
