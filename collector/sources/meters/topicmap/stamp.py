"""When a value was taken, in the forms that publishers write it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from collector.sources.meters.rejection import Reason, Rejected
from collector.sources.meters.values import kind, number

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TimeFormat(StrEnum):
    """How a time is written."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    NANOSECONDS = "ns"
    ISO = "iso"
    """ISO 8601, such as 2026-11-20T09:00:00+09:00."""


_NS = {
    TimeFormat.SECONDS: 1_000_000_000,
    TimeFormat.MILLISECONDS: 1_000_000,
    TimeFormat.MICROSECONDS: 1_000,
    TimeFormat.NANOSECONDS: 1,
}


def stamp_reader(form: TimeFormat, zone: ZoneInfo | None) -> Callable[[object], int]:
    """What reads a time of this form to nanoseconds since 1970; it raises `Rejected`.

    Args:
        form: how it is written.
        zone: of ISO times that name none.
    """
    if form is TimeFormat.ISO:
        return lambda value: _iso(value, zone)
    return lambda value: _count(value, _NS[form])


def _count(value: object, ns: int) -> int:
    if type(value) is int:
        return value * ns
    try:
        return round(number(value) * ns)
    except Rejected as why:
        raise Rejected(Reason.BAD_TIMESTAMP, f"the time: {why.detail}") from None


def _iso(value: object, zone: ZoneInfo | None) -> int:
    if type(value) is not str:
        raise Rejected(Reason.BAD_TIMESTAMP, f"the time is a text, not {kind(value)}")
    try:
        when = datetime.fromisoformat(value)
        if when.tzinfo is None:
            if zone is None:
                raise Rejected(
                    Reason.BAD_TIMESTAMP, "the time names no zone: set time_zone in the map"
                )
            when = when.replace(tzinfo=zone)
        return (when - _EPOCH) // timedelta(microseconds=1) * 1000
    except (ValueError, OverflowError):
        raise Rejected(Reason.BAD_TIMESTAMP, "the time is not ISO 8601") from None
