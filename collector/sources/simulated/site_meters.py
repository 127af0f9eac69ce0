"""The meters of the simulated site: what they say, one reading each second."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from collector.sources.meters.listener import Sink
from collector.sources.meters.reading import MeterReading, Quantity, Shape
from collector.sources.simulated.site import UTILITY_METER, SimulatedSite

SECOND_NS: Final = 1_000_000_000
HISTORY_SECONDS: Final = 26 * 3600
"""So much of its past a site tells at its start: a day's figures are there at once."""
_HISTORY_STEP_SECONDS: Final = 45
_FINE_SECONDS: Final = 900
_BATCH_STEPS: Final = 60
_REGISTER_START_MJ: Final = 4_321_098 * 3_600_000_000
"""What the utility's register shows at the first reading: it was there before."""
_SILENT_METER: Final = "rack-3-power"
_SILENT_SECONDS: Final = range(40 * 60, 44 * 60)
"""Of each hour, when one meter says nothing: missing is to be seen as missing."""


class SiteMeters:
    """What the meters say, in the order of time.

    Each power holds until the next reading, and the utility's register is its exact integral.

    Args:
        site: whose power it is.
    """

    def __init__(self, site: SimulatedSite) -> None:
        self._site = site
        self._register_mj = _REGISTER_START_MJ
        self._last: tuple[int, int] | None = None

    def readings(self, second: int, received_ns: int) -> list[MeterReading]:
        """What all meters say at the begin of a second; nothing if it is not later than the last.

        Args:
            second: counted from 1970 in UTC.
            received_ns: when they arrive, CLOCK_MONOTONIC.
        """
        power = self._site.power(second)
        if self._last is not None:
            before, milliwatts = self._last
            if second <= before:  # the clock was set back
                return []
            self._register_mj += milliwatts * (second - before)
        self._last = (second, power.grid_mw)

        def reading(
            meter: str, quantity: Quantity, value: float, shape: Shape = Shape.SAMPLED
        ) -> MeterReading:
            return MeterReading(
                meter=meter,
                quantity=quantity,
                value=value,
                source_ns=second * SECOND_NS,
                received_ns=received_ns,
                shape=shape,
            )

        silent = _SILENT_METER if second % 3600 in _SILENT_SECONDS else ""
        found = [
            reading(meter, Quantity.POWER, milliwatts / 1000, Shape.HELD)
            for meter, milliwatts in power.by_meter().items()
            if meter != silent
        ]
        found.append(reading(UTILITY_METER, Quantity.ENERGY, self._register_mj / 1000))
        for meter, (supply, back) in self._site.coolant(second).items():
            if meter != silent:
                found.append(reading(meter, Quantity.SUPPLY_TEMPERATURE, supply))
                found.append(reading(meter, Quantity.RETURN_TEMPERATURE, back))
        return found


class SimulatedMeters:
    """The meters of a simulated site, in the daemon's own process.

    Args:
        site: whose power it is.
        wall_ns: now, UTC.
        monotonic_ns: now, CLOCK_MONOTONIC.
    """

    def __init__(
        self,
        site: SimulatedSite,
        *,
        history_seconds: int = HISTORY_SECONDS,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._meters = SiteMeters(site)
        self._history_seconds = history_seconds
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns

    async def run(self, sink: Sink) -> None:
        """Hand the past to the sink, then a reading of each meter every second."""
        batch: list[MeterReading] = []
        past = history(self._wall_ns() // SECOND_NS, self._history_seconds)
        for step, second in enumerate(past, 1):
            batch += self._meters.readings(second, self._monotonic_ns())
            if step % _BATCH_STEPS == 0:
                _hand_over(sink, batch)
                batch = []
                await asyncio.sleep(0)  # the page is served meanwhile
        _hand_over(sink, batch)
        while True:
            wall_ns = self._wall_ns()
            _hand_over(sink, self._meters.readings(wall_ns // SECOND_NS, self._monotonic_ns()))
            await asyncio.sleep((SECOND_NS - wall_ns % SECOND_NS) / SECOND_NS)


def history(now_second: int, seconds: int) -> Iterator[int]:
    """The seconds of the past that are told: few of what is long ago, each of the latest."""
    fine = now_second - min(_FINE_SECONDS, seconds)
    yield from range(now_second - seconds, fine, _HISTORY_STEP_SECONDS)
    yield from range(fine, now_second)


def _hand_over(sink: Sink, readings: Sequence[MeterReading]) -> None:
    if readings:
        sink(readings, _kept)


def _kept() -> None:
    """Nobody waits to hear that made-up readings are safe."""
