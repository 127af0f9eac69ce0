"""The meter of one scope of one GPU: samples and counter readings in, windows out."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from collector.catalogue.types import Labels
from collector.energy.account import PATIENCE_NS, EnergyAccount, Limits
from collector.energy.counter import SENTINEL
from collector.energy.edges import SECOND_NS, Edges
from collector.energy.restart import Before, Bridge, Now, bridge, first_believable
from collector.energy.slots import Slots, power_stat
from collector.energy.track import PowerTrack
from collector.energy.windows import Closed, WindowBuilder
from collector.model import CounterReading, Device, Energy, Stat, Window

_HELD_READINGS = 64
_RECENT_NS = 10 * SECOND_NS
_SETTLED_NS = 5 * SECOND_NS
"""For so long power is watched before what nobody counted is estimated by it; or twice as long is
waited, where it comes seldom."""
_AWAITED_NS = 60 * SECOND_NS
"""A counter that counted in the run before is waited for longer than within a run: what is booked
without it is an estimate. Edges of seconds are kept for 120 s."""


_POWER = itemgetter(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What all meters of a node have in common.

    Attributes:
        period_ns: sampling period of power.
        window_ns: length of a window.
        boot_id: identity of this boot of the machine.
        counter_ns: how often the hardware counter is read.
    """

    period_ns: int
    window_ns: int
    boot_id: str
    counter_ns: int = SECOND_NS

    @property
    def gap_ns(self) -> int:
        """Samples further apart leave a gap: 3 periods, at least 1 s."""
        return max(3 * self.period_ns, SECOND_NS)

    @property
    def patience_ns(self) -> int:
        """How long a counter may be silent before the integral stands in for it."""
        return max(PATIENCE_NS, 3 * self.counter_ns)

    @property
    def fine(self) -> bool:
        """Whether changes within 100 ms can be seen: from 50 Hz up."""
        return self.period_ns <= SECOND_NS // 50


class ScopeMeter:
    """Energy and power of one scope.

    Args:
        edges: the wall clock's seconds, shared by all meters.
        plan: see `Plan`.
        limits: what is physically possible.
        expects_counter: whether a hardware counter counts this scope.
        before: what an earlier run left, and its totals.
    """

    def __init__(
        self,
        edges: Edges,
        plan: Plan,
        limits: Limits,
        *,
        expects_counter: bool,
        before: tuple[Before, Energy] | None = None,
    ) -> None:
        self.track = PowerTrack(plan.gap_ns)
        self.slots = Slots(self.track, edges, fine=plan.fine)
        self.account = EnergyAccount(
            self.track,
            edges,
            limits,
            expects_counter=expects_counter,
            window_ns=plan.window_ns,
            patience_ns=plan.patience_ns,
        )
        self.refused_samples = 0
        self.bridged: Bridge | None = None
        self._edges = edges
        self._plan = plan
        self._limits = limits
        self._before = before
        self._held: deque[CounterReading] = deque(maxlen=_HELD_READINGS)
        self._idle_mw: int | None = (before[0].idle_mw or None) if before is not None else None
        self._builder = WindowBuilder(
            edges, plan.window_ns, before[1] if before is not None else Energy()
        )

    @property
    def started(self) -> bool:
        """Whether totals are known: nothing is shown before an earlier run is accounted for."""
        return self._before is None and self.account.credited_ns is not None

    @property
    def closed_total(self) -> Energy:
        """Lifetime energy up to the last window closed."""
        return self._builder.total

    @property
    def idle_mw(self) -> int | None:
        """The lowest power seen, in this run or before; None while none was."""
        return self._idle_mw

    @property
    def recent_mw(self) -> int | None:
        """Mean power of the last seconds that were sampled, in milliwatts; None before any was.

        By it, time that nobody watched is estimated: a single sample of a load that swings would
        be off by as much as it swings.
        """
        first_ns, last_ns = self.track.first_ns, self.track.last_ns
        if first_ns is None or last_ns is None:
            return None
        slots = [slot for slot in self.slots.since(last_ns - _RECENT_NS) if slot.covered_ns]
        covered_ns = sum(slot.covered_ns for slot in slots)
        if covered_ns:
            return sum(slot.measured for slot in slots) // (2 * covered_ns)
        sums = self.track.at(last_ns) - self.track.at(first_ns)
        return (
            sums.measured // (2 * sums.covered_ns) if sums.covered_ns else self.track.milliwatts[-1]
        )

    @property
    def ceiling_mw(self) -> int:
        """The most power that is taken for possible."""
        return self._limits.ceiling_mw

    def add_samples(self, samples: Sequence[tuple[int, int]]) -> None:
        """Add `(monotonic_ns, milliwatts)`; what is not physically possible is refused."""
        if not samples:
            return
        least_mw, ceiling_mw = self._limits.least_mw, self._limits.ceiling_mw
        powers_mw = list(map(_POWER, samples))
        if min(powers_mw) < least_mw or max(powers_mw) > ceiling_mw:
            good = [sample for sample in samples if least_mw <= sample[1] <= ceiling_mw]
            self.refused_samples += len(samples) - len(good)
            samples, powers_mw = good, list(map(_POWER, good))
            if not samples:
                return
        self.track.extend(samples)
        lowest_mw = min(powers_mw)
        self._idle_mw = lowest_mw if self._idle_mw is None else min(lowest_mw, self._idle_mw)

    def add_counter(self, reading: CounterReading) -> None:
        """Add a reading of the hardware counter of this scope."""
        if self._before is None:
            self.account.add_counter(reading)
        elif 0 <= reading.millijoules < SENTINEL:
            self._held.append(reading)

    def advance(self, now_ns: int) -> list[Closed]:
        """Account for everything up to now; return the windows that closed."""
        closed = self._resume(now_ns) if self._before is not None else []
        if self._before is None:
            closed += self._builder.add(self.account.settle(now_ns))
        self.slots.advance(now_ns)
        self._trim()
        return closed

    def finish(self, now_ns: int) -> list[Closed]:
        """Account for everything there is and close the window that is open."""
        closed = self.advance(now_ns)
        if self._before is None:
            closed += self._builder.add(self.account.finish())
            closed += self._builder.finish()
        self.slots.finish(now_ns)
        return closed

    def window(
        self,
        device: Device,
        scope: str,
        closed: Closed,
        stats: Mapping[str, Mapping[Labels, Stat]],
    ) -> Window:
        """A window that closed, with the statistics that go with it."""
        inside = self.slots.since(closed.start_ns, closed.end_ns)
        return Window(
            device=device,
            scope=scope,
            start_ns=closed.wall_start_ns,
            end_ns=closed.wall_end_ns,
            duration_ns=closed.end_ns - closed.start_ns,
            covered_ns=closed.covered_ns,
            samples=sum(slot.samples for slot in inside),
            energy=closed.energy,
            total_mj=closed.total.total_mj,
            power=power_stat(inside, self.slots.refresh_seconds()),
            stats=stats,
            gap=closed.gap,
            low_mj=closed.low_mj,
            high_mj=closed.high_mj,
        )

    def _resume(self, now_ns: int) -> list[Closed]:
        """Account for the time since the earlier run, once the first readings are there."""
        if self._before is None:
            return []
        before, total = self._before
        counter = first_believable(
            before, self._held, boot_id=self._plan.boot_id, ceiling_mw=self._limits.ceiling_mw
        )
        known = before.reading(self._plan.boot_id) if self.account.expects_counter else None
        at_ns = counter.monotonic_ns if counter is not None else self.track.first_ns
        if at_ns is None or self._waits(counter, known, now_ns):
            return []
        power_mw = self.recent_mw
        now = Now(
            wall_ns=self._edges.wall_ns(at_ns),
            monotonic_ns=at_ns,
            boot_id=self._plan.boot_id,
            counter_mj=None if counter is None else counter.millijoules,
            power_mw=before.power_mw if power_mw is None else power_mw,
            ceiling_mw=self._limits.ceiling_mw,
            window_ns=self._plan.window_ns,
        )
        found = bridge(before, now)
        if found.low_mj is not None and power_mw is not None and self._unsettled(now_ns - at_ns):
            return []
        given_mj = found.energy.total_mj if counter is None else 0
        anchor = known if counter is None else counter  # a known one has the last word, later
        self.bridged = found
        closed = self._builder.bridge(
            found,
            before.wall_ns,
            at_ns,
            began_ns=before.monotonic_ns if before.boot_id == now.boot_id else None,
            counter_mj=None if anchor is None else anchor.millijoules + given_mj,
        )
        self.account.start(at_ns, total + found.energy, anchor, given_mj=given_mj)
        self._before = None
        for reading in self._held:
            if counter is not None and reading.monotonic_ns > counter.monotonic_ns:
                self.account.add_counter(reading)
        self._held.clear()
        return closed

    def _waits(
        self, counter: CounterReading | None, known: CounterReading | None, now_ns: int
    ) -> bool:
        """Whether to look further for a counter, or for power beside it."""
        patience_ns = self._plan.patience_ns
        if counter is None:
            awaited_ns = patience_ns if known is None else max(patience_ns, _AWAITED_NS)
            return self.account.expects_counter and self.account.watched_ns <= awaited_ns
        return not self.track.times and now_ns - counter.monotonic_ns < patience_ns

    def _unsettled(self, waited_ns: int) -> bool:
        """Whether power was not watched long enough to estimate by it."""
        return self.account.watched_ns < _SETTLED_NS and waited_ns < 2 * _SETTLED_NS

    def _trim(self) -> None:
        needed = [at for at in (self.account.credited_ns, self.slots.needed_ns) if at is not None]
        if len(needed) == 2:  # noqa: PLR2004 - both must be known
            self.track.trim(min(needed))
