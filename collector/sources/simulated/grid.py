"""The grid of time on which simulated sensors live, and what a GPU's power is on it.

Time is cut into refreshes of 20 ms, counted from the instant the source was opened, and into whole
seconds of 50 refreshes. Power is constant within a refresh, as a sensor that holds its value shows
it, so the energy of a refresh in units of 20 microjoules is its power in milliwatts: sums stay
exact integers.
"""

from dataclasses import dataclass
from typing import Protocol

REFRESH_NS = 20_000_000
"""Refresh period of the simulated power sensor, in nanoseconds."""
REFRESHES = 50
"""Refreshes in a second; also the units of 20 microjoules in a millijoule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a GPU does in one refresh, besides drawing power. Ratios are 0 to 1."""

    busy_ratio: float
    """Share of time in which a kernel runs."""
    clock_ratio: float
    """SM clock between its idle and its highest value."""
    memory_ratio: float
    """Share of the memory that is in use."""
    idle: bool = False
    power_cap: bool = False
    software_thermal: bool = False


class PowerSignal(Protocol):
    """One GPU's true power over all time: pure functions, so any thread may ask at any time."""

    @property
    def limit_mw(self) -> int:
        """Power that is never exceeded, in milliwatts."""

    def second(self, second: int) -> tuple[int, ...]:
        """Power in each refresh of a second since the start, in milliwatts."""

    def has_reading(self, refresh: int) -> bool:
        """Whether the sensor reports in this refresh."""

    def condition(self, refresh: int, power_mw: int) -> Condition:
        """What the GPU does in this refresh, at the power that it draws in it."""

    def resistance(self, second: int) -> float:
        """Thermal resistance to the inlet in this second, relative to the model's own."""
