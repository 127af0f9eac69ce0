"""What a GPU truly used, and what its counter truly counted."""

from itertools import pairwise
from typing import Final

from tests.fake_nvml import FakeGpu

_PICOJOULES: Final = 1_000_000_000
"""In a millijoule."""


class Truth:
    """The truth of one GPU, through resets of its counter.

    Args:
        gpu: the fake.
    """

    def __init__(self, gpu: FakeGpu) -> None:
        self.gpu = gpu
        self._resets_ns: list[int] = []

    @property
    def resets(self) -> int:
        """How often its counter was reset."""
        return len(self._resets_ns)

    def reset_counter(self) -> None:
        """Let the counter begin again at zero."""
        self._resets_ns.append(self.gpu.reset_counter())

    def used_mj(self, start_ns: int, end_ns: int) -> int:
        """The integral of true power over a stretch of CLOCK_MONOTONIC, in millijoules."""
        energy = self.gpu.true_energy_picojoules
        return (energy(end_ns) - energy(start_ns)) // _PICOJOULES

    def counted_mj(self, start_ns: int, end_ns: int) -> int:
        """The sum of the steps that the counter made, in millijoules.

        A reset forgets what was not yet a step.
        """
        inside = [at_ns for at_ns in self._resets_ns if start_ns < at_ns < end_ns]
        return sum(
            self._steps_mj(left_ns, right_ns)
            for left_ns, right_ns in pairwise([start_ns, *inside, end_ns])
        )

    def counted_exactly(self, found_mj: int, start_ns: int, end_ns: int) -> bool:
        """Whether a difference of two readings is that of the counter, to the millijoule.

        A reading's time is known to within the call that took it: the counter may have made one
        step more or less by then.
        """
        step_ns = self.gpu.counter_refresh_nanoseconds
        near = (-step_ns, 0, step_ns)
        return any(
            found_mj == self.counted_mj(start_ns + early_ns, end_ns + late_ns)
            for early_ns in near
            for late_ns in near
        )

    def _steps_mj(self, start_ns: int, end_ns: int) -> int:
        zero_ns = max(
            (at_ns for at_ns in self._resets_ns if at_ns <= start_ns),
            default=self.gpu.epoch_nanoseconds,
        )
        return self._value_mj(end_ns, zero_ns) - self._value_mj(start_ns, zero_ns)

    def _value_mj(self, at_ns: int, zero_ns: int) -> int:
        """What a counter reads that was zero at an instant: it moves at its refreshes only."""
        epoch_ns, refresh_ns = self.gpu.epoch_nanoseconds, self.gpu.counter_refresh_nanoseconds
        seen_ns = max(at_ns - (at_ns - epoch_ns) % refresh_ns, zero_ns)
        energy = self.gpu.true_energy_picojoules
        return (energy(seen_ns) - energy(zero_ns)) // _PICOJOULES
