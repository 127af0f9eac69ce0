"""What a check found out, as values. What could not be found out is None."""

from collections.abc import Mapping
from dataclasses import dataclass

from collector.catalogue import Labels
from collector.model import GpuIdentity
from collector.sources.host.best import NodeInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """How long reads took, by the clock on the wall, in microseconds."""

    median_us: float
    max_us: float
    reads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series of the catalogue on one GPU.

    Attributes:
        metric: the metric's name.
        labels: its own label values.
        offered: whether this GPU and driver offer it.
        value: the last value, in the metric's unit.
        error: short word why there is no value; empty where there is one.
        way: how it is read, in full.
        short: the same, shorter.
        cost: of reading it alone.
    """

    metric: str
    labels: Labels
    offered: bool
    value: float | None
    error: str
    way: str
    short: str
    cost: Cost | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """The driver's own buffer of power samples.

    Attributes:
        period_seconds: usual time between its samples.
        depth: how many it keeps.
        refused: why the daemon polls nevertheless, for people; empty where it takes the samples.
        apart: comparisons with the sensor itself, made during the check, that failed.
        compared: comparisons made.
    """

    period_seconds: float
    depth: int
    refused: str
    apart: int
    compared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """The power sensor.

    Attributes:
        scopes: what the daemon's power thread reads.
        refresh_seconds: median time between changes of the value; None when too few were seen.
        poll_seconds: how often it was looked at meanwhile: nothing finer can be seen.
        looked_seconds: for how long.
        mean_watts: time-weighted mean of the instant power over the run, first scope.
        minimum_watts: the least seen.
        maximum_watts: the most seen.
        average_watts: mean of the driver's own average over the run.
        beside_average_watts: mean of the instant power over the same time.
        buffer: the driver's own samples; None where it keeps none.
        cost: of one read of all scopes.
    """

    scopes: tuple[str, ...]
    refresh_seconds: float | None
    poll_seconds: float
    looked_seconds: float
    mean_watts: float | None
    minimum_watts: float
    maximum_watts: float
    average_watts: float | None
    beside_average_watts: float | None
    buffer: Buffer | None
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """The hardware energy counter.

    Attributes:
        refresh_seconds: median time between its steps; None when too few were seen.
        step_joules: median size of a step.
        span_seconds: from the first to the last reading that are compared.
        counted_joules: by the counter, over that span.
        integral_joules: by the integral of power, by scope, over the same span.
        scope: the scope it counts; None when no integral agrees or the span is too short.
        ratio: counted over the integral of that scope (else of the first); None when too short.
        cost: of one read.
    """

    refresh_seconds: float | None
    step_joules: float | None
    span_seconds: float
    counted_joules: float
    integral_joules: Mapping[str, float]
    scope: str | None
    ratio: float | None
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuReport:
    """All that was found out about one GPU.

    Attributes:
        index: its index.
        identity: who it is; None where it did not say.
        problem: why it did not answer, for people; empty when all is well.
        series: every series of the catalogue that the source can read.
        power: None where it has no power sensor.
        counter: None where it has no energy counter.
        recommended_power_hz: twice the refresh rate, within what may be set.
        core_share_ratio: share of a core for reading it at the configured rates.
        warnings: what the operator should change.
        consequences: what the daemon does with such a GPU.
        calls: every driver call and its answer, for a capture; None where there is no driver.
    """

    index: int
    identity: GpuIdentity | None = None
    problem: str = ""
    series: tuple[Series, ...] = ()
    power: Power | None = None
    counter: Counter | None = None
    recommended_power_hz: float | None = None
    core_share_ratio: float | None = None
    warnings: tuple[str, ...] = ()
    consequences: tuple[str, ...] = ()
    calls: tuple[Mapping[str, object], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSensor:
    """One sensor of the machine around the GPUs.

    Attributes:
        scope: what it covers.
        device: which one of its source's.
        via: which of the source's ways it was read.
        watts: None where it did not answer.
        error: short word why; empty where there is a value.
    """

    scope: str
    device: str
    via: str
    watts: float | None
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSourceReport:
    """One source of host power.

    Attributes:
        name: as in the label `source`.
        asked_for: whether the configuration names it; others are tried on every node.
        every_seconds: how often the daemon reads it.
        sensors: what it reads.
        find_seconds: how long finding them took, or failing to.
        read_seconds: how long one read of all of them took; None where there was none.
        nothing_here: this machine has none, and nobody asked for it.
        problem: why it was not read, for people; empty when all is well.
        action: what to do about it.
    """

    name: str
    asked_for: bool
    every_seconds: float
    sensors: tuple[HostSensor, ...] = ()
    find_seconds: float | None = None
    read_seconds: float | None = None
    nothing_here: bool = False
    problem: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReport:
    """The machine around the GPUs.

    Attributes:
        sources: every source there may be.
        input: what the node draws, by the best of them; None where none tells.
    """

    sources: tuple[HostSourceReport, ...]
    input: NodeInput | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole check; `host` is None where the GPUs are made up, and so no part of a host."""

    version: str
    simulated: bool
    seconds: float
    gpus: tuple[GpuReport, ...]
    host: HostReport | None = None

    @property
    def answered(self) -> bool:
        """Whether every GPU answered."""
        return not any(gpu.problem for gpu in self.gpus)

    @property
    def core_share_ratio(self) -> float | None:
        """Share of a core for all GPUs that answered; None when none did."""
        shares = [gpu.core_share_ratio for gpu in self.gpus if gpu.core_share_ratio is not None]
        return sum(shares) if shares else None
