"""`LocalTimeParameters`: how far a zone's clocks are from UTC, and when they are set."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from exporters.utility.intervals.errors import IntervalError

NEVER = "FFFFFFFF"
"""The rule of a zone whose clocks are not set."""
_LAST = 7
_YEARS_AROUND = 2


@dataclass(frozen=True, slots=True)
class Clock:
    """Offsets in seconds, rules in the schema's bits (`DstRuleType`)."""

    offset_seconds: int
    summer_seconds: int
    summer_begins: str
    summer_ends: str


def clock(zone: ZoneInfo, year: int) -> Clock:
    """A zone's clocks, as they are in a year and those around it.

    Raises:
        IntervalError: ESPI has no words for how this zone sets its clocks.
    """
    years = range(year - _YEARS_AROUND, year + _YEARS_AROUND + 1)
    steps = {each: _steps(zone, each) for each in years}
    if not steps[year]:
        offset = datetime(year, 1, 1, tzinfo=zone).utcoffset() or timedelta()
        return Clock(round(offset.total_seconds()), 0, NEVER, NEVER)
    forward = [at for each in years for at, change in steps[each] if change > timedelta()]
    back = [at for each in years for at, change in steps[each] if change < timedelta()]
    amounts = {abs(change) for each in years for _, change in steps[each]}
    begins, ends = _rule(forward, len(years)), _rule(back, len(years))
    if len(amounts) != 1 or begins is None or ends is None:
        raise IntervalError(
            f"Green Button cannot say how {zone.key} sets its clocks around {year}; take another "
            "form, such as csv-iso"
        )
    summer = amounts.pop()
    standard = (forward[0].replace(tzinfo=zone) - timedelta(days=1)).utcoffset() or timedelta()
    return Clock(round(standard.total_seconds()), round(summer.total_seconds()), begins, ends)


def _steps(zone: ZoneInfo, year: int) -> list[tuple[datetime, timedelta]]:
    """When the clocks are set in a year, by the clock before, and by how much."""
    found = []
    at = datetime(year, 1, 1, tzinfo=UTC)
    while at.year == year:
        after = at + timedelta(hours=1)
        one, other = (each.astimezone(zone).utcoffset() or timedelta() for each in (at, after))
        if one != other:
            while at.astimezone(zone).utcoffset() == one:
                at += timedelta(minutes=15)
            found.append(((at + one).replace(tzinfo=None), other - one))
        at = after
    return found


def _rule(moments: list[datetime], years: int) -> str | None:
    """The rule that all moments follow; None where there is none."""
    first = moments[0] if moments else None
    alike = {(at.month, at.isoweekday(), at.time()) for at in moments}
    if first is None or len(moments) != years or len(alike) != 1:
        return None
    nth = {(at.day - 1) // 7 + 1 for at in moments}
    if len(nth) == 1:
        operator = nth.pop() + 1
    elif all(at.day + 7 > monthrange(at.year, at.month)[1] for at in moments):
        operator = _LAST
    else:
        return None
    seconds = first.minute * 60 + first.second
    bits = seconds | first.hour << 12 | first.isoweekday() << 17 | operator << 25
    return f"{bits | first.month << 28:08X}"
