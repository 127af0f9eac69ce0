"""The shape of a site's `live.json`. Units stand in the names; what is not known is null."""

from typing import Literal, TypedDict

from exporters.page.shape import DeliveryJson, FaultJson

State = Literal["over", "near", "unplanned", "partial", "unknown", "well"]
"""How a branch or group stands, worst first.

Over its limit; near it; over its budget; partly or not at all known; well.
"""


class PowerJson(TypedDict):
    """A power, and how well it is known."""

    watts: float | None
    """The least that it can be; exact where coverage is 1."""
    at_most_watts: float | None
    """The most that it can be, by the limits; null where coverage is 1, and where none is known."""
    coverage_ratio: float | None


class HiddenJson(TypedDict):
    """Branches right below one that are not sent: none is in a worse state than all that are."""

    count: int
    unknown: int
    """Those whose power is not wholly known."""
    highest_ratio: float | None
    """The highest power over limit among them."""


class BranchJson(TypedDict):
    """One branch of the electrical tree."""

    id: str
    level: str
    parents: list[str]
    state: State
    power: PowerJson
    source: Literal["meter", "sum"] | None
    """Its own meter's power, or the sum of what it feeds; null when not known."""
    limit_watts: float | None
    budget_watts: float | None
    headroom_watts: float | None
    """The least along the path up; below 0 when too much is drawn."""
    limited_by: str | None
    """The branch further up, or its redundancy group, that leaves it so little headroom."""
    stranded_watts: float | None
    hidden: HiddenJson | None


class TreeJson(TypedDict):
    """The branches that are sent, worst first; with each, all that feeds it."""

    total: int
    states: dict[State, int]
    """Of all branches, how many are in each state."""
    branches: list[BranchJson]


class GroupJson(TypedDict):
    """A redundancy group: all sides at the same time against what is left when one fails."""

    id: str
    members: list[str]
    state: State
    watts: float | None
    """The highest of the last minute."""
    at_most_watts: float | None
    """The most that it can be now, where a side is not known."""
    limit_watts: float | None


class PeakJson(TypedDict):
    """The highest quarter-hour of a month or of twelve, in a tariff band."""

    period: str
    band: str
    watts: float


class RampJson(TypedDict):
    """Largest change of power within a span, over the last minute."""

    span: str
    watts: float | None
    limit_watts: float | None


class IntervalJson(TypedDict):
    """The running quarter-hour."""

    start_ms: int
    end_ms: int
    at_seconds: float
    """Now, since its begin."""
    used_joules: float | None
    points: list[tuple[float, float]]
    """Seconds since its begin and joules used by then, as far back as this daemon saw them."""
    forecast_watts: float | None
    forecast_low_watts: float | None
    forecast_high_watts: float | None
    allowed_watts: float | None
    cut_watts: float | None
    deadline_ms: int | None
    """Null with a cut: it is too late, the target will be missed."""


class FeedJson(TypedDict):
    """A feed from the utility: its contract and its demand."""

    id: str
    power: PowerJson
    contract_watts: float | None
    target_watts: float | None
    interval: IntervalJson | None
    peaks: list[PeakJson]
    ramps: list[RampJson]


class FigureJson(TypedDict):
    """A key figure over a window, null where too little of it is covered."""

    window: str
    pue: float | None
    pue_coverage_ratio: float | None
    """The share of the window's quarter-hours that are known, whether that is enough or not."""
    load_factor: float | None


MeterState = Literal["silent", "stale", "bad", "good"]
"""It never spoke; it fell silent; it does not vouch for what it says; it may be used."""


class MeterJson(TypedDict):
    """A meter."""

    id: str
    branch: str
    role: str
    state: MeterState
    watts: float | None
    age_seconds: float | None
    stale_seconds: float
    power_factor_ratio: float | None


class MetersJson(TypedDict):
    """The meters that are sent, those that are not well first, and how many there are."""

    total: int
    good: int
    rows: list[MeterJson]


class CoolantJson(TypedDict):
    """Temperatures of a loop, by its meter."""

    id: str
    supply_celsius: float | None
    return_celsius: float | None


class SiteJson(TypedDict):
    """All that the page shows."""

    site: str
    zone: str
    version: str
    simulated: bool
    ready: bool
    wall_ms: int
    monotonic_ms: int
    """It tells new data from old."""
    grafana_url: str
    power: PowerJson
    contract_watts: float | None
    pue_category: int
    feeds_total: int
    feeds: list[FeedJson]
    tree: TreeJson
    groups_total: int
    groups: list[GroupJson]
    figures: list[FigureJson]
    meters: MetersJson
    coolant_total: int
    coolant: list[CoolantJson]
    faults_total: int
    faults: list[FaultJson]
    deliveries: list[DeliveryJson]
