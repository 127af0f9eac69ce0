"""What NVML can tell, feature by feature, and where it is: the last part of `docs/metrics.md`.

The features are those of the other exporters for these GPUs. What is left out has its reason.
"""

from collections.abc import Mapping

from collector.docs.markdown import table

COVERAGE: Mapping[str, str] = {
    "Power, instant and average; limits": (
        "`gpu_power_watts`, `gpu_power_average_watts`, `gpu_power_limit_watts`"
    ),
    "Persistence mode": "`gpu_persistence_mode` (0 or 1)",
    "Energy counter": "`gpu_energy_joules_total`, `gpu_energy_counter_ratio`",
    "Temperatures and limits": (
        "`gpu_temperature_celsius`, `gpu_temperature_limit_celsius`, "
        "`gpu_temperature_margin_celsius`, `gpu_temperature_margin_limit_celsius`; fans: "
        "`gpu_fan_speed_ratio`"
    ),
    "Clocks": "`gpu_clock_hertz`, `gpu_clock_max_hertz`",
    "Throttle reasons": "`gpu_clock_event_active`, `gpu_clock_event_seconds_total`",
    "Utilization": "`gpu_utilization_ratio`; finer: `gpu_activity_ratio`",
    "Profiling: SM, tensor, DRAM": (
        "`gpu_activity_ratio`, by GPM, from Hopper on. Older GPUs have it by DCGM's profiling "
        "alone, which takes a lock that profilers want and has doubled idle power (dcgm-exporter "
        "#464): out of scope"
    ),
    "Memory": "`gpu_memory_bytes`, `gpu_memory_total_bytes`",
    "ECC": (
        "`gpu_ecc_errors_total`, `gpu_ecc_location_errors_total`, "
        "`gpu_ecc_sram_threshold_exceeded`, `gpu_ecc_sram_uncorrected_errors_total`"
    ),
    "Row remaps, retired pages, repairs": (
        "`gpu_row_remaps_total`, `gpu_row_remap_pending`, `gpu_row_remap_failure`, "
        "`gpu_row_remap_banks`, `gpu_retired_pages`, `gpu_retired_pages_pending`, "
        "`gpu_repair_pending`"
    ),
    "XID errors": "`gpu_xid_errors_total`, `gpu_xid_last_seen_timestamp_seconds`",
    "NVLink throughput and errors": (
        "`gpu_nvlink_bytes_total`, `gpu_nvlink_errors_total`, `gpu_nvlink_links`; each link: "
        "`gpu_nvlink_link_bytes_total`, `gpu_nvlink_link_errors_total`, `gpu_nvlink_link_up`. Bit "
        "error rates and the history of forward error correction are for a lab: out of scope"
    ),
    "PCIe throughput and replays": (
        "`gpu_pcie_bytes_total`, `gpu_pcie_replays_total`, `gpu_pcie_errors_total`, "
        "`gpu_pcie_link_generation`, `gpu_pcie_link_width`. nvmlDeviceGetPcieThroughput is not "
        "used: it blocks for 20 ms"
    ),
    "NVLink-C2C": "`gpu_c2c_links`, `gpu_c2c_errors_total`",
    "MIG": (
        "`gpu_mig_mode`, `gpu_mig_info`, `gpu_mig_memory_bytes`, `gpu_mig_memory_total_bytes`. "
        "Utilization of an instance is not offered by NVML but for GPM: out of scope"
    ),
    "vGPU": (
        "a GPU in a virtual machine is read as far as its driver tells. Instances and licenses on "
        "the hypervisor are out of scope: the meters of this project stand at the machine"
    ),
    "Fabric, clique, rack and slot": (
        "`gpu_fabric_info`, `gpu_fabric_state_seconds`, `gpu_fabric_health_seconds`, "
        "`gpu_fabric_condition`, `gpu_platform_info`"
    ),
    "Power smoothing and workload profiles": (
        "`gpu_power_smoothing`, `gpu_power_smoothing_applied_watts`, "
        "`gpu_power_smoothing_ramp_watts`, `gpu_power_smoothing_profile`, "
        "`gpu_power_smoothing_lifetime_ratio`, `gpu_workload_power_profile`. The floor of a "
        "profile in percent is out of scope: its unit is not documented"
    ),
    "Processes": (
        "`gpu_processes`, `gpu_process_memory_bytes`. Their utilization is out of scope: NVML "
        "tells it for the last moments alone, and series by process never end"
    ),
    "Health checks, recovery": "`gpu_recovery_action`, and `/healthz`",
    "CPU power of a Grace module": (
        "`gpu_power_watts` of scope module, less that of the GPU; the host's own sensors"
    ),
    "NVSwitch": (
        "out of scope for NVML, which does not show switches; a fabric that has lost one shows in "
        "`gpu_fabric_condition` and `gpu_nvlink_links`"
    ),
}
"""Where each feature is, or why it is nowhere."""

_HEAD = """\
## What NVML can tell, and where it is

Counts that come from the driver (clock events, ECC, links) are passed on as they are: they start
anew when the driver is loaded, as Prometheus expects of counters. Energy and XID errors alone are
kept over restarts. A metric that a GPU or its driver does not offer is absent, and `wattkeeper
check` says so; one read that fails is absent for that time and counted in `gpu_read_errors_total`.

"""


def coverage_section() -> str:
    """The section, with a blank line before it."""
    return f"\n{_HEAD}{table(['Feature', 'Where'], [list(row) for row in COVERAGE.items()])}"
