"""Boards with Blackwell GPUs, and the trays that hold four of them.

Numbers are from public nvidia-smi listings and data sheets unless marked
"guess"; nothing in the fake depends on them being right.
"""

import uuid
from dataclasses import replace
from typing import Final

from tests.fake_nvml.profiles.hopper import H100, NEVER
from tests.fake_nvml.profiles.nvlink import NvLink
from tests.fake_nvml.profiles.profile import Fabric, Platform

_MEBIBYTE: Final = 2**20
_MILLISECOND: Final = 1_000_000
HEALTHY: Final = 0x1AA
"""Bandwidth not degraded, no route recovering or unhealthy, no timeout, configuration right."""
_CLUSTER: Final = uuid.uuid5(uuid.NAMESPACE_OID, "fake-nvml/nvl72").bytes

B200: Final = replace(
    H100,
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
    nvlink=NvLink(18, version=7, speed_megabytes_per_second=53_125, errors="counts"),
    fabric=Fabric(health_mask=HEALTHY),
    platform=Platform("FAKECHASSIS-B200", slot=0, tray=0),  # guess: is it there on HGX?
    has_power_smoothing=True,
    power_profiles=frozenset(range(16)),
)

GB200: Final = replace(
    B200,
    name="GB200",
    model_name="NVIDIA GB200",
    pci_device_id=0x294110DE,
    driver_version="570.148.08",
    memory_total_bytes=189471 * _MEBIBYTE,
    default_power_limit_milliwatts=1_200_000,
    maximum_power_limit_milliwatts=1_200_000,
    busy_milliwatts=1_100_000,
    graphics_clock_megahertz=2062,
    unsupported=NEVER,
    # The module holds half a Grace processor too; the share is a guess.
    module_factor_permille=1050,
    module_constant_milliwatts=120_000,
    gpus=4,
    c2c_links=5,  # guess: half of Grace's ten
    fabric=Fabric(_CLUSTER, clique_id=32_766, health_mask=HEALTHY),
    platform=Platform("FAKECHASSIS72", slot=9, tray=4),
)

GB300: Final = replace(
    GB200,
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
    # The third version of the struct came with 580.
    fabric=Fabric(_CLUSTER, clique_id=32_766, health_mask=HEALTHY, health_summary=1, version_max=3),
)

GB300_590: Final = replace(GB300, name="GB300-590", driver_version="590.48.01")
"""A later driver, with other numbers for the fields from 251 on."""
