"""What reading one GPU collects, and how the time is divided."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from collector.catalogue import Labels
from collector.check.survey import Answer
from collector.energy.edges import SECOND_NS
from collector.energy.track import PowerTrack
from collector.model import GpuIdentity
from collector.sources.protocol import PowerBuffer


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the time is divided, in nanoseconds.

    Attributes:
        opening_ns: power and counter together, fast.
        fast_ns: power alone, as fast as is sensible.
        middle_ns: everything else in rounds, power calmly between them.
        closing_ns: power and counter again, for the last step.
    """

    opening_ns: int
    fast_ns: int
    middle_ns: int
    closing_ns: int

    @classmethod
    def over(cls, seconds: float) -> "Schedule":
        """The division of a run: up to 1 s, 1.5 s, the rest, and 0.25 s."""
        whole_ns = round(seconds * SECOND_NS)
        opening_ns = min(SECOND_NS, whole_ns // 6)
        fast_ns = min(3 * SECOND_NS // 2, whole_ns // 4)
        closing_ns = min(SECOND_NS // 4, whole_ns // 12)
        return cls(opening_ns, fast_ns, whole_ns - opening_ns - fast_ns - closing_ns, closing_ns)


@dataclass(slots=True)
class Spent:
    """What reads took: by the clock on the wall, and of a core."""

    wall_ns: list[int] = field(default_factory=list)
    core_ns: list[int] = field(default_factory=list)


class Heartbeat:
    """Tells the watching thread what this one is waiting for."""

    def __init__(self) -> None:
        self.since_ns = 0
        """When the present call began; 0 while there is none."""
        self.what = ""

    def about_to(self, what: str) -> None:
        """A call begins."""
        self.what = what
        self.since_ns = time.monotonic_ns()

    def idle(self) -> None:
        """No call is under way."""
        self.since_ns = 0


class Measurement:
    """One GPU's raw results.

    Args:
        identity: who it is.
    """

    def __init__(self, identity: GpuIdentity) -> None:
        self.identity = identity
        self.scopes: tuple[str, ...] = ()
        self.tracks: dict[str, PowerTrack] = {}
        self.fast: list[tuple[int, int]] = []
        """Power of the first scope in mW while it was polled fast."""
        self.counter: list[tuple[int, int]] = []
        """Energy counter in mJ, by monotonic time."""
        self.closely_counted: list[tuple[int, int]] = []
        """The part of it that was polled fast without a break."""
        self.answers: Sequence[Answer] = ()
        self.series_ns: dict[tuple[str, Labels], list[int]] = {}
        self.averages: list[tuple[int, float]] = []
        """The driver's own average of power in W, by monotonic time."""
        self.calls: tuple[dict[str, object], ...] | None = None
        self.buffer: PowerBuffer | None = None
        """The driver's own samples of power; None where it keeps none."""
        self.power_spent = Spent()
        self.counter_spent = Spent()
        self.fast_spent = Spent()
        self.slow_spent = Spent()
        self.problems: dict[str, int] = {}
        """Reads that failed alone, by what was said."""
