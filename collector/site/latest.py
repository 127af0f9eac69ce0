"""What a meter said last, and whether it may still be used."""

from collector.site.quarters import SECOND_NS
from collector.site.source_clock import TOLERANCE_NS
from collector.sources.meters.reading import MeterReading, Quality, Quantity

_ENERGY_FLOW = (Quantity.POWER, Quantity.ENERGY)


class Latest:
    """The newest reading of each quantity of one meter.

    Args:
        stale_ns: a reading older than this is not used.
    """

    __slots__ = ("_readings", "_stale_ns")

    def __init__(self, stale_ns: int) -> None:
        self._stale_ns = stale_ns
        self._readings: dict[tuple[Quantity, str], MeterReading] = {}

    def add(self, reading: MeterReading) -> None:
        """Take a reading; one that is much older than the newest is left out."""
        key = (reading.quantity, reading.point)
        before = self._readings.get(key)
        if before is not None and not before.notice and not reading.notice:
            since_ns = reading.received_ns - before.received_ns
            older = reading.source_ns < before.source_ns - TOLERANCE_NS
            if older and since_ns < self._stale_ns:
                return
        self._readings[key] = reading

    def value(
        self, quantity: Quantity, wall_ns: int, monotonic_ns: int, point: str | None = None
    ) -> float | None:
        """A value that is good and fresh; None when there is none.

        Args:
            quantity: which.
            wall_ns: now, UTC.
            monotonic_ns: now, by CLOCK_MONOTONIC.
            point: which of several of that quantity; None for any.
        """
        for (one, name), reading in self._readings.items():
            if (
                one is quantity
                and point in (None, name)
                and self._good(reading, wall_ns, monotonic_ns)
            ):
                return reading.value
        return None

    def main(self) -> MeterReading | None:
        """The newest reading of power or energy, or of anything where there is neither."""
        flow = [one for (what, _), one in self._readings.items() if what in _ENERGY_FLOW]
        chosen = flow or list(self._readings.values())
        return max(chosen, key=lambda one: one.received_ns) if chosen else None

    def age_seconds(self, wall_ns: int, monotonic_ns: int) -> float | None:
        """Age of the newest reading; None before the first."""
        main = self.main()
        return None if main is None else _age_ns(main, wall_ns, monotonic_ns) / SECOND_NS

    def good(self, wall_ns: int, monotonic_ns: int) -> bool:
        """Whether the newest reading is good and fresh."""
        main = self.main()
        return main is not None and self._good(main, wall_ns, monotonic_ns)

    def _good(self, reading: MeterReading, wall_ns: int, monotonic_ns: int) -> bool:
        if reading.quality is not Quality.GOOD or reading.value is None:
            return False
        return _age_ns(reading, wall_ns, monotonic_ns) <= self._stale_ns


def _age_ns(reading: MeterReading, wall_ns: int, monotonic_ns: int) -> int:
    """By both clocks, the older: a message may arrive late, and the meter's clock may be ahead."""
    return max(wall_ns - reading.source_ns, monotonic_ns - reading.received_ns, 0)
