"""The state file's layout and the call groups: the twin of fake_nvml.h."""

from __future__ import annotations

import ctypes
import enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MAGIC: Final = 0x4B5741544C4D564E
LAYOUT_VERSION: Final = 1
GPUS_MAX: Final = 32
SEGMENTS_MAX: Final = 512
TABLE_POINTS_MAX: Final = 65536
EVENTS_MAX: Final = 256
PROCESSES_MAX: Final = 16
GROUPS_MAX: Final = 64


class Group(enum.IntEnum):
    """What calls are counted, delayed, hung, refused or unsupported by.

    The groups from POWER_INSTANT to POWER_MEMORY, ENERGY_FIELD,
    MEMORY_TEMPERATURE, TEMPERATURE_LIMITS and OTHER_FIELDS stand for fields of
    nvmlDeviceGetFieldValues; PCIE, POWER_LIMITS and VIOLATION for functions and
    fields; all others for functions.
    """

    INIT = 0
    SHUTDOWN = 1
    SYSTEM = 2
    COUNT = 3
    HANDLE = 4
    IDENTITY = 5
    PERSISTENCE = 6
    FIELD_VALUES = 7
    POWER_INSTANT = 8
    POWER_AVERAGE = 9
    POWER_MODULE = 10
    POWER_MEMORY = 11
    POWER_USAGE = 12
    ENERGY = 13
    ENERGY_FIELD = 14
    MEMORY_TEMPERATURE = 15
    TEMPERATURE = 16
    TEMPERATURE_V = 17
    MARGIN_TEMPERATURE = 18
    TEMPERATURE_THRESHOLD = 19
    TEMPERATURE_LIMITS = 20
    UTILIZATION = 21
    ENCODER_DECODER = 22
    JPEG_OFA = 23
    CLOCKS = 24
    MAX_CLOCKS = 25
    CLOCK_EVENT_REASONS = 26
    MEMORY_INFO = 27
    MEMORY_INFO_V2 = 28
    POWER_LIMITS = 29
    PERFORMANCE_STATE = 30
    VIOLATION = 31
    MIG = 32
    ECC = 33
    PROCESSES = 34
    PCIE = 35
    EVENTS = 36
    SAMPLES = 37
    FABRIC = 38
    OTHER_FIELDS = 39


ALL_GROUPS: Final = frozenset(Group)
POWER_GROUPS: Final = frozenset(
    {
        Group.POWER_INSTANT,
        Group.POWER_AVERAGE,
        Group.POWER_MODULE,
        Group.POWER_MEMORY,
        Group.POWER_USAGE,
    }
)
ENERGY_GROUPS: Final = frozenset({Group.ENERGY, Group.ENERGY_FIELD})
TELEMETRY_GROUPS: Final = frozenset(
    {
        Group.MEMORY_TEMPERATURE,
        Group.TEMPERATURE,
        Group.TEMPERATURE_V,
        Group.MARGIN_TEMPERATURE,
        Group.TEMPERATURE_THRESHOLD,
        Group.TEMPERATURE_LIMITS,
        Group.UTILIZATION,
        Group.ENCODER_DECODER,
        Group.JPEG_OFA,
        Group.CLOCKS,
        Group.MAX_CLOCKS,
        Group.CLOCK_EVENT_REASONS,
        Group.MEMORY_INFO,
        Group.MEMORY_INFO_V2,
        Group.POWER_LIMITS,
        Group.PERFORMANCE_STATE,
        Group.VIOLATION,
        Group.ECC,
        Group.PROCESSES,
        Group.PCIE,
    }
)


def group_mask(groups: Group | Iterable[Group]) -> int:
    """The bit-mask of one group or several."""
    if isinstance(groups, Group):
        return 1 << groups
    mask = 0
    for group in groups:
        mask |= 1 << group
    return mask


_U32 = ctypes.c_uint32
_I32 = ctypes.c_int32
_U64 = ctypes.c_uint64
_I64 = ctypes.c_int64
_Field = tuple[str, type["ctypes._CDataType"]]


def _fields(kind: type[ctypes._CDataType], names: str) -> list[_Field]:
    return [(name, kind) for name in names.split()]


class SegmentState(ctypes.Structure):
    """struct fake_segment."""

    _fields_ = [
        ("start_nanoseconds", _I64),
        *_fields(
            _U64,
            "base_millijoules base_remainder_picojoules kind phase_nanoseconds"
            " period_nanoseconds high_nanoseconds low_milliwatts high_milliwatts"
            " table_first table_count",
        ),
    ]


class TablePointState(ctypes.Structure):
    """struct fake_table_point."""

    _fields_ = _fields(_U64, "offset_nanoseconds power_milliwatts energy_before_picojoules")


class ProcessState(ctypes.Structure):
    """struct fake_process."""

    _fields_ = [("pid", _U32), ("reserved", _U32), ("used_memory_bytes", _U64)]


class EventState(ctypes.Structure):
    """struct fake_event."""

    _fields_ = _fields(_U64, "gpu_index event_type event_data")


class GpuState(ctypes.Structure):
    """struct fake_gpu."""

    _fields_ = [
        ("name", ctypes.c_char * 96),
        ("uuid", ctypes.c_char * 96),
        ("serial", ctypes.c_char * 32),
        ("vbios_version", ctypes.c_char * 32),
        ("board_part_number", ctypes.c_char * 32),
        *_fields(
            _U32,
            "pci_domain pci_bus pci_device pci_device_id pci_subsystem_id"
            " architecture brand compute_major compute_minor minor_number",
        ),
        *_fields(
            _U64,
            "module_factor_permille module_constant_milliwatts memory_factor_permille"
            " segment_count",
        ),
        ("epoch_nanoseconds", _I64),
        ("power_refresh_nanoseconds", _U64),
        ("power_phase_nanoseconds", _I64),
        *_fields(_U64, "power_window_nanoseconds average_window_nanoseconds"),
        *_fields(_U32, "usage_is_average timestamp_is_refresh"),
        *_fields(_U64, "power_override_mask power_override_milliwatts"),
        *_fields(_U64, "counter_sequence counter_refresh_nanoseconds"),
        *_fields(
            _I64,
            "counter_phase_nanoseconds counter_zero_nanoseconds counter_base_millijoules"
            " counter_frozen_nanoseconds",
        ),
        ("counter_override_millijoules", _U64),
        *_fields(_U32, "counter_is_frozen counter_is_overridden counter_scope reserved_counter"),
        *_fields(_U64, "unsupported_mask hang_mask latency_nanoseconds"),
        ("group_latency_nanoseconds", _U64 * GROUPS_MAX),
        ("group_error", _U32 * GROUPS_MAX),
        *_fields(_U32, "is_lost persistence_mode"),
        *_fields(
            _I32,
            "temperature_celsius memory_temperature_celsius margin_temperature_celsius"
            " shutdown_celsius slowdown_celsius memory_max_celsius gpu_max_celsius"
            " shutdown_limit_celsius slowdown_limit_celsius memory_max_limit_celsius"
            " gpu_max_limit_celsius",
        ),
        *_fields(
            _U32,
            "power_limit_milliwatts enforced_power_limit_milliwatts"
            " default_power_limit_milliwatts minimum_power_limit_milliwatts"
            " maximum_power_limit_milliwatts gpu_utilization_percent"
            " memory_utilization_percent encoder_utilization_percent"
            " decoder_utilization_percent jpeg_utilization_percent ofa_utilization_percent"
            " graphics_clock_megahertz sm_clock_megahertz memory_clock_megahertz"
            " video_clock_megahertz max_graphics_clock_megahertz max_sm_clock_megahertz"
            " max_memory_clock_megahertz max_video_clock_megahertz performance_state"
            " mig_mode mig_pending_mode mig_device_count_max pcie_replay_count"
            " pcie_generation pcie_width pcie_generation_max pcie_width_max process_count",
        ),
        *_fields(
            _U64,
            "memory_total_bytes memory_reserved_bytes memory_used_bytes"
            " clock_event_reasons supported_clock_event_reasons supported_event_types",
        ),
        ("ecc_errors", _U64 * 4),
        ("violation_nanoseconds", _U64 * 16),
        ("processes", ProcessState * PROCESSES_MAX),
        ("calls", _U64 * GROUPS_MAX),
        *_fields(_U64, "total_calls hung_calls concurrent_calls"),
        ("segments", SegmentState * SEGMENTS_MAX),
    ]


class State(ctypes.Structure):
    """struct fake_state: the whole file."""

    _fields_ = [
        ("magic", _U64),
        *_fields(_U32, "layout_version gpus_max"),
        *_fields(_U64, "total_bytes gpu_bytes"),
        *_fields(
            _U32,
            "gpu_count visible_gpus latch_visible_gpus init_error call_error"
            " driver_generation stale_client_error global_lock cuda_driver_version reserved",
        ),
        ("init_latency_nanoseconds", _U64),
        ("driver_version", ctypes.c_char * 80),
        ("nvml_version", ctypes.c_char * 80),
        ("calls", _U64 * GROUPS_MAX),
        *_fields(
            _U64,
            "total_calls concurrent_calls outstanding_calls_max"
            " shutdowns_with_outstanding_calls events_delivered event_head",
        ),
        ("events", EventState * EVENTS_MAX),
        ("gpus", GpuState * GPUS_MAX),
        ("table", TablePointState * TABLE_POINTS_MAX),
    ]
