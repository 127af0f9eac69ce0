"""Entries for systemd's journal, with fields, over its socket.

The protocol is systemd.io/JOURNAL_NATIVE_PROTOCOL: a datagram an entry, `NAME=value` a line, values
with line feeds preceded by their length. It is spoken here in few lines rather than by a library:
`systemd-python` is compiled against libsystemd, and `logging-journald` waits for a journal that
does not read, which would hold up the event loop, and sends every attribute of a record. Here
nothing waits.
"""

import errno
import logging
import os
import socket
import struct
from collections.abc import Iterator
from typing import TextIO

from collector.logs.fields import exception_of, fields_of
from collector.logs.lines import PriorityFormatter, priority

SOCKET = "/run/systemd/journal/socket"
IDENTIFIER = "wattkeeper"
_MOST_BYTES = 60_000
"""A value is cut here: the two long ones fit into a datagram (net.core.wmem_max is 212,992)."""


def stream_is_journal(stream: TextIO, variable: str | None = None) -> bool:
    """Whether a stream of this process ends in the journal, as `JOURNAL_STREAM` tells.

    Args:
        stream: standard error.
        variable: the variable's value; the environment's by default. See systemd.exec(5).
    """
    told = os.environ.get("JOURNAL_STREAM", "") if variable is None else variable
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return told == f"{status.st_dev}:{status.st_ino}"


class JournalHandler(logging.Handler):
    """Writes to the journal's socket; where that cannot be, to a stream that systemd reads.

    Args:
        stream: where lines with a priority go instead.
        path: the journal's socket.
    """

    def __init__(self, stream: TextIO, path: str = SOCKET) -> None:
        super().__init__()
        self._path = path
        self._lost = 0
        self._socket = socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        )
        self._instead = logging.StreamHandler(stream)
        self._instead.setFormatter(PriorityFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record. Never waits, never raises."""
        try:
            self._send(record)
        except OSError as error:
            if error.errno in {errno.EAGAIN, errno.ENOBUFS}:
                self._lost += 1  # standard error leads to the same journal, and would wait
            else:
                self._instead.handle(record)
        except Exception:  # noqa: BLE001 - as the library's handlers: a line must not end a daemon
            self.handleError(record)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        super().close()

    def _send(self, record: logging.LogRecord) -> None:
        if self._lost:
            words = f"{self._lost} lines of the log were lost: the journal did not take them"
            told = logging.LogRecord(__name__, logging.WARNING, __file__, 0, words, (), None)
            self._socket.sendto(entry(told), self._path)
            self._lost = 0
        self._socket.sendto(entry(record), self._path)


def entry(record: logging.LogRecord) -> bytes:
    """A record as the journal's socket takes it."""
    return b"".join(_field(name, value) for name, value in _pairs(record))


def _pairs(record: logging.LogRecord) -> Iterator[tuple[str, str]]:
    yield "PRIORITY", str(priority(record))
    yield "SYSLOG_IDENTIFIER", IDENTIFIER
    yield "LOGGER", record.name
    yield "CODE_FILE", record.pathname
    yield "CODE_LINE", str(record.lineno)
    yield "CODE_FUNC", record.funcName or ""
    for name, value in fields_of(record).items():
        yield name.upper(), str(value)
    message, told = record.getMessage(), exception_of(record)
    if told:
        yield "EXCEPTION", told
        message = f"{message}\n{told}"
    yield "MESSAGE", message


def _field(name: str, value: str) -> bytes:
    data = value.encode("utf-8", "backslashreplace")[:_MOST_BYTES]
    if b"\n" in data:
        return b"%s\n%s%s\n" % (name.encode(), struct.pack("<Q", len(data)), data)
    return b"%s=%s\n" % (name.encode(), data)
