"""Logging to standard error, set up once, by the command."""

import logging
import os
import sys

_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}


class _JournalFormatter(logging.Formatter):
    """Lines for the journal, which adds the time and reads the priority from `<N>`."""

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        return f"<{_PRIORITY.get(record.levelno, 5)}>{super().format(record)}"


def set_up(*, debug: bool = False) -> None:
    """Log to standard error: for the journal under systemd, else with the time."""
    handler = logging.StreamHandler(sys.stderr)
    if os.environ.get("JOURNAL_STREAM"):
        handler.setFormatter(_JournalFormatter("%(message)s"))
    else:
        handler.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")
        )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.DEBUG if debug else logging.INFO)
