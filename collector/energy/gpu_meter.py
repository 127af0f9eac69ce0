"""Everything that is metered on one GPU: its scopes, and which of them its counter counts."""

from collections.abc import Mapping, Sequence

from collector.energy.account import Limits
from collector.energy.edges import SECOND_NS, Edges
from collector.energy.meter import Plan, ScopeMeter
from collector.energy.ratio import CounterRatio
from collector.energy.restart import Before
from collector.energy.scope import DECIDE_NS, counted_scope
from collector.energy.shape import measure
from collector.energy.slots import Slot, power_stat
from collector.energy.telemetry import TelemetryHistory
from collector.energy.windows import Closed
from collector.model import CounterReading, Energy, GpuIdentity, PowerStat, Reading, Window

METERED_SCOPES = ("gpu", "module")
"""Scopes whose energy is kept; memory is a part of its GPU and only shown as power."""
_UNDECIDED_NS = 15 * SECOND_NS


class GpuMeter:
    """Meters one GPU.

    Args:
        gpu: who it is.
        edges: the wall clock's seconds.
        plan: see `Plan`.
        limits: by scope, for the scopes that are read (or `gpu` alone).
        has_counter: whether the hardware has an energy counter.
        before: by scope, what an earlier run left.
    """

    def __init__(
        self,
        gpu: GpuIdentity,
        edges: Edges,
        plan: Plan,
        limits: Mapping[str, Limits],
        *,
        has_counter: bool,
        before: Mapping[str, tuple[Before, Energy]],
    ) -> None:
        self.gpu = gpu
        self.scopes = {
            scope: ScopeMeter(
                edges, plan, limit, expects_counter=has_counter, before=before.get(scope)
            )
            for scope, limit in limits.items()
            if scope in METERED_SCOPES
        }
        self.telemetry = TelemetryHistory()
        self.ratio = CounterRatio()
        self.counter_scope: str | None = None
        self.last_closed: dict[str, Closed] = {}
        self._has_counter = has_counter
        self._previous: CounterReading | None = None
        self._undecided: list[CounterReading] = []
        self._undecided_since_ns: int | None = None
        known = [scope for scope, (state, _) in before.items() if state.counter_mj is not None]
        if not has_counter:
            self._decide(None)
        elif len(self.scopes) == 1:
            self._decide(next(iter(self.scopes)))
        elif len(known) == 1 and known[0] in self.scopes:
            self._decide(known[0])

    def add_power(self, scope: str, samples: Sequence[tuple[int, int]]) -> None:
        """Add `(monotonic_ns, milliwatts)` samples of a scope."""
        meter = self.scopes.get(scope)
        if meter is not None:
            meter.add_samples(samples)

    def add_reading(self, reading: Reading) -> None:
        """Add a telemetry reading."""
        self.telemetry.add(reading)
        if reading.counter is None:
            return
        if self._waits_for_scope:
            self._undecided.append(reading.counter)
        elif self.counter_scope is not None:
            self._add_counter(self.counter_scope, reading.counter)

    def advance(self, now_ns: int) -> list[Window]:
        """Account for everything up to now; return the windows that closed, oldest first."""
        if self._waits_for_scope:
            self._look_for_scope(now_ns)
        if self._waits_for_scope:
            for meter in self.scopes.values():
                meter.slots.advance(now_ns)
            return []
        return [
            self._window(scope, closed)
            for scope, meter in self.scopes.items()
            for closed in meter.advance(now_ns)
        ]

    def finish(self, now_ns: int) -> list[Window]:
        """Account for everything there is: the end of a run."""
        if self._waits_for_scope:
            self._decide(next(iter(self.scopes), None))
        return [
            self._window(scope, closed)
            for scope, meter in self.scopes.items()
            for closed in meter.finish(now_ns)
        ]

    def power_stat(self, scope: str, start_ns: int) -> tuple[PowerStat | None, list[Slot]]:
        """Statistics of power since an instant, and the slots they come from."""
        slots = self.scopes[scope].slots
        recent = slots.since(start_ns)
        return power_stat(recent, slots.refresh_seconds()), recent

    @property
    def _waits_for_scope(self) -> bool:
        return self._has_counter and self.counter_scope is None

    def _add_counter(self, scope: str, reading: CounterReading) -> None:
        meter = self.scopes[scope]
        meter.add_counter(reading)
        # The one before: by now there are samples on both sides of it.
        if self._previous is not None:
            self.ratio.add(self._previous, meter.track)
        self._previous = reading

    def _decide(self, scope: str | None) -> None:
        self.counter_scope = scope
        self._has_counter = scope is not None
        for name, meter in self.scopes.items():
            meter.account.expects_counter = name == scope
        if scope is not None:
            for reading in self._undecided:
                self._add_counter(scope, reading)
        self._undecided.clear()

    def _look_for_scope(self, now_ns: int) -> None:
        if self._undecided_since_ns is None:
            self._undecided_since_ns = now_ns
        readings = self._undecided
        if len(readings) > 1:
            first, last = readings[0], readings[-1]
            if last.monotonic_ns - first.monotonic_ns >= DECIDE_NS:
                integrals = {
                    scope: measure(meter.track, first.monotonic_ns, last.monotonic_ns).total_mj
                    for scope, meter in self.scopes.items()
                }
                found = counted_scope(last.millijoules - first.millijoules, integrals)
                if found is not None:
                    self._decide(found)
        if self.counter_scope is None and now_ns - self._undecided_since_ns > _UNDECIDED_NS:
            # A counter that fits no scope is still the GPU's; its ratio tells that it is odd.
            self._decide("gpu" if readings else None)

    def _window(self, scope: str, closed: Closed) -> Window:
        self.last_closed[scope] = closed
        slots = self.scopes[scope].slots
        inside = slots.since(closed.start_ns, closed.end_ns)
        return Window(
            gpu=self.gpu,
            scope=scope,
            start_ns=closed.wall_start_ns,
            end_ns=closed.wall_end_ns,
            duration_ns=closed.end_ns - closed.start_ns,
            covered_ns=closed.covered_ns,
            samples=sum(slot.samples for slot in inside),
            energy=closed.energy,
            total_mj=closed.total.total_mj,
            power=power_stat(inside, slots.refresh_seconds()),
            stats=self.telemetry.stats(closed.start_ns, closed.end_ns),
            gap=closed.gap,
            low_mj=closed.low_mj,
            high_mj=closed.high_mj,
        )
