"""Demand intervals: quarter-hours of the zone's clock."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.site.quarters import (
    DAY_NS,
    QUARTER_NS,
    SECOND_NS,
    local_time,
    midnight,
    month_of,
    quarter_start,
    quarters_of_day,
)

SEOUL, KATHMANDU, ADELAIDE = (
    ZoneInfo(name) for name in ("Asia/Seoul", "Asia/Kathmandu", "Australia/Adelaide")
)
BERLIN, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")


@given(
    seconds=st.integers(1_000_000_000, 3_000_000_000),
    zone=st.sampled_from([SEOUL, KATHMANDU, ADELAIDE, BERLIN, LORD_HOWE]),
)
def test_a_quarter_hour_begins_on_the_zones_clock(seconds: int, zone: ZoneInfo) -> None:
    start_ns = quarter_start(seconds * SECOND_NS, zone)
    assert 0 <= seconds * SECOND_NS - start_ns < QUARTER_NS
    local = local_time(start_ns, zone)
    assert (local.minute % 15, local.second) == (0, 0)
    assert start_ns % QUARTER_NS == 0  # and so of UTC


@pytest.mark.parametrize(
    ("day", "zone", "count"),
    [
        (date(2028, 2, 29), SEOUL, 96),
        (date(2027, 3, 28), BERLIN, 92),
        (date(2027, 10, 31), BERLIN, 100),
        (date(2027, 10, 30), BERLIN, 96),
        (date(2027, 10, 3), LORD_HOWE, 94),  # clocks change by half an hour
        (date(2027, 5, 1), KATHMANDU, 96),
    ],
)
def test_a_day_has_as_many_as_its_clock_makes(day: date, zone: ZoneInfo, count: int) -> None:
    starts = list(quarters_of_day(day, zone))
    assert len(starts) == count
    assert all(right - left == QUARTER_NS for left, right in pairwise(starts))
    assert all(local_time(start_ns, zone).date() == day for start_ns in starts)


def test_days_of_a_year_follow_each_other() -> None:
    first = midnight(date(2028, 1, 1), BERLIN)
    days = [date.fromordinal(date(2028, 1, 1).toordinal() + n) for n in range(366)]
    found = [start_ns for day in days for start_ns in quarters_of_day(day, BERLIN)]
    assert found == list(range(first, first + 366 * DAY_NS, QUARTER_NS))


def test_a_month_begins_at_local_midnight() -> None:
    before = datetime(2027, 12, 31, 14, 59, 59, tzinfo=UTC)
    at_ns = round(before.timestamp()) * SECOND_NS
    assert month_of(at_ns, SEOUL) == (2027, 12)
    assert month_of(at_ns + SECOND_NS, SEOUL) == (2028, 1)
