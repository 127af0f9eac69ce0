"""Counters that begin anew at a fixed value, as RAPL's do, made into ones that do not.

What is given out is always congruent to the counter itself, modulo its range. So a daemon that
starts anew finds the wraps it missed by what the ledger remembers, as long as there can have been
no more than one; otherwise nobody knows, and the stretch is estimated.
"""

from collector.energy.edges import SECOND_NS
from collector.model import CounterReading

_ABOVE_MJ = 1 << 56
"""Where a counter begins whose past is not known: more than any machine counts since it started,
so that it is not taken for the energy since then."""


class Unwrapper:
    """Follows one counter.

    Args:
        range_uj: the counter goes on from 0 after this many microjoules.
        ceiling_mw: the most power that is physically possible, milliwatts.
        last: the last reading of an earlier run in this boot; None where there is none.
    """

    def __init__(self, range_uj: int, ceiling_mw: int, last: CounterReading | None = None) -> None:
        self._range_uj = range_uj
        self._ceiling_mw = ceiling_mw
        self._at_ns = last.monotonic_ns if last is not None else None
        self._total_uj = 1000 * (last.millijoules if last is not None else _ABOVE_MJ)

    @property
    def total_uj(self) -> int:
        """The counter without wraps, microjoules."""
        return self._total_uj

    def knows(self, monotonic_ns: int) -> bool:
        """Whether at an instant the counter cannot have wrapped more than once since the last."""
        if self._at_ns is None:
            return True
        # mW x ns is 1e-12 J, a microjoule a million of them. Half the range is left as a margin, so
        # that a step backwards never looks like a wrap.
        return 2 * self._ceiling_mw * (monotonic_ns - self._at_ns) < self._range_uj * 1_000_000

    def add(self, monotonic_ns: int, counter_uj: int) -> CounterReading:
        """The counter without wraps, at an instant that it `knows`."""
        self._total_uj += (counter_uj - self._total_uj) % self._range_uj
        self._at_ns = monotonic_ns
        return CounterReading(monotonic_ns=monotonic_ns, millijoules=self._total_uj // 1000)


def mean_mw(energy_uj: int, elapsed_ns: int) -> int:
    """Mean power of a stretch in milliwatts, rounded."""
    return (energy_uj * (SECOND_NS // 1000) + elapsed_ns // 2) // elapsed_ns
