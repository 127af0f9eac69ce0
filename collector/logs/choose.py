"""Which way the log is written."""

import logging
import sys
from typing import Literal

from collector.logs.journal import JournalHandler, stream_is_journal
from collector.logs.lines import JsonFormatter, PlainFormatter

Format = Literal["auto", "text", "journal", "json"]


def handler(form: Format) -> logging.Handler:
    """What writes the log.

    Args:
        form: `auto` is `journal` where standard error ends in systemd's journal, else `text`.
    """
    if form == "journal" or (form == "auto" and stream_is_journal(sys.stderr)):
        return JournalHandler(sys.stderr)
    made = logging.StreamHandler(sys.stderr)
    made.setFormatter(JsonFormatter() if form == "json" else PlainFormatter())
    return made
