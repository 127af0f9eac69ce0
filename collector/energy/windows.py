"""Credits into windows that tile time and add up to the total, to the millijoule."""

from collections.abc import Iterable
from dataclasses import dataclass

from collector.energy.account import Credit
from collector.energy.edges import Edges
from collector.energy.restart import Bridge, pieces
from collector.model import Energy

NO_SAMPLES = "no samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A window that is closed, without the statistics that go with it."""

    start_ns: int
    end_ns: int
    """Monotonic edges."""
    wall_start_ns: int
    wall_end_ns: int
    energy: Energy
    total: Energy
    covered_ns: int
    counter_mj: int | None
    gap: str = ""
    low_mj: int | None = None
    high_mj: int | None = None


class WindowBuilder:
    """Adds credits up and closes a window at each edge and around each gap.

    Args:
        edges: the seconds of the wall clock.
        window_ns: length of a window.
        total: lifetime energy before the first credit.
    """

    def __init__(self, edges: Edges, window_ns: int, total: Energy) -> None:
        self.total = total
        self._edges = edges
        self._window_ns = window_ns
        self._start_ns: int | None = None
        self._wall_start_ns = 0
        self._open: list[Credit] = []

    def bridge(
        self,
        found: Bridge,
        wall_start_ns: int,
        at_ns: int,
        *,
        began_ns: int | None,
        counter_mj: int | None,
    ) -> list[Closed]:
        """Windows for the stretch between two runs.

        Args:
            found: what the stretch took.
            wall_start_ns: the wall clock when it began.
            at_ns: when it ends.
            began_ns: when it began on this boot's monotonic clock; None when in another boot.
            counter_mj: where the counter stands at its end.
        """
        parts = pieces(wall_start_ns, self._edges.wall_ns(at_ns), found)
        wall_end_ns = parts[-1].end_ns
        wall_span_ns = wall_end_ns - wall_start_ns
        # In one boot the monotonic clock knows the duration, whatever the wall clock did.
        span_ns = wall_span_ns if began_ns is None else max(at_ns - began_ns, 0)
        closed = []
        for part in parts:
            self.total += part.energy
            closed.append(
                Closed(
                    start_ns=at_ns - span_ns * (wall_end_ns - part.start_ns) // wall_span_ns,
                    end_ns=at_ns - span_ns * (wall_end_ns - part.end_ns) // wall_span_ns,
                    wall_start_ns=part.start_ns,
                    wall_end_ns=part.end_ns,
                    energy=part.energy,
                    total=self.total,
                    covered_ns=0,
                    counter_mj=counter_mj if part is parts[-1] else None,
                    gap=found.reason,
                    low_mj=part.low_mj,
                    high_mj=part.high_mj,
                )
            )
        return closed

    def add(self, credited: Iterable[Credit]) -> list[Closed]:
        """Add credits, which follow each other without a hole; return what they closed."""
        closed: list[Closed] = []
        for credit in credited:
            if self._start_ns is None:
                self._start_ns = credit.start_ns
                self._wall_start_ns = self._edges.wall_ns(credit.start_ns)
            if credit.gap and self._open:
                closed.append(self._close(self._open, ""))
            self._open.append(credit)
            if credit.gap:
                closed.append(self._close(self._open, NO_SAMPLES))
            elif self._edges.aligned(credit.end_ns - 1, credit.end_ns, self._window_ns):
                closed.append(self._close(self._open, ""))
        return closed

    def finish(self) -> list[Closed]:
        """Close what is open: the end of a run."""
        return [self._close(self._open, "")] if self._open else []

    def _close(self, parts: list[Credit], gap: str) -> Closed:
        start_ns, end_ns = parts[0].start_ns, parts[-1].end_ns
        edges = self._edges.aligned(end_ns - 1, end_ns, self._window_ns)
        wall_end_ns = edges[-1].wall_before_ns if edges else self._edges.wall_ns(end_ns)
        # A slew back between an edge and a gap must not turn the window round.
        wall_end_ns = max(wall_end_ns, self._wall_start_ns + 1)
        energy = Energy()
        for part in parts:
            energy += part.energy
        self.total += energy
        bounded = any(part.low_mj is not None for part in parts)
        closed = Closed(
            start_ns=start_ns,
            end_ns=end_ns,
            wall_start_ns=self._wall_start_ns,
            wall_end_ns=wall_end_ns,
            energy=energy,
            total=self.total,
            covered_ns=sum(part.covered_ns for part in parts),
            counter_mj=parts[-1].counter_mj,
            gap=gap,
            low_mj=sum(_low(part) for part in parts) if bounded else None,
            high_mj=sum(_high(part) for part in parts) if bounded else None,
        )
        self._start_ns = end_ns
        self._wall_start_ns = edges[-1].wall_after_ns if edges else wall_end_ns
        parts.clear()
        return closed


def _low(part: Credit) -> int:
    return part.energy.total_mj if part.low_mj is None else part.low_mj


def _high(part: Credit) -> int:
    return part.energy.total_mj if part.high_mj is None else part.high_mj
