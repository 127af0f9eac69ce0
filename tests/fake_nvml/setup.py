"""Makes a GPU pose as a board of a profile."""

import uuid

from tests.fake_nvml.codes import ERROR_NOT_SUPPORTED
from tests.fake_nvml.gpu import FakeGpu
from tests.fake_nvml.groups import group_mask
from tests.fake_nvml.profiles import Profile, seeds
from tests.fake_nvml.waveforms import AnyWaveform

_PCIE_THROUGHPUT_MICROSECONDS = 20_000
"""nvmlDeviceGetPcieThroughput looks at a counter for so long (its documentation)."""
_BAR1_BYTES = 256 << 20


def apply_profile(gpu: FakeGpu, profile: Profile, seed: str) -> None:
    """Pose as a board; before a client starts."""
    state = gpu.state
    state.name = profile.model_name.encode()
    state.vbios_version = profile.vbios_version.encode()
    state.board_part_number = profile.board_part_number.encode()
    state.pci_device_id = profile.pci_device_id
    state.pci_subsystem_id = profile.pci_device_id
    state.architecture = profile.architecture
    state.brand = profile.brand
    state.compute_major, state.compute_minor = profile.compute_capability
    state.unsupported_mask = group_mask(profile.missing)
    gpu.set_counter_scope("module" if profile.counter_is_module else "gpu")
    gpu.module_factor_permille = profile.module_factor_permille
    gpu.module_constant_milliwatts = profile.module_constant_milliwatts
    gpu.memory_factor_permille = 150
    _set_identity(gpu, seed)
    _apply_sensors(gpu, profile)
    _apply_readings(gpu, profile)
    _apply_errors(gpu, profile)
    _apply_parts(gpu, profile)
    _apply_place(gpu, profile)


def start_truth(
    gpu: FakeGpu, epoch_nanoseconds: int, counter_base_millijoules: int, waveform: AnyWaveform
) -> None:
    """Begin the GPU's history; once."""
    gpu.state.epoch_nanoseconds = epoch_nanoseconds
    gpu.state.counter_zero_nanoseconds = epoch_nanoseconds
    gpu.state.counter_base_millijoules = counter_base_millijoules
    gpu.set_waveform(waveform, epoch_nanoseconds)


def _set_identity(gpu: FakeGpu, seed: str) -> None:
    """Derive UUID, serial number and bus address from `seed` and the index."""
    unique = uuid.uuid5(uuid.NAMESPACE_OID, f"fake-nvml/{seed}/{gpu.index}")
    state = gpu.state
    state.uuid = f"GPU-{unique}".encode()
    state.serial = f"16{unique.int % 10**11:011d}".encode()
    state.minor_number = gpu.index
    buses = (0x1B, 0x43, 0x52, 0x61, 0x9D, 0xC3, 0xD1, 0xDF)
    state.pci_domain, position = divmod(gpu.index, len(buses))
    state.pci_bus = buses[position]
    state.pci_device = 0


def _apply_sensors(gpu: FakeGpu, profile: Profile) -> None:
    gpu.power_refresh_nanoseconds = profile.power_refresh_nanoseconds
    gpu.power_window_nanoseconds = profile.power_window_nanoseconds
    gpu.average_window_nanoseconds = 1_000_000_000
    gpu.sample_period_nanoseconds = profile.sample_period_nanoseconds
    gpu.usage_is_average = int(profile.usage_is_average)
    gpu.counter_refresh_nanoseconds = 10_000_000
    gpu.violation_unit_nanoseconds = profile.violation_unit_nanoseconds


def _apply_readings(gpu: FakeGpu, profile: Profile) -> None:
    gpu.persistence_mode = 1
    gpu.temperature_celsius = 45
    gpu.memory_temperature_celsius = 52
    gpu.margin_temperature_celsius = profile.gpu_max_celsius - 45
    gpu.shutdown_celsius = profile.shutdown_celsius
    gpu.slowdown_celsius = profile.slowdown_celsius
    gpu.gpu_max_celsius = profile.gpu_max_celsius
    gpu.memory_max_celsius = profile.memory_max_celsius
    gpu.shutdown_limit_celsius = -8
    gpu.slowdown_limit_celsius = -2
    gpu.gpu_max_limit_celsius = 0
    gpu.memory_max_limit_celsius = 0
    gpu.power_limit_milliwatts = profile.default_power_limit_milliwatts
    gpu.enforced_power_limit_milliwatts = profile.default_power_limit_milliwatts
    gpu.default_power_limit_milliwatts = profile.default_power_limit_milliwatts
    gpu.minimum_power_limit_milliwatts = profile.minimum_power_limit_milliwatts
    gpu.maximum_power_limit_milliwatts = profile.maximum_power_limit_milliwatts
    gpu.gpu_utilization_percent = 100
    gpu.memory_utilization_percent = 40
    gpu.encoder_utilization_percent = 0
    gpu.decoder_utilization_percent = 0
    gpu.graphics_clock_megahertz = profile.graphics_clock_megahertz
    gpu.sm_clock_megahertz = profile.graphics_clock_megahertz
    gpu.memory_clock_megahertz = profile.memory_clock_megahertz
    gpu.video_clock_megahertz = profile.video_clock_megahertz
    gpu.max_graphics_clock_megahertz = profile.graphics_clock_megahertz
    gpu.max_sm_clock_megahertz = profile.graphics_clock_megahertz
    gpu.max_memory_clock_megahertz = profile.memory_clock_megahertz
    gpu.max_video_clock_megahertz = profile.video_clock_megahertz
    gpu.performance_state = 0
    gpu.mig_device_count_max = 7
    gpu.pcie_generation = gpu.pcie_generation_max = profile.pcie_generation
    gpu.pcie_width = gpu.pcie_width_max = 16
    gpu.memory_total_bytes = profile.memory_total_bytes
    gpu.memory_reserved_bytes = profile.memory_reserved_bytes
    gpu.memory_used_bytes = profile.memory_total_bytes // 4
    gpu.clock_event_reasons = 0
    gpu.supported_clock_event_reasons = 0x1FF
    gpu.supported_event_types = 0x9F
    gpu.power_management_mode = 1
    gpu.virtualization_mode = profile.virtualization_mode
    gpu.bar1_total_bytes = _BAR1_BYTES
    gpu.bar1_used_bytes = 1 << 20
    gpu.pcie_transmit_kilobytes_per_second = 120_000
    gpu.pcie_receive_kilobytes_per_second = 80_000
    gpu.set_latency(_PCIE_THROUGHPUT_MICROSECONDS, "nvmlDeviceGetPcieThroughput")


def _apply_errors(gpu: FakeGpu, profile: Profile) -> None:
    gpu.ecc_mode = gpu.ecc_pending_mode = 1
    gpu.set_row_histogram(640, 0, 0, 0, 0)
    gpu.seed_fields(seeds.table(profile))
    for name, code in profile.function_errors:
        gpu.set_error(name, code)
    for field, code in profile.field_errors:
        gpu.fail_field(field, code)


def _apply_parts(gpu: FakeGpu, profile: Profile) -> None:
    if profile.nvlink is not None:
        gpu.set_nvlink_remote(profile.nvlink.remote)
    gpu.is_c2c_enabled = int(profile.c2c_links > 0)
    gpu.is_gpm_supported = int(bool(profile.gpm))
    for position, device in enumerate(profile.mig_devices):
        gpu.add_mig(position, device)
    for metric, value in profile.gpm:
        gpu.set_gpm(metric, value)
    gpu.set_power_profiles(supported=profile.power_profiles)


def _apply_place(gpu: FakeGpu, profile: Profile) -> None:
    gpu.module_id = gpu.platform_module_id = gpu.index + 1
    gpu.platform_version_max = 2
    if profile.fabric is not None:
        gpu.set_fabric_cluster(profile.fabric.cluster_uuid)
        gpu.fabric_clique_id = profile.fabric.clique_id
        gpu.fabric_state = 3
        gpu.fabric_health_mask = profile.fabric.health_mask
        gpu.fabric_health_summary = profile.fabric.health_summary
        gpu.fabric_version_max = profile.fabric.version_max
    else:
        gpu.fabric_status = ERROR_NOT_SUPPORTED
    if profile.platform is not None:
        gpu.set_chassis(profile.platform.chassis_serial, uuid.UUID(gpu.uuid[4:]).bytes)
        gpu.platform_slot = profile.platform.slot
        gpu.platform_tray = profile.platform.tray
        gpu.platform_host_id = profile.platform.host_id
        gpu.platform_peer_type = profile.platform.peer_type
