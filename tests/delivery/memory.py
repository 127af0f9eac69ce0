"""An outbox in memory and a sender without a server: to see what the loop asks of them.

They stand in for the ledger and a real client where a test needs a fault at an exact moment;
`tests.influxdb.test_end_to_end` has the real ones.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TypeVar

from collector.ledger.model import LaneStatus, LedgerError, OutboxRow
from exporters.delivery import DeliveryError, Sent

T = TypeVar("T")
LANE = "test"


class MemoryLane:
    """One lane. With `broken`, every future fails as it does on a full disk."""

    def __init__(self) -> None:
        self.rows: dict[int, OutboxRow] = {}
        self.acknowledged: dict[int, float] = {}
        self.quarantined: dict[int, str] = {}
        self.broken = False
        self.resends = 0
        self.calls: list[str] = []

    def add(self, count: int, size: int = 10) -> list[int]:
        """Commit rows; their ids."""
        ids = list(range(len(self.rows) + 1, len(self.rows) + 1 + count))
        for id_ in ids:
            self.rows[id_] = OutboxRow(
                id=id_, lane=LANE, topic="", seq=id_, created_wall_ns=id_, payload=b"x" * size
            )
        return ids

    @property
    def waiting(self) -> list[OutboxRow]:
        """Rows to be delivered, oldest first."""
        gone = self.acknowledged.keys() | self.quarantined.keys()
        return [row for id_, row in sorted(self.rows.items()) if id_ not in gone]

    def fetch(
        self,
        lane: str,
        *,
        rows: int,
        payload_bytes: int,
        newest_first: bool = False,
        after_id: int = 0,
        upto_id: int | None = None,
    ) -> Future[list[OutboxRow]]:
        assert lane == LANE
        found: list[OutboxRow] = []
        for row in reversed(self.waiting) if newest_first else self.waiting:
            payload_bytes -= len(row.payload)
            if len(found) == rows or (found and payload_bytes < 0):
                break
            if row.id > after_id and (upto_id is None or row.id <= upto_id):
                found.append(row)
        return self._done("fetch", lambda: found)

    def acknowledge(self, lane: str, ids: Sequence[int]) -> Future[None]:
        assert lane == LANE
        new = dict.fromkeys(ids, time.monotonic())
        return self._done("acknowledge", lambda: self.acknowledged.update(new))

    def resend_recent(self, lane: str) -> Future[int]:
        assert lane == LANE

        def forget() -> int:
            self.resends += 1
            count = len(self.acknowledged)
            self.acknowledged.clear()
            return count

        return self._done("resend_recent", forget)

    def quarantine(self, lane: str, words: Mapping[int, str]) -> Future[None]:
        assert lane == LANE
        return self._done("quarantine", lambda: self.quarantined.update(words))

    def status(self, lane: str) -> LaneStatus:
        assert lane == LANE
        waiting = self.waiting
        return LaneStatus(
            waiting_rows=len(waiting),
            waiting_bytes=sum(len(row.payload) for row in waiting),
            oldest_wall_ns=waiting[0].created_wall_ns if waiting else None,
            dropped_rows=0,
            quarantined_rows=len(self.quarantined),
        )

    def _done(self, call: str, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        self.calls.append(call)
        if self.broken:
            future.set_exception(LedgerError("the disk is full", "make room"))
        else:
            future.set_result(work())
        return future


class ScriptedSender:
    """Takes everything, unless told otherwise.

    Attributes:
        batches: the ids of each `send`, and when it was.
        fault: raised by every `send` while set.
        answer: makes the answer; by default all rows are delivered.
        slow_seconds: how long each `send` takes.
    """

    def __init__(self) -> None:
        self.batches: list[tuple[float, list[int]]] = []
        self.fault: Exception | None = None
        self.answer: Callable[[Sequence[OutboxRow]], Sent] = lambda rows: Sent(
            [row.id for row in rows]
        )
        self.slow_seconds = 0.0
        self.closed = 0

    @property
    def sent(self) -> list[int]:
        """Every id tried, in order."""
        return [id_ for _, ids in self.batches for id_ in ids]

    async def send(self, rows: Sequence[OutboxRow]) -> Sent:
        self.batches.append((time.monotonic(), [row.id for row in rows]))
        if self.slow_seconds:
            await asyncio.sleep(self.slow_seconds)
        if self.fault is not None:
            raise self.fault
        return self.answer(rows)

    async def close(self) -> None:
        self.closed += 1


def down(*, lost_connection: bool = True) -> DeliveryError:
    """The server cannot be reached."""
    return DeliveryError("refused", "no server", action="start it", lost_connection=lost_connection)


async def until(condition: Callable[[], object], seconds: float = 5) -> None:
    """Wait for something that the loop does.

    Raises:
        AssertionError: it did not happen.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.002)
