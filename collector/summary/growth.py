"""How much counters grew, added up over GPUs that come, go and start anew."""

from collections import deque
from collections.abc import Mapping

SPACING_NS = 10_000_000_000
"""How often a recent sum notes where it is: slow sensors are read no oftener."""


class Growth:
    """Adds up what counters grew by. The sum never falls.

    A counter that fell has started anew; what it counted before it was read again is not known and
    not added. One that is away for a while brings what it grew by when it is back.
    """

    __slots__ = ("_last", "total")

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self.total = 0.0

    def take(self, key: str, count: float) -> None:
        """Take a counter's reading.

        Args:
            key: which counter.
            count: what it says.
        """
        before = self._last.get(key, count)
        self._last[key] = count
        self.total += max(count - before, 0.0)


class Recent:
    """How much counters grew together within a trailing span.

    Args:
        span_ns: the span; told to within `SPACING_NS`.
    """

    __slots__ = ("_growth", "_marks", "_span_ns")

    def __init__(self, span_ns: int) -> None:
        self._span_ns = span_ns
        self._growth = Growth()
        self._marks: deque[tuple[int, float]] = deque()

    def take(self, now_ns: int, counts: Mapping[str, float]) -> float:
        """Take the counters' readings; returns what they grew by in the span.

        Args:
            now_ns: monotonic time; never before the last one's.
            counts: what the counters say, each by its key; those that say nothing are left out.
        """
        for key, count in counts.items():
            self._growth.take(key, count)
        total, marks = self._growth.total, self._marks
        if not marks or now_ns - marks[-1][0] >= SPACING_NS:
            marks.append((now_ns, total))
        while len(marks) > 1 and marks[1][0] <= now_ns - self._span_ns:
            marks.popleft()
        return total - marks[0][1]
