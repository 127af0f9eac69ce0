"""Differences from the utility's readings, and the cause of each."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.utility.intervals.file_source import to_intervals
from exporters.utility.intervals.quality import Quality
from exporters.utility.intervals.series import Series
from exporters.utility.reconcile.readings import compare_readings
from exporters.utility.reconcile.values import Cause, ReadingsComparison
from exporters.utility.tariff import Interval, ReadingsError
from tests.utility.intervals.support import days, series, wavy, without

GRID = days("2027-11-01", 7)
RNG = np.random.default_rng(5)
NOISY = wavy(GRID) * RNG.integers(50, 150, len(GRID)) // 100


def ours() -> Series:
    return series(GRID, NOISY.copy())


def theirs(found: Series, factor: int | Decimal = 1, shift: int = 0) -> list[Interval]:
    """The same readings from their file, with lines; or times a factor, or labelled later."""
    read = to_intervals(found)
    return [
        Interval(read[n + shift].start, each.kwh * factor, line=n + 2)
        for n, each in enumerate(read)
        if 0 <= n + shift < len(read)
    ]


def causes(found: ReadingsComparison) -> dict[Cause, int]:
    return {part.cause: part.quarters for part in found.parts}


def adds_up(found: ReadingsComparison) -> bool:
    explained = sum(part.difference_wh for part in found.parts) + found.alike_wh
    return explained == found.difference_wh == found.ours_wh - found.theirs_wh


def test_the_same() -> None:
    found = compare_readings("k.csv", ours(), theirs(ours()))
    assert (found.difference_wh, found.compared, found.alike) == (0, 672, 672)
    assert (found.parts, found.shift_quarters, found.ratio) == ((), 0, None)


@pytest.mark.parametrize("shift", [-8, -1, 1, 4])
def test_a_clock_that_is_wrong(shift: int) -> None:
    found = compare_readings("k.csv", ours(), theirs(ours(), shift=shift))
    assert found.shift_quarters == shift
    assert causes(found)[Cause.CLOCK] > 600
    assert Cause.UNEXPLAINED not in causes(found) or causes(found)[Cause.UNEXPLAINED] <= abs(shift)
    words = next(part.text for part in found.parts if part.cause is Cause.CLOCK)
    assert f"{abs(shift) * 15} minutes {'behind' if shift > 0 else 'ahead of'} ours" in words
    assert adds_up(found)


@pytest.mark.parametrize("factor", [Decimal(1000), Decimal("0.1"), Decimal("1.02")])
def test_a_multiplier(factor: Decimal) -> None:
    found = compare_readings("k.csv", ours(), theirs(ours(), factor))
    assert found.ratio == pytest.approx(float(factor), rel=1e-4)
    assert causes(found) == {Cause.MULTIPLIER: 672}
    assert found.shift_quarters == 0
    assert adds_up(found)


def test_a_multiplier_and_a_clock_at_once() -> None:
    found = compare_readings("k.csv", ours(), theirs(ours(), 40, shift=2))
    assert found.shift_quarters == 2
    assert found.ratio == pytest.approx(40)
    assert causes(found)[Cause.CLOCK] > 600


def test_what_is_missing_and_what_is_estimated() -> None:
    mine = without(ours(), (10, 12))
    mine.quality[20:23] = Quality.INTERPOLATED
    mine.energy_mj[20:23] //= 2
    rows = theirs(ours())
    del rows[30:35]
    found = compare_readings("k.csv", mine, rows)
    assert causes(found) == {
        Cause.MISSING_OURS: 2,
        Cause.MISSING_THEIRS: 5,
        Cause.ESTIMATED: 3,
    }
    assert adds_up(found)
    first = found.differences[0]
    assert (first.start, first.ours_wh, first.line) == (GRID.local(10), None, 12)
    assert found.differences[-1].theirs_wh is None


def test_what_nothing_explains() -> None:
    rows = theirs(ours())
    rows[100] = Interval(rows[100].start, rows[100].kwh + 77, line=102)
    found = compare_readings("k.csv", ours(), rows)
    (difference,) = found.differences
    assert (difference.cause, difference.line) == (Cause.UNEXPLAINED, 102)
    assert found.difference_wh == -77_000


def test_a_flat_load_has_no_shift() -> None:
    flat = series(GRID, np.full(len(GRID), 9 * 10**12, dtype=np.int64))
    found = compare_readings("k.csv", flat, theirs(flat, shift=1))
    assert found.shift_quarters == 0
    assert causes(found) == {Cause.MISSING_THEIRS: 1}


def test_their_duplicates_are_refused() -> None:
    rows = theirs(ours())
    rows.insert(5, rows[4])
    with pytest.raises(ReadingsError, match=r"line 6: .* stands twice"):
        compare_readings("k.csv", ours(), rows)


@given(
    st.lists(st.tuples(st.integers(0, 191), st.integers(0, 9)), max_size=10),
    st.lists(st.tuples(st.integers(0, 191), st.integers(0, 20_000_000)), max_size=10),
    st.integers(-3, 3),
)
def test_causes_add_up_to_the_difference(
    holes: Sequence[tuple[int, int]], wrong: Sequence[tuple[int, int]], shift: int
) -> None:
    grid = days("2027-11-01", 2)
    mine = without(series(grid, NOISY[:192]), *((low, low + count) for low, count in holes))
    rows = theirs(series(grid, NOISY[:192]), shift=shift)
    for index, watt_hours in wrong:
        if index < len(rows):
            rows[index] = Interval(rows[index].start, Decimal(watt_hours) / 1000, line=index)
    found = compare_readings("k.csv", mine, rows)
    assert adds_up(found)
    assert sum(part.quarters for part in found.parts) == len(found.differences)
