"""Whether readings look as if a meter's multiplier or the unit were wrong.

A bill that is ten or a thousand times too high or too low is arithmetic without a fault: only what
else is known of the site can tell.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from exporters.utility.tariff.errors import ReadingsError
from exporters.utility.tariff.readings import Interval, MonthDemand

_TOO_HIGH_FOR_CONTRACT = 2
_TOO_LOW_FOR_CONTRACT = 100
_UNLIKE_HISTORY = 8
_LEAST_MONTHS = 3
_JUMPS = (Decimal(10), Decimal(100), Decimal(1000))
_SLACK = Decimal("0.05")
_STEADY = 4
"""So many readings before and after a jump must be alike."""


def check_multiplier(
    intervals: Sequence[Interval], contract_kw: Decimal | None, history: Sequence[MonthDemand]
) -> None:
    """Compare readings with the contract, with earlier months and with each other.

    Raises:
        ReadingsError: they look wrong; with the line.
    """
    highest = max(intervals, key=lambda each: each.kwh)
    if not highest.kwh:
        return
    months = [entry.highest_kw for entry in history if entry.highest_kw]
    if contract_kw and highest.kw > _TOO_HIGH_FOR_CONTRACT * contract_kw:
        first = next(each for each in intervals if each.kw > _TOO_HIGH_FOR_CONTRACT * contract_kw)
        raise _suspect(first, f"is more than twice the contract's {contract_kw:f} kW")
    if contract_kw and highest.kw * _TOO_LOW_FOR_CONTRACT < contract_kw:
        raise _suspect(highest, f"is the highest, not 1 % of the contract's {contract_kw:f} kW")
    if len(months) >= _LEAST_MONTHS and highest.kw > _UNLIKE_HISTORY * max(months):
        raise _suspect(highest, f"is far above the {max(months):f} kW of earlier months")
    if len(months) >= _LEAST_MONTHS and highest.kw * _UNLIKE_HISTORY < min(months):
        raise _suspect(highest, f"is the highest, far below the {min(months):f} kW of other months")
    for index, (one, other) in enumerate(pairwise(intervals)):
        if _jumps(one.kwh, other.kwh) and _steady(intervals, index):
            raise _suspect(other, f"follows {one.kw:f} kW: a jump by a power of ten")


def _suspect(interval: Interval, text: str) -> ReadingsError:
    line = f"line {interval.line}: " if interval.line else ""
    return ReadingsError(
        f"{line}{interval.start:%Y-%m-%d %H:%M}: {interval.kw.normalize():f} kW {text}. Is the "
        "unit kWh, and the meter's multiplier in it? Set --multiplier, or say that it is right "
        "(--multiplier-checked)"
    )


def _jumps(one: Decimal, other: Decimal) -> bool:
    low, high = sorted((one, other))
    return low > 0 and any(abs(high / low / jump - 1) <= _SLACK for jump in _JUMPS)


def _steady(intervals: Sequence[Interval], index: int) -> bool:
    groups = (
        intervals[max(index - _STEADY + 1, 0) : index + 1],
        intervals[index + 1 : index + 1 + _STEADY],
    )
    return all(
        len(group) == _STEADY
        and min(each.kwh for each in group) * 2 > max(each.kwh for each in group)
        for group in groups
    )
