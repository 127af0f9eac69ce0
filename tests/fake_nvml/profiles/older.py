"""Boards before Hopper, and an old driver.

Numbers are from public nvidia-smi listings and data sheets unless marked
"guess"; nothing in the fake depends on them being right.
"""

from dataclasses import replace
from typing import Final

from tests.fake_nvml.groups import Group
from tests.fake_nvml.partition import MigDevice
from tests.fake_nvml.profiles.hopper import NEVER
from tests.fake_nvml.profiles.nvlink import NvLink
from tests.fake_nvml.profiles.profile import Profile

_MEBIBYTE: Final = 2**20
_MILLISECOND: Final = 1_000_000
# Module and memory scope exist on some boards only.
_NO_SCOPES: Final = frozenset({Group.POWER_MODULE, Group.POWER_MEMORY})
# T.LIMIT readings came with Ada and Hopper.
_NO_TEMPERATURE_LIMITS: Final = frozenset({Group.TEMPERATURE_LIMITS, Group.MARGIN_TEMPERATURE})

A100: Final = Profile(
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
    unsupported=NEVER | _NO_SCOPES | _NO_TEMPERATURE_LIMITS,
    usage_is_average=False,
    nvlink=NvLink(12, version=4, speed_megabytes_per_second=25_000, errors="lanes"),
)


def _instances(*sizes: tuple[int, int, int, int]) -> tuple[MigDevice, ...]:
    """MIG devices by (GPU instance, slices, memory in MiB, compute instances)."""
    made = []
    for instance, slices, mebibytes, parts in sizes:
        whole = f"{slices}g.{slices * 10 + (10 if slices == 3 else 0)}gb"
        for part in range(parts):
            share = slices // parts
            made.append(
                MigDevice(
                    profile=whole if parts == 1 else f"{share}c.{whole}",
                    gpu_instance=instance,
                    compute_instance=part,
                    memory_total_bytes=mebibytes * _MEBIBYTE,
                    multiprocessors=14 * share,
                    gpu_slices=slices,
                    compute_slices=share,
                    copy_engines=slices,
                    decoders=max(slices - 1, 0),
                )
            )
    return tuple(made)


A100_MIG: Final = replace(
    A100,
    name="A100-MIG",
    # What holds for the whole GPU has no answer in MIG mode.
    unsupported=A100.unsupported | {Group.UTILIZATION, Group.ENCODER_DECODER, Group.JPEG_OFA},
    # One instance of three slices and one of two, both shared, and two of one: seven devices.
    # The memory sizes are guesses.
    mig_devices=_instances(
        (1, 3, 40_192, 3), (3, 2, 19_968, 2), (9, 1, 9_728, 1), (10, 1, 9_728, 1)
    ),
)

T4: Final = Profile(
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
    unsupported=_NO_SCOPES
    | _NO_TEMPERATURE_LIMITS
    | {
        Group.MEMORY_TEMPERATURE,
        Group.POWER_AVERAGE,  # guess
        Group.JPEG_OFA,
        Group.FAN,
        Group.MIG,
    },
    sample_period_nanoseconds=20 * _MILLISECOND,
    has_row_remapper=False,
    has_retired_pages=True,
    power_window_nanoseconds=100 * _MILLISECOND,  # guess
    usage_is_average=False,
)

OLD470: Final = replace(
    A100,
    name="OLD470",
    driver_version="470.256.02",
    cuda_driver_version=11040,
    memory_reserved_bytes=0,
    old_driver=True,
    violation_unit_nanoseconds=1000,  # guess
)
