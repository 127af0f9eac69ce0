"""In which unit a driver counts time, found out by the clock."""

from collections.abc import Container, Mapping

NANOSECONDS, MICROSECONDS = 1e-9, 1e-6
_NS_PER_US = 1000
_MOST_RATIO, _LEAST_RATIO = 2.0, 0.5
"""Of the time that passed: more than the one cannot be, less than the other is not 'throughout'."""
_SIGNS = 2


class CountUnit:
    """Nanoseconds, as nvml.h says, unless a count contradicts.

    No reason can hold for longer than time has passed: a count that grew by more than that many
    microseconds is in nanoseconds. One that holds throughout, and yet grew by no more than that,
    is in microseconds.

    Attributes:
        seconds: the unit.
        is_settled: whether it has been proven; nothing needs to be noted any more.
    """

    def __init__(self) -> None:
        self.seconds = NANOSECONDS
        self.is_settled = False
        self._last: dict[str, tuple[int, float]] = {}
        self._held: frozenset[str] = frozenset()
        self._signs = 0

    def note(self, now_ns: int, counts: Mapping[str, float], held: Container[str]) -> None:
        """Take a reading.

        Args:
            now_ns: when, on a clock that began no later than the counts.
            counts: by reason.
            held: the reasons that hold now.
        """
        for reason, count in counts.items():
            since_ns, before = self._last.get(reason, (0, 0.0))
            elapsed_us = (now_ns - since_ns) / _NS_PER_US
            grown = count - before
            if grown > _MOST_RATIO * elapsed_us:
                self._settle(NANOSECONDS)
                return
            throughout = since_ns > 0 and reason in held and reason in self._held
            if throughout and elapsed_us > 0 and grown >= _LEAST_RATIO * elapsed_us:
                self._signs += 1
            self._last[reason] = (now_ns, count)
        self._held = frozenset(reason for reason in counts if reason in held)
        if self._signs >= _SIGNS:
            self._settle(MICROSECONDS)

    def _settle(self, seconds: float) -> None:
        self.seconds, self.is_settled = seconds, True
