"""What a node's GPUs are together, and what is wrong with each."""

from collector.catalogue import BY_NAME, Labels
from collector.model import GpuIdentity, GpuSnapshot
from collector.summary import NodeSummary
from collector.summary.conditions import conditions
from collector.summary.gauges import gauges

_MINUTE_NS = 60_000_000_000
_WELL: dict[str, dict[Labels, float]] = {
    "gpu_power_window_watts": {("gpu", "mean"): 500.0, ("module", "mean"): 900.0},
    "gpu_temperature_celsius": {("gpu",): 60.0, ("memory",): 70.0},
    "gpu_temperature_limit_celsius": {("memory_max",): 95.0},
    "gpu_temperature_margin_celsius": {(): 27.0},
    "gpu_clock_event_active": {("power_cap",): 1.0, ("hardware_slowdown",): 0.0},
    "gpu_sample_age_seconds": {("power",): 0.1, ("telemetry",): 0.7},
    "gpu_power_coverage_ratio": {(): 1.0},
    "gpu_nvlink_links": {("up",): 18.0, ("down",): 0.0, ("disabled",): 0.0},
    "gpu_persistence_mode": {(): 1.0},
    "gpu_row_remap_pending": {(): 0.0},
    "gpu_row_remap_failure": {(): 0.0},
    "gpu_pcie_link_width": {(): 16.0},
    "gpu_pcie_link_width_max": {(): 16.0},
    "gpu_pcie_link_generation": {(): 5.0},
    "gpu_pcie_link_generation_max": {(): 5.0},
    "gpu_utilization_ratio": {("sm",): 0.9},
    "gpu_energy_counter_ratio": {(): 1.001},
    "gpu_recovery_action": {("none",): 1.0},
    "gpu_fabric_condition": {("degraded_bandwidth",): 0.0},
}


def _gpu(index: int, values: dict[str, dict[Labels, float]], *, up: bool = True) -> GpuSnapshot:
    identity = GpuIdentity(index=index, uuid=f"GPU-{index}", model="NVIDIA H200", simulated=True)
    return GpuSnapshot(gpu=identity, up=up, values=values)


def test_the_well_have_no_condition() -> None:
    assert conditions(_WELL) == {}


def test_every_trouble_is_named() -> None:
    sick: dict[str, dict[Labels, float]] = {
        **_WELL,
        "gpu_clock_event_active": {("hardware_slowdown",): 1.0},
        "gpu_nvlink_links": {("up",): 16.0, ("down",): 2.0},
        "gpu_persistence_mode": {(): 0.0},
        "gpu_row_remap_pending": {(): 1.0},
        "gpu_row_remap_failure": {(): 1.0},
        "gpu_pcie_link_width": {(): 8.0},
        "gpu_pcie_link_generation": {(): 1.0},
        "gpu_energy_counter_ratio": {(): 0.5},
        "gpu_recovery_action": {("gpu_reset",): 1.0},
        "gpu_fabric_condition": {("degraded_bandwidth",): 1.0},
    }
    assert conditions(sick) == {
        ("hardware_slowdown",): 1.0,
        ("nvlinks_down",): 2.0,
        ("persistence_off",): 1.0,
        ("row_remap_pending",): 1.0,
        ("row_remap_failure",): 1.0,
        ("pcie_lanes_lost",): 8.0,
        ("pcie_generations_lost",): 4.0,
        ("energy_mismatch",): 0.5,
        ("recovery_gpu_reset",): 1.0,
        ("fabric_degraded_bandwidth",): 1.0,
    }


def test_an_idle_link_may_sleep() -> None:
    idle: dict[str, dict[Labels, float]] = {
        "gpu_pcie_link_generation": {(): 1.0},
        "gpu_utilization_ratio": {("sm",): 0.0},
    }
    assert conditions({**_WELL, **idle}) == {}


def test_what_is_not_known_is_no_condition() -> None:
    assert conditions({}) == {}


def test_gpus_together() -> None:
    hot: dict[str, dict[Labels, float]] = {
        **_WELL,
        "gpu_temperature_celsius": {("gpu",): 80.0, ("memory",): 90.0},
        "gpu_temperature_margin_celsius": {(): 7.0},
        "gpu_clock_event_active": {("power_cap",): 0.0, ("hardware_slowdown",): 1.0},
        "gpu_power_coverage_ratio": {(): 0.8},
    }
    lost: dict[str, dict[Labels, float]] = {"gpu_sample_age_seconds": {("power",): 40.0}}
    assert gauges([_gpu(0, _WELL), _gpu(1, hot), _gpu(2, lost, up=False)]) == {
        "host_gpus_up": {(): 2.0},
        "host_gpus_down": {(): 1.0},
        "host_gpus_reporting": {(): 2.0},
        "host_gpu_power_watts": {(): 1000.0},
        "host_gpus_slowed": {("power_cap",): 1.0, ("hardware_slowdown",): 1.0},
        "host_gpu_temperature_celsius": {("gpu",): 80.0, ("memory",): 90.0},
        "host_gpu_temperature_margin_celsius": {(): 7.0},
        "host_gpu_memory_margin_celsius": {(): 5.0},
        "host_gpu_sample_age_seconds": {(): 40.0},
        "host_gpu_power_coverage_ratio": {(): 0.8},
    }


def test_nothing_is_said_of_no_gpus() -> None:
    assert gauges([]) == {}


def test_power_of_gpus_that_say_nothing_is_absent_not_zero() -> None:
    found = gauges([_gpu(0, {}, up=False)])
    assert "host_gpu_power_watts" not in found
    assert found["host_gpus_reporting"] == {(): 0.0}


def test_every_series_is_in_the_catalogue() -> None:
    shown, host = NodeSummary().add([_gpu(0, {**_WELL, "gpu_row_remap_pending": {(): 1.0}})], 0)
    assert set(host) <= set(BY_NAME)
    assert set(shown[0].values) <= set(BY_NAME)
    for name, series in host.items():
        assert all(len(labels) == len(BY_NAME[name].labels) for labels in series)


def test_recent_errors_and_heat_are_told_and_forgotten() -> None:
    summary = NodeSummary()

    def at(minute: int, **counts: float) -> dict[str, dict[Labels, float]]:
        values: dict[str, dict[Labels, float]] = {
            "gpu_ecc_errors_total": {("uncorrected", "volatile"): counts.get("ecc", 0)},
            "gpu_nvlink_errors_total": {
                ("replay",): counts.get("replay", 0),
                ("symbol",): minute * 1000.0,
            },
            "gpu_clock_event_seconds_total": {
                ("software_thermal",): counts.get("hot", 0),
                ("power_cap",): minute * 60.0,
                ("idle",): minute * 60.0,
            },
        }
        shown, host = summary.add([_gpu(0, values)], minute * _MINUTE_NS)
        sums = host["host_gpu_clock_event_seconds_total"]
        assert sums["power_cap",] == minute * 60.0
        assert ("idle",) not in sums
        return {name: dict(series) for name, series in shown[0].values.items()}

    values = at(0, ecc=7, replay=3)
    assert "gpu_recent_errors" not in values
    for minute in range(1, 31):
        values = at(minute, ecc=7, replay=5 if minute > 2 else 3, hot=min(minute, 3) * 60)
        if 3 <= minute <= 17:
            assert values["gpu_recent_errors"] == {("nvlink",): 2.0}
        if minute == 3:
            assert values["gpu_recent_clock_event_ratio"] == {("software_thermal",): 0.6}
    assert "gpu_recent_errors" not in values
    assert "gpu_recent_clock_event_ratio" not in values
