"""One client's connection: nothing of it reaches the HTTP library before a whole head is there.

The library gets one request at a time, and the next is not looked at before the answer was handed
to the kernel: a client pins one head and one answer, and no task before it asked properly.
"""

import asyncio
import contextlib
import fcntl
import socket
import struct
import termios
from enum import Enum, auto
from typing import Protocol, cast

from exporters.http.crowd import Place
from exporters.http.head import END, Head, read_head, refused_early
from exporters.http.limits import Limits
from exporters.http.refusals import ANSWERS, Reason

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER, on, 0 s: a close frees what the kernel holds for the client at once."""

_MOST_DROPPED_BYTES = 65_536
"""From a client that was refused; one that sends more of it does not listen."""


class Door(Protocol):
    """What a connection asks of the guard that let it in."""

    @property
    def limits(self) -> Limits:
        """What it may take."""

    def handler(self) -> asyncio.Protocol:
        """The HTTP library's end of one connection."""

    def admits(self, connection: "Connection") -> bool:
        """Whether the certificate that the client showed will do."""

    def may_ask(self, connection: "Connection", head: Head) -> bool:
        """Whether the client may ask once more now."""

    def count(self, reason: Reason) -> None:
        """Count a refusal."""

    def moved(self, connection: "Connection", place: Place) -> None:
        """The client does something else now."""

    def owes(self, connection: "Connection") -> None:
        """The client has an answer to take."""

    def gone(self, connection: "Connection") -> None:
        """The connection is closed."""


class _Phase(Enum):
    READING = auto()
    ASKED = auto()  # the library works on a request
    WRITTEN = auto()  # the library is done; not all of it went to the kernel
    LEAVING = auto()  # refused


class Connection(asyncio.Protocol):
    """Stands between the transport and the HTTP library.

    Args:
        door: who let it in.
        sock: the accepted socket. It belongs to the transport once there is one.
        address: what the client is counted under.
    """

    __slots__ = (
        "_buffer",
        "_door",
        "_handler",
        "_idle",
        "_looked_at",
        "_paused",
        "_phase",
        "_sock",
        "address",
        "owed_since",
        "transport",
    )

    def __init__(self, door: Door, sock: socket.socket, address: str) -> None:
        self.address = address
        self.transport: asyncio.Transport | None = None
        self.owed_since: float | None = None
        self._door = door
        self._sock = sock
        self._handler: asyncio.Protocol | None = None
        self._buffer = bytearray()
        self._looked_at = 0
        self._phase = _Phase.READING
        self._idle = False
        self._paused = False

    @property
    def leaving(self) -> bool:
        """Whether it was refused already."""
        return self._phase is _Phase.LEAVING

    @property
    def taken(self) -> bool:
        """Whether the client's machine has all that was written for it."""
        if self._phase is _Phase.ASKED or self.transport is None:
            return False
        return not self.transport.get_write_buffer_size() and not _unacknowledged(self._sock)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is up, after the TLS handshake if there is one."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are none by inheritance
        # It may have been sent away before it was up.
        if self._phase is _Phase.LEAVING or not self._door.admits(self):
            self.abort()

    def data_received(self, data: bytes) -> None:
        """Some bytes of a request."""
        if self._phase is _Phase.LEAVING:
            self._looked_at += len(data)
            if self._looked_at > _MOST_DROPPED_BYTES:
                self.abort()
            return
        self._buffer += data
        self.settle()
        if self._phase is _Phase.READING:
            self._next()
        elif len(self._buffer) > self._door.limits.head_bytes:
            self._pause()

    def eof_received(self) -> None:
        """The client says no more; the transport closes once it has written what it has."""
        if self._handler is not None:
            self._handler.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self._door.gone(self)
        handler, self._handler = self._handler, None
        if handler is not None:
            handler.connection_lost(exc)

    def pause_writing(self) -> None:
        """The client reads slower than the library writes."""
        if self._handler is not None:
            self._handler.pause_writing()

    def resume_writing(self) -> None:
        """It read."""
        if self._handler is not None:
            self._handler.resume_writing()

    def answered(self) -> None:
        """The library has written its whole answer."""
        if self._phase is _Phase.ASKED:
            self._phase = _Phase.WRITTEN

    def settle(self) -> None:
        """Go on reading, if the last answer was handed to the kernel."""
        if self._phase is _Phase.WRITTEN and not self._transport.get_write_buffer_size():
            self._phase, self._idle = _Phase.READING, True
            self._door.moved(self, Place.IDLE)
            self._next()

    def abort(self) -> None:
        """Close it now; what was written and not taken is thrown away."""
        self._phase = _Phase.LEAVING
        with contextlib.suppress(OSError):  # closed by the client in the meantime
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            if self.transport is None:  # the handshake that is under way finds out
                self._sock.shutdown(socket.SHUT_RDWR)
        self._door.gone(self)
        if self.transport is not None:
            self.transport.abort()

    def close(self) -> None:
        """Close it after what is being written."""
        if self.transport is None:
            self.abort()
        else:
            self.transport.close()

    @property
    def _transport(self) -> asyncio.Transport:
        assert self.transport is not None  # noqa: S101 - there is one before there is data
        return self.transport

    def _next(self) -> None:
        """Look at what came, as far as it belongs to one request."""
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):  # which some clients send after a request
            del buffer[:2]
        if not buffer or buffer == b"\r":
            return
        if self._idle:
            self._idle = False
            self._door.moved(self, Place.ASKING)
        end = buffer.find(END, max(self._looked_at - len(END), 0))
        self._looked_at = len(buffer)
        size = len(buffer) if end < 0 else end + len(END)
        if size > self._door.limits.head_bytes:
            self._refuse(refused_early(bytes(buffer[:8])) or Reason.SIZE)
        elif end >= 0:
            head = bytes(buffer[:size])
            del buffer[:size]
            self._looked_at = 0
            self._judge(head)
        elif reason := refused_early(bytes(buffer[:8])):
            self._refuse(reason)

    def _judge(self, head: bytes) -> None:
        found = read_head(head)
        if isinstance(found, Reason):
            self._refuse(found)
        elif not self._door.may_ask(self, found):
            self._refuse(Reason.RATE)
        else:
            self._hand_over(head)

    def _hand_over(self, head: bytes) -> None:
        if not _unacknowledged(self._sock):
            self.owed_since = None  # it has taken the answer before this one
        self._phase = _Phase.ASKED
        self._door.moved(self, Place.ANSWERING)
        self._door.owes(self)
        self._resume()
        if self._handler is None:
            self._handler = self._door.handler()
            self._handler.connection_made(self._transport)
        self._handler.data_received(head)

    def _refuse(self, reason: Reason) -> None:
        """Say why; the client may read it for a moment, and what else it sends is dropped."""
        self._door.count(reason)
        self._door.moved(self, Place.LEAVING)
        self._phase = _Phase.LEAVING
        self._buffer.clear()
        self._looked_at = 0
        self._resume()
        self._transport.write(ANSWERS[reason])
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _pause(self) -> None:
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()


def _unacknowledged(sock: socket.socket) -> int:
    """Bytes in the kernel that the other machine has not yet confirmed (tcp(7), SIOCOUTQ)."""
    if sock.fileno() < 0:
        return 0
    with contextlib.suppress(OSError):
        packed = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
        return int(struct.unpack("i", packed)[0])
    return 0
