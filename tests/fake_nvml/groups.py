"""Groups of calls and fields: the twin of FAKE_GROUPS in native/state.h."""

import enum
from collections.abc import Iterable
from typing import Final


class Group(enum.IntEnum):
    """What calls are counted, delayed, hung, refused or unsupported by.

    The groups from POWER_INSTANT to POWER_MEMORY, ENERGY_FIELD,
    MEMORY_TEMPERATURE, TEMPERATURE_LIMITS, POWER_SMOOTHING, RECOVERY and
    OTHER_FIELDS stand for fields of nvmlDeviceGetFieldValues; PCIE, POWER_LIMITS,
    VIOLATION, ECC, ROW_REMAPPER, RETIRED_PAGES, NVLINK and C2C for functions and
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
    ROW_REMAPPER = 40
    RETIRED_PAGES = 41
    NVLINK = 42
    C2C = 43
    GPM = 44
    PLATFORM = 45
    FAN = 46
    VIRTUALIZATION = 47
    POWER_PROFILES = 48
    POWER_SMOOTHING = 49
    BAR1 = 50
    POWER_MODE = 51
    RECOVERY = 52


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
        Group.ROW_REMAPPER,
        Group.RETIRED_PAGES,
        Group.NVLINK,
        Group.C2C,
        Group.GPM,
        Group.FAN,
        Group.POWER_PROFILES,
        Group.POWER_SMOOTHING,
        Group.BAR1,
        Group.RECOVERY,
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


def each(groups: Group | Iterable[Group]) -> tuple[Group, ...]:
    """One group or several, as a tuple."""
    return (groups,) if isinstance(groups, Group) else tuple(groups)
