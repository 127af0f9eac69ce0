"""Whether a reading of a hardware energy counter can be believed."""

from dataclasses import dataclass, field
from enum import StrEnum

from collector.model import CounterReading

SENTINEL = 1 << 63
"""A counter in mJ cannot get here: at 3 kW that is 97 million years. Drivers use it for 'none'."""
SLACK_NS = 250_000_000
"""Counters advance in steps of up to 100 ms (pynvml#18), seen from two ends, and some margin."""
_REANCHOR_AFTER = 3
_RESET_AFTER = 2
"""A counter that fell must be seen to go on from there: a single zero is a failed read."""


class Verdict(StrEnum):
    """What a reading is."""

    FIRST = "first"
    ADVANCE = "advance"
    STILL = "still"
    """The counter did not move: no news. It may be frozen, or between two of its steps."""
    SUSPECT = "suspect"
    """It fell as far as after a reset; the next reading tells."""
    RESET = "reset"
    MOVED = "moved"
    """It jumped impossibly far, then went on from there: a new base, but no energy."""
    REFUSED = "refused"


@dataclass(slots=True)
class CounterJudge:
    """Follows one counter and judges each reading against the last one believed.

    Args:
        limit_mw: the most power that is physically possible, milliwatts.
    """

    limit_mw: int
    anchor: CounterReading | None = None
    resets: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    _suspect: CounterReading | None = None
    _suspects: int = 0
    _fell: bool = False

    def most_mj(self, elapsed_ns: int) -> int:
        """The most energy that fits into a stretch of time, in millijoules."""
        return self.limit_mw * (elapsed_ns + SLACK_NS) // 1_000_000_000

    def judge(self, reading: CounterReading) -> Verdict:
        """Judge a reading. The anchor moves to it unless it is STILL, SUSPECT or REFUSED."""
        if not 0 <= reading.millijoules < SENTINEL:
            return self._refuse("sentinel")
        anchor = self.anchor
        if anchor is None:
            self._believe(reading)
            return Verdict.FIRST
        delta_mj = reading.millijoules - anchor.millijoules
        elapsed_ns = reading.monotonic_ns - anchor.monotonic_ns
        if elapsed_ns <= 0:
            return self._refuse("time")
        if delta_mj == 0:
            return Verdict.STILL
        most_mj = self.most_mj(elapsed_ns)
        agreeing = self._agreeing(reading)
        # Time alone makes a jump look possible: after one, half of what is possible must do.
        if 0 < delta_mj <= (most_mj if agreeing == 1 else most_mj // 2):
            self._believe(reading)
            return Verdict.ADVANCE
        if delta_mj < 0 and reading.millijoules <= most_mj:
            return self._fall(reading, agreeing)
        if agreeing >= _REANCHOR_AFTER:
            self._believe(reading)
            return Verdict.MOVED
        return self._refuse("jump" if delta_mj > 0 else "backwards")

    def _fall(self, reading: CounterReading, agreeing: int) -> Verdict:
        """A reading that may come after a reset: it must be seen to go on."""
        if agreeing < _RESET_AFTER:
            self._drop_fallen()
            self._fell = True
            return Verdict.SUSPECT
        self.resets += 1
        self._fell = False
        self._believe(reading)
        return Verdict.RESET

    def _agreeing(self, reading: CounterReading) -> int:
        """How many readings in a row, up to this one, go on from each other but not from us."""
        last, self._suspect = self._suspect, reading
        agrees = (
            last is not None
            and last.monotonic_ns < reading.monotonic_ns
            and 0
            < reading.millijoules - last.millijoules
            <= self.most_mj(reading.monotonic_ns - last.monotonic_ns)
        )
        self._suspects = self._suspects + 1 if agrees else 1
        return self._suspects

    def _drop_fallen(self) -> None:
        if self._fell:  # it was no reset after all
            self._fell = False
            self._refuse("backwards")

    def _believe(self, reading: CounterReading) -> None:
        self._drop_fallen()
        self.anchor, self._suspect, self._suspects = reading, None, 0

    def _refuse(self, reason: str) -> Verdict:
        self.refusals[reason] = self.refusals.get(reason, 0) + 1
        return Verdict.REFUSED
