"""Where windows begin and end: whole UTC seconds, mapped onto the monotonic clock.

Durations and energy live on the monotonic clock; only the edges of seconds, windows and
quarter-hours come from the wall clock. A wall clock that drifts moves the next edge a little; one
that steps forces an edge where it stepped and never alters a duration.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

SECOND_NS = 1_000_000_000
QUARTER_HOUR_NS = 900 * SECOND_NS
STEP_NS = 50_000_000
"""A wall clock that is further off than this has been stepped, not slewed."""
_KEEP_FINE = 120
_COMPACT_AFTER = 480
_KEEP_COARSE = 4000
"""Quarter-hours of six weeks. In a gap that lasts longer, what comes before is one window."""
_KEEP_STEPS = 256


@dataclass(frozen=True, slots=True)
class Edge:
    """An instant at which a second ends. The wall times differ only where the clock stepped."""

    monotonic_ns: int
    wall_before_ns: int
    wall_after_ns: int

    @property
    def stepped(self) -> bool:
        """Whether the wall clock was stepped here."""
        return self.wall_before_ns != self.wall_after_ns


class Edges:
    """The history of second edges up to the last `refresh`.

    Args:
        monotonic_ns: the monotonic clock now.
        wall_ns: the wall clock at the same instant.
    """

    def __init__(self, monotonic_ns: int, wall_ns: int) -> None:
        self._offset_ns = wall_ns - monotonic_ns
        self._next_wall_ns = (wall_ns // SECOND_NS + 1) * SECOND_NS
        self._known_ns = monotonic_ns
        self._edges: list[Edge] = []
        self._times: list[int] = []
        self._stepped: list[Edge] = []
        self._compact_at = _COMPACT_AFTER
        self.steps = 0

    @property
    def known_ns(self) -> int:
        """Up to here all edges are known; what lies beyond may still be cut by one."""
        return self._known_ns

    def refresh(self, monotonic_ns: int, wall_ns: int) -> int:
        """Learn of all edges up to now; note drift or a step of the wall clock.

        Returns:
            The step in nanoseconds, 0 when there was none.
        """
        ahead_ns = self._known_ns + 1 - monotonic_ns
        if ahead_ns > 0:  # what is known already is final
            monotonic_ns, wall_ns = monotonic_ns + ahead_ns, wall_ns + ahead_ns
        self._extend(monotonic_ns)
        drift_ns = wall_ns - monotonic_ns - self._offset_ns
        if abs(drift_ns) < STEP_NS:
            self._offset_ns += drift_ns
            return 0
        step = Edge(monotonic_ns, monotonic_ns + self._offset_ns, wall_ns)
        self._append(step)
        self._stepped.append(step)
        del self._stepped[:-_KEEP_STEPS]
        self._offset_ns += drift_ns
        self._next_wall_ns = (wall_ns // SECOND_NS + 1) * SECOND_NS
        self.steps += 1
        return drift_ns

    def wall_ns(self, monotonic_ns: int) -> int:
        """Wall time of an instant by the clock as it stood then: before any later step."""
        later = bisect_left(self._stepped, monotonic_ns, key=lambda edge: edge.monotonic_ns)
        if later < len(self._stepped):
            step = self._stepped[later]
            return step.wall_before_ns - (step.monotonic_ns - monotonic_ns)
        return monotonic_ns + self._offset_ns

    def between(self, start_ns: int, end_ns: int) -> Sequence[Edge]:
        """Edges after `start_ns`, up to and including `end_ns`."""
        times = self._times
        return self._edges[bisect_right(times, start_ns) : bisect_right(times, end_ns)]

    def aligned(self, start_ns: int, end_ns: int, period_ns: int) -> list[Edge]:
        """Those of `between` that end a period of the wall clock, and every step."""
        return [
            edge
            for edge in self.between(start_ns, end_ns)
            if edge.wall_before_ns % period_ns == 0 or edge.stepped
        ]

    def _extend(self, monotonic_ns: int) -> None:
        wall_now_ns = monotonic_ns + self._offset_ns
        while self._next_wall_ns <= wall_now_ns:
            # A slew may have moved this edge into time that was already handed out.
            at_ns = max(self._next_wall_ns - self._offset_ns, self._known_ns + 1)
            self._append(Edge(at_ns, self._next_wall_ns, self._next_wall_ns))
            self._next_wall_ns += SECOND_NS
        self._known_ns = max(monotonic_ns, self._known_ns)

    def _append(self, edge: Edge) -> None:
        self._edges.append(edge)
        self._times.append(edge.monotonic_ns)
        self._known_ns = edge.monotonic_ns
        if len(self._edges) > self._compact_at:
            self._compact()

    def _compact(self) -> None:
        """Of old edges only quarter-hours and steps are needed, for gaps that last."""
        recent_ns = self._times[-1] - _KEEP_FINE * SECOND_NS
        cut = bisect_left(self._times, recent_ns)
        old = [e for e in self._edges[:cut] if e.stepped or e.wall_before_ns % QUARTER_HOUR_NS == 0]
        self._edges = old[-_KEEP_COARSE:] + self._edges[cut:]
        self._compact_at = len(self._edges) + _COMPACT_AFTER
        self._times = [edge.monotonic_ns for edge in self._edges]
