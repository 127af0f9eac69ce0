"""What a profile says of a board."""

from dataclasses import dataclass

from tests.fake_nvml.groups import Group
from tests.fake_nvml.partition import MigDevice
from tests.fake_nvml.profiles.nvlink import NvLink

_MILLISECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Fabric:
    """A registration with the fabric manager."""

    cluster_uuid: bytes = bytes(16)
    clique_id: int = 0
    health_mask: int = 0
    health_summary: int = 0
    version_max: int = 2


@dataclass(frozen=True, slots=True)
class Platform:
    """Where a board sits in its rack; the module numbers count up with the GPUs."""

    chassis_serial: str
    slot: int
    tray: int
    host_id: int = 1
    peer_type: int = 1


@dataclass(frozen=True)
class Profile:
    """What one board model reports; power in mW, times in ns, clocks in MHz."""

    name: str
    model_name: str
    architecture: int
    """NVML_DEVICE_ARCH_*"""
    brand: int
    """NVML_BRAND_*"""
    compute_capability: tuple[int, int]
    pci_device_id: int
    board_part_number: str
    vbios_version: str
    driver_version: str
    cuda_driver_version: int
    """1000 * major + 10 * minor"""
    memory_total_bytes: int
    memory_reserved_bytes: int
    default_power_limit_milliwatts: int
    minimum_power_limit_milliwatts: int
    maximum_power_limit_milliwatts: int
    idle_milliwatts: int
    busy_milliwatts: int
    shutdown_celsius: int
    slowdown_celsius: int
    gpu_max_celsius: int
    memory_max_celsius: int
    graphics_clock_megahertz: int
    memory_clock_megahertz: int
    video_clock_megahertz: int
    pcie_generation: int
    unsupported: frozenset[Group]
    gpus: int = 8
    """How many are in a machine."""
    power_refresh_nanoseconds: int = 100 * _MILLISECOND
    power_window_nanoseconds: int = 25 * _MILLISECOND
    sample_period_nanoseconds: int = 0
    usage_is_average: bool = True
    """PowerUsage averages over 1 s on Ampere and later, except GA100."""
    counter_is_module: bool = False
    module_factor_permille: int = 1000
    module_constant_milliwatts: int = 0
    old_driver: bool = False
    violation_unit_nanoseconds: int = 1
    nvlink: NvLink | None = None
    c2c_links: int = 0
    fabric: Fabric | None = None
    platform: Platform | None = None
    has_row_remapper: bool = True
    has_retired_pages: bool = False
    has_pcie_error_counts: bool = False
    has_power_smoothing: bool = False
    power_profiles: frozenset[int] = frozenset()
    gpm: tuple[tuple[int, float], ...] = ()
    """GPM metrics and their values; empty: the board has no GPM."""
    mig_devices: tuple[MigDevice, ...] = ()
    virtualization_mode: int = 0
    """NVML_GPU_VIRTUALIZATION_MODE_*"""
    function_errors: tuple[tuple[str, int], ...] = ()
    """Functions that fail, with what."""
    field_errors: tuple[tuple[int, int], ...] = ()
    """Fields that fail, with what."""

    @property
    def nvml_version(self) -> str:
        """As nvmlSystemGetNVMLVersion: the CUDA major version, then the driver's."""
        return f"{self.cuda_driver_version // 1000}.{self.driver_version}"

    @property
    def driver_branch(self) -> int:
        """The driver's major version."""
        return int(self.driver_version.partition(".")[0])

    @property
    def missing(self) -> frozenset[Group]:
        """All groups that the board does not support: as listed, and for want of the part."""
        parts = {
            Group.NVLINK: self.nvlink is not None,
            Group.C2C: self.c2c_links > 0,
            Group.FABRIC: self.fabric is not None,
            Group.PLATFORM: self.platform is not None,
            Group.ROW_REMAPPER: self.has_row_remapper,
            Group.RETIRED_PAGES: self.has_retired_pages,
            Group.POWER_SMOOTHING: self.has_power_smoothing,
            Group.POWER_PROFILES: bool(self.power_profiles),
        }
        return self.unsupported | {group for group, has in parts.items() if not has}
