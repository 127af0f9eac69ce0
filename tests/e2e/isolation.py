"""The classes of sensors, what can befall each, and what may be missing then."""

from dataclasses import dataclass

from tests.e2e.daemon import Daemon, Labels
from tests.fake_nvml import BatchWith, Group
from tests.fake_nvml.gpu import FakeGpu

ENABLED = (
    "gpu_temperature_margin_limit_celsius",
    "gpu_activity_ratio",
    "gpu_ecc_location_errors_total",
    "gpu_nvlink_link_up",
    "gpu_nvlink_link_bytes_total",
    "gpu_nvlink_link_errors_total",
    "gpu_row_remap_banks",
)
"""Sensors that are off unless asked for: they can fail, too."""
POWER = "gpu_power_watts"
_COUNTER = "gpu_energy_counter_ratio"
_ROWS = ("gpu_row_remaps_total", "gpu_row_remap_pending", "gpu_row_remap_failure")
_NVLINK = (
    "gpu_nvlink_bytes_total",
    "gpu_nvlink_link_up",
    "gpu_nvlink_link_bytes_total",
    "gpu_nvlink_link_errors_total",
)
_LIMITS = "gpu_temperature_margin_limit_celsius"
_NVLINK_SUM, _REMAPPED, _TLIMIT, _AVERAGE = 202, 142, 194, 185


@dataclass(frozen=True, slots=True)
class Sensor:
    """One class.

    Attributes:
        name: what it is.
        targets: the driver calls that it is read with.
        lost: metrics that may be missing or stand still while it fails, and no others.
        counted: names under which its failures may be counted.
    """

    name: str
    targets: Group | str | BatchWith
    lost: tuple[str, ...]
    counted: tuple[str, ...] = ()

    @property
    def sensors(self) -> set[str]:
        """The `sensor` labels that may tell of it."""
        return {*self.lost, *self.counted}


SENSORS = (
    Sensor("counter", Group.ENERGY, (_COUNTER,), ("gpu_energy_joules_total",)),
    Sensor("temperature", "nvmlDeviceGetTemperature", ("gpu_temperature_celsius",)),
    Sensor("utilization", Group.UTILIZATION, ("gpu_utilization_ratio",)),
    Sensor("clocks", "nvmlDeviceGetClockInfo", ("gpu_clock_hertz",)),
    Sensor("memory", Group.MEMORY_INFO_V2, ("gpu_memory_bytes", "gpu_memory_total_bytes")),
    Sensor(  # the driver's time counters are held against the reasons to learn their unit
        "clock events",
        Group.CLOCK_EVENT_REASONS,
        ("gpu_clock_event_active", "gpu_clock_event_seconds_total"),
    ),
    Sensor(
        "fast fields",
        BatchWith(_AVERAGE),
        ("gpu_power_average_watts", "gpu_temperature_celsius", POWER),
        ("field_values",),
    ),
    Sensor("activity", "nvmlGpmSampleGet", ("gpu_activity_ratio",)),
    Sensor("power limits", "nvmlDeviceGetEnforcedPowerLimit", ("gpu_power_limit_watts",)),
    Sensor("thermal fields", BatchWith(_TLIMIT), (_LIMITS,), ("thermal_fields",)),
    Sensor("memory health", BatchWith(_REMAPPED), _ROWS, ("memory_health_fields",)),
    Sensor("ECC", "nvmlDeviceGetTotalEccErrors", ("gpu_ecc_errors_total",)),
    Sensor("ECC places", "nvmlDeviceGetMemoryErrorCounter", ("gpu_ecc_location_errors_total",)),
    Sensor("banks", "nvmlDeviceGetRowRemapperHistogram", ("gpu_row_remap_banks",)),
    Sensor("PCIe width", "nvmlDeviceGetCurrPcieLinkWidth", ("gpu_pcie_link_width",)),
    Sensor("PCIe replays", "nvmlDeviceGetPcieReplayCounter", ("gpu_pcie_replays_total",)),
    Sensor("NVLink bytes", BatchWith(_NVLINK_SUM), _NVLINK, ("links_fields",)),
    Sensor(
        "fabric",
        "nvmlDeviceGetGpuFabricInfoV",
        (
            "gpu_fabric_info",
            "gpu_fabric_state_seconds",
            "gpu_fabric_health_seconds",
            "gpu_fabric_condition",
        ),
    ),
    Sensor("place", "nvmlDeviceGetPlatformInfo", ("gpu_platform_info",)),
    Sensor("MIG", "nvmlDeviceGetMigMode", ("gpu_mig_mode",)),
    Sensor("processes", "nvmlDeviceGetComputeRunningProcesses_v3", ("gpu_processes",)),
    Sensor(
        "workload", "nvmlDeviceWorkloadPowerProfileGetCurrentProfiles",
        ("gpu_workload_power_profile",),
    ),
)  # fmt: skip
_MOVES = {
    "gpu_sample_age_seconds",
    "gpu_read_errors_total",
    "gpu_energy_counter_ratio",
    "gpu_power_ramp_watts",
    "gpu_sensor_refresh_seconds",
    "gpu_condition",
    "gpu_recent_errors",
    "gpu_recent_clock_event_ratio",
}
"""Come and go by themselves."""


def shown(daemon: Daemon) -> dict[str, dict[str, set[Labels]]]:
    """What is shown of each GPU now: by index, metric and labels."""
    found: dict[str, dict[str, set[Labels]]] = {}
    for name, series in daemon.metrics().items():
        for labels in series:
            gpu = dict(labels).get("gpu")
            if gpu is not None and name not in _MOVES:
                found.setdefault(gpu, {}).setdefault(name, set()).add(labels)
    return found


def missing(
    before: dict[str, dict[str, set[Labels]]], after: dict[str, dict[str, set[Labels]]]
) -> dict[str, set[str]]:
    """By GPU, the metrics of which at least one series is gone."""
    return {
        gpu: gone
        for gpu, metrics in before.items()
        if (
            gone := {
                name
                for name, series in metrics.items()
                if series - after.get(gpu, {}).get(name, set())
            }
        )
    }


def freshen(gpu: FakeGpu) -> None:
    """Let every kind of read have something new to tell."""
    gpu.memory_utilization_percent = 37
    gpu.margin_temperature_celsius = 41
    gpu.decoder_utilization_percent = 21


FRESH = {
    ("gpu_utilization_ratio", "engine", "memory"): 0.37,
    ("gpu_temperature_margin_celsius", "gpu", ""): 41.0,
    ("gpu_utilization_ratio", "engine", "decoder"): 0.21,
}
"""What the metrics say once what `freshen` did was read: two read often, one seldom."""


def stale(daemon: Daemon, gpus: int, excused: dict[int, set[str]]) -> list[str]:
    """Values that are not yet as `freshen` left them, those excused aside."""
    metrics = daemon.metrics()
    found = []
    for index in range(gpus):
        for (name, label, value), wanted in FRESH.items():
            if name in excused.get(index, set()):
                continue
            said = [
                number
                for labels, number in metrics.get(name, {}).items()
                if {("gpu", str(index)), (label, value or str(index))} <= labels
            ]
            if said != [wanted]:
                found.append(f"gpu {index} {name} {value}: {said}")
    return found


def ages(daemon: Daemon, sensor: str) -> list[float]:
    """Age of the newest sample of power or telemetry, of each GPU."""
    series = daemon.metrics()["gpu_sample_age_seconds"]
    return [age for labels, age in series.items() if ("sensor", sensor) in labels]


def counted(daemon: Daemon) -> dict[str, set[str]]:
    """Sensors whose failures were counted, by GPU."""
    found: dict[str, set[str]] = {}
    for labels in daemon.metrics().get("gpu_read_errors_total", {}):
        said = dict(labels)
        found.setdefault(said["gpu"], set()).add(said["sensor"])
    return found
