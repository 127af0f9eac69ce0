"""Boards the fake can pose as.

Numbers are from public nvidia-smi listings and data sheets unless marked
"guess"; nothing in the fake depends on them being right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tests.fake_nvml.layout import Group

_MEBIBYTE: Final = 2**20
_MILLISECOND: Final = 1_000_000

# No board has these by default.
_NEVER: Final = frozenset({Group.MIG, Group.SAMPLES, Group.FABRIC})
# Module and memory scope exist on some boards only.
_NO_SCOPES: Final = frozenset({Group.POWER_MODULE, Group.POWER_MEMORY})
# T.LIMIT readings came with Ada and Hopper.
_NO_TEMPERATURE_LIMITS: Final = frozenset({Group.TEMPERATURE_LIMITS, Group.MARGIN_TEMPERATURE})


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
    power_refresh_nanoseconds: int = 100 * _MILLISECOND
    power_window_nanoseconds: int = 25 * _MILLISECOND
    usage_is_average: bool = True
    """PowerUsage averages over 1 s on Ampere and later, except GA100."""
    counter_is_module: bool = False
    module_factor_permille: int = 1000
    module_constant_milliwatts: int = 0
    old_driver: bool = False

    @property
    def nvml_version(self) -> str:
        """As nvmlSystemGetNVMLVersion: the CUDA major version, then the driver's."""
        return f"{self.cuda_driver_version // 1000}.{self.driver_version}"


_H100: Final = Profile(
    name="H100",
    model_name="NVIDIA H100 80GB HBM3",
    architecture=9,
    brand=14,
    compute_capability=(9, 0),
    pci_device_id=0x233010DE,
    board_part_number="692-2G520-0200-000",
    vbios_version="96.00.74.00.01",
    driver_version="550.127.08",
    cuda_driver_version=12040,
    memory_total_bytes=81559 * _MEBIBYTE,
    memory_reserved_bytes=551 * _MEBIBYTE,
    default_power_limit_milliwatts=700_000,
    minimum_power_limit_milliwatts=200_000,
    maximum_power_limit_milliwatts=700_000,
    idle_milliwatts=70_000,
    busy_milliwatts=650_000,
    shutdown_celsius=92,  # this and the next two: guess, the board reports T.LIMIT
    slowdown_celsius=89,
    gpu_max_celsius=87,
    memory_max_celsius=95,
    graphics_clock_megahertz=1980,
    memory_clock_megahertz=2619,
    video_clock_megahertz=1545,
    pcie_generation=5,
    # The memory scope is there on Hopper with recent drivers: guess.
    unsupported=_NEVER | {Group.POWER_MODULE},
)

_H200: Final = replace(
    _H100,
    name="H200",
    model_name="NVIDIA H200",
    pci_device_id=0x233510DE,
    board_part_number="692-2G520-0280-001",  # guess
    vbios_version="96.00.A5.00.01",  # guess
    driver_version="570.124.06",
    cuda_driver_version=12080,
    memory_total_bytes=143771 * _MEBIBYTE,
    memory_reserved_bytes=611 * _MEBIBYTE,  # guess
    memory_clock_megahertz=3201,
)

_B200: Final = replace(
    _H100,
    name="B200",
    model_name="NVIDIA B200",
    architecture=10,
    compute_capability=(10, 0),
    pci_device_id=0x290110DE,
    board_part_number="692-2G525-0220-000",  # guess
    vbios_version="97.00.88.00.0F",  # guess
    driver_version="570.133.20",
    cuda_driver_version=12080,
    memory_total_bytes=183359 * _MEBIBYTE,
    memory_reserved_bytes=700 * _MEBIBYTE,  # guess
    default_power_limit_milliwatts=1_000_000,
    maximum_power_limit_milliwatts=1_000_000,
    idle_milliwatts=140_000,
    busy_milliwatts=930_000,
    graphics_clock_megahertz=1965,
    memory_clock_megahertz=3996,
    power_refresh_nanoseconds=20 * _MILLISECOND,  # guess
    power_window_nanoseconds=20 * _MILLISECOND,  # guess
)

_GB200: Final = replace(
    _B200,
    name="GB200",
    model_name="NVIDIA GB200",
    pci_device_id=0x294110DE,
    driver_version="570.148.08",
    memory_total_bytes=189471 * _MEBIBYTE,
    default_power_limit_milliwatts=1_200_000,
    maximum_power_limit_milliwatts=1_200_000,
    busy_milliwatts=1_100_000,
    graphics_clock_megahertz=2062,
    unsupported=_NEVER,
    # The module holds half a Grace processor too; the share is a guess.
    module_factor_permille=1050,
    module_constant_milliwatts=120_000,
)

_GB300: Final = replace(
    _GB200,
    name="GB300",
    model_name="NVIDIA GB300",
    compute_capability=(10, 3),
    pci_device_id=0x31C210DE,  # guess
    driver_version="580.65.06",
    cuda_driver_version=13000,
    memory_total_bytes=284208 * _MEBIBYTE,  # guess
    default_power_limit_milliwatts=1_400_000,
    maximum_power_limit_milliwatts=1_400_000,
    busy_milliwatts=1_300_000,
    graphics_clock_megahertz=2070,
)

_A100: Final = Profile(
    name="A100",
    model_name="NVIDIA A100-SXM4-80GB",
    architecture=7,
    brand=14,
    compute_capability=(8, 0),
    pci_device_id=0x20B210DE,
    board_part_number="692-2G506-0212-002",
    vbios_version="92.00.9E.00.1B",
    driver_version="535.183.01",
    cuda_driver_version=12020,
    memory_total_bytes=81920 * _MEBIBYTE,
    memory_reserved_bytes=868 * _MEBIBYTE,
    default_power_limit_milliwatts=400_000,
    minimum_power_limit_milliwatts=100_000,
    maximum_power_limit_milliwatts=400_000,
    idle_milliwatts=60_000,
    busy_milliwatts=380_000,
    shutdown_celsius=92,
    slowdown_celsius=89,
    gpu_max_celsius=85,
    memory_max_celsius=95,
    graphics_clock_megahertz=1410,
    memory_clock_megahertz=1593,
    video_clock_megahertz=1275,
    pcie_generation=4,
    unsupported=_NEVER | _NO_SCOPES | _NO_TEMPERATURE_LIMITS,
    usage_is_average=False,
)

_T4: Final = Profile(
    name="T4",
    model_name="Tesla T4",
    architecture=6,
    brand=14,
    compute_capability=(7, 5),
    pci_device_id=0x1EB810DE,
    board_part_number="900-2G183-0000-001",
    vbios_version="90.04.96.00.9F",
    driver_version="535.183.01",
    cuda_driver_version=12020,
    memory_total_bytes=15360 * _MEBIBYTE,
    memory_reserved_bytes=440 * _MEBIBYTE,  # guess
    default_power_limit_milliwatts=70_000,
    minimum_power_limit_milliwatts=60_000,
    maximum_power_limit_milliwatts=70_000,
    idle_milliwatts=10_000,
    busy_milliwatts=68_000,
    shutdown_celsius=96,
    slowdown_celsius=93,
    gpu_max_celsius=85,
    memory_max_celsius=0,
    graphics_clock_megahertz=1590,
    memory_clock_megahertz=5001,
    video_clock_megahertz=1470,
    pcie_generation=3,
    unsupported=_NEVER
    | _NO_SCOPES
    | _NO_TEMPERATURE_LIMITS
    | {
        Group.MEMORY_TEMPERATURE,
        Group.POWER_AVERAGE,  # guess
        Group.JPEG_OFA,
    },
    power_window_nanoseconds=100 * _MILLISECOND,  # guess
    usage_is_average=False,
)

_OLD470: Final = replace(
    _A100,
    name="OLD470",
    driver_version="470.256.02",
    cuda_driver_version=11040,
    memory_reserved_bytes=0,
    old_driver=True,
)

PROFILES: Final[dict[str, Profile]] = {
    profile.name: profile for profile in (_H100, _H200, _B200, _GB200, _GB300, _A100, _T4, _OLD470)
}
