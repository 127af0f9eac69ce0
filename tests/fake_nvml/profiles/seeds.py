"""The field values that a board begins with."""

import dataclasses
import functools
from collections.abc import Iterator

from tests.fake_nvml.fields import FieldSeed, FieldTable, ValueType
from tests.fake_nvml.groups import Group
from tests.fake_nvml.profiles.drivers import Numbering, numbering
from tests.fake_nvml.profiles.profile import Profile

_UINT = ValueType.UINT
_PRESET_PROFILES = 5


def _ecc() -> Iterator[FieldSeed]:
    """The mode, and the counts of the DRAM; the totals are readings."""
    for field in (1, 2):
        yield FieldSeed(field, 1, kind=_UINT, group=Group.ECC)
    for field in (11, 12, 22, 23):
        yield FieldSeed(field, group=Group.ECC)


def _repairs(profile: Profile) -> Iterator[FieldSeed]:
    if profile.has_retired_pages:
        for field in (29, 30, 31, 92, 93):
            yield FieldSeed(field, kind=_UINT, group=Group.RETIRED_PAGES)
    if profile.has_row_remapper:
        for field in range(142, 146):
            yield FieldSeed(field, kind=_UINT, group=Group.ROW_REMAPPER)


def _pcie(profile: Profile) -> Iterator[FieldSeed]:
    yield FieldSeed(95, kind=_UINT, group=Group.PCIE)
    if profile.has_pcie_error_counts:
        for field in (169, *range(173, 184)):
            yield FieldSeed(field, kind=_UINT, group=Group.PCIE)
        for field in (197, 198):
            yield FieldSeed(field, 4_000_000_000, group=Group.PCIE)


def _c2c(links: int) -> Iterator[FieldSeed]:
    if links == 0:
        return
    yield FieldSeed(170, links, kind=_UINT, group=Group.C2C)
    for link in range(links):
        for field, value in ((171, 1), (172, 44_712), (231, 0), (232, 0), (233, 0), (234, 0)):
            yield FieldSeed(field, value, link, _UINT, Group.C2C)


def _smoothing(profile: Profile, first: int) -> Iterator[FieldSeed]:
    """From NVML_FI_PWR_SMOOTHING_ENABLED on; all values are guesses."""
    ceiling_watts = profile.maximum_power_limit_milliwatts // 1000
    for offset, value in enumerate((0, 0, 1, ceiling_watts, 0, 90, 10, 100, _PRESET_PROFILES)):
        yield FieldSeed(first + offset, value, kind=_UINT, group=Group.POWER_SMOOTHING)
    for offset, values in ((9, range(10, 60, 10)), (10, [50_000] * 5), (11, [50_000] * 5)):
        for preset, value in enumerate(values):
            yield FieldSeed(first + offset, value, preset, _UINT, Group.POWER_SMOOTHING)
    for preset in range(_PRESET_PROFILES):
        yield FieldSeed(first + 12, 100, preset, _UINT, Group.POWER_SMOOTHING)
    for offset in range(13, 18):
        yield FieldSeed(first + offset, kind=_UINT, group=Group.POWER_SMOOTHING)


def _by_driver(profile: Profile, numbers: Numbering) -> Iterator[FieldSeed]:
    for field in (226, 227, 230):
        yield FieldSeed(field, kind=_UINT, group=Group.RECOVERY)
    if numbers.clock_events is not None:
        for offset in range(3):
            yield FieldSeed(numbers.clock_events + offset, group=Group.VIOLATION)
    if profile.has_power_smoothing and numbers.power_smoothing is not None:
        yield from _smoothing(profile, numbers.power_smoothing)


@functools.cache
def table(profile: Profile) -> FieldTable:
    """All fields of a board, as its driver numbers them."""
    numbers = numbering(profile.driver_branch)
    found = [*_ecc(), *_repairs(profile), *_pcie(profile), *_c2c(profile.c2c_links)]
    if profile.nvlink is not None:
        found += profile.nvlink.seeds()
    found += _by_driver(profile, numbers)
    # What the driver does not know as a field yet is still what a function tells.
    return FieldTable(
        [
            seed if seed.field < numbers.limit else dataclasses.replace(seed, is_hidden=True)
            for seed in found
        ]
    )
