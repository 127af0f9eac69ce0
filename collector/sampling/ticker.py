"""Absolute deadlines: a read that was late does not make the next one late."""

from zlib import crc32

DELAYED_NS = 2_000_000
"""A read that begins later than this after its deadline is counted as delayed."""
POWER_STAGGER_NS = 250_000
TELEMETRY_STAGGER_NS = 5_000_000
"""GPUs of one node are read one after the other, this far apart: long enough that one read is over
before the next, short enough that the processor wakes once for all of them (docs/adr/0004)."""


def phase_ns(period_ns: int, node: str, index: int, stagger_ns: int) -> int:
    """Where in the period a GPU of a node is read, so that thousands of nodes are not in step.

    Args:
        period_ns: the period.
        node: the node's name.
        index: index of the GPU.
        stagger_ns: time between two GPUs of the node.
    """
    return (crc32(node.encode()) * period_ns // 2**32 + index * stagger_ns) % period_ns


def first_deadline_ns(now_ns: int, wall_ns: int, period_ns: int, phase: int) -> int:
    """The first instant from now on at which the wall clock stands at the phase of a period."""
    return now_ns + (phase - wall_ns) % period_ns


class Ticker:
    """Counts deadlines kept and missed. The waiting itself is done by the thread.

    Args:
        period_ns: time between deadlines.
        deadline_ns: the first one.
    """

    __slots__ = ("deadline_ns", "delayed", "late", "period_ns", "skipped", "ticks")

    def __init__(self, period_ns: int, deadline_ns: int) -> None:
        self.period_ns = period_ns
        self.deadline_ns = deadline_ns
        self.ticks = 0
        self.delayed = 0
        self.late = 0
        self.skipped = 0

    def align(self, now_ns: int) -> None:
        """Move on to the next deadline ahead without counting: an unscheduled read or a start."""
        if self.deadline_ns < now_ns:
            self.deadline_ns += -(-(now_ns - self.deadline_ns) // self.period_ns) * self.period_ns

    def done(self, began_ns: int, ended_ns: int) -> None:
        """Count a read that began at `began_ns`, and move on to the next deadline ahead."""
        self.ticks += 1
        self.deadline_ns = self.slipped(self.deadline_ns, began_ns, ended_ns) + self.period_ns

    def slipped(self, deadline_ns: int, began_ns: int, ended_ns: int) -> int:
        """Count what was delayed, late or skipped.

        Returns:
            The last deadline that has passed: the one given, or one that had to be skipped.
        """
        lateness_ns = began_ns - deadline_ns
        if lateness_ns > DELAYED_NS:
            self.delayed += 1
            if 2 * lateness_ns > self.period_ns:
                self.late += 1
        missed = max((ended_ns - deadline_ns) // self.period_ns, 0)
        self.skipped += missed
        return deadline_ns + missed * self.period_ns
