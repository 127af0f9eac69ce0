r"""Line protocol: one point as one line.

The grammar is that of the InfluxDB documentation, "Line protocol". A backslash escapes a comma, an
equals sign or a space, yet cannot be escaped itself there, a quote is read differently by different
servers, and a line cannot hold a line break; so names and tag values have `_` where those stood.
"""

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from exporters.fields import FieldValue

_FORBIDDEN = re.compile(r'[\\"\x00-\x1f\x7f]')
_SPECIAL = re.compile(r"([,= ])")
_IN_MEASUREMENT = re.compile(r"([, ])")
_IN_STRING = re.compile(r'(["\\])')
_BREAKS = re.compile(r"[\x00-\x1f\x7f]")


def head(measurement: str, tags: Mapping[str, str]) -> str:
    """Measurement and tags, sorted as servers like them. An empty tag is absent.

    Args:
        measurement: its name, not empty.
        tags: by name.
    """
    parts = [_IN_MEASUREMENT.sub(r"\\\1", _FORBIDDEN.sub("_", measurement))]
    parts += [f"{_name(key)}={_name(tags[key])}" for key in sorted(tags) if key and tags[key]]
    return ",".join(parts)


def line(head_: str, fields: Iterable[tuple[str, FieldValue]], wall_ns: int) -> bytes:
    """A point as bytes, without the line's end. A number that is none has no field.

    Args:
        head_: what `head` made.
        fields: by name; at least one of them finite or text.
        wall_ns: the time of the point, UTC.
    """
    written = [
        f"{_field_name(name)}={_value(value)}"
        for name, value in fields
        if not isinstance(value, float) or math.isfinite(value)
    ]
    text = f"{head_} {','.join(written)} {wall_ns}"
    return text.encode("utf-8", "replace")


def _name(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", _FORBIDDEN.sub("_", text))


@lru_cache(maxsize=4096)  # the names of fields are few and come again with every point
def _field_name(name: str) -> str:
    return _name(name)


def _value(value: FieldValue) -> str:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int):
        return f"{value}i"
    escaped = _IN_STRING.sub(r"\\\1", _BREAKS.sub(" ", value))
    return f'"{escaped}"'
