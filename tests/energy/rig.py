"""A GPU made of arithmetic: true power, its counter with faults, two clocks, and the meter."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from collector.energy.account import Limits
from collector.energy.edges import SECOND_NS, Edges
from collector.energy.meter import Plan, ScopeMeter
from collector.energy.restart import Before
from collector.energy.windows import Closed
from collector.model import CounterReading, Energy

MS = 1_000_000
TICK_NS = 500 * MS
WALL_NS = 1_760_000_003 * SECOND_NS + 123_456_789
MONOTONIC_NS = 5_000 * SECOND_NS + 987_654_321
CEILING_MW = 1_400_000
BOOT = "this boot"


@dataclass(frozen=True, slots=True)
class Wave:
    """A square wave of power; a constant where both levels are the same."""

    high_mw: int = 400_000
    low_mw: int = 400_000
    period_ns: int = SECOND_NS
    high_ns: int = 0

    def power_mw(self, at_ns: int) -> int:
        """Power at an instant, milliwatts."""
        return self.high_mw if at_ns % self.period_ns < self.high_ns else self.low_mw

    def energy_mj(self, at_ns: int) -> int:
        """True energy since instant 0, millijoules."""
        whole, rest_ns = divmod(at_ns, self.period_ns)
        high_ns = whole * self.high_ns + min(rest_ns, self.high_ns)
        return (high_ns * self.high_mw + (at_ns - high_ns) * self.low_mw) // SECOND_NS


@dataclass(slots=True)
class Counter:
    """A hardware counter over a wave, with the faults that real ones have."""

    wave: Wave
    step_ns: int = 10 * MS
    offset_mj: int = 9_000_000_000
    held_mj: int | None = None

    def read(self, at_ns: int) -> int:
        """What it says at an instant, millijoules."""
        return self.running(at_ns) if self.held_mj is None else self.held_mj

    def running(self, at_ns: int) -> int:
        """What it would say if nothing held it."""
        return self.offset_mj + self.wave.energy_mj(at_ns // self.step_ns * self.step_ns)

    def reset(self, at_ns: int) -> None:
        """Start anew at zero, as after a reload of the driver."""
        self.offset_mj -= self.running(at_ns)

    def freeze(self, at_ns: int) -> None:
        """Stop where it is."""
        self.held_mj = self.running(at_ns)

    def go_on(self, at_ns: int, *, catch_up: bool) -> None:
        """Go on after a freeze, with or without what was missed."""
        if self.held_mj is not None and not catch_up:
            self.offset_mj += self.held_mj - self.running(at_ns)
        self.held_mj = None


@dataclass(slots=True)
class Rig:
    """Drives one `ScopeMeter` through made-up time. No sleeping.

    Attributes:
        power_hz: sampling rate of power.
        window_s: length of a window.
        has_counter: whether a counter is expected.
    """

    wave: Wave = field(default_factory=Wave)
    power_hz: int = 10
    window_s: int = 10
    has_counter: bool = True
    counter_step_ns: int = 10 * MS
    counter_ns: int = SECOND_NS
    before: tuple[Before, Energy] | None = None
    now_ns: int = MONOTONIC_NS
    wall_offset_ns: int = WALL_NS - MONOTONIC_NS
    closed: list[Closed] = field(default_factory=list)
    counter: Counter = field(init=False)
    edges: Edges = field(init=False)
    meter: ScopeMeter = field(init=False)
    _power_due_ns: int = 0
    _counter_due_ns: int = 0

    def __post_init__(self) -> None:
        self.counter = Counter(self.wave, self.counter_step_ns)
        self.edges = Edges(self.now_ns, self.now_ns + self.wall_offset_ns)
        self.meter = ScopeMeter(
            self.edges,
            Plan(
                period_ns=self.period_ns,
                window_ns=self.window_s * SECOND_NS,
                boot_id=BOOT,
                counter_ns=self.counter_ns,
            ),
            Limits(ceiling_mw=CEILING_MW),
            expects_counter=self.has_counter,
            before=self.before,
        )
        self._power_due_ns = self.now_ns + 3 * MS
        self._counter_due_ns = self.now_ns + 17 * MS

    @property
    def period_ns(self) -> int:
        """Time between two power samples."""
        return SECOND_NS // self.power_hz

    def run(
        self, seconds: float, *, power: bool = True, counter: bool = True, ticks: bool = True
    ) -> None:
        """Let time pass, both threads reading unless told otherwise."""
        end_ns = self.now_ns + round(seconds * SECOND_NS)
        while self.now_ns < end_ns:
            self.now_ns = min(self.now_ns + TICK_NS, end_ns)
            samples = self._due_samples()
            if power:
                self.meter.add_samples(samples)
            while self._counter_due_ns <= self.now_ns:
                if counter:
                    self.read_counter(self._counter_due_ns)
                self._counter_due_ns += self.counter_ns
            if ticks:
                self.tick()

    def _due_samples(self) -> list[tuple[int, int]]:
        samples = []
        while self._power_due_ns <= self.now_ns:
            samples.append((self._power_due_ns, self.wave.power_mw(self._power_due_ns)))
            self._power_due_ns += self.period_ns
        return samples

    def read_counter(self, at_ns: int, millijoules: int | None = None) -> None:
        """Read the counter once, if there is one, or pretend that it said something."""
        if not self.has_counter:
            return
        value = self.counter.read(at_ns) if millijoules is None else millijoules
        self.meter.add_counter(CounterReading(monotonic_ns=at_ns, millijoules=value))

    def tick(self) -> None:
        """What the daemon's loop does twice a second."""
        self.edges.refresh(self.now_ns, self.now_ns + self.wall_offset_ns)
        self.closed += self.meter.advance(self.now_ns)

    def finish(self) -> list[Closed]:
        """End the run; what it closed in all, after checking what must always hold."""
        self.edges.refresh(self.now_ns, self.now_ns + self.wall_offset_ns)
        self.closed += self.meter.finish(self.now_ns)
        check_windows(self.closed, Energy() if self.before is None else self.before[1])
        assert self.meter.closed_total == self.meter.account.total
        return self.closed

    @property
    def energy(self) -> Energy:
        """All energy in the windows closed."""
        return total_of(self.closed)

    @property
    def true_mj(self) -> int:
        """True energy over exactly the time that the windows cover."""
        if not self.closed:
            return 0
        start_ns, end_ns = self.closed[0].start_ns, self.closed[-1].end_ns
        return self.wave.energy_mj(end_ns) - self.wave.energy_mj(start_ns)

    @property
    def error(self) -> float:
        """Relative error of the energy found."""
        return self.energy.total_mj / self.true_mj - 1


def total_of(closed: Sequence[Closed]) -> Energy:
    """The energy of windows, summed."""
    energy = Energy()
    for window in closed:
        energy += window.energy
    return energy


def check_windows(closed: Sequence[Closed], total: Energy) -> None:
    """Windows tile time, add up to the total, and never hold less than nothing."""
    for left, right in pairwise(closed):
        assert left.end_ns == right.start_ns
    for window in closed:
        energy = window.energy
        total += energy
        assert window.total == total
        assert window.start_ns < window.end_ns
        assert window.wall_start_ns < window.wall_end_ns
        assert min(energy.counter_mj, energy.integrated_mj, energy.estimated_mj) >= 0
        assert 0 <= window.covered_ns <= window.end_ns - window.start_ns
        assert (window.low_mj is None) == (window.high_mj is None)
        if energy.estimated_mj:
            assert window.low_mj is not None
            assert window.high_mj is not None
            assert window.low_mj <= energy.total_mj <= window.high_mj
