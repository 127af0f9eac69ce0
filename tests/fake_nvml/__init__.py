"""A fake libnvidia-ml with known true energy, and its controls."""

from tests.fake_nvml.controller import (
    ERROR_DRIVER_NOT_LOADED,
    ERROR_GPU_IS_LOST,
    ERROR_LIB_RM_VERSION_MISMATCH,
    ERROR_NO_PERMISSION,
    ERROR_NOT_READY,
    ERROR_NOT_SUPPORTED,
    ERROR_TIMEOUT,
    ERROR_UNKNOWN,
    UINT32_MAX,
    UINT64_MAX,
    FakeGpu,
    FakeNvml,
)
from tests.fake_nvml.layout import ALL_GROUPS, ENERGY_GROUPS, POWER_GROUPS, TELEMETRY_GROUPS, Group
from tests.fake_nvml.library import build
from tests.fake_nvml.profiles import PROFILES, Profile
from tests.fake_nvml.waveforms import AnyWaveform, Constant, Sine, Square, Table

__all__ = [
    "ALL_GROUPS",
    "ENERGY_GROUPS",
    "ERROR_DRIVER_NOT_LOADED",
    "ERROR_GPU_IS_LOST",
    "ERROR_LIB_RM_VERSION_MISMATCH",
    "ERROR_NOT_READY",
    "ERROR_NOT_SUPPORTED",
    "ERROR_NO_PERMISSION",
    "ERROR_TIMEOUT",
    "ERROR_UNKNOWN",
    "POWER_GROUPS",
    "PROFILES",
    "TELEMETRY_GROUPS",
    "UINT32_MAX",
    "UINT64_MAX",
    "AnyWaveform",
    "Constant",
    "FakeGpu",
    "FakeNvml",
    "Group",
    "Profile",
    "Sine",
    "Square",
    "Table",
    "build",
]
