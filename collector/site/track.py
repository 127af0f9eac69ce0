"""The integral of a meter's power, exact in integers, with what is not measured kept apart.

A value that is published on change holds until the next message, for `stale_ns` at most; sampled
values are joined by straight lines (trapezoid) while they lie no further apart than that. What is
left over is a gap. Up to `BRIDGE_NS` it is bridged by a straight line between its neighbours and
is an estimate (interpolation: ESPI quality 9); a longer one is missing.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from collector.site.quarters import HOUR_NS

BRIDGE_NS = 2 * HOUR_NS
MILLIJOULE = 2_000_000_000
"""Areas are 2 x mW x ns, which keeps the trapezoid in integers; this many are 1 mJ."""


class Known(Enum):
    """What is known of a stretch of time."""

    MEASURED = "measured"
    BRIDGED = "bridged"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Power between two instants: a straight line."""

    start_ns: int
    end_ns: int
    start_mw: int
    end_mw: int
    known: Known

    def area(self, to_ns: int) -> int:
        """Twice the energy from the start to an instant inside, in mW x ns."""
        part_ns, span_ns = to_ns - self.start_ns, self.end_ns - self.start_ns
        rise = (self.end_mw - self.start_mw) * part_ns * part_ns // span_ns
        return 2 * self.start_mw * part_ns + rise

    def power_mw(self, at_ns: int) -> int:
        """Power at an instant inside."""
        span_ns = self.end_ns - self.start_ns
        return self.start_mw + (self.end_mw - self.start_mw) * (at_ns - self.start_ns) // span_ns


@dataclass(frozen=True, slots=True)
class Sum:
    """Sums from the first reading ever to an instant."""

    measured: int = 0
    """In units of 1/`MILLIJOULE` mJ."""
    bridged: int = 0
    """Same unit: an estimate."""
    covered_ns: int = 0
    bridged_ns: int = 0

    def plus(self, stretch: Stretch, to_ns: int) -> "Sum":
        """With a stretch, up to an instant inside it."""
        area, span_ns = stretch.area(to_ns), to_ns - stretch.start_ns
        if stretch.known is Known.MEASURED:
            covered_ns = self.covered_ns + span_ns
            return Sum(self.measured + area, self.bridged, covered_ns, self.bridged_ns)
        if stretch.known is Known.MISSING:
            return self
        bridged_ns = self.bridged_ns + span_ns
        return Sum(self.measured, self.bridged + area, self.covered_ns, bridged_ns)


@dataclass(frozen=True, slots=True)
class Point:
    """A reading of power; `held` says that it holds until the next."""

    at_ns: int
    milliwatts: int
    held: bool


class MeterTrack:
    """Power of one meter: recent stretches kept, all of them summed.

    Args:
        stale_ns: how long a value is good for.
    """

    def __init__(self, stale_ns: int) -> None:
        self.stale_ns = stale_ns
        self.last: Point | None = None
        """The newest good reading; None when none came, or a bad one ended it."""
        self._gap: tuple[int, int] | None = None
        self._stretches: list[Stretch] = []
        self._starts: list[int] = []
        self._sums: list[Sum] = []
        self._total = Sum()

    @property
    def first_ns(self) -> int | None:
        """From where on sums are known in detail."""
        return self._starts[0] if self._starts else None

    @property
    def covered_ns(self) -> int:
        """Time measured by all readings ever, up to the newest."""
        return self._total.covered_ns

    @property
    def last_ns(self) -> int | None:
        """Up to where stretches reach."""
        return self._stretches[-1].end_ns if self._stretches else None

    @property
    def known_ns(self) -> int | None:
        """Up to where it is known what power was: a gap may still be open after it."""
        if self.last is not None:
            return self.last.at_ns
        return self._gap[0] if self._gap else None

    @property
    def silent_since(self) -> tuple[int, int] | None:
        """Since when the newest value is no longer good, and what it was, milliwatts."""
        if self.last is not None:
            return self.last.at_ns + self.stale_ns, self.last.milliwatts
        return self._gap

    def copy(self) -> "MeterTrack":
        """One that can be added to without changing this one."""
        other = MeterTrack(self.stale_ns)
        other.last, other._gap, other._total = self.last, self._gap, self._total
        other._stretches, other._starts = self._stretches.copy(), self._starts.copy()
        other._sums = self._sums.copy()
        return other

    def add(self, at_ns: int, milliwatts: int, *, held: bool) -> None:
        """Add a good reading, later than those before."""
        last = self.last
        if last is not None:
            gap_ns = self._end_hold(last, at_ns) if last.held else last.at_ns
            if not last.held and at_ns - last.at_ns <= self.stale_ns:
                self._append(last.at_ns, at_ns, last.milliwatts, milliwatts, Known.MEASURED)
            elif gap_ns < at_ns:
                self._close_gap(gap_ns, at_ns, last.milliwatts, milliwatts)
        elif self._gap is not None:
            start_ns, before_mw = self._gap
            self._close_gap(start_ns, at_ns, before_mw, milliwatts)
        self.last, self._gap = Point(at_ns, milliwatts, held), None

    def end(self, at_ns: int) -> None:
        """Note a bad reading: a held value no longer holds; a sample is left out."""
        last = self.last
        if last is not None and last.held:
            self._gap = (self._end_hold(last, at_ns), last.milliwatts)
            self.last = None

    def at(self, at_ns: int) -> Sum:
        """Sums up to an instant; behind the newest reading its value holds while it is good."""
        i = bisect_right(self._starts, at_ns) - 1
        if i < 0:
            return self._sums[0] if self._sums else self._hold(Sum(), at_ns)
        stretch = self._stretches[i]
        reached = self._sums[i].plus(stretch, min(at_ns, stretch.end_ns))
        return self._hold(reached, at_ns)

    def within(self, start_ns: int, end_ns: int) -> Iterator[Stretch]:
        """The stretches that touch a span, uncut; the newest value's hold is one of them."""
        i = max(bisect_right(self._starts, start_ns) - 1, 0)
        tail = self._tail(end_ns)
        for stretch in [*self._stretches[i:], *([tail] if tail else [])]:
            if stretch.start_ns >= end_ns:
                return
            if stretch.end_ns > start_ns:
                yield stretch

    def power_mw(self, at_ns: int) -> int | None:
        """Power at an instant; None where it was not measured."""
        for stretch in self.within(at_ns - 1, at_ns + 1):
            if stretch.start_ns <= at_ns <= stretch.end_ns and stretch.known is Known.MEASURED:
                return stretch.power_mw(at_ns)
        last = self.last
        return last.milliwatts if last is not None and last.at_ns == at_ns else None

    def trim(self, before_ns: int) -> None:
        """Forget stretches that nothing from an instant on can need."""
        cut = bisect_right(self._starts, before_ns) - 1
        if cut > 0:
            del self._stretches[:cut], self._starts[:cut], self._sums[:cut]

    def shift(self, by_ns: int) -> None:
        """The meter's clock was set: move everything."""
        if self.last is not None:
            self.last = Point(self.last.at_ns + by_ns, self.last.milliwatts, self.last.held)
        if self._gap is not None:
            self._gap = (self._gap[0] + by_ns, self._gap[1])
        self._starts = [start_ns + by_ns for start_ns in self._starts]
        self._stretches = [
            Stretch(one.start_ns + by_ns, one.end_ns + by_ns, one.start_mw, one.end_mw, one.known)
            for one in self._stretches
        ]

    def _tail(self, at_ns: int) -> Stretch | None:
        last = self.last
        if last is None or at_ns <= last.at_ns:
            return None
        end_ns = min(at_ns, last.at_ns + self.stale_ns)
        return Stretch(last.at_ns, end_ns, last.milliwatts, last.milliwatts, Known.MEASURED)

    def _hold(self, reached: Sum, at_ns: int) -> Sum:
        tail = self._tail(at_ns)
        return reached if tail is None else reached.plus(tail, tail.end_ns)

    def _end_hold(self, last: Point, at_ns: int) -> int:
        end_ns = min(at_ns, last.at_ns + self.stale_ns)
        self._append(last.at_ns, end_ns, last.milliwatts, last.milliwatts, Known.MEASURED)
        return end_ns

    def _close_gap(self, start_ns: int, end_ns: int, before_mw: int, after_mw: int) -> None:
        if end_ns - start_ns <= BRIDGE_NS:
            self._append(start_ns, end_ns, before_mw, after_mw, Known.BRIDGED)
        else:
            self._append(start_ns, end_ns, 0, 0, Known.MISSING)

    def _append(self, start_ns: int, end_ns: int, start_mw: int, end_mw: int, known: Known) -> None:
        if end_ns > start_ns:
            stretch = Stretch(start_ns, end_ns, start_mw, end_mw, known)
            self._starts.append(start_ns)
            self._stretches.append(stretch)
            self._sums.append(self._total)
            self._total = self._total.plus(stretch, end_ns)
