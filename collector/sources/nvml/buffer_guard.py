"""Whether the driver's buffer of power samples holds what its power sensor says."""

from collections import deque
from collections.abc import Iterable

COMPARED = 50
MOST_APART = COMPARED // 5
_RATIO = 0.05
_LEAST_MW = 1_000
_BEFORE_NS = 150_000_000
"""A polled value may be as old: sensors are renewed every 100 ms and look back 25 ms and more."""


class BufferGuard:
    """Holds polled values against the samples of the same time.

    Power may change between two samples, so a polled value agrees when it lies between the least
    and the most of the samples around it, give or take 5 % or a watt. A buffer of averages over a
    second fails that whenever the load changes; one of another quantity fails it always.

    Args:
        period_ns: time between samples.
    """

    def __init__(self, period_ns: int) -> None:
        self._after_ns = 2 * period_ns
        self._samples: deque[tuple[int, int]] = deque()
        self._polls: deque[tuple[int, int]] = deque(maxlen=COMPARED)
        self._agreed: deque[bool] = deque(maxlen=COMPARED)

    @property
    def compared(self) -> int:
        """Comparisons that count, 50 at most."""
        return len(self._agreed)

    @property
    def apart(self) -> int:
        """How many of them failed."""
        return self._agreed.count(False)

    @property
    def disagrees(self) -> bool:
        """Whether more than a fifth of 50 failed; fewer comparisons are taken for part of 50."""
        return self.apart > MOST_APART

    def polled(self, monotonic_ns: int, milliwatts: int) -> None:
        """Note a value of the sensor itself."""
        self._polls.append((monotonic_ns, milliwatts))

    def add(self, samples: Iterable[tuple[int, int]]) -> None:
        """Add new samples, `(monotonic_ns, milliwatts)` in order, and compare what can be."""
        self._samples.extend(samples)
        if not self._samples:
            return
        known_ns = self._samples[-1][0]
        while self._polls and self._polls[0][0] + self._after_ns <= known_ns:
            self._compare(*self._polls.popleft())
        # The next poll to compare is at most a moment old; nothing before its neighbours is needed.
        needed_ns = (self._polls[0][0] if self._polls else known_ns) - _BEFORE_NS
        while self._samples[0][0] < needed_ns:
            self._samples.popleft()

    def _compare(self, at_ns: int, milliwatts: int) -> None:
        around = [
            power_mw
            for sample_ns, power_mw in self._samples
            if -_BEFORE_NS <= sample_ns - at_ns <= self._after_ns
        ]
        if not around:
            return
        slack_mw = max(_LEAST_MW, _RATIO * milliwatts)
        self._agreed.append(min(around) - slack_mw <= milliwatts <= max(around) + slack_mw)
