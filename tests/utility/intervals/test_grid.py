"""Days, labels and months, with clocks that are set and a leap day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.grid import Grid
from tests.utility.intervals.support import BERLIN, SEOUL, days


def test_a_label_is_the_end_and_midnight_is_24_00() -> None:
    grid = days("2027-11-01", 2)
    assert (len(grid), grid.label(0)) == (192, "2027-11-01 00:15")
    assert grid.label(94) == "2027-11-01 23:45"
    assert grid.label(95) == "2027-11-01 24:00"
    assert grid.label(96) == "2027-11-02 00:15"


def test_days_of_92_and_100_quarter_hours() -> None:
    spring, autumn = days("2027-03-28", 1, BERLIN), days("2027-10-31", 1, BERLIN)
    assert (len(spring), len(autumn)) == (92, 100)
    assert spring.clock[8] == 12  # 02:00 does not exist: 03:00 follows 01:45
    assert autumn.clock[12] == 8  # 02:00 comes twice
    assert spring.changes_clocks == (date(2027, 3, 28),)
    assert spring.label(91) == "2027-03-28 24:00"
    year = days("2027-01-01", 365, BERLIN)
    assert len(year) == 35_040
    assert year.changes_clocks == (date(2027, 3, 28), date(2027, 10, 31))
    assert days("2027-01-01", 365).changes_clocks == ()


def test_a_leap_year() -> None:
    year = days("2028-01-01", 366)
    assert len(year) == 35_136
    months = dict(year.months())
    assert len(months) == 12
    assert months["2028-02"].stop - months["2028-02"].start == 29 * 96
    assert sum(part.stop - part.start for part in months.values()) == len(year)


def test_a_bill_that_begins_within_a_month() -> None:
    grid = Grid.of(date(2027, 6, 10), date(2027, 7, 10), SEOUL)
    assert [name for name, _ in grid.months()] == ["2027-06", "2027-07"]
    assert grid.span(date(2027, 7, 1), date(2027, 8, 1)) == slice(21 * 96, 30 * 96)


@given(st.dates(date(2024, 1, 1), date(2035, 1, 1)), st.sampled_from([SEOUL, BERLIN]))
def test_every_quarter_hour_is_an_instant_and_belongs_to_its_day(first: date, zone: object) -> None:
    assert zone in (SEOUL, BERLIN)
    grid = Grid.of(first, first + timedelta(days=3), SEOUL if zone is SEOUL else BERLIN)
    for index in range(len(grid)):
        local = datetime.fromtimestamp(grid.at_s(index), UTC).astimezone(grid.zone)
        assert local.date() == grid.day(int(grid.days[index]))
        assert local.hour * 4 + local.minute // 15 == grid.clock[index]


def test_no_days() -> None:
    with pytest.raises(IntervalError, match="no stretch of days"):
        days("2027-11-01", 0)
