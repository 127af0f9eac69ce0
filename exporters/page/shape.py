"""The shape of `live.json`. Units stand in the names; what is not reported is null."""

from typing import TypedDict


class GpuJson(TypedDict):
    """One GPU as it is now. A sick one has `up` false and mostly nulls."""

    index: int
    uuid: str
    model: str
    driver_version: str
    up: bool
    power_watts: float | None
    module_power_watts: float | None
    power_limit_watts: float | None
    temperature_celsius: float | None
    memory_temperature_celsius: float | None
    slowdown_celsius: float | None
    memory_limit_celsius: float | None
    margin_celsius: float | None
    utilization_ratio: float | None
    sm_clock_hertz: float | None
    memory_used_bytes: float | None
    memory_total_bytes: float | None
    clock_events: list[str] | None
    """Active reasons by their catalogue names; null when the GPU does not say."""
    energy_today_joules: float | None
    energy_source: str | None
    coverage_ratio: float | None


class FaultJson(TypedDict):
    """Something that is wrong now."""

    part: str
    problem: str
    action: str
    since_ms: int


class DeliveryJson(TypedDict):
    """A push exporter."""

    name: str
    up: bool
    waiting_rows: int
    oldest_seconds: float | None


class HistoryJson(TypedDict):
    """Mean power of whole seconds, oldest first: a row for each GPU, in the order of `gpus`."""

    end_second: int
    """The newest second, counted on the node's monotonic clock: it only serves to join pieces."""
    seconds: int
    watts: list[list[float | None]]


class TotalJson(TypedDict):
    """A sum over GPUs, and over how many: GPUs that do not report are not in it."""

    value: float | None
    gpus: int


class LiveJson(TypedDict):
    """All that the page shows."""

    node: str
    version: str
    simulated: bool
    ready: bool
    wall_ms: int
    monotonic_ms: int
    """It tells new data from old."""
    power_hz: float | None
    history_seconds: int
    power_watts: TotalJson
    power_limit_watts: TotalJson
    energy_today_joules: TotalJson
    gpus: list[GpuJson]
    faults: list[FaultJson]
    deliveries: list[DeliveryJson]
    history: HistoryJson
