"""A server in this process, and clients that send it bytes."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as with_
from pathlib import Path

from collector.model import Tick
from exporters.http import HttpOptions, Limits, Server
from exporters.http.refusals import Reason
from tests.mqtt.certificates import Authority, Pair
from tests.page.made_up import eight

QUICK = Limits(look_seconds=0.05, head_seconds=0.4, idle_seconds=30, leave_seconds=0.4)
"""For tests: who takes too long is found out soon."""


class PlainView:
    """A page of one file; its data is as long as wanted."""

    def __init__(self, size: int = 100) -> None:
        self._payload = b'"' + bytes(size).replace(b"\0", b"x") + b'"'

    def update(self, tick: Tick) -> None:
        """Nothing of a tick is shown."""

    def payload(self, *, history: bool) -> bytes:
        """As long as wanted."""
        del history
        return self._payload

    def assets(self) -> Mapping[str, tuple[bytes, str]]:
        """The page."""
        return {"/": (b"<!doctype html>", "text/html; charset=utf-8")}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Served:
    """A running server."""

    server: Server
    port: int
    url: str

    def refused(self, reason: Reason) -> int:
        """How often it refused somebody for a reason."""
        return self.server.refusals[reason]

    @property
    def clients(self) -> int:
        """How many are connected."""
        assert self.server.guard is not None
        return len(self.server.guard)

    async def connect(
        self, source: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection that says nothing yet."""
        name = "127.0.0.1" if tls is not None else None
        return await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(source, 0), ssl=tls, server_hostname=name
        )

    async def send(
        self, data: bytes, source: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> bytes:
        """Send some bytes and read until the server closes."""
        reader, writer = await self.connect(source, tls)
        try:
            writer.write(data)
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.transport.abort()

    async def get(
        self,
        path: str = "/livez",
        source: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        **headers: str,
    ) -> Answer:
        """GET, as a client that means well does it."""
        lines = [f"GET {path} HTTP/1.1", "Host: node", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return parsed(await self.send("\r\n".join([*lines, "", ""]).encode(), source, tls))

    async def until(self, condition: object, what: str) -> None:
        """Wait for something to come true."""
        assert callable(condition)
        for _ in range(400):
            if condition():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"still not: {what}; {self.server.refusals.values()}")


def parsed(said: bytes) -> Answer:
    """The bytes of an answer, understood."""
    head, _, body = said.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Answer(int(status.split()[1]), headers, body)


@contextlib.asynccontextmanager
async def serving(
    limits: Limits = QUICK, payload_bytes: int = 100, **options: Path | str
) -> AsyncIterator[Served]:
    """A server on a free port, showing a node of eight GPUs."""
    chosen: dict[str, Path | str] = {"listen": "127.0.0.1:0", **options}
    server = Server(HttpOptions(**chosen), PlainView(payload_bytes), limits)  # type: ignore[arg-type]
    url = await server.start()
    server.update(Tick.of(with_(eight(0), daemon={})))
    try:
        yield Served(server, int(url.rstrip("/").rpartition(":")[2]), url)
    finally:
        await server.stop()


def client(authority: Authority, pair: Pair | None = None) -> ssl.SSLContext:
    """A client that trusts the authority, and shows a certificate if it has one."""
    context = ssl.create_default_context(cafile=authority.pair.cert)
    if pair is not None:
        context.load_cert_chain(pair.cert, pair.key)
    return context
