"""A value message: `{"value": 22.96, "timestamp": 1743620423000, "quality": 1}`."""

from typing import NamedTuple

from collector.sources.meters.rejection import Reason, Rejected
from collector.sources.meters.values import json_of, kind, number

_NO_VALUE = "the building management system gives no value"
_ODD_QUALITY = 1_000_000


class Value(NamedTuple):
    """A value message, read.

    Attributes:
        value: as the source wrote it.
        stamped_ns: its time by the source's clock.
        doubt: why it may not be used; empty when it may.
        received_ns: when it arrived, CLOCK_MONOTONIC.
    """

    value: float | None
    stamped_ns: int
    doubt: str
    received_ns: int


def value_of(payload: bytes, received_ns: int) -> Value:
    """Read a value message.

    Raises:
        Rejected: it is not what the contract says.
    """
    said = json_of(payload)
    if type(said) is not dict:
        raise Rejected(Reason.WRONG_TYPE, f"a value message is an object, not {kind(said)}")
    try:
        value, stamp = said["value"], said["timestamp"]
    except KeyError as error:
        raise Rejected(Reason.WRONG_TYPE, f"{error.args[0]} is missing") from None
    if type(stamp) is not int:
        raise Rejected(Reason.BAD_TIMESTAMP, f"timestamp is whole milliseconds, not {kind(stamp)}")
    quality = said.get("quality")
    doubt = "" if type(quality) is int and quality == 1 else _doubt(quality)
    if value is None:
        return Value(None, stamp * 1_000_000, doubt or _NO_VALUE, received_ns)
    return Value(number(value), stamp * 1_000_000, doubt, received_ns)


def _doubt(quality: object) -> str:
    known = type(quality) is int and abs(quality) < _ODD_QUALITY
    given = f"quality {quality}" if known else f"{kind(quality)} as its quality"
    return f"the building management system gives {given}, not 1"
