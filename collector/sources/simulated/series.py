"""A series of measured power, in integers, so that its energy is exact."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from collector.sources.simulated.grid import REFRESH_NS

_TWICE_REFRESH_US: Final = 2 * REFRESH_NS // 1000
_GAP_STEPS: Final = 3
_LEAST_GAP_US: Final = 5 * REFRESH_NS // 1000  # a sensor polled finely holds its value that long


@dataclass(frozen=True, slots=True)
class Series:
    """Power over time, linear between points and looped.

    Attributes:
        times_us: microseconds since the first point, rising.
        powers_mw: milliwatts at these times.
        areas: energy from the first point up to each, in milliwatt-microseconds, times two.
        gap_us: points further apart than this have no readings between them.
    """

    times_us: Sequence[int]
    powers_mw: Sequence[int]
    areas: Sequence[int]
    gap_us: float

    def energy_units(self, time_us: int) -> int:
        """Energy from the first point to a time, in units of 20 microjoules, rounded down.

        Within a pair of points, power p rises by d over the time b, so up to the time t in it the
        energy is p t + d t^2 / 2 b; the fraction is kept until the end.
        """
        loops, at = divmod(time_us, self.times_us[-1])
        point = bisect_right(self.times_us, at) - 1
        into_us, between_us = at - self.times_us[point], self._between_us(point)
        power = self.powers_mw[point]
        twice = loops * self.areas[-1] + self.areas[point] + 2 * power * into_us
        rise = (self.powers_mw[point + 1] - power) * into_us * into_us
        return (twice * between_us + rise) // (_TWICE_REFRESH_US * between_us)

    def in_gap(self, time_us: int) -> bool:
        """Whether a time lies in a gap between two points."""
        point = bisect_right(self.times_us, time_us % self.times_us[-1]) - 1
        return self._between_us(point) > self.gap_us

    def _between_us(self, point: int) -> int:
        return self.times_us[point + 1] - self.times_us[point]


def make_series(times_us: Sequence[int], powers_mw: Sequence[int]) -> Series:
    """Make a series of points in any order; of several at one time, the first counts.

    Raises:
        ValueError: fewer than two points.
        OverflowError: more than 4.6 GJ in all.
    """
    order = range(len(times_us))
    if any(later <= earlier for earlier, later in pairwise(times_us)):
        in_time = sorted(order, key=times_us.__getitem__)
        times, powers = array("q"), array("q")
        for place in in_time:
            if not times or times_us[place] > times[-1]:
                times.append(times_us[place])
                powers.append(powers_mw[place])
        times_us, powers_mw = times, powers
    if len(times_us) <= 1:
        raise ValueError("a series needs points at two times at least")
    first = times_us[0]
    times_us = array("q", (time - first for time in times_us))
    areas, area = array("q", [0]), 0
    for point in range(len(times_us) - 1):
        power = powers_mw[point] + powers_mw[point + 1]
        area += power * (times_us[point + 1] - times_us[point])
        areas.append(area)
    step = median(later - earlier for earlier, later in pairwise(times_us))
    return Series(times_us, powers_mw, areas, max(_GAP_STEPS * step, _LEAST_GAP_US))
