"""A broker that speaks just enough MQTT 5 to answer as a test wants: what Mosquitto never says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tests.mqtt.broker import HOST

CONNECT, PUBLISH, DISCONNECT = 1, 3, 14


@dataclass(slots=True)
class Script:
    """What it answers.

    Attributes:
        connect_code: in its CONNACK.
        connect_properties: bytes of the CONNACK's properties.
        publish_codes: in its PUBACKs, one after the other, then 0.
        end_code: in a DISCONNECT after the first PUBACK of a row; None for none.
        slow_seconds: it acknowledges so much later.
        silent: takes connections and says nothing.
        packets: what came, by type.
        waiting: messages that it has not acknowledged now.
        most_waiting: the most there were.
    """

    connect_code: int = 0
    connect_properties: bytes = b""
    publish_codes: list[int] = field(default_factory=list)
    end_code: int | None = None
    slow_seconds: float = 0.0
    silent: bool = False
    packets: list[int] = field(default_factory=list)
    waiting: int = 0
    most_waiting: int = 0


@contextlib.asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[int]:
    """Runs it. Yields its port."""
    talks: list[asyncio.Event] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(over := asyncio.Event())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await _talk(script, reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        over.set()

    server = await asyncio.start_server(serve, HOST)
    async with server:
        yield server.sockets[0].getsockname()[1]
    for over in talks:
        await asyncio.wait_for(over.wait(), 5)


async def _talk(script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        kind, body = await _packet(reader)
        script.packets.append(kind)
        if script.silent:
            continue
        if kind == CONNECT:
            properties = bytes([len(script.connect_properties)]) + script.connect_properties
            rest = bytes([0, script.connect_code]) + properties
            writer.write(bytes([0x20, len(rest)]) + rest)
        elif kind == PUBLISH:
            topic_end = 2 + int.from_bytes(body[:2], "big")
            code = script.publish_codes.pop(0) if script.publish_codes else 0
            script.waiting += 1
            script.most_waiting = max(script.most_waiting, script.waiting)
            answer = bytes([0x40, 4]) + body[topic_end : topic_end + 2] + bytes([code, 0])
            if script.slow_seconds:
                loop = asyncio.get_running_loop()
                loop.call_later(script.slow_seconds, _acknowledge, script, writer, answer)
            else:
                _acknowledge(script, writer, answer)
            if script.end_code is not None and not body[2:topic_end].endswith(b"status"):
                writer.write(bytes([0xE0, 2, script.end_code, 0]))
                return
        elif kind == DISCONNECT:
            return


def _acknowledge(script: Script, writer: asyncio.StreamWriter, answer: bytes) -> None:
    script.waiting -= 1
    writer.write(answer)


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    kind = (await reader.readexactly(1))[0] >> 4
    length = shift = 0
    while True:
        (part,) = await reader.readexactly(1)
        length |= (part & 0x7F) << shift
        shift += 7
        if not part & 0x80:
            return kind, await reader.readexactly(length)
