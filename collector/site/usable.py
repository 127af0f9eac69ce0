"""What of a reading may be used."""

from collections.abc import Iterable

from collector.site.track import Point
from collector.sources.meters.reading import MeterReading, Quality, Quantity, Shape

_NOISE_MW = 50_000
_NOISE_PARTS = 1000


def order(reading: MeterReading) -> tuple[int, str]:
    """Readings are taken by their source's time; those of one instant together."""
    return reading.source_ns, reading.quantity.value


def milli(reading: MeterReading) -> int | None:
    """A good reading's value in thousandths of its unit; None when it may not be used."""
    if reading.quality is not Quality.GOOD or reading.value is None:
        return None
    return round(reading.value * 1000)


def power_mw(reading: MeterReading, ceiling_mw: int | None) -> int | None:
    """A good power that is possible; None for any other reading.

    What an idle meter shows below zero, up to 50 W or a thousandth of the ceiling, is zero.

    Args:
        reading: the reading.
        ceiling_mw: the most that the branch can carry; None when not known.
    """
    if reading.quantity is not Quantity.POWER:
        return None
    found_mw = milli(reading)
    if found_mw is None or (ceiling_mw is not None and found_mw > ceiling_mw):
        return None
    noise_mw = max((ceiling_mw or 0) // _NOISE_PARTS, _NOISE_MW)
    return max(found_mw, 0) if found_mw >= -noise_mw else None


def points(readings: Iterable[MeterReading], ceiling_mw: int | None) -> list[Point]:
    """The powers among readings, in their order."""
    return [
        Point(one.source_ns, found_mw, one.shape is Shape.HELD)
        for one in readings
        if (found_mw := power_mw(one, ceiling_mw)) is not None
    ]
