"""Logging, set up by the command: once, and again when a daemon takes another configuration."""

import logging

from collector.config.settings import LogTable
from collector.logs import handler


def set_up(table: LogTable | None = None, *, debug: bool = False) -> None:
    """Log as the configuration says; to standard error where it says nothing.

    Args:
        table: the configuration's.
        debug: log everything, whatever the configuration says.
    """
    asked = LogTable() if table is None else table
    root = logging.getLogger()
    before, root.handlers = root.handlers, [handler(asked.format)]
    root.setLevel(logging.DEBUG if debug else asked.level.upper())
    for old in before:
        old.close()
