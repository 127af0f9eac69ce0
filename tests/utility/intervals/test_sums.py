"""Whole watt-hours, whose sums agree however they are put together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exporters.utility.intervals.arrays import exact_sum, runs
from exporters.utility.intervals.file_source import to_intervals
from exporters.utility.intervals.quality import MJ_PER_WH, Quality
from exporters.utility.intervals.series import added
from exporters.utility.intervals.totals import totals
from tests.utility.intervals.support import BERLIN, days, series, watt_hours, wavy, without


@given(st.lists(st.integers(0, 10**15), min_size=288, max_size=288))
def test_a_day_is_cut_once(values: list[int]) -> None:
    grid = days("2027-11-01", 3)
    found = series(grid, np.array(values, dtype=np.int64))
    each = found.watt_hours
    for day in range(3):
        part = slice(96 * day, 96 * day + 96)
        assert int(each[part].sum()) == sum(values[part]) // MJ_PER_WH
    assert all(abs(wh - mj / MJ_PER_WH) <= 1 for wh, mj in zip(each.tolist(), values, strict=True))
    assert found.total_mj == sum(values)


def test_months_are_quarters_are_years() -> None:
    year = series(days("2028-01-01", 366), wavy(days("2028-01-01", 366)) + 12_345)
    sums = totals(year)
    assert len(sums.months) == 12
    assert list(sums.quarters) == ["2028-Q1", "2028-Q2", "2028-Q3", "2028-Q4"]
    assert sums.quarters["2028-Q1"] == sum(sums.months[f"2028-0{n}"] for n in (1, 2, 3))
    assert sums.years == {"2028": sum(sums.quarters.values())}
    assert sums.total_wh == int(year.watt_hours.sum())
    february = year.cropped(days("2028-02-01", 29))
    assert totals(february).months == {"2028-02": sums.months["2028-02"]}


def test_a_gigawatt_over_a_year_does_not_overflow() -> None:
    grid = days("2027-01-01", 365)
    found = series(grid, np.full(len(grid), 900 * 10**12, dtype=np.int64))
    assert found.total_mj == 35_040 * 900 * 10**12 > 2**63
    assert totals(found).total_wh == 8_760 * 10**9


def test_what_is_missing_is_in_no_sum() -> None:
    grid = days("2027-11-01", 1)
    found = without(series(grid, watt_hours(*range(1000, 1096))), (4, 8))
    assert found.total_mj == (sum(range(1000, 1096)) - sum(range(1004, 1008))) * MJ_PER_WH
    assert len(to_intervals(found)) == 92
    (hole,) = found.holes()
    assert (hole.start.isoformat(), hole.quarters) == ("2027-11-01T01:00:00+09:00", 4)


def test_a_sum_of_meters_is_missing_where_one_is() -> None:
    grid = days("2027-11-01", 1)
    one, other = series(grid, meter="a"), without(series(grid, meter="b"), (4, 8))
    both = added("a+b", (one, other))
    assert both.counts() == {"missing": 4, "validated": 92}
    assert both.watt_hours[0] == 2 * int(one.energy_mj[0]) // MJ_PER_WH
    other.quality[0] = Quality.INTERPOLATED
    assert added("a+b", (one, other)).quality[0] == Quality.MIXED


def test_the_day_on_which_clocks_are_set_back() -> None:
    grid = days("2027-10-30", 3, BERLIN)
    found = series(grid, np.full(len(grid), 1000 * MJ_PER_WH, dtype=np.int64))
    assert totals(found).months == {"2027-10": 196_000, "2027-11": 96_000}
    starts = [each.start for each in to_intervals(found)]
    assert len({start.timestamp() for start in starts}) == len(starts) == 292


@given(st.lists(st.integers(-(2**62), 2**62)))
def test_the_sum_of_integers_is_exact(values: list[int]) -> None:
    assert exact_sum(np.array(values, dtype=np.int64)) == sum(values)


@given(st.lists(st.booleans()))
def test_runs(mask: list[bool]) -> None:
    again = [False] * len(mask)
    spans = list(runs(np.array(mask, dtype=np.bool_)))
    for low, high in spans:
        assert low < high
        again[low:high] = [True] * (high - low)
    assert again == mask
    assert all(spans[n][1] < spans[n + 1][0] for n in range(len(spans) - 1))
