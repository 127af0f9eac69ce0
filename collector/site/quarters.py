"""Quarter-hours of a zone: the utility's demand intervals."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
QUARTER_NS = 15 * MINUTE_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS


def local_time(at_ns: int, zone: ZoneInfo) -> datetime:
    """An instant as the zone's clocks show it, to the second; aware."""
    return datetime.fromtimestamp(at_ns // SECOND_NS, UTC).astimezone(zone)


def quarter_start(at_ns: int, zone: ZoneInfo) -> int:
    """When the quarter-hour of the zone's clock began that an instant is in, UTC.

    Every zone in use is a multiple of 15 minutes from UTC (IANA tz 2024a), so that this is a
    quarter-hour of UTC too; for times before a zone had such an offset it is not.
    """
    offset = local_time(at_ns, zone).utcoffset() or timedelta()
    offset_ns = round(offset.total_seconds()) * SECOND_NS
    return (at_ns + offset_ns) // QUARTER_NS * QUARTER_NS - offset_ns


def midnight(day: date, zone: ZoneInfo) -> int:
    """When a day begins in a zone, UTC; where clocks skip midnight, the first instant after."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    return round(start.timestamp()) * SECOND_NS


def quarters_of_day(day: date, zone: ZoneInfo) -> Iterator[int]:
    """When each quarter-hour of a local day begins, UTC: 96, or 92 or 100 when clocks change."""
    end_ns = midnight(day + timedelta(days=1), zone)
    yield from range(midnight(day, zone), end_ns, QUARTER_NS)


def month_of(at_ns: int, zone: ZoneInfo) -> tuple[int, int]:
    """Year and month of an instant in a zone."""
    local = local_time(at_ns, zone)
    return local.year, local.month
