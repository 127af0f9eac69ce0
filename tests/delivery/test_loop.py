"""The loop itself: order, pace, faults and the end, with every part of it at hand."""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from collector.ledger.model import OutboxRow
from exporters.delivery import Backoff, Delivery, DeliveryError, DeliveryOptions, Sent, loop
from tests.delivery.memory import LANE, MemoryLane, ScriptedSender, down, until


@dataclass
class Rig:
    """A loop that runs, and what is around it."""

    lane: MemoryLane
    sender: ScriptedSender
    delivery: Delivery
    reports: list[tuple[str | None, str]]
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def commit(self, count: int) -> list[int]:
        """New rows, as a tick of the daemon makes them."""
        ids = self.lane.add(count)
        self.delivery.wake()
        return ids


@asynccontextmanager
async def running(
    lane: MemoryLane | None = None, sender: ScriptedSender | None = None, **options: float
) -> AsyncIterator[Rig]:
    lane, sender = lane or MemoryLane(), sender or ScriptedSender()
    reports: list[tuple[str | None, str]] = []
    chosen: dict[str, float] = {"batch_seconds": 0.0, "batch_rows": 5} | options
    delivery = Delivery(
        lane,
        sender,
        DeliveryOptions(lane=LANE, **chosen),  # type: ignore[arg-type]  # the test's own words
        lambda problem, action: reports.append((problem, action)),
        backoff=Backoff(first_seconds=0.02, most_seconds=0.04),
    )
    rig = Rig(lane, sender, delivery, reports)
    task = asyncio.create_task(delivery.run(rig.stopping))
    try:
        yield rig
    finally:
        rig.stopping.set()
        await task


async def test_what_is_committed_is_delivered_in_order_and_acknowledged() -> None:
    async with running() as rig:
        ids = rig.commit(3) + rig.commit(9)
        await until(lambda: not rig.lane.waiting)
        assert rig.sender.sent == ids
        assert max(len(batch) for _, batch in rig.sender.batches) == 5
        assert rig.delivery.status.delivered_total == 12
        assert rig.delivery.status.connected
        assert rig.delivery.status.last_success_wall_ns is not None
    assert rig.sender.closed == 1
    assert rig.reports == []


async def test_rows_nobody_announced_are_found() -> None:
    async with running() as rig:
        await asyncio.sleep(0.05)
        rig.lane.add(2)
        await until(lambda: not rig.lane.waiting)


async def test_new_windows_overtake_a_backlog_that_keeps_its_rate() -> None:
    lane = MemoryLane()
    old = lane.add(100)
    async with running(lane, backfill_rows_per_second=50.0, batch_rows=10) as rig:
        start = time.monotonic()
        await until(lambda: rig.sender.sent)
        new = rig.commit(4)
        await until(lambda: set(new) <= set(rig.sender.sent))
        assert time.monotonic() - start < 0.15
        await until(lambda: len(rig.sender.sent) >= 44)
        backlog = [id_ for id_ in rig.sender.sent if id_ in old]
        assert backlog == old[: len(backlog)]
        assert time.monotonic() - start >= (len(backlog) - 10) / 50


async def test_new_windows_are_collected_for_the_time_of_a_batch() -> None:
    async with running(batch_seconds=0.2) as rig:
        for _ in range(10):
            rig.commit(1)
            await asyncio.sleep(0.05)
        await until(lambda: not rig.lane.waiting)
    assert 2 <= len(rig.sender.batches) <= 5


async def test_an_unlimited_backlog_goes_out_at_once() -> None:
    lane = MemoryLane()
    lane.add(500)
    start = time.monotonic()
    async with running(lane, backfill_rows_per_second=math.inf, batch_rows=50) as rig:
        await until(lambda: not rig.lane.waiting)
    assert time.monotonic() - start < 1
    assert rig.sender.sent == list(range(1, 501))


async def test_an_outage_is_told_once_when_it_starts_and_once_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running() as rig:
        rig.sender.fault = down()
        ids = rig.commit(3)
        await until(lambda: len(rig.sender.batches) >= 4)
        rig.sender.fault = DeliveryError("server", "another trouble")
        tries = len(rig.sender.batches)
        await until(lambda: len(rig.sender.batches) >= tries + 2)
        assert not rig.delivery.status.connected
        assert rig.delivery.status.retried_total >= 12
        rig.sender.fault = None
        await until(lambda: not rig.lane.waiting)
        assert rig.reports[0] == ("no server", "start it")
        assert [problem for problem, _ in rig.reports] == ["no server", "another trouble", None]
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) == 2
    assert lines[0] == "test: no server; start it"
    assert lines[1].startswith("test: delivers again after 0 s; ")
    assert set(rig.lane.acknowledged) == set(ids)


async def test_after_an_outage_only_the_newest_go_at_once() -> None:
    async with running(backfill_rows_per_second=20.0) as rig:
        rig.sender.fault = down(lost_connection=False)
        first = rig.commit(1)
        for _ in range(10):
            rig.commit(4)
            tries = len(rig.sender.batches)
            await until(lambda tries=tries: len(rig.sender.batches) > tries)  # type: ignore[misc]
        rig.sender.fault = None
        new = rig.commit(4)
        await until(lambda: set(new) <= rig.lane.acknowledged.keys())
        assert len(rig.lane.acknowledged) < 20
        await asyncio.sleep(0.3)
        assert len(rig.lane.acknowledged) <= 4 + 5 + 0.5 * 20
        assert set(first) <= rig.lane.acknowledged.keys()


async def test_in_an_outage_new_windows_are_tried_without_waiting_for_their_batch() -> None:
    async with running(batch_seconds=2.0, phase_share=0.0, backfill_rows_per_second=0.1) as rig:
        rig.sender.fault = down(lost_connection=False)
        rig.commit(1)
        await until(lambda: len(rig.sender.batches) >= 2)
        rig.sender.fault = None
        recovered = time.monotonic()
        new = rig.commit(1)
        await until(lambda: set(new) <= rig.lane.acknowledged.keys())
        assert time.monotonic() - recovered < 1


async def test_waiting_is_not_cut_short_by_new_windows() -> None:
    async with running() as rig:
        rig.sender.fault = DeliveryError("throttled", "slowly", retry_after_seconds=0.4)
        rig.commit(1)
        await until(lambda: rig.sender.batches)
        rig.sender.fault = None
        for _ in range(20):
            rig.commit(1)
            await asyncio.sleep(0.01)
        assert len(rig.sender.batches) == 1
        await until(lambda: not rig.lane.waiting)
    assert rig.sender.batches[1][0] - rig.sender.batches[0][0] >= 0.4


async def test_a_lost_connection_sends_the_last_minute_again_and_only_once() -> None:
    async with running() as rig:
        ids = rig.commit(3)
        await until(lambda: len(rig.lane.acknowledged) == 3)
        rig.sender.fault = down()
        ids += rig.commit(1)
        await until(lambda: len(rig.sender.batches) >= 4)
        rig.sender.fault = None
        await until(lambda: not rig.lane.waiting)
        assert rig.lane.resends == 1
    assert [rig.sender.sent.count(id_) >= 2 for id_ in ids] == [True] * 4


async def test_a_fault_that_loses_nothing_sends_nothing_twice() -> None:
    async with running() as rig:
        rig.commit(3)
        await until(lambda: len(rig.lane.acknowledged) == 3)
        rig.sender.fault = down(lost_connection=False)
        rig.commit(1)
        await until(lambda: len(rig.sender.batches) >= 3)
        rig.sender.fault = None
        await until(lambda: not rig.lane.waiting)
        assert rig.lane.resends == 0


async def test_a_loss_noticed_later_in_an_outage_counts_too() -> None:
    async with running() as rig:
        rig.commit(3)
        await until(lambda: len(rig.lane.acknowledged) == 3)
        rig.sender.fault = down(lost_connection=False)
        rig.commit(1)
        await until(lambda: len(rig.sender.batches) >= 3)
        rig.sender.fault = down()
        await until(lambda: rig.lane.resends == 1)


async def test_a_quiet_reconnection_sends_the_last_minute_again_before_it_acknowledges() -> None:
    async with running() as rig:
        rig.commit(3)
        await until(lambda: len(rig.lane.acknowledged) == 3)
        rig.sender.answer = lambda rows: Sent([row.id for row in rows], reconnected=True)
        rig.commit(1)
        await until(lambda: rig.lane.resends == 1 and not rig.lane.waiting)
        assert rig.sender.sent == [1, 2, 3, 4, 1, 2, 3]


async def test_resends_keep_a_distance_but_none_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "_RESENDS_APART_SECONDS", 0.3)
    async with running() as rig:
        started = time.monotonic()
        rig.sender.answer = lambda rows: Sent([row.id for row in rows], reconnected=True)
        while time.monotonic() < started + 0.5:
            rig.commit(1)
            await asyncio.sleep(0.02)
        assert 1 <= rig.lane.resends <= 2
        rig.sender.answer = lambda rows: Sent([row.id for row in rows])
        resends = rig.lane.resends
        await until(lambda: rig.lane.resends == resends + 1)


async def test_refused_rows_are_set_aside_with_the_words(caplog: pytest.LogCaptureFixture) -> None:
    async with running() as rig:
        rig.sender.answer = lambda rows: Sent(
            [row.id for row in rows if row.id % 2],
            {row.id: "bad" for row in rows if not row.id % 2},
        )
        rig.commit(20)
        await until(lambda: not rig.lane.waiting)
        assert rig.lane.quarantined == dict.fromkeys(range(2, 21, 2), "bad")
    assert sum("refuses" in record.getMessage() for record in caplog.records) == 1


async def test_rows_the_answer_leaves_out_are_sent_again() -> None:
    async with running() as rig:
        rig.sender.answer = lambda rows: Sent([rows[0].id])
        ids = rig.commit(12)
        await until(lambda: not rig.lane.waiting)
        assert sorted(rig.lane.acknowledged) == ids
        assert rig.delivery.status.retried_total > 0


async def test_a_sender_that_takes_nothing_is_a_fault_and_not_a_busy_loop() -> None:
    async with running(backfill_rows_per_second=math.inf) as rig:
        rig.sender.answer = lambda _: Sent([])
        rig.commit(3)
        await asyncio.sleep(0.3)
        assert 2 <= len(rig.sender.batches) <= 30
        assert rig.reports[0][0] is not None
        rig.sender.answer = lambda rows: Sent([row.id for row in rows])


async def test_a_failing_disk_delays_and_doubles_nothing() -> None:
    async with running() as rig:
        ids = rig.commit(3)
        await until(lambda: rig.delivery.status.delivered_total == 3)

        def fill_the_disk(rows: Sequence[OutboxRow]) -> Sent:
            rig.lane.broken = True
            return Sent([row.id for row in rows])

        rig.sender.answer = fill_the_disk
        ids += rig.commit(2)
        await until(lambda: rig.lane.broken)
        await asyncio.sleep(0.2)
        assert rig.sender.sent == ids
        rig.lane.broken = False
        await until(lambda: not rig.lane.waiting)
        assert rig.sender.sent == ids
        assert rig.reports == []


async def test_a_bug_in_a_sender_ends_the_loop_and_closes_the_sender() -> None:
    lane, sender = MemoryLane(), ScriptedSender()
    sender.fault = ZeroDivisionError("a bug")
    lane.add(1)
    with pytest.raises(ZeroDivisionError):
        async with running(lane, sender):
            await until(lambda: sender.closed)
    assert sender.closed == 1


async def test_stopping_sends_what_waits_without_regard_to_the_rate() -> None:
    lane = MemoryLane()
    lane.add(300)
    async with running(lane, backfill_rows_per_second=1.0, phase_share=1.0) as rig:
        await asyncio.sleep(0.05)
        assert rig.sender.sent == []
    assert rig.lane.waiting == []


async def test_stopping_ends_a_wait_and_tries_once_more() -> None:
    async with running() as rig:
        rig.sender.fault = DeliveryError("throttled", "slowly", retry_after_seconds=100)
        ids = rig.commit(1)
        await until(lambda: rig.sender.batches)
        rig.sender.fault = None
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 0.5
    assert list(rig.lane.acknowledged) == ids


async def test_a_server_that_hangs_keeps_nobody_from_stopping() -> None:
    async with running() as rig:
        rig.sender.slow_seconds = 30
        rig.commit(1)
        await until(lambda: rig.sender.batches)
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 1.5
    assert rig.sender.closed == 1
    assert len(rig.lane.waiting) == 1


async def test_cancelling_closes_the_sender() -> None:
    lane, sender = MemoryLane(), ScriptedSender()
    delivery = Delivery(lane, sender, DeliveryOptions(lane=LANE), lambda *_: None)
    task = asyncio.create_task(delivery.run(asyncio.Event()))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sender.closed == 1


async def test_only_one_batch_is_ever_held() -> None:
    lane = MemoryLane()
    lane.add(1000, size=100)
    async with running(
        lane, batch_rows=1000, batch_bytes=1000, backfill_rows_per_second=math.inf
    ) as rig:
        await until(lambda: not rig.lane.waiting)
    assert max(len(batch) for _, batch in rig.sender.batches) == 10
