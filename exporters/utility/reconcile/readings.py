"""Our readings beside the utility's, quarter-hour by quarter-hour, and why they differ."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from exporters.utility.intervals.arrays import Ints, Mask
from exporters.utility.intervals.grid import Grid
from exporters.utility.intervals.quality import SLOT_SECONDS, Quality
from exporters.utility.intervals.series import Series
from exporters.utility.reconcile.values import Cause, Difference, Part, ReadingsComparison
from exporters.utility.tariff.period import BillingPeriod, Month
from exporters.utility.tariff.readings import Interval, within

_MOST_SHIFT = 8
"""Quarter-hours that clocks may be apart: 2 hours."""
_MUCH_BETTER = 0.25
_SAME_RATIO = 0.002
_NEAR_ONE = 0.005
_NEARLY_ALL = 0.9
_LEAST_WH = 10
"""KEPCO's pages give hundredths of a kilowatt-hour."""
_SHARE = 0.0005
_LEAST_PAIRS = 16


@dataclass(frozen=True, slots=True, eq=False)
class _Theirs:
    watt_hours: Ints
    present: Mask
    lines: Ints


def compare_readings(
    name: str, ours: Series, intervals: Sequence[Interval], tolerance_wh: int | None = None
) -> ReadingsComparison:
    """Compare our readings with theirs.

    Every quarter-hour that differs gets one cause, and what differs by each cause, with what is
    within the tolerance, adds up to the whole difference exactly.

    Args:
        name: of their file.
        ours: our readings.
        intervals: theirs, in order.
        tolerance_wh: what counts as agreement; None for 10 Wh, or 0.05 % of the median.

    Raises:
        ReadingsError: theirs are off the quarter-hour, negative, twice or out of order.
    """
    theirs = _placed(intervals, ours.grid)
    values, there = ours.watt_hours, ours.present
    both = there & theirs.present
    if tolerance_wh is None:
        usual = float(np.median(theirs.watt_hours[both])) if both.any() else 0.0
        tolerance_wh = max(_LEAST_WH, round(usual * _SHARE))
    shift = _shift(values, there, theirs, tolerance_wh)
    ratio = _ratio(values, there, theirs, shift)
    causes = _causes(ours, values, theirs, (shift, ratio or 1.0, tolerance_wh))
    alike = both & (abs(values - theirs.watt_hours) <= tolerance_wh)
    apart = np.where(there, values, 0) - np.where(theirs.present, theirs.watt_hours, 0)
    return ReadingsComparison(
        name=name,
        ours_wh=int(values.sum()),
        theirs_wh=int(theirs.watt_hours.sum()),
        compared=int(both.sum()),
        alike=int(alike.sum()),
        tolerance_wh=tolerance_wh,
        alike_wh=int(apart[alike].sum()),
        shift_quarters=shift,
        ratio=ratio,
        parts=tuple(
            Part(
                cause=cause,
                quarters=int(where.sum()),
                difference_wh=int(apart[where].sum()),
                text=_words(cause, shift, ratio),
            )
            for cause, where in causes
        ),
        differences=tuple(_differences(ours, values, theirs, causes)),
    )


def _placed(intervals: Sequence[Interval], grid: Grid) -> _Theirs:
    period = BillingPeriod(Month.of(grid.first), grid.first, grid.end)
    inside, _ = within(intervals, period, grid.zone)
    watt_hours, lines = (np.zeros(len(grid), dtype=np.int64) for _ in range(2))
    present = np.zeros(len(grid), dtype=np.bool_)
    for each in inside:
        index = (int(each.start.timestamp()) - grid.start_s) // SLOT_SECONDS
        watt_hours[index], lines[index] = round(each.kwh * 1000), each.line
        present[index] = True
    return _Theirs(watt_hours, present, lines)


def _moved(theirs: _Theirs, shift: int) -> tuple[Ints, Mask]:
    """Theirs, so that at each quarter-hour stands what they have `shift` quarters later."""
    values, present = np.roll(theirs.watt_hours, -shift), np.roll(theirs.present, -shift)
    if shift > 0:
        present[-shift:] = False
    elif shift < 0:
        present[:-shift] = False
    return values, present


def _shift(values: Ints, there: Mask, theirs: _Theirs, tolerance_wh: int) -> int:
    """By how much theirs lies behind ours; 0 unless another shift is much better than none."""

    def apart(shift: int) -> float:
        moved, present = _moved(theirs, shift)
        both = there & present
        whole = int(values[both].sum())
        if both.sum() < _LEAST_PAIRS or not whole:
            return float("inf")
        factor = int(moved[both].sum()) / whole
        return float(abs(values[both] * factor - moved[both]).mean())

    found = {shift: apart(shift) for shift in range(-_MOST_SHIFT, _MOST_SHIFT + 1)}
    best = min(found, key=lambda shift: (found[shift], abs(shift)))
    clear = found[0] > tolerance_wh and found[best] < found[0] * _MUCH_BETTER
    return best if clear else 0


def _ratio(values: Ints, there: Mask, theirs: _Theirs, shift: int) -> float | None:
    """Theirs to ours where that is nearly everywhere the same, and not 1."""
    moved, present = _moved(theirs, shift)
    both = there & present & (values > 0) & (moved > 0)
    if both.sum() < _LEAST_PAIRS:
        return None
    ratios = moved[both] / values[both]
    ratio = float(np.median(ratios))
    same = float((abs(ratios / ratio - 1) <= _SAME_RATIO).mean())
    return ratio if same >= _NEARLY_ALL and abs(ratio - 1) > _NEAR_ONE else None


def _causes(
    ours: Series, values: Ints, theirs: _Theirs, found: tuple[int, float, int]
) -> list[tuple[Cause, Mask]]:
    shift, ratio, tolerance_wh = found
    there = ours.present
    both = there & theirs.present
    allowed = tolerance_wh * max(1.0, ratio) + np.where(both, values * ratio * _SAME_RATIO, 0)
    moved, present = _moved(theirs, shift)
    fits_moved = present & (abs(values * ratio - moved) <= allowed)
    fits_ratio = abs(values * ratio - theirs.watt_hours) <= allowed
    estimated = np.isin(ours.quality, [code for code in Quality if code.estimated])
    left = (there | theirs.present) & ~(both & (abs(values - theirs.watt_hours) <= tolerance_wh))
    causes: list[tuple[Cause, Mask]] = []
    for cause, holds in (
        (Cause.MISSING_OURS, ~there),
        (Cause.MISSING_THEIRS, ~theirs.present),
        (Cause.ESTIMATED, estimated),
        (Cause.CLOCK, fits_moved if shift else np.zeros_like(there)),
        (Cause.MULTIPLIER, fits_ratio if ratio != 1 else np.zeros_like(there)),
        (Cause.UNEXPLAINED, np.ones_like(there)),
    ):
        where = left & holds
        left = left & ~holds
        if where.any():
            causes.append((cause, where))
    return causes


def _words(cause: Cause, shift: int, ratio: float | None) -> str:
    times = f", times {ratio:.4f}" if ratio else ""
    minutes = abs(shift) * 15
    return {
        Cause.MISSING_OURS: "we have no reading",
        Cause.MISSING_THEIRS: "they have no reading",
        Cause.ESTIMATED: "ours is an estimate, or was set by hand",
        Cause.CLOCK: (
            f"theirs runs {minutes} minutes {'behind' if shift > 0 else 'ahead of'} ours{times}: "
            "is a clock wrong, or the label of their readings taken for the other end?"
        ),
        Cause.MULTIPLIER: (
            f"theirs is ours{times}: compare the multipliers (CT, PT), and kWh with MWh"
        ),
        Cause.UNEXPLAINED: "nothing that is looked for here explains it",
    }[cause]


def _differences(
    ours: Series, values: Ints, theirs: _Theirs, causes: Sequence[tuple[Cause, Mask]]
) -> Iterator[Difference]:
    places = sorted(
        (index, cause) for cause, where in causes for index in np.flatnonzero(where).tolist()
    )
    there = ours.present
    for index, cause in places:
        yield Difference(
            start=ours.grid.local(index),
            ours_wh=int(values[index]) if there[index] else None,
            theirs_wh=int(theirs.watt_hours[index]) if theirs.present[index] else None,
            cause=cause,
            line=int(theirs.lines[index]),
        )
