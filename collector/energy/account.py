"""Energy of one scope of one GPU: the counter where there is one, the integral where not.

The rules, in order (docs/energy.md explains them):
1. Where a counter answers, energy advances at its readings only; the integral of power shapes it
   in between.
2. A counter that was silent, frozen or refused for `PATIENCE_NS` of watched time is stood in for
   by the integral. When it goes on, what the integral already gave is taken off its difference,
   and where that is not enough, off the next ones: nothing is counted twice.
3. After a reset, what the counter counted since is `counter`; the rest of what was measured in
   that stretch is `integrated`; what neither saw is `estimated`, with bounds.
   The counter may owe more than fits into the stretch since the integral's last word; the rest
   follows with its next readings, so that no window holds more than is physically possible.
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
_LEAST_GAP_NS = 5 * SECOND_NS
"""A shorter stretch without samples never stands as a window of its own."""
_FROZEN_SHARE = 4
"""No integral is off by a quarter: a counter that lacks more was frozen, and lost it for good."""
_PAY_BACK_NS = 60 * SECOND_NS
"""Windows must not read zero for longer, to pay back what was given too much."""


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
    """What is physically possible for a scope, in milliwatts.

    Attributes:
        ceiling_mw: the most.
        idle_mw: what it draws at rest, where that is known.
        least_mw: what is less is no reading; 0 for what may be off, as a spare supply.
    """

    ceiling_mw: int
    idle_mw: int = 0
    least_mw: int = 1


class EnergyAccount:
    """Credits energy to stretches of time, each instant once.

    Args:
        track: the samples of this scope; shared with whoever makes statistics of them.
        edges: where windows begin and end.
        limits: what is physically possible.
        expects_counter: whether a hardware counter counts this scope.
        window_ns: length of a window; a longer stretch without samples is a gap of its own.
        patience_ns: how long a counter may be silent, in watched time.
    """

    def __init__(
        self,
        track: PowerTrack,
        edges: Edges,
        limits: Limits,
        *,
        expects_counter: bool,
        window_ns: int,
        patience_ns: int = PATIENCE_NS,
    ) -> None:
        self.track = track
        self.limits = limits
        self.expects_counter = expects_counter
        self.judge = CounterJudge(limits.ceiling_mw)
        self.credited_ns: int | None = None
        self.total = Energy()
        self._edges = edges
        self._window_ns = window_ns
        self._patience_ns = patience_ns
        # What was credited beyond the counter's last reading; below 0 where the counter is ahead.
        self._since_anchor_mj = 0
        self._counter_mw = 0
        self._news_covered_ns = 0
        self._news_breaks = 0
        self._frozen = False
        self._short_mj = 0
        self._paying_back = False
        self._waiting: deque[CounterReading] = deque()

    def start(
        self,
        at_ns: int,
        total: Energy,
        reading: CounterReading | None,
        *,
        given_mj: int = 0,
    ) -> None:
        """Begin at an instant with what earlier runs have counted.

        Args:
            at_ns: everything before is in `total`.
            total: lifetime energy so far.
            reading: the counter at that instant, or an earlier one; None without one that can be
                believed.
            given_mj: what is in `total` beyond the reading, where it is an earlier one.
        """
        self.credited_ns, self.total = at_ns, total
        if reading is not None:
            self.judge.judge(reading)
            self._since_anchor_mj = given_mj
        self._note_news(at_ns)

    def add_counter(self, reading: CounterReading) -> None:
        """Queue a counter reading; `settle` uses it once power has been seen up to it."""
        self._waiting.append(reading)

    def settle(self, now_ns: int) -> list[Credit]:
        """Credit what is known by now."""
        credited: list[Credit] = []
        while self._waiting and self._ripe(self._waiting[0], now_ns):
            credited += self._take(self._waiting.popleft())
        if not self.expects_counter or self.counter_is_silent:
            credited += self._integrate()
        return credited

    def finish(self) -> list[Credit]:
        """Credit everything there is, waiting for nothing: the end of a run.

        What came after the last counter reading stays out: the counter still holds it.
        """
        credited: list[Credit] = []
        known_ns = self._edges.known_ns
        while self._waiting and self._waiting[0].monotonic_ns <= known_ns:
            credited += self._take(self._waiting.popleft())
        if not self.expects_counter or self.judge.anchor is None or self.counter_is_silent:
            credited += self._integrate()
        return credited

    def _ripe(self, reading: CounterReading, now_ns: int) -> bool:
        if reading.monotonic_ns > self._edges.known_ns:  # an edge may lie before it
            return False
        last_ns = self.track.last_ns
        seen = last_ns is not None and last_ns >= reading.monotonic_ns
        return seen or now_ns - reading.monotonic_ns > self.track.gap_ns

    @property
    def watched_ns(self) -> int:
        """For how long power was watched since the counter last said something new."""
        # Watched time only: after a hang of both, power must not outrun the counter's return.
        # That is one gap; samples that keep coming too far apart are no hang.
        gaps = max(self.track.breaks - self._news_breaks - 1, 0)
        return self.track.covered_ns - self._news_covered_ns + gaps * self.track.gap_ns

    @property
    def counter_is_silent(self) -> bool:
        """Whether power was watched for so long without the counter that it must stand in."""
        return self.watched_ns > self._patience_ns

    def _note_news(self, at_ns: int) -> None:
        self._news_covered_ns = self.track.at(at_ns).covered_ns
        self._news_breaks = self.track.breaks

    def _take(self, reading: CounterReading) -> list[Credit]:
        at_ns, raw_mj = reading.monotonic_ns, reading.millijoules
        late = self.credited_ns is not None and at_ns <= self.credited_ns
        first_ns = self.track.first_ns
        if late and first_ns is not None and at_ns < first_ns:
            # It took so long to arrive that nobody knows any more what was given since; but the
            # counter answers, so its next reading is waited for.
            self._note_news(at_ns)
            return []
        anchor = self.judge.anchor
        verdict = self.judge.judge(reading)
        self._frozen = verdict is Verdict.STILL
        if verdict in (Verdict.REFUSED, Verdict.STILL, Verdict.SUSPECT):
            return []
        self._note_news(at_ns)
        given_mj, self._since_anchor_mj = self._since_anchor_mj, 0
        if self.credited_ns is None:
            self.credited_ns = at_ns
        step_mj = 0
        if verdict is Verdict.ADVANCE and anchor is not None:
            step_mj = raw_mj - anchor.millijoules
            self._counter_mw = step_mj * SECOND_NS // (at_ns - anchor.monotonic_ns)
        if at_ns <= self.credited_ns:
            # The integral has gone past it already; the counter takes over from there.
            self._since_anchor_mj = (
                given_mj - step_mj
                if verdict is Verdict.ADVANCE
                else measure(self.track, at_ns, self.credited_ns).total_mj
            )
            return []
        part, owed_mj = self._measured(self.credited_ns, at_ns), 0
        self._short_mj = 0
        if verdict is Verdict.ADVANCE:
            rest_mj = step_mj - given_mj
            if rest_mj >= 0:
                self._paying_back = False
                self._short_mj = max(part.integrated_mj - rest_mj, 0)
                paid_mj = min(rest_mj, self.judge.most_mj(at_ns - self.credited_ns))
                part, owed_mj = Energy(counter_mj=paid_mj), rest_mj - paid_mj
            elif self._is_paid_back(-rest_mj, given_mj):
                part, owed_mj = Energy(), rest_mj
                self._paying_back = True
            # else: a frozen counter that went on without catching up
        elif verdict is Verdict.RESET:
            part = _after_reset(raw_mj if not given_mj else min(raw_mj, part.total_mj), part)
        self._since_anchor_mj = -owed_mj
        return self._credit(at_ns, part, raw_mj - owed_mj)

    def _is_paid_back(self, surplus_mj: int, given_mj: int) -> bool:
        """Whether what was given too much is taken off what the counter says next."""
        soon_mj = self._counter_mw * _PAY_BACK_NS // SECOND_NS
        # What is left of a surplus was judged as a whole: its share of the rest says nothing.
        likely = self._paying_back or surplus_mj <= given_mj // _FROZEN_SHARE
        return likely and surplus_mj <= soon_mj

    def _measured(self, start_ns: int, end_ns: int) -> Energy:
        """Energy of a stretch without the counter; what no sample bounds is estimated."""
        part = measure(self.track, start_ns, end_ns)
        first_ns, last_ns = self.track.first_ns, self.track.last_ns
        if first_ns is None or last_ns is None:
            seen_ns, typical_mw = 0, self._counter_mw
        else:
            seen_ns = max(min(last_ns, end_ns) - max(first_ns, start_ns), 0)
            typical_mw = self.track.milliwatts[-1]
        unseen_ns = end_ns - start_ns - seen_ns
        return part + Energy(estimated_mj=typical_mw * unseen_ns // SECOND_NS)

    def _integrate(self) -> list[Credit]:
        # Beyond the edges known a sample may be ahead of an edge that has yet to be learned of.
        last_ns = self.track.last_before(self._edges.known_ns)
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
        self._paying_back = False
        anchor = self.judge.anchor
        counter_mj = None if anchor is None else anchor.millijoules + self._since_anchor_mj
        return self._credit(last_ns, part, counter_mj)

    def _credit(self, end_ns: int, part: Energy, counter_mj: int | None) -> list[Credit]:
        """Give energy to `credited_ns..end_ns`, split at window edges and around long gaps."""
        start_ns = end_ns if self.credited_ns is None else self.credited_ns
        least_ns = max(self._window_ns, _LEAST_GAP_NS)
        gaps = [gap for gap in self.track.gaps(start_ns, end_ns) if gap[1] - gap[0] >= least_ns]
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
