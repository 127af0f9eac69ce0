"""The quarter-hours of some local days, each an instant of UTC: days of 92 and 100 included."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from exporters.utility.intervals.arrays import Ints
from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.quality import SLOT_SECONDS

SLOTS_PER_DAY = 96


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Quarter-hours in order, without a hole.

    Attributes:
        zone: whose days they are.
        first: the first day.
        start_s: when it begins, UTC seconds.
        edges: for each day the index of its first quarter-hour, and one more for the end.
        days: for each quarter-hour, the number of its day.
        clock: for each quarter-hour, which one of the day by the clock, 0 to 95.
    """

    zone: ZoneInfo
    first: date
    start_s: int
    edges: Ints
    days: Ints
    clock: Ints

    @classmethod
    def of(cls, first: date, end: date, zone: ZoneInfo) -> "Grid":
        """The days from one to before another.

        Raises:
            IntervalError: there are none, or the zone's midnights are on no quarter-hour.
        """
        if end <= first:
            raise IntervalError(f"{first} to {end} is no stretch of days")
        count = (end - first).days
        midnights = [_midnight(first + timedelta(days=n), zone) for n in range(count + 1)]
        if any(at % SLOT_SECONDS for at in midnights):
            raise IntervalError(f"{zone.key}: days do not begin on a quarter-hour of UTC")
        edges = (np.array(midnights, dtype=np.int64) - midnights[0]) // SLOT_SECONDS
        lengths = np.diff(edges)
        days = np.repeat(np.arange(count, dtype=np.int64), lengths)
        clock = np.arange(int(edges[-1]), dtype=np.int64) - edges[:-1][days]
        for day in np.flatnonzero(lengths != SLOTS_PER_DAY).tolist():
            for index in range(int(edges[day]), int(edges[day + 1])):
                local = datetime.fromtimestamp(midnights[0] + index * SLOT_SECONDS, zone)
                clock[index] = local.hour * 4 + local.minute // 15
        return cls(zone, first, midnights[0], edges, days, clock)

    def __len__(self) -> int:
        return int(self.edges[-1])

    @property
    def end(self) -> date:
        """The day after the last."""
        return self.first + timedelta(days=len(self.edges) - 1)

    @property
    def end_s(self) -> int:
        """When the last quarter-hour ends, UTC seconds."""
        return self.start_s + len(self) * SLOT_SECONDS

    def day(self, number: int) -> date:
        """A day by its number."""
        return self.first + timedelta(days=number)

    def at_s(self, index: int) -> int:
        """When a quarter-hour begins, UTC seconds."""
        return self.start_s + index * SLOT_SECONDS

    def local(self, index: int) -> datetime:
        """When a quarter-hour begins, by the zone's clock."""
        return datetime.fromtimestamp(self.at_s(index), self.zone)

    def label(self, index: int) -> str:
        """KEPCO's label: when it ENDS, by the clock; the last of a day is 24:00 of that day."""
        day = self.day(int(self.days[index]))
        if index + 1 == self.edges[self.days[index] + 1]:
            return f"{day} 24:00"
        return self.local(index + 1).strftime("%Y-%m-%d %H:%M")

    def span(self, first: date, end: date) -> slice:
        """The quarter-hours of some of its days; none of those outside it."""
        low, high = (
            min(max((day - self.first).days, 0), len(self.edges) - 1) for day in (first, end)
        )
        return slice(int(self.edges[low]), int(self.edges[high]))

    def months(self) -> Iterator[tuple[str, slice]]:
        """Its calendar months, like 2027-11, with their quarter-hours."""
        firsts = [self.first]
        while firsts[-1] < self.end:
            month = firsts[-1].replace(day=1)
            firsts.append(min((month + timedelta(days=32)).replace(day=1), self.end))
        for first, end in pairwise(firsts):
            yield f"{first:%Y-%m}", self.span(first, end)

    @property
    def changes_clocks(self) -> tuple[date, ...]:
        """Days on which the clock is set, so that a local time is not an instant."""
        lengths = np.diff(self.edges)
        return tuple(self.day(n) for n in np.flatnonzero(lengths != SLOTS_PER_DAY).tolist())


def _midnight(day: date, zone: ZoneInfo) -> int:
    """UTC seconds; where clocks skip midnight, the first instant after."""
    at = datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(at.astimezone(UTC).timestamp())
