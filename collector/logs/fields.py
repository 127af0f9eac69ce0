"""What a line of the log carries besides its words: `extra=` at the place that logs.

Only these names are handed on: what other libraries put into a record stays there.
"""

import logging
import traceback
from types import TracebackType

FIELDS = (
    "fault",  # `begin` or `end`
    "part",  # what is not well, as on /healthz
    "problem",
    "action",
    "seconds",  # how long a fault stood
    "gpu",  # its index
    "uuid",
    "xid",
    "meter",
    "source",  # of host power
    "exporter",
    "reason",
)
"""In this order."""

_Exception = tuple[type[BaseException], BaseException, TracebackType | None]


def fields_of(record: logging.LogRecord) -> dict[str, str | int | float]:
    """The fields that a record was given; what is empty or not known is absent."""
    found = {}
    for name in FIELDS:
        value = getattr(record, name, None)
        if value is None or value == "":
            continue
        found[name] = value if isinstance(value, int | float) else str(value)
    return found


def exception_of(record: logging.LogRecord) -> str:
    """The traceback that belongs to a record; empty without one."""
    given = record.exc_info
    if isinstance(given, tuple) and given[0] is not None:
        return "".join(traceback.format_exception(*given)).rstrip("\n")
    return ""
