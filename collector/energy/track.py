"""The integral of sampled power, exact in integers, with its coverage.

Trapezoid rule on the monotonic clock (error terms: SC'24, arXiv 2312.02741, section 4). A stretch
between two samples further apart than the gap limit is not covered; it is bridged by the same
trapezoid, but kept apart, so that nobody takes it for a measurement.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, islice
from operator import add, itemgetter, mul, sub

MILLIJOULE = 2_000_000_000
"""The track sums 2 x mW x ns, which keeps the trapezoid in integers; this many are 1 mJ."""


_TIME, _POWER = itemgetter(0), itemgetter(1)


@dataclass(frozen=True, slots=True)
class Sum:
    """Cumulative sums at one instant, or their difference over a stretch."""

    measured: int
    """Covered energy in units of 1/`MILLIJOULE` mJ."""
    bridged: int
    """Energy over gaps, same unit: an estimate."""
    covered_ns: int

    def __sub__(self, other: "Sum") -> "Sum":
        return Sum(
            self.measured - other.measured,
            self.bridged - other.bridged,
            self.covered_ns - other.covered_ns,
        )


class PowerTrack:
    """Power samples of one scope, recent ones kept, all of them summed.

    Args:
        gap_ns: samples further apart than this leave a gap.
    """

    def __init__(self, gap_ns: int) -> None:
        self.gap_ns = gap_ns
        self.times: list[int] = []
        self.milliwatts: list[int] = []
        self.out_of_order = 0
        self.breaks = 0
        """Gaps between samples so far."""
        self._broken_ns = 0
        self._measured: list[int] = []
        self._bridged: list[int] = []
        self._covered: list[int] = []

    def extend(self, samples: Iterable[tuple[int, int]]) -> None:
        """Append `(monotonic_ns, milliwatts)` samples; repeated or backward ones are dropped."""
        times, milliwatts = self.times, self.milliwatts
        if times:
            last_ns, last_mw = times[-1], milliwatts[-1]
            measured, bridged, covered = self._measured[-1], self._bridged[-1], self._covered[-1]
        else:
            last_ns, last_mw, measured, bridged, covered = -1, 0, 0, 0, 0
        gap_ns = self.gap_ns
        batch = list(samples)
        if last_ns >= 0 and self._extend_evenly(batch):
            return
        for at_ns, power_mw in batch:
            elapsed_ns = at_ns - last_ns
            if last_ns >= 0:
                if elapsed_ns <= 0:
                    self.out_of_order += 1
                    continue
                if elapsed_ns <= gap_ns:
                    measured += (last_mw + power_mw) * elapsed_ns
                    covered += elapsed_ns
                else:
                    bridged += (last_mw + power_mw) * elapsed_ns
                    self.breaks += 1
                    self._broken_ns = at_ns
            times.append(at_ns)
            milliwatts.append(power_mw)
            self._measured.append(measured)
            self._bridged.append(bridged)
            self._covered.append(covered)
            last_ns, last_mw = at_ns, power_mw

    def _extend_evenly(self, samples: list[tuple[int, int]]) -> bool:
        """The usual case, without a loop in Python: all in order, no gap. False if it is not."""
        times = [self.times[-1], *map(_TIME, samples)]
        elapsed = list(map(sub, times[1:], times))
        if not elapsed or min(elapsed) <= 0 or max(elapsed) > self.gap_ns:
            return False
        powers = [self.milliwatts[-1], *map(_POWER, samples)]
        areas = map(mul, map(add, powers[1:], powers), elapsed)
        measured = accumulate(areas, initial=self._measured[-1])
        covered = accumulate(elapsed, initial=self._covered[-1])
        self.times += times[1:]
        self.milliwatts += powers[1:]
        self._measured += islice(measured, 1, None)
        self._covered += islice(covered, 1, None)
        self._bridged += [self._bridged[-1]] * len(samples)
        return True

    @property
    def first_ns(self) -> int | None:
        """Time of the oldest sample kept."""
        return self.times[0] if self.times else None

    @property
    def last_ns(self) -> int | None:
        """Time of the newest sample."""
        return self.times[-1] if self.times else None

    @property
    def covered_ns(self) -> int:
        """Time covered by all samples ever."""
        return self._covered[-1] if self._covered else 0

    def last_before(self, monotonic_ns: int) -> int | None:
        """Time of the newest sample that is not later than an instant."""
        i = bisect_right(self.times, monotonic_ns) - 1
        return self.times[i] if i >= 0 else None

    def at(self, monotonic_ns: int) -> Sum:
        """Sums from the first sample ever up to an instant; flat before and after the samples."""
        times = self.times
        if not times:
            return Sum(0, 0, 0)
        i = bisect_right(times, monotonic_ns) - 1
        if i < 0:
            return Sum(self._measured[0], self._bridged[0], self._covered[0])
        here = Sum(self._measured[i], self._bridged[i], self._covered[i])
        if i + 1 == len(times) or times[i] == monotonic_ns:
            return here
        span_ns, part_ns = times[i + 1] - times[i], monotonic_ns - times[i]
        left_mw, right_mw = self.milliwatts[i], self.milliwatts[i + 1]
        if span_ns > self.gap_ns:  # nobody looked: spread evenly
            return Sum(
                here.measured, here.bridged + (left_mw + right_mw) * part_ns, here.covered_ns
            )
        area = 2 * left_mw * part_ns + (right_mw - left_mw) * part_ns * part_ns // span_ns
        return Sum(here.measured + area, here.bridged, here.covered_ns + part_ns)

    def power_mw(self, monotonic_ns: int) -> int | None:
        """Power at an instant, interpolated, rounded; None outside all samples and in a gap."""
        times = self.times
        i = bisect_left(times, monotonic_ns)
        if i == len(times):
            return None
        if times[i] == monotonic_ns:
            return self.milliwatts[i]
        if i == 0 or times[i] - times[i - 1] > self.gap_ns:
            return None
        left_mw, right_mw = self.milliwatts[i - 1], self.milliwatts[i]
        span_ns, part_ns = times[i] - times[i - 1], monotonic_ns - times[i - 1]
        return left_mw + (2 * (right_mw - left_mw) * part_ns + span_ns) // (2 * span_ns)

    def gaps(self, start_ns: int, end_ns: int) -> list[tuple[int, int]]:
        """Stretches without samples, cut to the one given; before and after all samples too."""
        times = self.times
        if not times:
            return [(start_ns, end_ns)] if end_ns - start_ns > self.gap_ns else []
        inside = times[0] - start_ns <= self.gap_ns and end_ns - times[-1] <= self.gap_ns
        if inside and start_ns >= self._broken_ns:  # the last gap ended before: the usual case
            return []
        low = max(bisect_right(times, start_ns) - 1, 0)
        high = min(bisect_left(times, end_ns) + 1, len(times))
        found = [
            (max(times[i], start_ns), min(times[i + 1], end_ns))
            for i in range(low, high - 1)
            if times[i + 1] - times[i] > self.gap_ns
        ]
        if times[0] - start_ns > self.gap_ns:
            found.insert(0, (start_ns, min(times[0], end_ns)))
        if end_ns - times[-1] > self.gap_ns:
            found.append((max(times[-1], start_ns), end_ns))
        return found

    def trim(self, before_ns: int) -> None:
        """Forget samples that no stretch from `before_ns` on can need."""
        cut = bisect_right(self.times, before_ns) - 1
        if cut > 0:
            columns = (self.times, self.milliwatts, self._measured, self._bridged, self._covered)
            for column in columns:
                del column[:cut]
