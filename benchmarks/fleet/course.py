"""How a GPU goes through its lane's work while things happen to it, in closed form.

A course is cut where something changes. Within a piece the GPU is on or off and does a constant
share of its lane's work, or works at a constant level of its own.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from benchmarks.fleet.work import Lane, Phase, Work


@dataclass(frozen=True, slots=True)
class Piece:
    """What holds from an instant on.

    Attributes:
        begin_s: the instant.
        on: whether the board has power.
        share: of its level that heat leaves it.
        level: a level of its own, in place of the lane's; None where it follows its lane.
    """

    begin_s: float
    on: bool = True
    share: float = 1.0
    level: float | None = None

    def of(self, level: float) -> float:
        """The GPU's level at a level of its lane."""
        if not self.on:
            return 0.0
        return self.share * (level if self.level is None else self.level)


class Doing(NamedTuple):
    """A GPU's course at an instant; integrals since the lane's origin, in seconds."""

    piece: Piece
    work: Work
    level: float
    on: float
    """Time that it had power."""
    done: float
    """Integral of its level."""
    capped: float
    hot: float
    """Time that heat slowed it."""

    @property
    def phase(self) -> Phase:
        """What it does."""
        if not self.piece.on:
            return Phase.IDLE
        return Phase.TRAIN if self.piece.level else self.work.phase


class Course:
    """A lane's work with what happens on top. Many GPUs share one.

    Args:
        lane: the lane.
        pieces: in order; the first begins no later than the lane.
    """

    def __init__(self, lane: Lane, pieces: tuple[Piece, ...]) -> None:
        self.lane = lane
        self.pieces = pieces
        self._begins = [piece.begin_s for piece in pieces]
        self._before: list[tuple[float, float, float, float]] = []
        self.at = lru_cache(maxsize=64)(self._look)
        before = (0.0, 0.0, 0.0, 0.0)
        for number in range(len(pieces)):
            self._before.append(before)
            if number + 1 < len(pieces):
                before = self._sums(number, max(pieces[number + 1].begin_s, lane.origin_s))

    @property
    def plain(self) -> bool:
        """Whether nothing ever happens to it."""
        return len(self.pieces) == 1

    def extremes(self, begin_s: float, end_s: float) -> tuple[float, float]:
        """Lowest and highest level of a span of about half a minute."""
        low, high = self.lane.extremes(begin_s, end_s)
        first = bisect_right(self._begins, begin_s) - 1
        last = bisect_right(self._begins, end_s) - 1
        if first == last == 0 and self.plain:
            return low, high
        lows, highs = [], []
        for piece in self.pieces[max(first, 0) : last + 1]:
            lows.append(piece.of(low))
            highs.append(piece.of(high))
        return min(lows), max(highs)

    def _look(self, at_s: float) -> Doing:
        number = max(bisect_right(self._begins, at_s) - 1, 0)
        piece, work = self.pieces[number], self.lane.at(at_s)
        return Doing(piece, work, piece.of(work.level), *self._sums(number, at_s))

    def _sums(self, number: int, until_s: float) -> tuple[float, float, float, float]:
        """On, done, capped and hot from the origin to an instant in a piece."""
        on, done, capped, hot = self._before[number]
        piece = self.pieces[number]
        begin_s = max(piece.begin_s, self.lane.origin_s)
        if not piece.on or until_s <= begin_s:
            return on, done, capped, hot
        span = until_s - begin_s
        slowed = piece.share < 1
        if piece.level is not None:
            own = piece.share * piece.level * span
            return on + span, done + own, capped, hot + span * slowed
        work, before = self.lane.at(until_s), self.lane.at(begin_s)
        return (
            on + span,
            done + piece.share * (work.done - before.done),
            capped if slowed else capped + work.capped - before.capped,
            hot + span * slowed,
        )
