"""How often a node's GPUs are read, and from when on silence is sickness."""

from dataclasses import dataclass

from collector.energy.edges import SECOND_NS

STALE_NS = 3 * SECOND_NS
"""Without a reading for this long a GPU is sick, if its period is not longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """The periods of a node's sampling and showing."""

    power_ns: int
    telemetry_ns: int
    slow_ns: int
    trailing_ns: int

    @property
    def power_stale_ns(self) -> int:
        """Without a power sample for this long a GPU is sick."""
        return max(STALE_NS, 3 * self.power_ns)

    @property
    def telemetry_stale_ns(self) -> int:
        """Without telemetry for this long a GPU is sick."""
        return max(STALE_NS, 3 * self.telemetry_ns)
