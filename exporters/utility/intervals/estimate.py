"""Estimates for quarter-hours that no meter told of: written rules, integers, nothing random."""

import numpy as np

from exporters.utility.intervals.arrays import Codes, Ints, Mask
from exporters.utility.intervals.grid import Grid
from exporters.utility.intervals.quality import Quality
from exporters.utility.intervals.rules import Limits

_SATURDAY, _SUNDAY = 5, 6


def interpolated(energy: Ints, low: int, high: int) -> Ints:
    """A straight line between the reading before `low` and the one at `high`."""
    count = high - low
    left, right = int(energy[low - 1]), int(energy[high])
    return np.array(
        [left + (right - left) * n // (count + 1) for n in range(1, count + 1)], dtype=np.int64
    )


class ReferenceDays:
    """The days of one meter, to be estimated from.

    Args:
        grid: the quarter-hours.
        energy: what was used in them.
        usable: where that was measured.
        limits: how many days, and how far away.
    """

    def __init__(self, grid: Grid, energy: Ints, usable: Mask, limits: Limits) -> None:
        self._grid = grid
        self._limits = limits
        self._table = np.full((len(grid.edges) - 1, 96), -1, dtype=np.int64)
        self._table[grid.days[usable], grid.clock[usable]] = energy[usable]
        first = grid.first.weekday()
        weekdays = (np.arange(len(self._table)) + first) % 7
        self._kinds = np.where(weekdays >= _SATURDAY, weekdays, 0)

    def of(self, low: int, high: int) -> Ints | None:
        """What days like it had at the same time; None where there is no such day.

        The nearest days come first, of two equally near the earlier one.
        """
        found = []
        for index in range(low, high):
            value = self._at(int(self._grid.days[index]), int(self._grid.clock[index]))
            if value is None:
                return None
            found.append(value)
        return np.array(found, dtype=np.int64)

    def _at(self, day: int, clock: int) -> int | None:
        values: list[int] = []
        for away in range(1, self._limits.reference_reach_days + 1):
            for other in (day - away, day + away):
                if 0 <= other < len(self._table) and self._kinds[other] == self._kinds[day]:
                    value = int(self._table[other, clock])
                    if value >= 0 and len(values) < self._limits.reference_days:
                        values.append(value)
        return sum(values) // len(values) if values else None


def scaled(shape: Ints, total: int) -> Ints | None:
    """A shape with another sum, exactly; None where the shape is nothing at all."""
    weights = shape.tolist()
    whole = sum(weights)
    if whole <= 0:
        return None
    found, upto = [], 0
    for weight in weights:
        before = total * upto // whole
        upto += weight
        found.append(total * upto // whole - before)
    return np.array(found, dtype=np.int64)


def usable(quality: Codes) -> Mask:
    """What may be estimated from: what a meter told."""
    return np.isin(quality, (Quality.RAW, Quality.VALIDATED, Quality.DERIVED))
