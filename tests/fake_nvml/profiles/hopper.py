"""Boards with Hopper GPUs.

Numbers are from public nvidia-smi listings and data sheets unless marked
"guess"; nothing in the fake depends on them being right.
"""

from dataclasses import replace
from typing import Final

from tests.fake_nvml.groups import Group
from tests.fake_nvml.profiles.nvlink import NvLink
from tests.fake_nvml.profiles.profile import Fabric, Profile

_MEBIBYTE: Final = 2**20

NEVER: Final = frozenset({Group.SAMPLES, Group.FAN})
"""No board of a data centre has fans of its own; samples are there up to Turing (guess)."""
GPM: Final = (
    *((1, 98.0), (2, 95.0), (3, 50.0), (4, 10.0), (5, 40.0)),
    *((10, 60.0), (11, 0.0), (12, 12.0), (13, 5.0)),
    *((20, 120.0), (21, 80.0), (60, 4000.0), (61, 4000.0)),
)
"""Graphics, SM, occupancy, integer, tensor; DRAM, FP64, FP32, FP16 in %; PCIe, NVLink in MiB/s."""

H100: Final = Profile(
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
    unsupported=NEVER | {Group.POWER_MODULE},
    nvlink=NvLink(18, version=6, speed_megabytes_per_second=26_562, errors="scopes"),
    # The fabric manager of an HGX board gives no cluster.
    fabric=Fabric(),
    has_pcie_error_counts=True,
    gpm=GPM,
)

H200: Final = replace(
    H100,
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
