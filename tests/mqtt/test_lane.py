"""The whole lane: ledger, outbox, delivery loop, sender, a broker that dies, and a subscriber."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from pathlib import Path

import pytest
import uvloop

from collector.ledger import Ledger
from collector.ledger.model import Commit
from exporters.delivery import Backoff, Delivery, DeliveryOptions
from exporters.mqtt.encode import LANE, JsonEncoder
from exporters.mqtt.sender import MqttSender
from tests.ledger.values import open_ledger
from tests.mqtt.broker import Broker, Subscriber, needs_mosquitto, wait_until
from tests.mqtt.conftest import Subscribe
from tests.mqtt.senders import options
from tests.mqtt.values import BASE, NODE, PLACE, PREFIX, window

pytestmark = needs_mosquitto
GPUS = 4
SETTLED_SECONDS = 3.0


def run(main: Callable[[], Awaitable[None]]) -> None:
    """On the loop that the daemon runs on."""

    async def call() -> None:
        await main()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(call())


class Lane:
    """A node that closes a window of each GPU now and then, and delivers them."""

    def __init__(self, ledger: Ledger, broker: Broker) -> None:
        self._ledger = ledger
        self._encoder = JsonEncoder(BASE, PLACE)
        self._sender = MqttSender(
            NODE,
            BASE,
            options(broker.port, timeout_seconds=1.0),
            PLACE,
            "1.2.3",
            settled_seconds=SETTLED_SECONDS,
        )
        self.problems: list[str | None] = []
        self.delivery = Delivery(
            ledger.outbox,
            self._sender,
            DeliveryOptions(lane=LANE, batch_seconds=0.05, backfill_rows_per_second=1e6),
            lambda problem, _action: self.problems.append(problem),
            backoff=Backoff(first_seconds=0.1, most_seconds=0.2),
        )
        self._numbers = count()
        self.committed: set[tuple[int, str]] = set()

    def close_windows(self) -> None:
        """One window of every GPU."""
        number = next(self._numbers)
        windows = [window(number, gpu=gpu) for gpu in range(GPUS)]
        self.committed |= {
            (gpu, one.device.key + str(one.total_mj)) for gpu, one in enumerate(windows)
        }
        self._ledger.submit(
            Commit(
                windows=(),
                states={},
                wall_ns=windows[0].end_ns,
                outbox=tuple(self._encoder.windows(windows)),
            )
        )
        self.delivery.wake()

    def waiting(self) -> int:
        """Rows that the broker has not acknowledged."""
        return self._ledger.outbox.status(LANE).waiting_rows


def arrived(reader: Subscriber) -> set[tuple[int, str]]:
    """What a subscriber has, doubles dropped."""
    return {
        (said["gpu"], said["uuid"] + str(round(said["energy_joules_total"] * 1000)))
        for at, _, said in reader.messages()
        if "/gpu/" in at
    }


async def until(true: Callable[[], bool], what: str, seconds: float = 15.0) -> None:
    """Wait, with the loop running."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def running(lane: Lane) -> AsyncIterator[None]:
    """Delivers meanwhile, and stops in good order."""
    stopping = asyncio.Event()
    task = asyncio.create_task(lane.delivery.run(stopping))
    try:
        yield
    finally:
        stopping.set()
        await task


def test_a_broker_killed_again_and_again_loses_nothing(
    broker: Broker, subscribe: Subscribe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It forgets its sessions each time; the subscriber is back within the settling time."""
    reader = subscribe(broker, f"{PREFIX}/#")
    monkeypatch.setattr("exporters.delivery.loop._RESENDS_APART_SECONDS", 1.0)
    chance = random.Random(4)  # noqa: S311 - no secret
    ledger = open_ledger(tmp_path / "ledger")

    async def main() -> None:
        lane = Lane(ledger, broker)
        async with running(lane):
            for _ in range(4):
                for _ in range(20):
                    lane.close_windows()
                    await asyncio.sleep(chance.uniform(0.0, 0.05))
                broker.kill()
                lane.close_windows()
                await asyncio.sleep(chance.uniform(0.0, 0.5))
                broker.start()
            end = time.monotonic() + SETTLED_SECONDS + 2
            while time.monotonic() < end:
                lane.close_windows()
                await asyncio.sleep(0.1)
            await until(lambda: lane.waiting() == 0, "all is delivered")
        assert len(lane.committed) > 400
        wait_until(lambda: arrived(reader) >= lane.committed, "every window arrives")
        assert arrived(reader) == lane.committed
        assert lane.problems[-1] is None
        assert lane.delivery.status.delivered_total >= len(lane.committed)

    try:
        run(main)
    finally:
        ledger.close(timeout_seconds=5)


def test_each_topic_counts_without_a_hole(
    broker: Broker, subscribe: Subscribe, tmp_path: Path
) -> None:
    """Also over a restart of the daemon, with a broker that stopped answering meanwhile."""
    reader = subscribe(broker, f"{PREFIX}/#")

    async def main(ledger: Ledger) -> None:
        lane = Lane(ledger, broker)
        async with running(lane):
            for number in range(30):
                lane.close_windows()
                await asyncio.sleep(0.02)
                if number == 15:
                    broker.freeze()
            await asyncio.sleep(1.5)
            broker.thaw()
            await until(lambda: lane.waiting() == 0, "all is delivered")

    for _ in range(2):
        ledger = open_ledger(tmp_path / "ledger")
        try:
            run(lambda: main(ledger))  # noqa: B023 - called at once
        finally:
            ledger.close(timeout_seconds=5)

    def seqs(gpu: int) -> list[int]:
        return sorted(
            {
                said["seq"]
                for at, _, said in reader.messages()
                if "/gpu/" in at and said["gpu"] == gpu
            }
        )

    for gpu in range(GPUS):
        wait_until(lambda: len(seqs(gpu)) == 60, "all arrive")  # noqa: B023 - called at once
        assert seqs(gpu) == list(range(seqs(gpu)[0], seqs(gpu)[0] + 60))
