"""How the log is written: lines for people, fields for the journal, JSON for collectors of logs."""

from collector.logs.choose import Format, handler

__all__ = ["Format", "handler"]
