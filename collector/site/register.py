"""Whether a reading of a meter's energy register can be believed, and what it adds."""

from dataclasses import dataclass
from enum import Enum

from collector.site.quarters import SECOND_NS

_SLACK_NS = 5 * SECOND_NS
"""A register is read a little before or after the instant that its time says."""
_REPLACED_AFTER = 2
"""A register that fell must be seen to go on from there: a single zero is a failed read."""
_JUMPED_AFTER = 3


@dataclass(frozen=True, slots=True)
class RegisterReading:
    """A register at an instant."""

    at_ns: int
    millijoules: int


class Verdict(Enum):
    """What a reading is."""

    FIRST = "first"
    ADVANCE = "advance"
    STILL = "still"
    """It did not move: idle, or between two of its steps."""
    SUSPECT = "suspect"
    """It does not go on from the last one; those that follow tell."""
    REPLACED = "replaced"
    """Another meter, or one that was reset: it goes on from its own first reading."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and what it means.

    Attributes:
        verdict: what the reading is.
        added_mj: what the register grew by, since the last one believed or since `first`.
        first: for `REPLACED`, the first reading of the new register.
    """

    verdict: Verdict
    added_mj: int = 0
    first: RegisterReading | None = None


@dataclass(slots=True)
class RegisterJudge:
    """Follows one register.

    Args:
        ceiling_mw: the most power that the branch can carry; None when not known.
        rollover_mj: at what energy the register starts again at zero; None when never.
        anchor: the last reading that moved and was believed.
        refused: readings not believed so far.
        replaced: how often the register was replaced or reset.
        slack_mj: by how much the first reading of a run may stand below the anchor: an earlier
            run may have booked more than the register had counted.
    """

    ceiling_mw: int | None
    rollover_mj: int | None
    anchor: RegisterReading | None = None
    refused: int = 0
    replaced: int = 0
    slack_mj: int = 0
    _step_mj: int | None = None
    _first: RegisterReading | None = None
    _suspect: RegisterReading | None = None
    _suspects: int = 0

    def most_mj(self, elapsed_ns: int) -> int | None:
        """The most energy that fits into a stretch of time; None when not known."""
        if self.ceiling_mw is None:
            return None
        return self.ceiling_mw * (max(elapsed_ns, 0) + _SLACK_NS) // SECOND_NS

    def judge(self, reading: RegisterReading) -> Judgement:
        """Judge a reading, later than those before."""
        rollover = self.rollover_mj
        if reading.millijoules < 0 or (rollover is not None and reading.millijoules > rollover):
            self.refused += 1
            return Judgement(Verdict.SUSPECT)
        if self.anchor is None:
            self._believe(reading)
            return Judgement(Verdict.FIRST)
        added_mj = self._added(self.anchor, reading)
        if added_mj == 0:
            self._drop()
            return Judgement(Verdict.STILL)
        if added_mj is not None:
            self._drop()
            if added_mj > 0 and (self._step_mj is None or added_mj < self._step_mj):
                self._step_mj = added_mj
            self._believe(reading)
            return Judgement(Verdict.ADVANCE, added_mj)
        return self._doubt(reading, fell=reading.millijoules < self.anchor.millijoules)

    def shift(self, by_ns: int) -> None:
        """The meter's clock was set: move everything."""
        if self.anchor is not None:
            self.anchor = RegisterReading(self.anchor.at_ns + by_ns, self.anchor.millijoules)
        self._drop()

    def _added(self, before: RegisterReading, after: RegisterReading) -> int | None:
        """What was added between two readings; None when the one cannot follow the other."""
        added_mj = after.millijoules - before.millijoules
        if -self.slack_mj <= added_mj < 0 and before is self.anchor:
            return added_mj
        rolled = added_mj < 0 and self.rollover_mj is not None
        if rolled:
            added_mj += self.rollover_mj or 0
        most_mj = self.most_mj(after.at_ns - before.at_ns)
        if most_mj is None and rolled:
            most_mj = (self.rollover_mj or 0) // 2  # else a reset would pass for a rollover
        if most_mj is not None:
            most_mj += self._step_mj or 0  # one of its steps may be due at any moment
        return added_mj if added_mj >= 0 and (most_mj is None or added_mj <= most_mj) else None

    def _doubt(self, reading: RegisterReading, *, fell: bool) -> Judgement:
        added_mj = None if self._suspect is None else self._added(self._suspect, reading)
        if added_mj is None:
            self._drop()
            self._first, self._suspects = reading, 1
            self._suspect = reading
        elif added_mj:
            self._suspects += 1
            self._suspect = reading
        first = self._first
        if first is None or self._suspects < (_REPLACED_AFTER if fell else _JUMPED_AFTER):
            return Judgement(Verdict.SUSPECT)
        self.replaced += 1
        self._believe(reading)
        total_mj = reading.millijoules - first.millijoules
        if total_mj < 0:
            total_mj += self.rollover_mj or 0
        return Judgement(Verdict.REPLACED, total_mj, first)

    def _drop(self) -> None:
        """What was doubted is refused for good."""
        self.refused += self._suspects
        self._first, self._suspect, self._suspects = None, None, 0

    def _believe(self, reading: RegisterReading) -> None:
        self.anchor, self.slack_mj = reading, 0
        self._first, self._suspect, self._suspects = None, None, 0
