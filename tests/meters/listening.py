"""A listener that runs, and what it handed over."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import aiomqtt

from collector.sources.meters.decoder import Decoder
from collector.sources.meters.dsx import DsxDecoder
from collector.sources.meters.inbox import MeterInbox
from collector.sources.meters.listener import MeterListener
from collector.sources.meters.reading import MeterReading
from collector.sources.meters.values import SourceClock
from exporters.delivery import Backoff
from exporters.mqtt.options import MqttOptions
from tests.meters.publisher import meter_id
from tests.meters.rig import specs
from tests.mqtt.broker import HOST

REPOSITORY = Path(__file__).parents[2]


class Heard:
    """What a listener handed over and reported.

    Args:
        safe: whether readings are safe as soon as they are handed over.
    """

    def __init__(self, *, safe: bool = True) -> None:
        self.safe = safe
        self.readings: list[MeterReading] = []
        self.batches: list[Callable[[], None]] = []
        self.reports: list[tuple[str | None, str]] = []

    def sink(self, readings: Sequence[MeterReading], done: Callable[[], None]) -> None:
        """Take readings."""
        assert readings
        self.readings += readings
        self.batches.append(done)
        if self.safe:
            done()

    def report(self, problem: str | None, action: str) -> None:
        """Take a report."""
        self.reports.append((problem, action))

    @property
    def watts(self) -> list[int]:
        """The values, in order."""
        return [round(one.value) for one in self.readings if one.value is not None]


def options(port: int, **more: Any) -> MqttOptions:
    """Options with short times."""
    return MqttOptions(host=HOST, port=port, timeout_seconds=2.0, keepalive_seconds=5, **more)


def dsx(meters: int = 50) -> MeterInbox:
    """An inbox for the publisher's meters."""
    return MeterInbox([DsxDecoder(specs(*map(meter_id, range(meters))), SourceClock())])


@contextlib.asynccontextmanager
async def listening(
    port: int, heard: Heard, *decoders: Decoder, inbox: MeterInbox | None = None, **more: Any
) -> AsyncIterator[MeterListener]:
    """A listener that is stopped at the end."""
    listener = MeterListener(
        options(port, **more),
        "site-1",
        inbox or (MeterInbox(decoders) if decoders else dsx()),
        heard.sink,
        heard.report,
        backoff=Backoff(first_seconds=0.1, most_seconds=0.2),
    )
    stopping = asyncio.Event()
    running = asyncio.create_task(listener.run(stopping))
    try:
        yield listener
    finally:
        stopping.set()
        await asyncio.wait_for(running, 5)


async def until(true: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it is not.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 - what it waits for rings no bell
                await asyncio.sleep(0.01)
    assert true(), f"not within {seconds} s: {what}"


async def publish(port: int, *messages: tuple[str, object, int, bool]) -> None:
    """Publish topic, payload (JSON unless bytes), QoS and whether it is retained, in order."""
    async with aiomqtt.Client(HOST, port) as client:
        for topic, said, qos, retain in messages:
            raw = said if isinstance(said, bytes) else json.dumps(said)
            await client.publish(topic, raw, qos, retain)


async def publisher(port: int, *arguments: str) -> dict[str, int]:
    """Run the publisher to its end; returns what it says it sent."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.meters.publisher"),
        *("--port", str(port), *arguments),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    said: dict[str, int] = json.loads(out)
    return said
