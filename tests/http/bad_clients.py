"""Clients that nobody wants: each holds on to the port in its own way, and comes again."""

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

_REQUEST = b"GET /metrics HTTP/1.1\r\nHost: node\r\nConnection: keep-alive\r\n\r\n"
_CHUNK = bytes(16_384)
_SMALL_BYTES = 4096


@dataclass(slots=True)
class Target:
    """Where they go.

    Attributes:
        port: of the server, on this machine.
        sources: addresses of this machine that they come from, in turn.
        pause_seconds: before one comes again that was sent away.
        counts: how often one was `connected`, and how often that `failed`.
    """

    port: int
    sources: Sequence[str] = ("127.0.0.1",)
    pause_seconds: float = 1.0
    counts: Counter[str] = field(default_factory=Counter)


BadClient = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def half_open(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Connects and says nothing."""
    await reader.read()


async def slow_header(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends a byte of a header now and then."""
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: node\r\nX-Slow: ")
    while not reader.at_eof():
        writer.write(b"a")
        await writer.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await reader.read(1)


async def huge_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends headers without an end."""
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: node\r\n")
    line = b"X-Padding: " + b"a" * 1000 + b"\r\n"
    while not reader.at_eof():
        writer.write(line * 16)
        await writer.drain()
        await asyncio.sleep(0)


async def endless_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends a body without an end."""
    writer.write(b"POST /metrics HTTP/1.1\r\nHost: node\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not reader.at_eof():
        writer.write(b"4000\r\n" + _CHUNK + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0)


async def slow_reader(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Asks again and again, and reads none of the answers."""
    writer.transport.pause_reading()  # type: ignore[attr-defined] # a transport of a stream reads
    while not writer.is_closing():
        writer.write(_REQUEST)
        await writer.drain()
        await asyncio.sleep(0.2)


async def storm(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Connects and closes at once."""


async def tls_half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Begins a TLS handshake and leaves it at that."""
    writer.write(_hello())
    while not reader.at_eof():
        await reader.read(65_536)


CLASSES: Mapping[str, BadClient] = {
    "half open": half_open,
    "slow headers": slow_header,
    "huge headers": huge_headers,
    "endless bodies": endless_body,
    "slow readers": slow_reader,
    "connect and close": storm,
    "TLS half": tls_half,
}


@cache
def _hello() -> bytes:
    """The first message of a handshake."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_side=False).do_handshake()
    return outgoing.read()


async def _again_and_again(number: int, kind: BadClient, target: Target) -> None:
    source = target.sources[number % len(target.sources)]
    while True:
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", target.port, local_addr=(source, 0), limit=_SMALL_BYTES
            )
        except OSError:
            target.counts["failed"] += 1
        else:
            target.counts["connected"] += 1
            try:
                with contextlib.suppress(OSError):
                    await kind(reader, writer)
            finally:
                writer.transport.abort()
        await asyncio.sleep(target.pause_seconds)


@contextlib.asynccontextmanager
async def attack(kind: BadClient, count: int, target: Target) -> AsyncIterator[Target]:
    """So many bad clients of a kind, until the end of the block."""
    tasks = [asyncio.create_task(_again_and_again(i, kind, target)) for i in range(count)]
    try:
        yield target
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.05)  # until their sockets are closed
