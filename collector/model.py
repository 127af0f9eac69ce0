"""The values that flow through Wattkeeper, from a sensor to an exporter. All are immutable.

Energy is in integer millijoules (`_mj`), power in integer milliwatts while it is being summed and
in watts where it is shown. `_ns` is nanoseconds: `monotonic_ns` of CLOCK_MONOTONIC, `wall_ns` and
window edges of UTC since 1970. What could not be read is absent, never zero.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from collector.catalogue.types import Labels, Values


class EnergySource(StrEnum):
    """Where a joule comes from, best first."""

    COUNTER = "counter"
    """Difference of the hardware's own energy counter."""
    INTEGRATED = "integrated"
    """Integral of sampled power."""
    ESTIMATED = "estimated"
    """Neither counted nor measured: bridged over a gap, with bounds."""


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy in millijoules, by its source. Adds up exactly."""

    counter_mj: int = 0
    integrated_mj: int = 0
    estimated_mj: int = 0

    @property
    def total_mj(self) -> int:
        """All of it, in millijoules."""
        return self.counter_mj + self.integrated_mj + self.estimated_mj

    @property
    def source(self) -> EnergySource:
        """The weakest source that has a part in it."""
        if self.estimated_mj:
            return EnergySource.ESTIMATED
        if self.integrated_mj:
            return EnergySource.INTEGRATED
        return EnergySource.COUNTER

    def __add__(self, other: "Energy") -> "Energy":
        return Energy(
            self.counter_mj + other.counter_mj,
            self.integrated_mj + other.integrated_mj,
            self.estimated_mj + other.estimated_mj,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuIdentity:
    """Who a GPU is; read at start and after it came back. Unknown text is empty."""

    kind: ClassVar[str] = "gpu"
    uuid: str
    index: int
    model: str
    architecture: str = ""
    serial: str = ""
    pci_bus_id: str = ""
    driver_version: str = ""
    vbios_version: str = ""
    simulated: bool = False

    @property
    def key(self) -> str:
        """Which one it is, for good."""
        return self.uuid

    @property
    def tags(self) -> Mapping[str, int | str]:
        """What names it in InfluxDB and MQTT, besides the place."""
        return {"gpu": self.index, "uuid": self.uuid}


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSensor:
    """A power sensor of the machine around the GPUs.

    Attributes:
        source: who says it: `redfish`, `ipmi`, `hwmon`, `rapl`.
        device: which one of that source's: `PSU1`, `package-0`, ...
    """

    kind: ClassVar[str] = "host"
    source: str
    device: str

    @property
    def key(self) -> str:
        """Which one it is, for good."""
        return f"{self.source}:{self.device}"

    @property
    def tags(self) -> Mapping[str, int | str]:
        """What names it in InfluxDB and MQTT, besides the place."""
        return {"source": self.source, "device": self.device}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A meter of the facility.

    Attributes:
        id: its id in the site file.
        role: what its energy is counted as: `utility`, `it`, `cooling`, ...
        branch: the branch of the electrical tree that it measures.
    """

    kind: ClassVar[str] = "meter"
    id: str
    role: str
    branch: str = ""

    @property
    def key(self) -> str:
        """Which one it is, for good."""
        return self.id

    @property
    def tags(self) -> Mapping[str, int | str]:
        """What names it in InfluxDB and MQTT, besides the place."""
        return {"meter": self.id, "role": self.role}


Device = GpuIdentity | HostSensor | Meter
"""What a window can be of. `kind` and `key` name its account in the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterReading:
    """One reading of a hardware energy counter."""

    monotonic_ns: int
    millijoules: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one GPU's telemetry said at one instant (power has its own, faster path).

    Attributes:
        monotonic_ns: midpoint of the reads.
        values: what was read, by metric name and labels; what failed is absent.
        slow: whether these are the values read seldom, which hold until the next slow read.
        counter: the energy counter, stamped at its own midpoint.
        failed: metric name to error word, for those reads that failed this time.
        read_ns: metric name to the duration of its read, nanoseconds.
    """

    monotonic_ns: int
    values: Values
    slow: bool = False
    counter: CounterReading | None = None
    failed: Mapping[str, str] = field(default_factory=dict)
    read_ns: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """Statistics of a telemetry value over a window, in the unit of its metric."""

    minimum: float
    mean: float
    maximum: float
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerStat:
    """Statistics of power over a stretch of time, in watts; the mean is weighted by time."""

    minimum: float
    mean: float
    maximum: float
    ramp_1s: float | None = None
    """Largest change within 1 s; absent when no two samples lie that far apart."""
    ramp_100ms: float | None = None
    """Largest change within 100 ms; only from 50 Hz up, and a sensor that is fast enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One device's power at one scope over a few seconds, closed for good. The unit of delivery.

    Windows of one device and scope tile time without overlap, and their energies add up to the
    lifetime total to the millijoule. A gap is a window too: coverage 0 and `gap` says why.
    """

    device: Device
    scope: str
    start_ns: int
    end_ns: int
    duration_ns: int
    """Elapsed monotonic time; differs from `end_ns - start_ns` where the wall clock stepped."""
    covered_ns: int
    """Time between samples no further apart than the gap limit."""
    samples: int
    energy: Energy
    total_mj: int
    """Lifetime energy at the window's end."""
    power: PowerStat | None = None
    stats: Mapping[str, Mapping[Labels, Stat]] = field(default_factory=dict)
    gap: str = ""
    low_mj: int | None = None
    """For an estimate: the least and the most that it can have been."""
    high_mj: int | None = None

    @property
    def coverage_ratio(self) -> float:
        """Share of the window that samples cover, 0 to 1."""
        return min(1.0, self.covered_ns / self.duration_ns) if self.duration_ns > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Something that happened and is delivered like a window: an event, a demand interval.

    Attributes:
        measurement: InfluxDB's name for its kind: `event`, `demand`; empty when it is not stored.
        tags: what it is of, besides the place.
        wall_ns: when, UTC; with measurement and tags its key.
        fields: what it says, units in the names; a field has the same type in every point.
        topic: where it goes below this daemon's MQTT topic; empty when it goes nowhere there.
    """

    measurement: str
    tags: Mapping[str, int | str]
    wall_ns: int
    fields: Mapping[str, float | int | str]
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is wrong now, in words for people."""

    part: str
    """`gpu 3`, `ledger`, `driver`, ..."""
    problem: str
    action: str
    since_wall_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuSnapshot:
    """One GPU as it is shown now. A sick GPU keeps only what is known of its sickness."""

    gpu: GpuIdentity
    up: bool
    values: Values
    history_watts: float | None = None
    """Mean power of the last whole second, for the page."""
    today_mj: int | None = None
    source: EnergySource | None = None
    slow_read_ns: int | None = None
    """When what is read seldom was read last; monotonic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A node, or a site, at one tick: what `/metrics` and the page are made from."""

    node: str
    version: str
    wall_ns: int
    monotonic_ns: int
    simulated: bool
    gpus: tuple[GpuSnapshot, ...]
    daemon: Values
    host: Values = field(default_factory=dict)
    """Of the machine around the GPUs."""
    site: Values = field(default_factory=dict)
    """Of the site; empty on a node."""
    faults: tuple[Fault, ...] = ()
    ready: bool = True


class Tick:
    """What is new at one tick. The snapshot is put together only when somebody asks for it.

    Args:
        monotonic_ns: when.
        history_watts: by UUID, each GPU's mean power over the last whole second, if it is well;
            empty on a site's daemon.
        build: puts the snapshot together; called at most once.
    """

    __slots__ = ("_build", "_snapshot", "history_watts", "monotonic_ns")

    def __init__(
        self,
        monotonic_ns: int,
        history_watts: Mapping[str, float | None],
        build: Callable[[], Snapshot],
    ) -> None:
        self.monotonic_ns = monotonic_ns
        self.history_watts = history_watts
        self._build = build
        self._snapshot: Snapshot | None = None

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Tick":
        """A tick whose snapshot is there already."""
        watts = {gpu.gpu.uuid: gpu.history_watts for gpu in snapshot.gpus}
        return cls(snapshot.monotonic_ns, watts, lambda: snapshot)

    @property
    def snapshot(self) -> Snapshot:
        """The whole node at this tick."""
        if self._snapshot is None:
            self._snapshot = self._build()
        return self._snapshot
