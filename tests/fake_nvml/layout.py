"""The state file's layout: the twin of native/state.h."""

from __future__ import annotations

import ctypes
from typing import Final

MAGIC: Final = 0x4B5741544C4D564E
LAYOUT_VERSION: Final = 2
GPUS_MAX: Final = 32
SEGMENTS_MAX: Final = 512
TABLE_POINTS_MAX: Final = 65536
EVENTS_MAX: Final = 256
PROCESSES_MAX: Final = 64
GROUPS_MAX: Final = 64
FUNCTIONS_MAX: Final = 192
FIELD_IDS_MAX: Final = 512
FIELDS_MAX: Final = 2048
GPM_METRICS_MAX: Final = 512
MIG_MAX: Final = 8
RETIRED_PAGES_MAX: Final = 64
NVLINKS_MAX: Final = 36

_U8 = ctypes.c_uint8
_U32 = ctypes.c_uint32
_I32 = ctypes.c_int32
_U64 = ctypes.c_uint64
_I64 = ctypes.c_int64
_F64 = ctypes.c_double
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

    _fields_ = [
        *_fields(_U32, "pid kind"),
        ("used_memory_bytes", _U64),
        *_fields(_U32, "gpu_instance_id compute_instance_id"),
    ]


class EventState(ctypes.Structure):
    """struct fake_event."""

    _fields_ = _fields(_U64, "gpu_index event_type event_data")


class FunctionState(ctypes.Structure):
    """struct fake_function_state."""

    _fields_ = [*_fields(_U64, "calls latency_nanoseconds"), *_fields(_U32, "error is_hung")]


class FieldFaultState(ctypes.Structure):
    """struct fake_field_fault."""

    _fields_ = [("latency_nanoseconds", _U64), *_fields(_U32, "error is_hung")]


class FieldState(ctypes.Structure):
    """struct fake_field."""

    _fields_ = [
        *_fields(_U32, "field_id scope_id value_type result group flags next reserved"),
        ("value", _U64),
        ("rate_per_second", _F64),
        ("since_nanoseconds", _I64),
    ]


class GpmMetricState(ctypes.Structure):
    """struct fake_gpm_metric."""

    _fields_ = [
        *_fields(_F64, "level base"),
        ("since_nanoseconds", _I64),
        *_fields(_U32, "is_present error"),
    ]


class MigState(ctypes.Structure):
    """struct fake_mig."""

    _fields_ = [
        *_fields(
            _U32,
            "is_present gpu_instance_id compute_instance_id multiprocessor_count"
            " copy_engine_count decoder_count encoder_count jpeg_count ofa_count"
            " gpu_instance_slice_count compute_instance_slice_count reserved",
        ),
        *_fields(_U64, "memory_total_bytes memory_reserved_bytes memory_used_bytes"),
        ("name", ctypes.c_char * 96),
        ("uuid", ctypes.c_char * 96),
    ]


class RetiredPageState(ctypes.Structure):
    """struct fake_retired_page."""

    _fields_ = _fields(_U64, "address timestamp_microseconds cause")


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
        *_fields(
            _U64,
            "power_window_nanoseconds average_window_nanoseconds sample_period_nanoseconds",
        ),
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
        ("functions", FunctionState * FUNCTIONS_MAX),
        *_fields(_U32, "has_field_faults reserved_faults"),
        ("field_faults", FieldFaultState * FIELD_IDS_MAX),
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
            " pcie_generation pcie_width pcie_generation_max pcie_width_max"
            " pcie_transmit_kilobytes_per_second pcie_receive_kilobytes_per_second"
            " process_count ecc_mode ecc_pending_mode retired_pages_pending"
            " retired_page_count virtualization_mode power_management_mode"
            " is_gpm_supported is_c2c_enabled fan_count fan_speed_percent module_id"
            " reserved_readings",
        ),
        *_fields(
            _U64,
            "violation_unit_nanoseconds"
            " memory_total_bytes memory_reserved_bytes memory_used_bytes"
            " bar1_total_bytes bar1_used_bytes"
            " clock_event_reasons supported_clock_event_reasons supported_event_types",
        ),
        ("ecc_errors", _U64 * 4),
        ("sram_ecc_errors", _U64 * 11),
        ("sram_ecc_threshold_exceeded", _U64),
        ("violation_nanoseconds", _U64 * 16),
        ("row_remapper_histogram", _U32 * 5),
        ("nvlink_remote_type", _U32 * NVLINKS_MAX),
        ("power_profiles", (_U32 * 8) * 3),
        ("processes", ProcessState * PROCESSES_MAX),
        ("retired_pages", RetiredPageState * RETIRED_PAGES_MAX),
        ("fabric_cluster_uuid", _U8 * 16),
        *_fields(
            _U32,
            "fabric_status fabric_clique_id fabric_state fabric_health_mask"
            " fabric_health_summary fabric_version_max",
        ),
        ("platform_ib_guid", _U8 * 16),
        ("platform_chassis_serial", _U8 * 16),
        *_fields(
            _U32,
            "platform_slot platform_tray platform_host_id platform_peer_type"
            " platform_module_id platform_version_max",
        ),
        ("mig", MigState * MIG_MAX),
        *_fields(_U64, "field_sequence field_count"),
        ("field_heads", _U32 * FIELD_IDS_MAX),
        ("fields", FieldState * FIELDS_MAX),
        ("gpm_sequence", _U64),
        ("gpm", (GpmMetricState * GPM_METRICS_MAX) * (1 + MIG_MAX)),
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
            "function_count group_count"
            " gpu_count visible_gpus latch_visible_gpus init_error call_error"
            " driver_generation stale_client_error global_lock cuda_driver_version reserved",
        ),
        ("init_latency_nanoseconds", _U64),
        ("wall_offset_nanoseconds", _I64),
        ("driver_version", ctypes.c_char * 80),
        ("nvml_version", ctypes.c_char * 80),
        ("functions", FunctionState * FUNCTIONS_MAX),
        ("calls", _U64 * GROUPS_MAX),
        *_fields(
            _U64,
            "total_calls hung_calls concurrent_calls outstanding_calls_max"
            " shutdowns_with_outstanding_calls events_delivered",
        ),
        *_fields(_I64, "event_sets_open gpm_samples_open"),
        ("event_head", _U64),
        ("events", EventState * EVENTS_MAX),
        ("gpus", GpuState * GPUS_MAX),
        ("table", TablePointState * TABLE_POINTS_MAX),
    ]
