"""What a driver branch calls which field.

Taken from nvidia-ml-py of the same version. Fields are said never to change
their number, yet those from 251 on did, twice:

- 570: power smoothing from 251, no clock-event times
- 575 and 580: clock-event times from 251, power smoothing from 256
- 590 and later: power smoothing from 251, clock-event times from 269
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Numbering:
    """Numbers of fields in one driver branch.

    Attributes:
        limit: NVML_FI_MAX: one more than the last field.
        power_smoothing: NVML_FI_PWR_SMOOTHING_ENABLED.
        clock_events: NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN; the hardware's thermal
            slowdown and the power brake follow.
    """

    limit: int
    power_smoothing: int | None = None
    clock_events: int | None = None


_BY_BRANCH = {
    470: Numbering(161),
    535: Numbering(197),
    550: Numbering(228),
    560: Numbering(230),
    570: Numbering(269, power_smoothing=251),
    575: Numbering(274, power_smoothing=256, clock_events=251),
    590: Numbering(289, power_smoothing=251, clock_events=269),
    615: Numbering(308, power_smoothing=251, clock_events=269),
}


def numbering(branch: int) -> Numbering:
    """That of the latest known branch up to `branch`."""
    return _BY_BRANCH[max(known for known in _BY_BRANCH if known <= max(branch, 470))]
