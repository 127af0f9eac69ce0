"""A stretch of a meter's time, cut at windows and gaps, each piece with its energy."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from collector.model import Energy
from collector.site.quarters import QUARTER_NS, SECOND_NS
from collector.site.track import BRIDGE_NS, MILLIJOULE, Known, MeterTrack

INTERPOLATED = "interpolated"
"""Nobody looked: the energy of the whole gap is known or estimated, its shape is not."""
LONG = "interpolated over 2 h"
"""Likewise, over more than what the rules for estimated data allow to be interpolated."""
MISSING = "missing"
"""Nobody looked, and nothing tells what was used: no energy is booked."""
_LEAST_GAP_NS = 10 * SECOND_NS
"""A shorter one takes from the coverage of its window, and is none of its own."""
_TRUSTED = (0.5, 2.0)
"""Where register and integral disagree by more than a factor of two, power is no shape."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a stretch that lies in one window.

    Attributes:
        start_ns: its begin.
        end_ns: its end.
        energy: what was used in it.
        covered_ns: how much of it was measured.
        missing_ns: for how much of it no energy is booked.
        gap: why nobody looked; empty when somebody did.
        low_mj: the least that it can have been, where that is not known; else None.
        high_mj: the most; None also when the branch's rating is not known.
        left_mj: energy of the stretch that comes after it.
    """

    start_ns: int
    end_ns: int
    energy: Energy
    covered_ns: int
    missing_ns: int = 0
    gap: str = ""
    low_mj: int | None = None
    high_mj: int | None = None
    left_mj: int = 0


@dataclass(frozen=True, slots=True)
class _Run:
    """A part of a stretch that was not measured."""

    start_ns: int
    end_ns: int
    known: Known

    @property
    def stands_alone(self) -> bool:
        return self.end_ns - self.start_ns >= _LEAST_GAP_NS


@dataclass(frozen=True, slots=True)
class Booking:
    """How stretches of one meter are cut.

    Attributes:
        track: its power.
        window_ns: length of a window.
        ceiling_mw: the most power that the branch can carry; None when not known.
    """

    track: MeterTrack
    window_ns: int
    ceiling_mw: int | None

    def counted(self, start_ns: int, end_ns: int, amount_mj: int, *, seen: bool) -> list[Piece]:
        """A stretch whose energy a register gives; power shapes it where it is known.

        Args:
            start_ns: begin of the stretch.
            end_ns: its end.
            amount_mj: its energy.
            seen: whether the register was read often enough to cover it without power.
        """
        runs = [] if seen else self._runs(start_ns, end_ns)
        upto = self._shape(start_ns, end_ns, amount_mj)
        pieces = []
        for left, right in pairwise(self._points(start_ns, end_ns, runs)):
            part_mj = upto(right) - upto(left)
            blind_ns = _inside(runs, left, right)
            low_mj = high_mj = None
            if blind_ns:
                rest_ns = end_ns - start_ns - (right - left)
                most_mj, rest_mj = self._most(right - left), self._most(rest_ns)
                low_mj = 0 if rest_mj is None else min(max(amount_mj - rest_mj, 0), part_mj)
                high_mj = amount_mj if most_mj is None else max(min(most_mj, amount_mj), part_mj)
            pieces.append(
                Piece(
                    left,
                    right,
                    Energy(counter_mj=part_mj),
                    right - left - blind_ns,
                    0,
                    _gap(runs, left, right, counted=True),
                    low_mj,
                    high_mj,
                    amount_mj - upto(right),
                )
            )
        return pieces

    def integrated(self, start_ns: int, end_ns: int) -> list[Piece]:
        """A stretch whose energy is known by power alone."""
        runs = self._runs(start_ns, end_ns)
        pieces = []
        for left, right in pairwise(self._points(start_ns, end_ns, runs)):
            energy = self._measure(left, right)
            blind_ns = _inside(runs, left, right)
            missing = [run for run in runs if run.known is Known.MISSING]
            most_mj = self._most(blind_ns)
            high_mj = None
            if blind_ns and most_mj is not None:
                high_mj = energy.integrated_mj + max(most_mj, energy.estimated_mj)
            pieces.append(
                Piece(
                    left,
                    right,
                    energy,
                    right - left - blind_ns,
                    _inside(missing, left, right),
                    _gap(runs, left, right, counted=False),
                    energy.integrated_mj if high_mj is not None else None,
                    high_mj,
                    self._measure(right, end_ns).total_mj,
                )
            )
        return pieces

    def _measure(self, start_ns: int, end_ns: int) -> Energy:
        start, end = self.track.at(start_ns), self.track.at(end_ns)
        return Energy(
            integrated_mj=end.measured // MILLIJOULE - start.measured // MILLIJOULE,
            estimated_mj=end.bridged // MILLIJOULE - start.bridged // MILLIJOULE,
        )

    def _most(self, span_ns: int) -> int | None:
        return None if self.ceiling_mw is None else self.ceiling_mw * span_ns // SECOND_NS

    def _runs(self, start_ns: int, end_ns: int) -> list[_Run]:
        """What was not measured, in order; neighbours of one kind are one."""
        runs: list[_Run] = []

        def note(left: int, right: int, known: Known) -> None:
            if right > left and runs and runs[-1].end_ns == left and runs[-1].known is known:
                runs[-1] = _Run(runs[-1].start_ns, right, known)
            elif right > left:
                runs.append(_Run(left, right, known))

        reached_ns = start_ns
        for stretch in self.track.within(start_ns, end_ns):
            note(reached_ns, min(stretch.start_ns, end_ns), Known.MISSING)
            left, right = max(stretch.start_ns, start_ns), min(stretch.end_ns, end_ns)
            if stretch.known is not Known.MEASURED:
                note(left, right, stretch.known)
            reached_ns = right
        note(reached_ns, end_ns, Known.MISSING)
        return runs

    def _shape(self, start_ns: int, end_ns: int, amount_mj: int) -> Callable[[int], int]:
        """Energy from the start to an instant; at the end it is all of it."""
        span_ns = end_ns - start_ns
        begin = self.track.at(start_ns)

        def weight(at_ns: int) -> int:
            here = self.track.at(at_ns)
            return here.measured + here.bridged - begin.measured - begin.bridged

        whole = weight(end_ns)
        missing = any(run.known is Known.MISSING for run in self._runs(start_ns, end_ns))
        low, high = (amount_mj * MILLIJOULE * share for share in _TRUSTED)
        if missing or whole <= 0 or not low <= whole <= high:
            return lambda at_ns: amount_mj * (at_ns - start_ns) // span_ns
        return lambda at_ns: amount_mj * weight(at_ns) // whole

    def _points(self, start_ns: int, end_ns: int, runs: list[_Run]) -> list[int]:
        alone = [run for run in runs if run.stands_alone]
        points = {start_ns, end_ns}
        for run in alone:
            points.update((run.start_ns, run.end_ns))
        points.update(edges(start_ns, end_ns, QUARTER_NS))
        at_run = 0
        for edge in edges(start_ns, end_ns, self.window_ns):
            while at_run < len(alone) and alone[at_run].end_ns <= edge:
                at_run += 1
            if at_run == len(alone) or edge < alone[at_run].start_ns:
                points.add(edge)
        return sorted(points)


def edges(start_ns: int, end_ns: int, every_ns: int) -> range:
    """Multiples of a length between two instants, both left out."""
    return range((start_ns // every_ns + 1) * every_ns, end_ns, every_ns)


def _inside(runs: list[_Run], left: int, right: int) -> int:
    """How much of a span lies in runs."""
    return sum(max(min(run.end_ns, right) - max(run.start_ns, left), 0) for run in runs)


def _gap(runs: list[_Run], left: int, right: int, *, counted: bool) -> str:
    """Why nobody looked at a span, when it is a part of a gap that stands alone."""
    for run in runs:
        if run.stands_alone and run.start_ns <= left and right <= run.end_ns:
            if not counted and run.known is Known.MISSING:
                return MISSING
            return INTERPOLATED if run.end_ns - run.start_ns <= BRIDGE_NS else LONG
    return ""
