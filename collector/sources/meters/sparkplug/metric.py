"""What a metric of a payload says."""

from typing import Any

from collector.shown import shown
from collector.sources.meters.rejection import Reason, Rejected
from collector.sources.meters.values import number

_INT8, _INT16, _INT32, _INT64 = 1, 2, 3, 4
_SIGN_BITS = {_INT8: 32, _INT16: 32, _INT32: 32, _INT64: 64}
"""Signed values travel as two's complement in a field of so many bits."""
_GOOD = 192
"""The property `Quality`: 192 is good, 0 bad, 500 stale."""


def value_of(metric: Any, datatype: int) -> float | None:
    """The number that a metric says, None when it says that there is none.

    Raises:
        Rejected: it is no number.
    """
    if metric.is_null:
        return None
    field = metric.WhichOneof("value")
    if field is None or field == "string_value":
        raise Rejected(Reason.WRONG_TYPE, "the metric's value is no number")
    value = getattr(metric, field)
    if field in {"int_value", "long_value"}:
        bits = _SIGN_BITS.get(datatype, 0)
        if bits and value >= 1 << (bits - 1) and value < 1 << bits:
            value -= 1 << bits
    elif field == "boolean_value":
        value = int(value)
    return number(value)


def problem_of(metric: Any) -> str:
    """Why its value may not be used, as its property `Quality` has it; empty when it may."""
    quality = property_of(metric, "Quality")
    if quality in {None, _GOOD}:
        return ""
    return f"the source gives it quality {shown(str(quality))}, not {_GOOD}"


def property_of(metric: Any, name: str) -> object:
    """A property's value; None when there is none."""
    wanted = name.encode()
    for key, value in zip(metric.properties.keys, metric.properties.values, strict=False):
        if key == wanted:
            field = value.WhichOneof("value")
            if field is None or value.is_null:
                return None
            said = getattr(value, field)
            return said.decode(errors="replace") if isinstance(said, bytes) else said
    return None
