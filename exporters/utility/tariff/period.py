"""Months, and the days that a bill for one covers."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from collector.shown import quoted
from exporters.utility.tariff.errors import TariffError

_LAST_READING_DAY = 28
_PERIOD = re.compile(r"(\d{4})(?:-(?:(\d{2})|Q([1-4])))?", re.ASCII)
_YEARS = range(date.min.year + 1, date.max.year)
"""So that the month before and the one after are months too."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month as bills name them."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> "Month":
        """The calendar month of a day."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read `2027-11`.

        Raises:
            ValueError: it is none.
        """
        found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text, re.ASCII)
        if found is None or int(found[1]) not in _YEARS:
            raise ValueError(f"{quoted(text)} is no month; write it like 2027-11")
        return cls(int(text[:4]), int(text[5:]))

    def plus(self, months: int) -> "Month":
        """So many months later, or earlier."""
        index = self.year * 12 + self.month - 1 + months
        return Month(index // 12, index % 12 + 1)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


@dataclass(frozen=True, slots=True)
class BillingPeriod:
    """The days of one bill.

    Attributes:
        month: whose bill it is.
        start: first day.
        end: the day after the last: the reading day counts for the next bill.
    """

    month: Month
    start: date
    end: date

    @classmethod
    def of(cls, month: Month, reading_day: int = 1) -> "BillingPeriod":
        """The bill of a month, by the day on which the meter is read.

        Read on the 1st, a bill covers its calendar month. Read on a later day, it ends on the day
        before that day in its month: the bill of July read on the 10th covers June 10 to July 9
        (KEPCO terms, article 70).

        Raises:
            TariffError: there is no such reading day.
        """
        if not 1 <= reading_day <= _LAST_READING_DAY:
            raise TariffError(f"reading day {reading_day}: allowed are 1 to {_LAST_READING_DAY}")
        if reading_day == 1:
            return cls(month, month.first, month.plus(1).first)
        day = timedelta(days=reading_day - 1)
        return cls(month, month.plus(-1).first + day, month.first + day)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        """The last day that belongs to it."""
        return self.end - timedelta(days=1)


def parse_period(text: str, reading_day: int = 1) -> tuple[BillingPeriod, ...]:
    """The bills of a month (`2027-11`), a quarter (`2027-Q4`) or a year (`2027`).

    Raises:
        TariffError: it is none of these.
    """
    found = _PERIOD.fullmatch(text)
    if found is None or (found[2] and not "01" <= found[2] <= "12") or int(found[1]) not in _YEARS:
        raise TariffError(
            f"{quoted(text)} is no period; write a month like 2027-11, a quarter like "
            "2027-Q4 or a year like 2027"
        )
    year = int(found[1])
    if found[2]:
        months = [Month(year, int(found[2]))]
    elif found[3]:
        months = [Month(year, 3 * int(found[3]) - 2).plus(n) for n in range(3)]
    else:
        months = [Month(year, n) for n in range(1, 13)]
    return tuple(BillingPeriod.of(month, reading_day) for month in months)
