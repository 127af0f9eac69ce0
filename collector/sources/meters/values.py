"""Numbers, times and JSON from outside, looked at before they are believed."""

import json
from dataclasses import dataclass
from typing import Any

from collector.sources.meters.rejection import Reason, Rejected

MOST_JSON_BYTES = 65_536
_LARGEST = 1e30
"""No meter counts so far, and whatever unit it is in, it stays finite."""
_SECOND_NS = 1_000_000_000
_LATEST_NS = 60 * _SECOND_NS
_LAST_NS = 1 << 63
_OLDEST_NS = 7 * 86_400 * _SECOND_NS


def json_of(payload: bytes) -> Any:
    """The JSON value of a payload.

    Raises:
        Rejected: it is too large or no JSON.
    """
    if len(payload) > MOST_JSON_BYTES:
        raise Rejected(
            Reason.TOO_LARGE, f"{len(payload)} bytes; up to {MOST_JSON_BYTES} are looked at"
        )
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        raise Rejected(Reason.NOT_JSON, "the payload is not JSON") from None


def number(value: object) -> float:
    """A finite number as a float.

    Raises:
        Rejected: it is none.
    """
    if type(value) is not float:
        if type(value) is not int:
            raise Rejected(Reason.WRONG_TYPE, f"a number is expected, not {kind(value)}")
        try:
            value = float(value)
        except OverflowError:
            raise Rejected(Reason.NOT_FINITE, "the number is too large") from None
    if not -_LARGEST < value < _LARGEST:  # nor is NaN
        raise Rejected(Reason.NOT_FINITE, "the value is no finite number, or is beyond all reason")
    return value


def kind(value: object) -> str:
    """What a JSON value is, in words."""
    names = {str: "text", bool: "true or false", list: "an array", dict: "an object"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


@dataclass(frozen=True, slots=True)
class SourceClock:
    """The meters' clock, as far as it is known.

    Attributes:
        ahead_ns: how far it is ahead of UTC; negative when it is behind.
    """

    ahead_ns: int = 0

    def corrected(self, stamped_ns: int, wall_ns: int) -> int:
        """A source's time as UTC, nanoseconds.

        Raises:
            Rejected: it is absurd, more than 7 days old or more than a minute in the future.
        """
        if not 0 <= stamped_ns < _LAST_NS:
            raise Rejected(Reason.BAD_TIMESTAMP, "its time is none that a clock shows")
        source_ns = stamped_ns - self.ahead_ns
        early_ns = source_ns - wall_ns
        if early_ns > _LATEST_NS:
            raise Rejected(
                Reason.FUTURE,
                f"its time is {early_ns // _SECOND_NS} s in the future; check the clocks, "
                "and meters.mqtt.clock_offset_seconds",
            )
        if early_ns < -_OLDEST_NS:
            raise Rejected(
                Reason.PAST, f"its time is {-early_ns // _SECOND_NS} s ago, which is over 7 days"
            )
        return source_ns
