"""Everything that is metered on one GPU: its scopes, and which of them its counter counts."""

from collections.abc import Mapping, Sequence

from collector.catalogue import Labels
from collector.energy.account import Limits
from collector.energy.edges import SECOND_NS, Edges
from collector.energy.meter import Plan, ScopeMeter
from collector.energy.ratio import CounterRatio
from collector.energy.restart import Before
from collector.energy.scope import ScopeFinder
from collector.energy.slots import Slot, power_stat
from collector.energy.telemetry import TelemetryHistory
from collector.energy.windows import Closed
from collector.model import (
    CounterReading,
    Energy,
    GpuIdentity,
    PowerStat,
    Reading,
    Stat,
    Window,
)

METERED_SCOPES = ("gpu", "module")
"""Scopes whose energy is kept; memory is a part of its GPU and only shown as power."""
_UNDECIDED_NS = 15 * SECOND_NS
"""For so long totals wait; then power alone counts until the counter's scope is found."""


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
        self.seldom = TelemetryHistory()
        self.ratio = CounterRatio()
        self.counter_scope: str | None = None
        self.last_closed: dict[str, Closed] = {}
        self._waits = False
        self._previous: CounterReading | None = None
        self._finder: ScopeFinder | None = None
        self._undecided_since_ns: int | None = None
        known = [scope for scope, (state, _) in before.items() if state.counter_mj is not None]
        if not has_counter or not self.scopes:
            self._expect(None)
        elif len(self.scopes) == 1:
            self._expect(next(iter(self.scopes)))
        else:
            # What an earlier run found out holds for now; another driver may count otherwise.
            self._finder = ScopeFinder({name: meter.track for name, meter in self.scopes.items()})
            if len(known) == 1 and known[0] in self.scopes:
                self._expect(known[0])
            else:
                self._waits = True

    @property
    def last_power_ns(self) -> int | None:
        """Time of the newest sample of the main scope that was believed."""
        main = next(iter(self.scopes.values()), None)
        return None if main is None else main.track.last_ns

    def add_power(self, scope: str, samples: Sequence[tuple[int, int]]) -> None:
        """Add `(monotonic_ns, milliwatts)` samples of a scope."""
        meter = self.scopes.get(scope)
        if meter is not None:
            meter.add_samples(samples)

    def add_reading(self, reading: Reading) -> None:
        """Add a telemetry reading."""
        if reading.slow:
            self.seldom.add(reading)
            return
        self.telemetry.add(reading)
        if reading.counter is None:
            return
        if self._finder is not None:
            self._finder.add(reading.counter)
        if self.counter_scope is not None:
            self._add_counter(self.counter_scope, reading.counter)

    def advance(self, now_ns: int) -> list[Window]:
        """Account for everything up to now; return the windows that closed, oldest first."""
        self._look_for_scope(now_ns)
        self._note_ratio()
        if self._waits:
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
        self._look_for_scope(now_ns)
        if self._waits:
            self._expect(None)
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

    def _add_counter(self, scope: str, reading: CounterReading) -> None:
        self.scopes[scope].add_counter(reading)
        self._note_ratio()
        self._previous = reading

    def _note_ratio(self) -> None:
        """Add the last reading to the ratio, once there are samples on both sides of it."""
        if self._previous is None or self.counter_scope is None:
            return
        track = self.scopes[self.counter_scope].track
        if track.last_ns is not None and track.last_ns >= self._previous.monotonic_ns:
            self.ratio.add(self._previous, track)
            self._previous = None

    def _expect(self, scope: str | None) -> None:
        """Let the counter count a scope, and power alone the others."""
        self.counter_scope, self._waits = scope, False
        for name, meter in self.scopes.items():
            meter.account.expects_counter = name == scope

    def _look_for_scope(self, now_ns: int) -> None:
        if self._finder is None:
            return
        if self._undecided_since_ns is None:
            self._undecided_since_ns = now_ns
        found = self._finder.look()
        if found is not None:
            if found != self.counter_scope:
                self._expect(found)
                for reading in self._finder.readings:
                    self._add_counter(found, reading)
            self._finder = None
        elif self._waits and now_ns - self._undecided_since_ns > _UNDECIDED_NS:
            self._expect(None)

    def _stats(self, start_ns: int, end_ns: int) -> Mapping[str, Mapping[Labels, Stat]]:
        stats = dict(self.telemetry.stats(start_ns, end_ns))
        for name, series in self.seldom.stats(start_ns, end_ns).items():
            stats[name] = {**stats.get(name, {}), **series}
        return stats

    def _window(self, scope: str, closed: Closed) -> Window:
        self.last_closed[scope] = closed
        stats = self._stats(closed.start_ns, closed.end_ns)
        return self.scopes[scope].window(self.gpu, scope, closed, stats)
