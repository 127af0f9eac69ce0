"""A broker that speaks only MQTT 3.1.1, and refuses what it is told to: Mosquitto never does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tests.mqtt.broker import HOST

CONNECT, PUBACK, SUBSCRIBE = 1, 4, 8
REFUSED = 0x80


@dataclass(slots=True)
class OldBroker:
    """What it does, and what it saw.

    Attributes:
        refused: topic filters that it does not let anybody read.
        publish: topic and payload of what it sends after a subscription, QoS 1.
        levels: protocol levels that were asked for: 5, then 4 for 3.1.1.
        clean: whether the last client wanted no session.
        acknowledged: numbers of the messages that were.
        asked: topic filters, in order.
    """

    refused: set[str] = field(default_factory=set)
    publish: list[tuple[str, bytes]] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    clean: bool = True
    acknowledged: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator[int]:
        """Runs it. Yields its port."""
        talks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            talks.add(task)
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._talk(reader, writer)
            writer.close()

        server = await asyncio.start_server(serve, HOST)
        async with server:
            yield server.sockets[0].getsockname()[1]
        if talks:
            await asyncio.wait(talks, timeout=5)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            kind, body = await _packet(reader)
            if kind == CONNECT:
                level, self.clean = body[6], bool(body[7] & 2)
                self.levels.append(level)
                writer.write(bytes([0x20, 2, 0, 0 if level == 4 else 1]))
                if level != 4:
                    return
            elif kind == SUBSCRIBE:
                topics = _topics(body)
                self.asked += topics
                codes = bytes(REFUSED if one in self.refused else 1 for one in topics)
                writer.write(bytes([0x90, 2 + len(codes)]) + body[:2] + codes)
                for number, (topic, payload) in enumerate(self.publish, start=1):
                    writer.write(_publish(number, topic, payload))
            elif kind == PUBACK:
                self.acknowledged.append(int.from_bytes(body[:2], "big"))


def _topics(body: bytes) -> list[str]:
    found, at = [], 2
    while at < len(body):
        size = int.from_bytes(body[at : at + 2], "big")
        found.append(body[at + 2 : at + 2 + size].decode())
        at += size + 3
    return found


def _publish(number: int, topic: str, payload: bytes) -> bytes:
    name = topic.encode("utf-8", "surrogateescape")
    body = len(name).to_bytes(2, "big") + name + number.to_bytes(2, "big") + payload
    size = len(body)
    return bytes([0x32, size & 0x7F | 0x80, size >> 7]) + body


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    kind = (await reader.readexactly(1))[0] >> 4
    size = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return kind, await reader.readexactly(size)
