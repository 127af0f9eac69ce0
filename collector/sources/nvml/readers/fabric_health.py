"""The health mask and summary of nvmlGpuFabricInfo_t in words."""

from collector.sources.nvml.library import constant

_PREFIX = "NVML_GPU_FABRIC_HEALTH_MASK"
_TRUE = 1
_BAD = {
    "degraded_bandwidth": ("DEGRADED_BW", 1),
    "route_recovery": ("ROUTE_RECOVERY", 1),
    "route_unhealthy": ("ROUTE_UNHEALTHY", 1),
    "access_timeout_recovery": ("ACCESS_TIMEOUT_RECOVERY", 1),
    "partition_not_assigned": ("PARTITION_ASSIGNED", 2),
    "manager_disconnected": ("GFM_STATE", 2),
}
"""Conditions by the part of the mask that tells and its value when they hold; 0 is 'not told'."""
_CONFIGURATION = {
    2: "incorrect_sysguid",
    3: "incorrect_chassis_serial",
    4: "no_partition",
    5: "insufficient_nvlinks",
    6: "incompatible_gpu_firmware",
    7: "invalid_location",
    8: "gpu_state_invalid",
}
"""NVML_GPU_FABRIC_HEALTH_MASK_INCORRECT_CONFIGURATION_*; 1 is a correct one."""
_SUMMARIES = {1: "healthy", 2: "unhealthy", 3: "limited_capacity"}


def summary(number: int) -> str:
    """NVML_GPU_FABRIC_HEALTH_SUMMARY_* in a word; empty where the driver does not tell."""
    return _SUMMARIES.get(number, f"summary_{number}" if number else "")


def conditions(mask: int) -> dict[str, bool]:
    """Everything that can be wrong, by name; what the driver does not tell is absent.

    Which part of a configuration is wrong has a name only while it is.
    """
    found = {
        name: value == bad for name, (part, bad) in _BAD.items() if (value := _part(mask, part))
    }
    configuration = _part(mask, "INCORRECT_CONFIGURATION")
    if configuration:
        found["incorrect_configuration"] = configuration != _TRUE
        if configuration != _TRUE:
            cause = _CONFIGURATION.get(configuration, f"configuration_{configuration}")
            found[cause] = True
    return found


def _part(mask: int, name: str) -> int:
    return (mask >> constant(f"{_PREFIX}_SHIFT_{name}")) & constant(f"{_PREFIX}_WIDTH_{name}")
