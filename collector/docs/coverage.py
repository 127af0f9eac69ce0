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
        "#464): out of scope. Off unless asked for, because it costs two driver calls a second on "
        "each GPU, which have not been measured on a real one yet; `wattkeeper check` with "
        "`sampling.enable` set measures them on yours"
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
    "Health checks, recovery": (
        "`gpu_recovery_action`, and `/healthz`. Active diagnostics, which put load on a GPU, are "
        "out of scope: a meter does not change what it measures"
    ),
    "Performance state, compute mode, BAR1 memory, display": (
        "out of scope: clocks and `gpu_clock_event_active` say more of performance than a state's "
        "number, the others are settings that power does not follow"
    ),
    "Power of CPUs, memory, Grace modules, the whole node": (
        "`host_power_watts`, `host_energy_joules_total`, `host_input_power_watts`, "
        "`host_input_source` ([host.md](host.md)); `gpu_power_watts` of scope module. Utilization, "
        "disks and networks of the host are out of scope: node_exporter has them"
    ),
    "GPUs that are missing": "`host_gpus_expected`, `host_gpus_visible`",
    "NVSwitch": (
        "out of scope for NVML, which does not show switches; a fabric that has lost one shows in "
        "`gpu_fabric_condition` and `gpu_nvlink_links`"
    ),
    "Kubernetes pods and their labels, DRA claims": (
        "out of scope: neither NVML nor the host tells them. Join by `uuid` with what the device "
        "plugin or kube-state-metrics exports; labels of pods on every series would count the "
        "energy of a shared GPU several times"
    ),
    "Jobs of Slurm and other schedulers": (
        "out of scope for the node, for the same reason: energy by job is a join over time with "
        "the scheduler's own records"
    ),
    "Custom fields": (
        "`sampling.enable` and `sampling.disable` by the names above; another field of NVML is one "
        "more entry in `collector/catalogue`"
    ),
    "Remote hosts": "out of scope: the daemon runs on the node, and needs no login to another",
}
"""Where each feature is, or why it is nowhere."""

_HEAD = """\
## What NVML and the host can tell, and where it is

Counts that come from the driver (clock events, ECC, links) are passed on as they are: they start
anew when the driver is loaded, as Prometheus expects of counters. Energy and XID errors alone are
kept over restarts. A metric that a GPU or its driver does not offer is absent, and `wattkeeper
check` says so; one read that fails is absent for that time and counted in `gpu_read_errors_total`.

"""


def coverage_section() -> str:
    """The section, with a blank line before it."""
    return f"\n{_HEAD}{table(['Feature', 'Where'], [list(row) for row in COVERAGE.items()])}"
