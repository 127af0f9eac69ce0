"""The counter against the integral: a sensor at odds with itself is worth knowing."""

from collections import deque

from collector.energy.counter import SENTINEL
from collector.energy.edges import SECOND_NS
from collector.energy.track import MILLIJOULE, PowerTrack
from collector.model import CounterReading

_SPAN_NS = 60 * SECOND_NS
_LEAST_NS = 5 * SECOND_NS
_LEAST_COVERAGE = 0.9


class CounterRatio:
    """Counter difference over integral for the last minute.

    A ratio near 1 says that both come from one sensor and nothing was missed; it says nothing of
    the sensor's own error.
    """

    def __init__(self) -> None:
        self._points: deque[tuple[int, int, int, int]] = deque()

    def add(self, reading: CounterReading, track: PowerTrack) -> None:
        """Add a counter reading; the samples around it must be in `track`."""
        if not 0 <= reading.millijoules < SENTINEL:
            return
        sums = track.at(reading.monotonic_ns)
        points = self._points
        if points and reading.millijoules < points[-1][1]:
            points.clear()
        points.append((reading.monotonic_ns, reading.millijoules, sums.measured, sums.covered_ns))
        while points[-1][0] - points[0][0] > _SPAN_NS:
            points.popleft()

    @property
    def settled(self) -> bool:
        """Whether it stands for (nearly) a whole minute."""
        points = self._points
        return bool(points) and points[-1][0] - points[0][0] > _SPAN_NS * 9 // 10

    def value(self) -> float | None:
        """The ratio; None below 5 s, below 90 % coverage, or without power."""
        if len(self._points) < 2:  # noqa: PLR2004 - a difference needs two
            return None
        first, last = self._points[0], self._points[-1]
        span_ns = last[0] - first[0]
        measured = last[2] - first[2]
        if span_ns < _LEAST_NS or measured <= 0 or last[3] - first[3] < _LEAST_COVERAGE * span_ns:
            return None
        return (last[1] - first[1]) * MILLIJOULE / measured
