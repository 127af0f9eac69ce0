"""A fake libnvidia-ml with known true energy, and its controls."""

from tests.fake_nvml.codes import (
    ERROR_ARGUMENT_VERSION_MISMATCH,
    ERROR_DRIVER_NOT_LOADED,
    ERROR_GPU_IS_LOST,
    ERROR_IN_USE,
    ERROR_INVALID_ARGUMENT,
    ERROR_LIB_RM_VERSION_MISMATCH,
    ERROR_NO_PERMISSION,
    ERROR_NOT_FOUND,
    ERROR_NOT_READY,
    ERROR_NOT_SUPPORTED,
    ERROR_TIMEOUT,
    ERROR_UNKNOWN,
    UINT32_MAX,
    UINT64_MAX,
)
from tests.fake_nvml.faults import BatchWith
from tests.fake_nvml.fields import ALL_LINKS, ValueType
from tests.fake_nvml.gpu import FakeGpu
from tests.fake_nvml.groups import ALL_GROUPS, ENERGY_GROUPS, POWER_GROUPS, TELEMETRY_GROUPS, Group
from tests.fake_nvml.library import build
from tests.fake_nvml.machine import FakeNvml
from tests.fake_nvml.partition import MigDevice
from tests.fake_nvml.profiles import PROFILES, Fabric, Platform, Profile
from tests.fake_nvml.waveforms import AnyWaveform, Constant, Sine, Square, Table

__all__ = [
    "ALL_GROUPS",
    "ALL_LINKS",
    "ENERGY_GROUPS",
    "ERROR_ARGUMENT_VERSION_MISMATCH",
    "ERROR_DRIVER_NOT_LOADED",
    "ERROR_GPU_IS_LOST",
    "ERROR_INVALID_ARGUMENT",
    "ERROR_IN_USE",
    "ERROR_LIB_RM_VERSION_MISMATCH",
    "ERROR_NOT_FOUND",
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
    "BatchWith",
    "Constant",
    "Fabric",
    "FakeGpu",
    "FakeNvml",
    "Group",
    "MigDevice",
    "Platform",
    "Profile",
    "Sine",
    "Square",
    "Table",
    "ValueType",
    "build",
]
