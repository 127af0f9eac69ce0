"""Energy of one scope of one GPU: the counter where there is one, the integral where not.

The rules, in order (docs/energy.md explains them):
1. Where a counter answers, energy advances at its readings only; the integral of power shapes it
   in between.
2. A counter that was silent, frozen or refused for `PATIENCE_NS` of watched time is stood in for
   by the integral. When it goes on, what the integral already gave is taken off its difference:
   nothing is counted twice.
3. After a reset, what the counter counted since is `counter`; the rest of what was measured in
   that stretch is `integrated`; what neither saw is `estimated`, with bounds.
4. Without a counter the measured part is `integrated`, bridged gaps are `estimated`.
"""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

from collector.energy.counter import CounterJudge, Verdict
from collector.energy.edges import QUARTER_HOUR_NS, SECOND_NS, Edges
from collector.energy.shape import Shape, measure
from collector.energy.track import PowerTrack
from collector.model import CounterReading, Energy

PATIENCE_NS = 5 * SECOND_NS
"""Below this, counter and integral differ by the counter's own steps (docs/energy.md)."""


@dataclass(frozen=True, slots=True)
class Credit:
    """Energy that was found to belong to a stretch of time."""

    start_ns: int
    end_ns: int
    energy: Energy
    covered_ns: int
    counter_mj: int | None
    """Where the counter stood at the end, interpolated; None without a counter."""
    gap: bool = False
    """Part of a stretch without samples that is long enough to stand as a window of its own."""
    low_mj: int | None = None
    high_mj: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is physically possible for a scope, in milliwatts."""

    ceiling_mw: int
    idle_mw: int = 0


class EnergyAccount:
    """Credits energy to stretches of time, each instant once.

    Args:
        track: the samples of this scope; shared with whoever makes statistics of them.
        edges: where windows begin and end.
        limits: what is physically possible.
        expects_counter: whether a hardware counter counts this scope.
        window_ns: length of a window; a longer stretch without samples is a gap of its own.
    """

    def __init__(
        self,
        track: PowerTrack,
        edges: Edges,
        limits: Limits,
        *,
        expects_counter: bool,
        window_ns: int,
    ) -> None:
        self.track = track
        self.limits = limits
        self.expects_counter = expects_counter
        self.judge = CounterJudge(limits.ceiling_mw)
        self.credited_ns: int | None = None
        self.total = Energy()
        self._edges = edges
        self._window_ns = window_ns
        self._since_anchor_mj = 0
        self._news_covered_ns = 0
        self._frozen = False
        self._short_mj = 0
        self._waiting: deque[CounterReading] = deque()

    def start(self, at_ns: int, total: Energy, reading: CounterReading | None) -> None:
        """Begin at an instant with what earlier runs have counted.

        Args:
            at_ns: everything before is in `total`.
            total: lifetime energy so far.
            reading: the counter at that instant, where there is one that can be believed.
        """
        self.credited_ns, self.total = at_ns, total
        if reading is not None:
            self.judge.judge(reading)
        self._news_covered_ns = self.track.at(at_ns).covered_ns

    def add_counter(self, reading: CounterReading) -> None:
        """Queue a counter reading; `settle` uses it once power has been seen up to it."""
        self._waiting.append(reading)

    def settle(self, now_ns: int) -> list[Credit]:
        """Credit what is known by now."""
        credited: list[Credit] = []
        while self._waiting and self._ripe(self._waiting[0], now_ns):
            credited += self._take(self._waiting.popleft())
        if not self.expects_counter or self._counter_is_silent():
            credited += self._integrate()
        return credited

    def finish(self) -> list[Credit]:
        """Credit everything there is, waiting for nothing: the end of a run.

        What came after the last counter reading stays out: the counter still holds it.
        """
        credited: list[Credit] = []
        while self._waiting:
            credited += self._take(self._waiting.popleft())
        if not self.expects_counter or self.judge.anchor is None or self._counter_is_silent():
            credited += self._integrate()
        return credited

    def _ripe(self, reading: CounterReading, now_ns: int) -> bool:
        last_ns = self.track.last_ns
        seen = last_ns is not None and last_ns >= reading.monotonic_ns
        return seen or now_ns - reading.monotonic_ns > self.track.gap_ns

    def _counter_is_silent(self) -> bool:
        # Watched time only: after a hang of both, power must not outrun the counter's return.
        return self.track.covered_ns - self._news_covered_ns > PATIENCE_NS

    def _take(self, reading: CounterReading) -> list[Credit]:
        anchor = self.judge.anchor
        verdict = self.judge.judge(reading)
        self._frozen = verdict is Verdict.STILL
        if verdict in (Verdict.REFUSED, Verdict.STILL):
            return []
        at_ns, raw_mj = reading.monotonic_ns, reading.millijoules
        self._news_covered_ns = self.track.at(at_ns).covered_ns
        given_mj, self._since_anchor_mj = self._since_anchor_mj, 0
        if self.credited_ns is None:
            self.credited_ns = at_ns
        if at_ns <= self.credited_ns:
            # The integral has gone past it already; the counter takes over from there.
            self._since_anchor_mj = measure(self.track, at_ns, self.credited_ns).total_mj
            return []
        part = measure(self.track, self.credited_ns, at_ns)
        self._short_mj = 0
        if verdict is Verdict.ADVANCE and anchor is not None:
            rest_mj = raw_mj - anchor.millijoules - given_mj
            if rest_mj >= 0:  # else: a frozen counter that went on without catching up
                self._short_mj = max(part.integrated_mj - rest_mj, 0)
                part = Energy(counter_mj=rest_mj)
        elif verdict is Verdict.RESET:
            part = _after_reset(raw_mj if not given_mj else min(raw_mj, part.total_mj), part)
        return self._credit(at_ns, part, raw_mj)

    def _integrate(self) -> list[Credit]:
        last_ns = self.track.last_ns
        if last_ns is None:
            return []
        if self.credited_ns is None:
            self.credited_ns = self.track.first_ns
        if self.credited_ns is None or last_ns <= self.credited_ns:
            return []
        part = measure(self.track, self.credited_ns, last_ns)
        if self._frozen:  # it froze somewhere in its last stretch, which it counted in part
            part += Energy(integrated_mj=self._short_mj)
            self._short_mj = 0
        self._since_anchor_mj += part.total_mj
        anchor = self.judge.anchor
        counter_mj = None if anchor is None else anchor.millijoules + self._since_anchor_mj
        return self._credit(last_ns, part, counter_mj)

    def _credit(self, end_ns: int, part: Energy, counter_mj: int | None) -> list[Credit]:
        """Give energy to `credited_ns..end_ns`, split at window edges and around long gaps."""
        start_ns = end_ns if self.credited_ns is None else self.credited_ns
        gaps = [
            gap for gap in self.track.gaps(start_ns, end_ns) if gap[1] - gap[0] >= self._window_ns
        ]
        shape = Shape(self.track, start_ns, end_ns, part)
        credited: list[Credit] = []
        done = Energy()
        covered_ns = self.track.at(start_ns).covered_ns
        for left, right in pairwise(self._points(start_ns, end_ns, gaps)):
            reached, covered_to_ns = shape.upto(right), self.track.at(right).covered_ns
            energy = Energy(
                reached.counter_mj - done.counter_mj,
                reached.integrated_mj - done.integrated_mj,
                reached.estimated_mj - done.estimated_mj,
            )
            blind_ns = right - left - (covered_to_ns - covered_ns)
            rest_mj = part.total_mj - reached.total_mj
            credited.append(
                Credit(
                    left,
                    right,
                    energy,
                    covered_to_ns - covered_ns,
                    None if counter_mj is None else max(counter_mj - rest_mj, 0),
                    any(gap[0] <= left and right <= gap[1] for gap in gaps),
                    *self._bounds(energy, blind_ns),
                )
            )
            done, covered_ns = reached, covered_to_ns
        self.total += part
        self.credited_ns = end_ns
        return credited

    def _points(self, start_ns: int, end_ns: int, gaps: list[tuple[int, int]]) -> list[int]:
        points = {start_ns, end_ns}
        points.update(instant for gap in gaps for instant in gap)
        for edge in self._edges.aligned(start_ns, end_ns, self._window_ns):
            at_ns = edge.monotonic_ns
            whole = edge.stepped or edge.wall_before_ns % QUARTER_HOUR_NS == 0
            if whole or not any(gap[0] < at_ns < gap[1] for gap in gaps):
                points.add(at_ns)
        return sorted(points)

    def _bounds(self, energy: Energy, blind_ns: int) -> tuple[int | None, int | None]:
        if not energy.estimated_mj:
            return None, None
        known_mj = energy.counter_mj + energy.integrated_mj
        low_mj = self.limits.idle_mw * blind_ns // SECOND_NS
        high_mj = self.limits.ceiling_mw * blind_ns // SECOND_NS
        return (
            known_mj + min(low_mj, energy.estimated_mj),
            known_mj + max(high_mj, energy.estimated_mj),
        )


def _after_reset(raw_mj: int, measured: Energy) -> Energy:
    """What the counter counted since its reset, and the rest by what else was known."""
    rest_mj = max(measured.total_mj - raw_mj, 0)
    integrated_mj = min(measured.integrated_mj, rest_mj)
    return Energy(raw_mj, integrated_mj, rest_mj - integrated_mj)
