"""Which scope a hardware energy counter counts.

On GH200 the GPU's counter covers the whole module (zeus#172), elsewhere the GPU alone; the driver
does not say. So the counter is compared with the integral of each scope.
"""

from collections import deque
from collections.abc import Mapping

from collector.energy.counter import SENTINEL
from collector.energy.edges import SECOND_NS
from collector.energy.track import MILLIJOULE, PowerTrack, Sum
from collector.model import CounterReading

DECIDE_NS = 5 * SECOND_NS
"""Over 5 s counter and integral agree; over 1 s they were seen to differ by 12 % (driver 610)."""
_SPAN_NS = 60 * SECOND_NS
_LEAST_COVERAGE = 0.9
_AGREE = 1.15
"""Ratio within which a counter is taken to count a scope; GPU and module differ far more."""


def counted_scope(counter_mj: int, integral_mj: Mapping[str, int]) -> str | None:
    """The scope whose integral agrees best with the counter's difference.

    Args:
        counter_mj: difference of the counter over a stretch of `DECIDE_NS` or more.
        integral_mj: integral of power over the same stretch, by scope.

    Returns:
        The scope, or None when no integral comes near.
    """
    best, best_ratio = None, _AGREE
    for scope, integral in integral_mj.items():
        if counter_mj > 0 and integral > 0:
            ratio = max(counter_mj / integral, integral / counter_mj)
            if ratio < best_ratio:
                best, best_ratio = scope, ratio
    return best


class ScopeFinder:
    """Compares the counter with every scope until one agrees.

    At rest none may (187 J against 327 J over 5 s was seen, zeus#181), and a wrong choice would put
    a module's energy on its GPU for good: so it goes on looking, over the last minute at most.

    Args:
        tracks: the samples of each scope.
    """

    def __init__(self, tracks: Mapping[str, PowerTrack]) -> None:
        self._tracks = tracks
        self._new: deque[CounterReading] = deque(maxlen=16)
        self._points: deque[tuple[CounterReading, dict[str, Sum]]] = deque()

    @property
    def readings(self) -> list[CounterReading]:
        """The readings kept, oldest first."""
        return [*(reading for reading, _ in self._points), *self._new]

    def add(self, reading: CounterReading) -> None:
        """Add a counter reading."""
        if 0 <= reading.millijoules < SENTINEL:
            self._new.append(reading)

    def look(self) -> str | None:
        """The scope that the counter counts; None while that is not known.

        To be called before tracks are trimmed to later instants.
        """
        last_ns = min((track.last_ns or 0 for track in self._tracks.values()), default=0)
        while self._new and self._new[0].monotonic_ns <= last_ns:
            self._note(self._new.popleft())
        if not self._points:
            return None
        (first, before), (last, after) = self._points[0], self._points[-1]
        span_ns = last.monotonic_ns - first.monotonic_ns
        if span_ns < DECIDE_NS:
            return None
        integrals = {}
        for scope in self._tracks:
            sums = after[scope] - before[scope]
            if sums.covered_ns >= _LEAST_COVERAGE * span_ns:
                integrals[scope] = sums.measured // MILLIJOULE
        # With one scope unseen, the other may agree by chance.
        if len(integrals) < len(self._tracks):
            return None
        return counted_scope(last.millijoules - first.millijoules, integrals)

    def _note(self, reading: CounterReading) -> None:
        points = self._points
        if points:
            last = points[-1][0]
            if reading.monotonic_ns <= last.monotonic_ns:
                return
            if reading.millijoules < last.millijoules:
                points.clear()
        sums = {scope: track.at(reading.monotonic_ns) for scope, track in self._tracks.items()}
        points.append((reading, sums))
        while reading.monotonic_ns - points[0][0].monotonic_ns > _SPAN_NS:
            points.popleft()
