"""Health of a GPU's memory: errors, repairs, and what the driver asks to be done.

Counts are the driver's own: volatile ones start anew when it is loaded or the GPU is reset,
aggregate ones stay with the board.
"""

from itertools import product

from collector.catalogue.types import ANY, Kind, Metric, Rate

_ERRORS = {"corrected": "CORRECTED", "uncorrected": "UNCORRECTED"}
_SCOPES = {"volatile": "VOLATILE", "aggregate": "AGGREGATE"}
_LOCATIONS = {"dram": "DRAM", "sram": "SRAM"}
_BUCKETS = {
    "l2": "L2",
    "sm": "Sm",
    "pcie": "Pcie",
    "microcontroller": "Mcu",
    "other": "Other",
}
_AVAILABILITY = ("max", "high", "partial", "low", "none")
_SRAM = "call nvmlDeviceGetSramEccErrorStatus()"


def _ecc(error: str, scope: str, location: str = "") -> str:
    function = "nvmlDeviceGetMemoryErrorCounter" if location else "nvmlDeviceGetTotalEccErrors"
    arguments = [f"NVML_MEMORY_ERROR_TYPE_{_ERRORS[error]}", f"NVML_{_SCOPES[scope]}_ECC"]
    if location:
        arguments.append(f"NVML_MEMORY_LOCATION_{_LOCATIONS[location]}")
    return f"call {function}({','.join(arguments)})"


MEMORY_HEALTH = (
    Metric(
        key="gpu_ecc_errors",
        kind=Kind.COUNTER,
        help="ECC errors of all of a GPU's memories together.",
        labels=("error", "scope"),
        rate=Rate.SLOW,
        reads={
            "nvml": {pair: _ecc(*pair) for pair in product(_ERRORS, _SCOPES)},
            "simulated": dict.fromkeys(product(_ERRORS, _SCOPES), "none"),
        },
    ),
    Metric(
        key="gpu_ecc_location_errors",
        kind=Kind.COUNTER,
        help="ECC errors by memory: DRAM is the GPU's memory, SRAM its caches and registers.",
        labels=("error", "scope", "location"),
        rate=Rate.SLOW,
        default_on=False,
        reads={
            "nvml": {place: _ecc(*place) for place in product(_ERRORS, _SCOPES, _LOCATIONS)},
            "simulated": dict.fromkeys(product(_ERRORS, _SCOPES, _LOCATIONS), "none"),
        },
    ),
    Metric(
        key="gpu_ecc_sram_threshold_exceeded",
        kind=Kind.GAUGE,
        help="1 when SRAM has had more uncorrected errors than the board may have.",
        rate=Rate.SLOW,
        reads={
            "nvml": {(): f"{_SRAM}.bThresholdExceeded"},
            "simulated": {(): "none"},
        },
    ),
    Metric(
        key="gpu_ecc_sram_uncorrected_errors",
        kind=Kind.COUNTER,
        help="Uncorrected errors of SRAM over the board's life, by unit.",
        labels=("unit",),
        rate=Rate.SLOW,
        default_on=False,
        reads={
            "nvml": {
                (unit,): f"{_SRAM}.aggregateUncBucket{name}" for unit, name in _BUCKETS.items()
            },
        },
    ),
    Metric(
        key="gpu_row_remaps",
        kind=Kind.COUNTER,
        help="Rows of memory replaced by spare ones, by the error that was the reason.",
        labels=("error",),
        rate=Rate.SLOW,
        reads={
            "nvml": {
                ("corrected",): (
                    "field NVML_FI_DEV_REMAPPED_COR",
                    "call nvmlDeviceGetRemappedRows().0",
                ),
                ("uncorrected",): (
                    "field NVML_FI_DEV_REMAPPED_UNC",
                    "call nvmlDeviceGetRemappedRows().1",
                ),
            },
            "simulated": {("corrected",): "none", ("uncorrected",): "none"},
        },
    ),
    Metric(
        key="gpu_row_remap_pending",
        kind=Kind.GAUGE,
        help="1 when rows wait for the next reset of the GPU to be replaced.",
        rate=Rate.SLOW,
        reads={
            "nvml": {
                (): (
                    "field NVML_FI_DEV_REMAPPED_PENDING",
                    "call nvmlDeviceGetRemappedRows().2",
                )
            },
            "simulated": {(): "none"},
        },
    ),
    Metric(
        key="gpu_row_remap_failure",
        kind=Kind.GAUGE,
        help="1 when a row could not be replaced: the board is due for exchange.",
        rate=Rate.SLOW,
        reads={
            "nvml": {
                (): (
                    "field NVML_FI_DEV_REMAPPED_FAILURE",
                    "call nvmlDeviceGetRemappedRows().3",
                )
            },
            "simulated": {(): "none"},
        },
    ),
    Metric(
        key="gpu_row_remap_banks",
        kind=Kind.GAUGE,
        help="Banks of memory by how many spare rows they have left.",
        labels=("availability",),
        rate=Rate.SLOW,
        default_on=False,
        reads={
            "nvml": {
                (left,): f"call nvmlDeviceGetRowRemapperHistogram().{left}"
                for left in _AVAILABILITY
            },
        },
    ),
    Metric(
        key="gpu_retired_pages",
        kind=Kind.GAUGE,
        help="Pages of memory no longer used, by the error that was the reason (before Ampere).",
        labels=("error",),
        rate=Rate.SLOW,
        reads={
            "nvml": {
                ("corrected",): "field NVML_FI_DEV_RETIRED_SBE",
                ("uncorrected",): "field NVML_FI_DEV_RETIRED_DBE",
            },
        },
    ),
    Metric(
        key="gpu_retired_pages_pending",
        kind=Kind.GAUGE,
        help="1 when pages wait for a reboot to be retired (before Ampere).",
        rate=Rate.SLOW,
        reads={"nvml": {(): "field NVML_FI_DEV_RETIRED_PENDING"}},
    ),
    Metric(
        key="gpu_repair_pending",
        kind=Kind.GAUGE,
        help="1 when a repair of memory channels or of compute units waits for a reset.",
        labels=("repair",),
        rate=Rate.SLOW,
        reads={
            "nvml": {
                ("channel",): "call nvmlDeviceGetRepairStatus().bChannelRepairPending",
                ("tpc",): "call nvmlDeviceGetRepairStatus().bTpcRepairPending",
            },
        },
    ),
    Metric(
        key="gpu_recovery_action",
        kind=Kind.GAUGE,
        help="1 for what the driver asks to be done with the GPU; none is always there, as 0 or 1.",
        labels=("action",),
        rate=Rate.SLOW,
        reads={
            "nvml": {ANY: "read recovery_action"},
            "simulated": {("none",): "one"},
        },
    ),
)
