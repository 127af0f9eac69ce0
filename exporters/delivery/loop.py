"""Hands a lane of the outbox to its server: new windows first, the backlog beside them.

At least once: a row counts as delivered when the server took it, and what it took in its last
minute is sent again when the connection was lost. Receivers drop the doubles by key.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from collector.ledger.model import LedgerError, OutboxRow
from exporters.delivery.model import (
    DeliveryError,
    DeliveryOptions,
    DeliveryStatus,
    Lane,
    Report,
    Sender,
    Sent,
)
from exporters.delivery.outage import Outage
from exporters.delivery.pace import Backfill, Backoff

_LAST_TRY_SECONDS = 1.0
_LOOK_SECONDS = 1.0
# Less would let rows that are sent anew be resent for ever; more could miss the minute that the
# outbox remembers.
_RESENDS_APART_SECONDS = 30.0


class Delivery:
    """Delivers one lane.

    Args:
        outbox: where the rows are.
        sender: speaks to the server.
        options: how.
        report: called when a fault starts, changes its words, or ends.
        backoff: how long to wait after a failure.
    """

    def __init__(
        self,
        outbox: Lane,
        sender: Sender,
        options: DeliveryOptions,
        report: Report,
        *,
        backoff: Backoff | None = None,
    ) -> None:
        self._outbox = outbox
        self._sender = sender
        self._options = options
        self._lane = options.lane
        self._outage = Outage(options.lane, report, lambda: outbox.status(options.lane))
        self._backoff = backoff or Backoff()
        self._backfill = Backfill(options)
        self._status = DeliveryStatus()
        self._bell = asyncio.Event()
        self._woken = False
        self._batch_at = math.inf  # when new rows are due
        self._last_batch_at = -math.inf
        self._edge: int | None = None  # rows up to this id are backlog, those after it are new
        self._delivered: Sequence[int] = ()  # not yet acknowledged
        self._refused: Mapping[int, str] = {}  # not yet in quarantine
        self._may_forget = True  # the server took rows since the last resend, also before a restart
        self._resend_due = False
        self._resent_at = -math.inf

    @property
    def status(self) -> DeliveryStatus:
        """How it is doing now."""
        return self._status

    def wake(self) -> None:
        """Say that a commit was submitted. From the event loop only."""
        self._woken = True
        self._bell.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Deliver until `stopping` is set, then try for one second to send what waits.

        Closes the sender, however it ends.
        """
        work = asyncio.create_task(self._work(stopping))
        stop = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            self._bell.set()
            await asyncio.wait({work}, timeout=_LAST_TRY_SECONDS)
            if work.done():
                work.result()
        finally:
            work.cancel()
            stop.cancel()
            await asyncio.gather(work, stop, return_exceptions=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._sender.close(), _LAST_TRY_SECONDS)

    async def _work(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            try:
                until = await self._round()
            except DeliveryError as error:
                wait = await self._failed(error)
                await self._rest(stopping, time.monotonic() + wait)
            except LedgerError:  # the ledger says so itself, and mends itself
                await self._rest(stopping, time.monotonic() + self._backoff.next_seconds())
            else:
                await self._idle(stopping, until)
        with contextlib.suppress(DeliveryError, LedgerError):
            await self._last_try()

    async def _round(self) -> float:
        """Send what is due; return when to look again."""
        await self._settle()
        await self._resend()
        edge = await self._found_edge()
        now = time.monotonic()
        if self._outage.on or now >= self._batch_at:
            self._last_batch_at = min(self._batch_at, now)
            self._batch_at = math.inf
            edge = await self._send_new(edge)
        if not self._outbox.status(self._lane).waiting_rows:
            self._backfill.end()
            return min(self._batch_at, self._resend_at)
        now = time.monotonic()
        self._backfill.begin(now)
        if now >= self._backfill.next_at and not await self._send_old(edge):
            # What waits is newer than the edge, and nobody said so.
            self._backfill.end()
            self._batch_at = min(self._batch_at, time.monotonic() + _LOOK_SECONDS)
            return self._batch_at
        return min(self._batch_at, self._resend_at, self._backfill.next_at)

    @property
    def _resend_at(self) -> float:
        return self._resent_at + _RESENDS_APART_SECONDS if self._resend_due else math.inf

    async def _found_edge(self) -> int:
        """At the start all that waits is backlog."""
        if self._edge is None:
            newest = await self._fetch(rows=1, newest_first=True)
            self._edge = newest[0].id if newest else 0
        return self._edge

    async def _send_new(self, edge: int) -> int:
        """Send what was committed since the last look; return up to where that was."""
        more = True
        while more:
            rows = await self._fetch(rows=self._options.batch_rows, after_id=edge)
            if not rows:
                break
            # Should this fail, they are backlog: the next look is for newer ones.
            self._edge = edge = rows[-1].id
            await self._deliver(rows)
            size = sum(len(row.payload) for row in rows)
            more = len(rows) >= self._options.batch_rows or 2 * size > self._options.batch_bytes
        return edge

    async def _send_old(self, edge: int) -> bool:
        """Send one batch of the backlog, oldest first; whether there was any."""
        rows = await self._fetch(rows=self._backfill.rows, upto_id=edge)
        if rows:
            await self._deliver(rows)
            self._backfill.sent(time.monotonic(), len(rows))
        return bool(rows)

    async def _last_try(self) -> None:
        """Send all that waits, newest batch first, as long as it works."""
        await self._settle()
        after = await self._send_new(await self._found_edge())
        upto, after = after, 0
        while rows := await self._fetch(
            rows=self._options.batch_rows, after_id=after, upto_id=upto
        ):
            after = rows[-1].id
            await self._deliver(rows)

    async def _fetch(
        self,
        *,
        rows: int,
        newest_first: bool = False,
        after_id: int = 0,
        upto_id: int | None = None,
    ) -> list[OutboxRow]:
        return await asyncio.wrap_future(
            self._outbox.fetch(
                self._lane,
                rows=rows,
                payload_bytes=self._options.batch_bytes,
                newest_first=newest_first,
                after_id=after_id,
                upto_id=upto_id,
            )
        )

    async def _deliver(self, rows: Sequence[OutboxRow]) -> None:
        try:
            sent = await self._sender.send(rows)
        except DeliveryError:
            self._count(retried=len(rows))
            raise
        done = len(sent.delivered) + len(sent.refused)
        self._count(delivered=len(sent.delivered), retried=len(rows) - done)
        if not done:
            raise DeliveryError("nothing_taken", "the server took no row and did not say why")
        await self._took(sent)

    async def _took(self, sent: Sent) -> None:
        self._resend_due = self._resend_due or (sent.reconnected and self._may_forget)
        self._delivered = sent.delivered
        self._refused = sent.refused
        self._backoff.reset()
        try:
            await self._resend()  # before these are acknowledged: the server has them
            self._may_forget = True
            await self._settle()
        finally:
            self._outage.end()

    async def _settle(self) -> None:
        """Tell the outbox what became of the last rows, until it has heard."""
        if self._delivered:
            await asyncio.wrap_future(self._outbox.acknowledge(self._lane, self._delivered))
            self._delivered = ()
        if self._refused:
            await asyncio.wrap_future(self._outbox.quarantine(self._lane, self._refused))
            self._outage.refused(len(self._refused), next(iter(self._refused.values())))
            self._refused = {}

    async def _resend(self) -> None:
        """After a lost connection, let what was delivered last wait again."""
        now = time.monotonic()
        if now >= self._resend_at:
            await asyncio.wrap_future(self._outbox.resend_recent(self._lane))
            self._resend_due = self._may_forget = False
            self._resent_at = now

    async def _failed(self, error: DeliveryError) -> float:
        """Take note; return how long to wait, in seconds."""
        if error.lost_connection and self._may_forget:
            self._resend_due = True
        self._status = replace(self._status, connected=False)
        self._outage.begin(error)
        with contextlib.suppress(LedgerError):  # still due at the next round
            await self._resend()
        return self._backoff.next_seconds(error.retry_after_seconds)

    def _count(self, *, delivered: int = 0, retried: int = 0) -> None:
        before = self._status
        self._status = DeliveryStatus(
            connected=before.connected or delivered > 0,
            delivered_total=before.delivered_total + delivered,
            retried_total=before.retried_total + retried,
            last_success_wall_ns=time.time_ns() if delivered else before.last_success_wall_ns,
        )

    async def _idle(self, stopping: asyncio.Event, until: float) -> None:
        """Wait for something to do, looking now and then in case nobody said so."""
        wait = min(until - time.monotonic(), _LOOK_SECONDS)
        if wait > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), wait)
        else:
            await asyncio.sleep(0)
        if not stopping.is_set():
            self._bell.clear()
        if self._woken:
            self._woken = False
            options = self._options
            soonest = time.monotonic() + options.phase_share * options.batch_seconds
            due = max(soonest, self._last_batch_at + options.batch_seconds)
            self._batch_at = min(self._batch_at, due)

    async def _rest(self, stopping: asyncio.Event, until: float) -> None:
        """Wait after a failure. New rows do not cut it short; stopping does."""
        while not stopping.is_set() and (wait := until - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), wait)
            if not stopping.is_set():
                self._bell.clear()
