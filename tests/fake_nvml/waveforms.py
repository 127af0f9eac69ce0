"""Power waveforms with exact integrals.

Times are nanoseconds from the waveform's own zero, power is milliwatts and
energy picojoules (1 mW * 1 ns = 1 pJ), all integers.  Written from the formulas,
not from the C code, so that the two can be checked against each other.
"""

from __future__ import annotations

import bisect
import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def _require(condition: object, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True)
class Constant:
    """The same power all the time."""

    milliwatts: int
    phase_nanoseconds: int = 0

    def __post_init__(self) -> None:
        _require(0 <= self.milliwatts < 2**32, "power out of range")

    def power_milliwatts(self, nanoseconds: int) -> int:  # noqa: ARG002 - as its siblings
        """Power at an instant."""
        return self.milliwatts

    def energy_picojoules(self, nanoseconds: int) -> int:
        """Energy from the waveform's zero to an instant."""
        return self.milliwatts * nanoseconds


@dataclass(frozen=True)
class Square:
    """High for the first high_nanoseconds of each period, then low."""

    period_nanoseconds: int
    low_milliwatts: int
    high_milliwatts: int
    high_nanoseconds: int
    phase_nanoseconds: int = 0

    def __post_init__(self) -> None:
        _require(0 <= self.low_milliwatts < 2**32, "low power out of range")
        _require(0 <= self.high_milliwatts < 2**32, "high power out of range")
        _require(0 < self.period_nanoseconds < 2**48, "period out of range")
        _require(0 <= self.high_nanoseconds <= self.period_nanoseconds, "duty out of range")
        _require(self.phase_nanoseconds >= 0, "phase out of range")

    def power_milliwatts(self, nanoseconds: int) -> int:
        """Power at an instant."""
        is_high = nanoseconds % self.period_nanoseconds < self.high_nanoseconds
        return self.high_milliwatts if is_high else self.low_milliwatts

    def energy_picojoules(self, nanoseconds: int) -> int:
        """Energy from the waveform's zero to an instant."""
        periods, rest = divmod(nanoseconds, self.period_nanoseconds)
        high_time = periods * self.high_nanoseconds + min(rest, self.high_nanoseconds)
        return (
            self.low_milliwatts * nanoseconds
            + (self.high_milliwatts - self.low_milliwatts) * high_time
        )


@dataclass(frozen=True)
class Sine:
    """A sine between low and high; rises from the middle at its zero."""

    period_nanoseconds: int
    low_milliwatts: int
    high_milliwatts: int
    phase_nanoseconds: int = 0

    def __post_init__(self) -> None:
        _require(0 <= self.low_milliwatts <= self.high_milliwatts < 2**32, "power out of range")
        _require(0 < self.period_nanoseconds < 2**48, "period out of range")
        _require(self.phase_nanoseconds >= 0, "phase out of range")

    def _angle(self, nanoseconds: int) -> float:
        rest = nanoseconds % self.period_nanoseconds
        return 2.0 * math.pi * float(rest) / float(self.period_nanoseconds)

    def power_milliwatts(self, nanoseconds: int) -> int:
        """Power at an instant, rounded."""
        middle = (float(self.low_milliwatts) + float(self.high_milliwatts)) / 2.0
        swing = (float(self.high_milliwatts) - float(self.low_milliwatts)) / 2.0
        return math.floor(middle + swing * math.sin(self._angle(nanoseconds)) + 0.5)

    def energy_picojoules(self, nanoseconds: int) -> int:
        """Energy from the waveform's zero to an instant, rounded."""
        swing = (float(self.high_milliwatts) - float(self.low_milliwatts)) / 2.0
        scale = swing * float(self.period_nanoseconds) / (2.0 * math.pi)
        part = scale * (1.0 - math.cos(self._angle(nanoseconds)))
        steady = (self.low_milliwatts + self.high_milliwatts) * nanoseconds // 2
        return steady + math.floor(part + 0.5)


@dataclass(frozen=True)
class Table:
    """Steps of (duration in ns, power in mW), held, then from the start again."""

    steps: Sequence[tuple[int, int]]
    phase_nanoseconds: int = 0
    offsets_nanoseconds: tuple[int, ...] = field(init=False, repr=False, compare=False)
    energies_picojoules: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _require(len(self.steps) > 0, "a table needs a step")
        _require(all(duration > 0 for duration, _ in self.steps), "durations must be positive")
        _require(all(0 <= power < 2**32 for _, power in self.steps), "power out of range")
        _require(self.phase_nanoseconds >= 0, "phase out of range")
        offsets = itertools.accumulate((duration for duration, _ in self.steps), initial=0)
        energies = itertools.accumulate(
            (duration * power for duration, power in self.steps), initial=0
        )
        object.__setattr__(self, "offsets_nanoseconds", tuple(offsets))
        object.__setattr__(self, "energies_picojoules", tuple(energies))
        _require(self.energies_picojoules[-1] < 2**63, "more than 9 MJ in one loop")

    @property
    def period_nanoseconds(self) -> int:
        """Length of one loop."""
        return self.offsets_nanoseconds[-1]

    def _step(self, rest: int) -> int:
        return bisect.bisect_right(self.offsets_nanoseconds, rest) - 1

    def power_milliwatts(self, nanoseconds: int) -> int:
        """Power at an instant."""
        return self.steps[self._step(nanoseconds % self.period_nanoseconds)][1]

    def energy_picojoules(self, nanoseconds: int) -> int:
        """Energy from the waveform's zero to an instant."""
        loops, rest = divmod(nanoseconds, self.period_nanoseconds)
        step = self._step(rest)
        within = (rest - self.offsets_nanoseconds[step]) * self.steps[step][1]
        return loops * self.energies_picojoules[-1] + self.energies_picojoules[step] + within


AnyWaveform = Constant | Square | Sine | Table
