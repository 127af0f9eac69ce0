"""Statistics of power, a second at a time. Windows and trailing views are sums of slots."""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import ne, sub
from statistics import median

from collector.energy.edges import SECOND_NS, Edges
from collector.energy.track import PowerTrack, Sum
from collector.model import PowerStat

KEEP_SLOTS = 330
"""Five minutes for the page and for `window_seconds`, and a margin."""
_RAMP_1S_NS = SECOND_NS
_CLOSE_NS = 4_000_000
"""Samples are this punctual nearly always; a sampling period is 10 ms at least."""
_RAMP_100MS_NS = 100_000_000
_FAST_SENSOR_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Slot:
    """Power of one scope over one second (or less, where the clock stepped or samples ended)."""

    start_ns: int
    end_ns: int
    measured: int
    """Covered energy, in the unit of `PowerTrack`."""
    covered_ns: int
    samples: int
    minimum_mw: int
    """Of the samples, and of the power between two of them at the slot's ends."""
    maximum_mw: int
    ramp_1s_mw: int | None
    ramp_100ms_mw: int | None
    changes: int
    """How often the value differed from the one before."""

    @property
    def mean_watts(self) -> float | None:
        """Mean over the covered part, weighted by time; None where nothing is covered."""
        return self.measured / (2000 * self.covered_ns) if self.covered_ns else None


class Slots:
    """Closes a slot at each second's edge.

    Args:
        track: the samples.
        edges: the seconds.
        fine: whether samples are close enough for changes within 100 ms (50 Hz and more).
    """

    def __init__(self, track: PowerTrack, edges: Edges, *, fine: bool) -> None:
        self._track = track
        self._edges = edges
        self._fine = fine
        self.closed: deque[Slot] = deque(maxlen=KEEP_SLOTS)
        self._start_ns: int | None = None

    @property
    def needed_ns(self) -> int | None:
        """Samples from here on are still needed."""
        return None if self._start_ns is None else self._start_ns - _RAMP_1S_NS * 5 // 4

    def advance(self, now_ns: int) -> None:
        """Close every slot whose samples must all have come by now."""
        first_ns, last_ns = self._track.first_ns, self._track.last_ns
        if first_ns is None or last_ns is None:
            return
        if self._start_ns is None:
            self._start_ns = first_ns
        # After the gap limit no later sample can cover any of it.
        ripe_ns = max(last_ns, now_ns - self._track.gap_ns)
        for edge in self._edges.between(self._start_ns, ripe_ns):
            self._close(self._start_ns, edge.monotonic_ns)
            self._start_ns = edge.monotonic_ns

    def finish(self, now_ns: int) -> None:
        """Close the slot that is open: the end of a run."""
        self.advance(now_ns)
        if self._start_ns is not None and now_ns > self._start_ns:
            self._close(self._start_ns, now_ns)
            self._start_ns = now_ns

    def since(self, start_ns: int, end_ns: int | None = None) -> list[Slot]:
        """Closed slots that begin at or after `start_ns` and end by `end_ns`."""
        chosen = []
        for slot in reversed(self.closed):
            if slot.start_ns < start_ns:
                break
            if end_ns is None or slot.end_ns <= end_ns:
                chosen.append(slot)
        chosen.reverse()
        return chosen

    def refresh_seconds(self) -> float | None:
        """Typical time between changes of the value; None while it never changed."""
        spans = [
            slot.covered_ns / slot.changes / SECOND_NS
            for slot in self.since(self.closed[-1].end_ns - 60 * SECOND_NS if self.closed else 0)
            if slot.changes
        ]
        return median(spans) if spans else None

    def _close(self, start_ns: int, end_ns: int) -> None:
        """Close a slot, cut where samples end and begin: there windows may be cut as well."""
        track = self._track
        sums = track.at(end_ns) - track.at(start_ns)
        if sums.covered_ns < end_ns - start_ns:
            cuts = {start_ns, end_ns, track.last_ns or 0}
            cuts.update(instant for gap in track.gaps(start_ns, end_ns) for instant in gap)
            points = sorted(cut for cut in cuts if start_ns <= cut <= end_ns)
            for left, right in pairwise(points):
                self.closed.append(self._slot(left, right, track.at(right) - track.at(left)))
        else:
            self.closed.append(self._slot(start_ns, end_ns, sums))

    def _slot(self, start_ns: int, end_ns: int, sums: Sum) -> Slot:
        track = self._track
        low, high = bisect_left(track.times, start_ns), bisect_left(track.times, end_ns)
        seen = track.milliwatts[low:high]
        before = track.milliwatts[max(low - 1, 0) : high]
        if sums.covered_ns:
            # The mean contains what lies between the samples on both sides of an end.
            ends = (track.power_mw(start_ns), track.power_mw(end_ns))
            seen += [power_mw for power_mw in ends if power_mw is not None]
        return Slot(
            start_ns,
            end_ns,
            sums.measured,
            sums.covered_ns,
            high - low,
            min(seen, default=0),
            max(seen, default=0),
            largest_change(track.times, track.milliwatts, low, high, _RAMP_1S_NS),
            largest_change(track.times, track.milliwatts, low, high, _RAMP_100MS_NS)
            if self._fine
            else None,
            sum(map(ne, before, before[1:])),
        )


def largest_change(
    times: Sequence[int], milliwatts: Sequence[int], low: int, high: int, span_ns: int
) -> int | None:
    """Largest change of power over a span, for samples `low..high`, in milliwatts.

    Each sample is compared with the one closest to a span earlier; where samples are missing, so
    that none lies within a tenth of a span of that, it is left out.
    """
    if low >= high:
        return None
    slack_ns = span_ns // 10
    lag = low - bisect_left(times, times[low] - span_ns - _CLOSE_NS)
    if 0 < lag <= low and _keeps_distance(times, low, high, lag, span_ns):
        before = milliwatts[low - lag : high - lag]
        changes: list[int] = list(map(sub, milliwatts[low:high], before))
        return max(*changes, -min(changes))
    largest = None
    early = bisect_left(times, times[low] - span_ns - slack_ns)
    for late in range(low, high):
        target_ns = times[late] - span_ns
        while early < late and times[early + 1] <= target_ns:
            early += 1
        nearest = early
        if early + 1 < late and times[early + 1] - target_ns < abs(times[early] - target_ns):
            nearest = early + 1
        if abs(times[nearest] - target_ns) <= slack_ns:
            change = abs(milliwatts[late] - milliwatts[nearest])
            if largest is None or change > largest:
                largest = change
    return largest


def _keeps_distance(times: Sequence[int], low: int, high: int, lag: int, span_ns: int) -> bool:
    """Whether each of the samples lies a span after the one `lag` before it, or very nearly so."""
    spans: list[int] = list(map(sub, times[low:high], times[low - lag : high - lag]))
    return min(spans) >= span_ns - _CLOSE_NS and max(spans) <= span_ns + _CLOSE_NS


def power_stat(slots: Iterable[Slot], refresh_seconds: float | None) -> PowerStat | None:
    """Minimum, time-weighted mean, maximum and ramps of slots; None where nothing was covered."""
    used = [slot for slot in slots if slot.samples or slot.covered_ns]
    covered_ns = sum(slot.covered_ns for slot in used)
    if not used or not covered_ns:
        return None
    ramps_1s = [slot.ramp_1s_mw for slot in used if slot.ramp_1s_mw is not None]
    ramps_100ms = [slot.ramp_100ms_mw for slot in used if slot.ramp_100ms_mw is not None]
    fast = refresh_seconds is not None and refresh_seconds <= _FAST_SENSOR_SECONDS
    return PowerStat(
        minimum=min(slot.minimum_mw for slot in used) / 1000,
        mean=sum(slot.measured for slot in used) / (2000 * covered_ns),
        maximum=max(slot.maximum_mw for slot in used) / 1000,
        ramp_1s=max(ramps_1s) / 1000 if ramps_1s else None,
        ramp_100ms=max(ramps_100ms) / 1000 if ramps_100ms and fast else None,
    )
