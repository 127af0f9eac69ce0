"""The log as lines of text: for people, for the journal by way of standard error, as JSON."""

import json
import logging
from datetime import UTC, datetime

from collector.logs.fields import exception_of, fields_of

_DEBUG, _INFORMATIONAL, _WARNING, _ERROR, _CRITICAL = 7, 6, 4, 3, 2


def priority(record: logging.LogRecord) -> int:
    """The record's level as syslog numbers it, 7 for debug to 2 for critical (RFC 5424, 6.2.1)."""
    for level, number in (
        (logging.CRITICAL, _CRITICAL),
        (logging.ERROR, _ERROR),
        (logging.WARNING, _WARNING),
        (logging.INFO, _INFORMATIONAL),
    ):
        if record.levelno >= level:
            return number
    return _DEBUG


class PlainFormatter(logging.Formatter):
    """Lines for people, with the local time."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")


class PriorityFormatter(logging.Formatter):
    """Lines for what reads `<N>` at their begin: systemd, of a service's standard error.

    See sd-daemon(3). It takes each line for one entry, so each gets its number.
    """

    def __init__(self) -> None:
        super().__init__("%(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """One record, which may have several lines."""
        mark = f"<{priority(record)}>"
        return "\n".join(mark + line for line in super().format(record).splitlines() or [""])


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time`, `level`, `message`, `logger`, the fields, `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        made = datetime.fromtimestamp(record.created, UTC)
        said: dict[str, str | int | float] = {
            # RFC 3339, UTC
            "time": f"{made:%Y-%m-%dT%H:%M:%S}.{made.microsecond // 1000:03d}Z",
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "logger": record.name,
            **fields_of(record),
        }
        if told := exception_of(record):
            said["exception"] = told
        return json.dumps(said, ensure_ascii=False)
