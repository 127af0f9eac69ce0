"""Asks each source of the host's power once, as the daemon does, and takes the time."""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence

from collector.check.model import HostReport, HostSensor, HostSourceReport
from collector.energy.edges import SECOND_NS
from collector.sources.host.best import best_input
from collector.sources.host.protocol import (
    HostReading,
    HostSource,
    HostSourceError,
    NothingHereError,
)

MOST_SECONDS = 30.0
"""How long a source is waited for. The daemon waits longer: some controllers take minutes."""
_APART_SECONDS = 1.0
"""Between two reads of a counter of energy, whose difference is its power."""
_CLOSE_SECONDS = 2.0


def check_host(
    sources: Iterable[tuple[HostSource, bool]], *, most_seconds: float = MOST_SECONDS
) -> HostReport:
    """Read all sources at the same time.

    Args:
        sources: each with whether the configuration asks for it.
        most_seconds: how long one may take.
    """
    return asyncio.run(_check_all(list(sources), most_seconds))


async def _check_all(sources: Sequence[tuple[HostSource, bool]], most_seconds: float) -> HostReport:
    found = await asyncio.gather(
        *(_check(source, most_seconds, asked_for=asked_for) for source, asked_for in sources)
    )
    return HostReport(
        sources=tuple(report for report, _ in found),
        input=best_input(reading for _, readings in found for reading in readings),
    )


async def _check(
    source: HostSource, most_seconds: float, *, asked_for: bool
) -> tuple[HostSourceReport, Sequence[HostReading]]:
    took: dict[str, float] = {}
    readings: Sequence[HostReading] = ()
    sensors: tuple[HostSensor, ...] = ()
    nothing_here = False
    problem = action = ""
    try:
        async with asyncio.timeout(most_seconds):
            readings, sensors = await _read(source, took)
    except TimeoutError:
        problem = f"{source.name} did not answer within {most_seconds:g} s"
        action = "the daemon waits longer for it, and delays nothing else meanwhile"
    except HostSourceError as error:
        nothing_here = isinstance(error, NothingHereError) and not asked_for
        problem, action = str(error), error.action
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await source.close()
    report = HostSourceReport(
        name=source.name,
        asked_for=asked_for,
        every_seconds=source.seconds,
        sensors=sensors,
        find_seconds=took.get("find"),
        read_seconds=took.get("read"),
        nothing_here=nothing_here,
        problem=problem,
        action=action,
    )
    return report, readings


async def _read(
    source: HostSource, took: dict[str, float]
) -> tuple[Sequence[HostReading], tuple[HostSensor, ...]]:
    began = time.monotonic()
    try:
        await source.open()
    finally:
        took["find"] = time.monotonic() - began
    began = time.monotonic()
    before = readings = await source.read()
    took["read"] = time.monotonic() - began
    if any(reading.counter_uj is not None for reading in readings):
        await asyncio.sleep(_APART_SECONDS)
        readings = await source.read()
    earlier = {(reading.scope, reading.device): reading for reading in before}
    sensors = tuple(
        HostSensor(
            scope=str(reading.scope),
            device=reading.device,
            via=reading.via,
            watts=_watts(reading, earlier.get((reading.scope, reading.device))),
            error=reading.error,
        )
        for reading in readings
    )
    return readings, sensors


def _watts(reading: HostReading, earlier: HostReading | None) -> float | None:
    """Its power, or that between two readings of its counter."""
    if reading.milliwatts is not None:
        return reading.milliwatts / 1000
    if earlier is None or reading.counter_uj is None or earlier.counter_uj is None:
        return None
    grown_uj = reading.counter_uj - earlier.counter_uj
    if grown_uj < 0:  # it began anew
        grown_uj += reading.counter_range_uj or 0
    seconds = (reading.monotonic_ns - earlier.monotonic_ns) / SECOND_NS
    return grown_uj / 1e6 / seconds if grown_uj >= 0 and seconds > 0 else None
