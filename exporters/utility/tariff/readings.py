"""Readings as the engine takes them, and whether they are whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from exporters.utility.tariff.errors import ReadingsError
from exporters.utility.tariff.hours import SLOT_MINUTES
from exporters.utility.tariff.period import BillingPeriod, Month

SLOT = timedelta(minutes=SLOT_MINUTES)
SLOTS_PER_HOUR = 60 // SLOT_MINUTES
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Interval:
    """The energy of one quarter-hour.

    Attributes:
        start: its beginning, with a time zone.
        kwh: active energy drawn.
        lagging_kvarh: reactive energy, inductive; None when not metered.
        leading_kvarh: reactive energy, capacitive; None when not metered.
        line: the line of the file it was read from; 0 when from none.
        meter: the meter's number in that file; empty when it tells none.
    """

    start: datetime
    kwh: Decimal
    lagging_kvarh: Decimal | None = None
    leading_kvarh: Decimal | None = None
    line: int = 0
    meter: str = ""

    @property
    def kw(self) -> Decimal:
        """Mean power over it."""
        return self.kwh * SLOTS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without readings.

    Attributes:
        after_line: the line of the reading before it; 0 when there is none.
    """

    start: datetime
    end: datetime
    after_line: int = 0

    @property
    def quarters(self) -> int:
        """How many readings are missing."""
        return (self.end - self.start) // SLOT

    def __str__(self) -> str:
        place = f"after line {self.after_line}" if self.after_line else "before the first reading"
        return f"{place}: {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} is missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthDemand:
    """The highest demand of an earlier bill.

    Attributes:
        kw: in the bands that count for the demand charge.
        kw_off_peak: in the others; None when not known.
        lagging_percent: the power factor by day; None when not known.
        leading_percent: the power factor by night; None when not known.
    """

    month: Month
    kw: Decimal
    kw_off_peak: Decimal | None = None
    lagging_percent: Decimal | None = None
    leading_percent: Decimal | None = None

    @property
    def highest_kw(self) -> Decimal:
        """In any band."""
        return max(self.kw, self.kw_off_peak or Decimal(0))


def within(
    intervals: Iterable[Interval], period: BillingPeriod, zone: ZoneInfo
) -> tuple[list[Interval], tuple[Gap, ...]]:
    """The readings of a bill in order, and its gaps.

    Raises:
        ReadingsError: readings off the quarter-hour, negative, twice or out of order, with lines.
    """
    edges = [
        datetime.combine(day, time(), zone).astimezone(UTC) for day in (period.start, period.end)
    ]
    inside: list[Interval] = []
    gaps: list[Gap] = []
    problems: list[str] = []
    due, last = edges[0], None
    for interval in intervals:
        start = interval.start.astimezone(UTC)
        if problem := _problem(interval, start, last):
            problems.append(f"{_line(interval)}{problem}")
            continue
        if edges[0] <= start < edges[1]:
            if start > due:
                gaps.append(_gap(due, start, zone, inside))
            inside.append(interval)
            due = start + SLOT
        last = interval
    if due < edges[1]:
        gaps.append(_gap(due, edges[1], zone, inside))
    if problems:
        raise ReadingsError(shortened(problems))
    return inside, tuple(gaps)


def _problem(interval: Interval, start: datetime, last: Interval | None) -> str:
    when = interval.start.strftime("%Y-%m-%d %H:%M")
    if interval.start.tzinfo is None:
        return f"{when} has no time zone"
    if start.timestamp() % SLOT.total_seconds():
        return f"{when} is not on a quarter-hour"
    if not interval.kwh.is_finite() or interval.kwh < 0:
        return f"{when}: {interval.kwh} kWh cannot be"
    if last is not None and start <= last.start.astimezone(UTC):
        again = start == last.start.astimezone(UTC)
        before = f"{_line(last).rstrip(': ') or 'the reading'} before it"
        return f"{when} stands twice" if again else f"{when} is out of order: {before} is later"
    return ""


def _line(interval: Interval) -> str:
    return f"line {interval.line}: " if interval.line else ""


def _gap(start: datetime, end: datetime, zone: ZoneInfo, before: Sequence[Interval]) -> Gap:
    line = before[-1].line if before else 0
    return Gap(start.astimezone(zone), end.astimezone(zone), line)


def shortened(problems: Sequence[str]) -> str:
    """Problems, one a line; no more than a person reads."""
    more = len(problems) - _SHOWN
    lines = [*problems[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    return "\n".join(lines)
