"""Every window that was committed arrives: a real ledger, the loop, the sender, a real server."""

import asyncio
import gzip
import math
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from collector.ledger import Ledger
from collector.model import Energy, Window
from exporters.delivery import Backoff, Delivery, DeliveryOptions, loop
from exporters.influxdb import LANE, LineEncoder
from exporters.influxdb.sender import InfluxSender
from tests.delivery.memory import until
from tests.influxdb.values import PLACE, SECOND_NS, START_NS, options, window
from tests.ledger.values import Meter, open_ledger
from tests.servers.victoria import VictoriaMetrics
from tests.servers.web import serving

GPUS = 4
NAME = "gpu_window_energy_joules"


class Node:
    """Commits windows as the daemon does, as fast as the test wants."""

    def __init__(self, ledger: Ledger, delivery: Delivery) -> None:
        self.ledger = ledger
        self.delivery = delivery
        self.windows: list[Window] = []
        self._meter = Meter()
        self._encoder = LineEncoder(PLACE)
        self._number = 0

    def tick(self, count: int = 1) -> None:
        """Close a window of every GPU, so many times."""
        for _ in range(count):
            self._number += 1
            mj = 7_000_000 + self._number
            new = [
                replace(
                    window(self._number, uuid=f"GPU-{gpu}", index=gpu),
                    energy=Energy(counter_mj=mj + gpu),
                )
                for gpu in range(GPUS)
            ]
            self.windows += new
            commit = self._meter.commit(*new)
            self.ledger.submit(replace(commit, outbox=tuple(self._encoder.windows(new))))
            self.delivery.wake()

    async def delivered(self, seconds: float = 20) -> None:
        """Wait until nothing waits.

        Raises:
            AssertionError: something does.
        """
        deadline = time.monotonic() + seconds
        status = self.ledger.outbox.status
        while status(LANE).waiting_rows or self.ledger.status.waiting_windows:
            assert time.monotonic() < deadline, status(LANE)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def delivering(
    url: str, folder: Path, *, rate: float = math.inf, batch_seconds: float = 0.0
) -> AsyncIterator[Node]:
    """A ledger in a folder, whose outbox is delivered to a URL."""
    ledger = open_ledger(folder / "ledger.sqlite3")
    ledger.outbox.configure(LANE, most_bytes=1_000_000_000, most_age_seconds=1e9)
    delivery = Delivery(
        ledger.outbox,
        InfluxSender(options(url, folder, timeout_seconds=5.0)),
        DeliveryOptions(lane=LANE, batch_seconds=batch_seconds, backfill_rows_per_second=rate),
        lambda *_: None,
        backoff=Backoff(first_seconds=0.05, most_seconds=0.2),
    )
    stopping = asyncio.Event()
    task = asyncio.create_task(delivery.run(stopping))
    try:
        yield Node(ledger, delivery)
    finally:
        stopping.set()
        await task
        await asyncio.to_thread(ledger.close, timeout_seconds=10)


@pytest.fixture
def victoria(tmp_path: Path) -> Iterator[VictoriaMetrics]:
    with VictoriaMetrics(tmp_path / "vm") as server:
        yield server


def assert_all_arrived(victoria: VictoriaMetrics, windows: list[Window]) -> None:
    """All of them, each once, and their energies to the millijoule."""
    keys = {(one.device.key, one.scope, one.end_ns // 1_000_000) for one in windows}
    found = victoria.wait_for(NAME, len(keys))
    assert found == keys
    mj = sum(round(v * 1000) for _, values in victoria.exported(NAME) for v in values.values())
    assert mj == sum(one.energy.total_mj for one in windows)


async def test_every_window_arrives(victoria: VictoriaMetrics, tmp_path: Path) -> None:
    async with delivering(victoria.url, tmp_path) as node:
        for _ in range(50):
            node.tick()
            await asyncio.sleep(0.01)
        await node.delivered()
        assert node.delivery.status.retried_total == 0
    assert_all_arrived(victoria, node.windows)


async def test_the_server_is_down_for_a_while(victoria: VictoriaMetrics, tmp_path: Path) -> None:
    async with delivering(victoria.url, tmp_path) as node:
        node.tick(20)
        await node.delivered()
        await asyncio.to_thread(victoria.terminate)
        for _ in range(60):
            node.tick(10)
            await asyncio.sleep(0.02)
        assert node.ledger.outbox.status(LANE).waiting_rows >= 600 * GPUS
        await asyncio.to_thread(victoria.start)
        node.tick()
        await node.delivered()
    assert_all_arrived(victoria, node.windows)


async def test_the_server_is_killed_again_and_again(
    victoria: VictoriaMetrics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It loses what it acknowledged last; that is sent again, also when no request failed."""
    monkeypatch.setattr(loop, "_RESENDS_APART_SECONDS", 0.5)
    async with delivering(victoria.url, tmp_path) as node:
        for _ in range(3):
            for _ in range(20):
                node.tick()
                await asyncio.sleep(0.02)
            await node.delivered()
            await asyncio.to_thread(victoria.kill)
            await asyncio.to_thread(victoria.start)
        node.tick()
        await node.delivered()
        await until(lambda: not node.delivery._resend_due)
        await node.delivered()
    assert_all_arrived(victoria, node.windows)


async def test_requests_that_fail_at_random(victoria: VictoriaMetrics, tmp_path: Path) -> None:
    chance = random.Random(4)  # noqa: S311 - a test
    failed = 0

    async def write(request: web.Request) -> web.StreamResponse:
        nonlocal failed
        body = await request.read()
        fate = chance.choices(["pass", "before", "after", "503", "cut"], [70, 5, 10, 10, 5])[0]
        if fate in {"pass", "after", "cut"}:
            kept = {"Content-Encoding": request.headers["Content-Encoding"]}
            url = f"{victoria.url}/api/v2/write"
            async with session.post(url, data=body, headers=kept) as answer:
                assert answer.status == 204
        failed += fate != "pass"
        if fate in {"before", "after"}:
            return web.Response(status=500)
        if fate == "cut":
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=503 if fate == "503" else 204)

    async with (
        aiohttp.ClientSession() as session,
        serving(write) as url,
        delivering(url, tmp_path) as node,
    ):
        for _ in range(150):
            node.tick()
            await asyncio.sleep(0.02)
        await node.delivered()
        assert failed >= 5
        assert node.delivery.status.retried_total > 0
    assert_all_arrived(victoria, node.windows)


async def test_a_restart_continues_where_it_was(victoria: VictoriaMetrics, tmp_path: Path) -> None:
    windows: list[Window] = []
    victoria.terminate()
    async with delivering(victoria.url, tmp_path) as node:
        node.tick(100)
        windows += node.windows
    await asyncio.to_thread(victoria.start)
    async with delivering(victoria.url, tmp_path) as node:
        await node.delivered()
    assert_all_arrived(victoria, windows)


async def test_the_backlog_keeps_its_rate_and_new_windows_do_not_wait(tmp_path: Path) -> None:
    arrived: dict[int, float] = {}

    async def write(request: web.Request) -> web.Response:
        for line in gzip.decompress(await request.read()).splitlines():
            arrived.setdefault(int(line.rpartition(b" ")[2]), time.monotonic())
        return web.Response(status=204)

    async with serving(write) as url:
        async with delivering("http://127.0.0.1:1", tmp_path) as node:
            node.tick(500)
        started = time.monotonic()
        async with delivering(url, tmp_path, rate=400.0) as node:
            await until(lambda: arrived)
            node._number = 1000
            for _ in range(10):
                committed = time.monotonic()
                node.tick()
                end_ns = node.windows[-1].end_ns
                while end_ns not in arrived:
                    assert time.monotonic() < committed + 0.5
                    await asyncio.sleep(0.005)
                await asyncio.sleep(0.1)
            old = [end for end in arrived if end <= START_NS + 501 * 10 * SECOND_NS]
            seconds = time.monotonic() - started
            # The first batch is a second's worth; each following one waits for the one before.
            assert 400 <= len(old) * GPUS <= 400 * (seconds + 1)
            assert old == sorted(old)


async def test_a_backlog_drains_fast_and_the_loop_turns_meanwhile(
    victoria: VictoriaMetrics, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A day of 8 GPUs, 69,120 windows, has 60 s."""
    async with delivering("http://127.0.0.1:1", tmp_path) as node:
        node.tick(2000)
        windows = node.windows
    lag = 0.0

    async def watch() -> None:
        nonlocal lag
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            lag = max(lag, time.monotonic() - before - 0.01)

    async with delivering(victoria.url, tmp_path) as node:
        watching = asyncio.create_task(watch())
        started = time.monotonic()
        await node.delivered()
        rate = 2000 * GPUS / (time.monotonic() - started)
        watching.cancel()
    assert_all_arrived(victoria, windows)
    with capsys.disabled():
        print(f" [{rate:,.0f} windows/s, the loop late by {lag * 1e3:.0f} ms at most] ", end="")  # noqa: T201 - the figure
    assert rate >= 69_120 / 60
    assert lag < 0.2
