"""Accepts clients, and sends those away who take more than their share."""

import asyncio
import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv6Address, IPv6Network

from exporters.http.access import Access
from exporters.http.buckets import Buckets
from exporters.http.connection import Connection
from exporters.http.crowd import Crowd, Place
from exporters.http.head import Head
from exporters.http.limits import Limits, Rate
from exporters.http.line import Line
from exporters.http.refusals import Reason, Refusals

_ACCEPTS_A_TURN = 128
_STARTS_A_TURN = 8
"""Of the loop. A TLS handshake is a third of a millisecond of a processor, or more."""
_REST_SECONDS = 0.5
"""After the system had no file left for a connection."""
_PREFIX_OF_SITE = 64
"""An IPv6 client owns as many addresses as it likes behind such a prefix."""


class Guard:
    """Lets clients in up to the HTTP library. Owned by the event loop.

    Args:
        handler: makes the HTTP library's end of a connection.
        access: what clients must show now; asked for every connection.
        kind: what a request is counted under besides its address: one kind cannot use up what
            another may.
        refusals: counts.
        limits: what clients may take.
    """

    def __init__(
        self,
        handler: Callable[[], asyncio.Protocol],
        access: Callable[[], Access],
        kind: Callable[[Head], str],
        refusals: Refusals,
        limits: Limits,
    ) -> None:
        self.limits = limits
        self.handler = handler
        self._access = access
        self._kind = kind
        self._refusals = refusals
        self._buckets = Buckets(limits.rate)
        self._crowd: Crowd[Connection] = Crowd(
            most=limits.connections,
            most_of_address=limits.connections_of_address,
            patience_seconds=limits.patience_seconds,
        )
        self._owing: set[Connection] = set()
        self._line: Line[Connection] = Line()
        self._waiting: dict[Connection, socket.socket] = {}
        self._starting = False
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    def __len__(self) -> int:
        """Clients that are connected."""
        return len(self._crowd)

    def serve(self, sockets: Iterable[socket.socket]) -> None:
        """Accept clients from now on."""
        for sock in sockets:
            self._sockets.append(sock)
            self._loop.add_reader(sock, self._accept, sock)

    async def watch(self) -> None:
        """Send those away whose time is over, until cancelled."""
        while True:
            await asyncio.sleep(self.limits.look_seconds)
            self._look(self._loop.time())

    def use_rate(self, rate: Rate | None) -> None:
        """Take another rate for the requests of one address; None is that of the limits."""
        self._buckets.use(rate or self.limits.rate)

    def close(self) -> None:
        """Accept nobody any more; who waits for no answer goes at once."""
        for sock in self._sockets:
            self._loop.remove_reader(sock)
            sock.close()
        self._sockets.clear()
        for connection in self._crowd:
            if self._crowd.place(connection) is not Place.ANSWERING:
                connection.abort()

    async def end(self) -> None:
        """Let go of everybody."""
        for connection in self._crowd:
            connection.abort()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self.limits.leave_seconds)

    def admits(self, connection: Connection) -> bool:
        """Whether the certificate that the client showed will do."""
        assert connection.transport is not None  # noqa: S101 - for the type checker
        if self._access().admits(connection.transport):
            return True
        self._refusals.count(Reason.CERTIFICATE)
        return False

    def may_ask(self, connection: Connection, head: Head) -> bool:
        """Whether the client may ask once more now."""
        return self._buckets.take((connection.address, self._kind(head)), self._loop.time())

    def count(self, reason: Reason) -> None:
        """Count a refusal."""
        self._refusals.count(reason)

    def moved(self, connection: Connection, place: Place) -> None:
        """The client does something else now."""
        self._crowd.move(connection, place, self._loop.time())

    def owes(self, connection: Connection) -> None:
        """The client has an answer to take."""
        if connection.owed_since is None:
            connection.owed_since = self._loop.time()
            self._owing.add(connection)

    def gone(self, connection: Connection) -> None:
        """The connection is closed."""
        self._crowd.leave(connection)
        self._owing.discard(connection)
        if self._line.remove(connection):
            self._waiting.pop(connection).close()

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_ACCEPTS_A_TURN):
            try:
                sock, peer = listening.accept()
            except BlockingIOError:
                return
            except ConnectionError:  # gone while it waited
                continue
            except OSError:  # no file or memory left; the client waits in line
                self._loop.remove_reader(listening)
                self._loop.call_later(_REST_SECONDS, self._again, listening)
                return
            self._take(sock, address_of(peer[0]))

    def _again(self, listening: socket.socket) -> None:
        if listening in self._sockets:
            self._loop.add_reader(listening, self._accept, listening)

    def _take(self, sock: socket.socket, address: str) -> None:
        sock.settimeout(0)
        if _closed_already(sock):
            sock.close()
            return
        connection = Connection(self, sock, address)
        entered, victim = self._crowd.enter(connection, address, self._loop.time())
        if victim is not None:
            if not victim.leaving:
                self._refusals.count(Reason.CROWDED)
            victim.abort()
        if not entered:
            self._refusals.count(Reason.CROWDED)
            sock.close()
            return
        self._line.add(connection, address)
        self._waiting[connection] = sock
        self._start_soon()

    def _start_soon(self) -> None:
        if self._line and not self._starting:
            self._starting = True
            self._loop.call_soon(self._start_some)

    def _start_some(self) -> None:
        """Speak with some of those who wait; between two turns the loop does everything else."""
        self._starting = False
        for _ in range(_STARTS_A_TURN):
            connection = self._line.next(self._crowd.count_of)
            if connection is None:
                return
            sock = self._waiting.pop(connection)
            task = self._loop.create_task(self._connect(connection, sock))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._start_soon()

    async def _connect(self, connection: Connection, sock: socket.socket) -> None:
        tls = self._access().tls
        try:
            await self._loop.connect_accepted_socket(
                lambda: connection,
                sock,
                ssl=tls,
                ssl_handshake_timeout=None if tls is None else self.limits.head_seconds,
            )
        except OSError:
            if tls is not None and connection in self._crowd:
                self._refusals.count(Reason.HANDSHAKE)
            self.gone(connection)

    def _look(self, now: float) -> None:
        limits, crowd = self.limits, self._crowd
        for connection in crowd.longer_than(Place.ASKING, limits.head_seconds, now):
            self._refusals.count(Reason.SLOW)
            connection.abort()
        for connection in crowd.longer_than(Place.IDLE, limits.idle_seconds, now):
            connection.close()
        for connection in crowd.longer_than(Place.LEAVING, limits.leave_seconds, now):
            connection.abort()
        for connection in tuple(self._owing):
            self._look_at_answer(connection, now)
        self._buckets.forget(now)

    def _look_at_answer(self, connection: Connection, now: float) -> None:
        connection.settle()
        since = connection.owed_since
        if connection.taken or since is None:
            connection.owed_since = None
            self._owing.discard(connection)
        elif now - since >= self.limits.answer_seconds:
            self._refusals.count(Reason.STALLED)
            connection.abort()


def _closed_already(sock: socket.socket) -> bool:
    """Whether a client went while it waited in line; a look that spares making a transport."""
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True


def address_of(host: str) -> str:
    """What a client is counted under: its address, or the prefix that an IPv6 site has.

    Args:
        host: the address as the kernel tells it.
    """
    if ":" not in host:
        return host
    address = IPv6Address(host)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, _PREFIX_OF_SITE), strict=False))
