"""Where commits and requests wait for the writer, and what is known of how it is doing.

Every method may be called from any thread. None waits for the disk: the lock inside is held only
while sums are merged.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from collector.ledger.desk import Desk
from collector.ledger.model import Commit, LaneStatus, LedgerError, LedgerStatus
from collector.ledger.opening import Opened
from collector.ledger.pending import Limits, Pending
from collector.ledger.requests import Request
from collector.ledger.spread import SECOND_NS

_STUCK_SECONDS = 30.0
"""A write that takes longer is shown as a fault; it may still succeed."""
_EMPTY = LaneStatus(
    waiting_rows=0, waiting_bytes=0, oldest_wall_ns=None, dropped_rows=0, quarantined_rows=0
)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long to wait before trying again: doubled each time, up to the most."""

    first_seconds: float = 1.0
    most_seconds: float = 30.0
    closing_seconds: float = 0.5
    """Instead of these while the ledger is being closed."""


class Inbox:
    """What waits.

    Args:
        path: the ledger's file, for words.
        opened: what was found at start.
        limits: how much may wait.
        backoff: how long to wait after a failure.
    """

    def __init__(self, path: Path, opened: Opened, limits: Limits, backoff: Backoff) -> None:
        self._path = path
        self._limits = limits
        self._backoff = backoff
        self._changed = threading.Condition(threading.Lock())
        self._pending = Pending(limits)
        self._attempt: Pending | None = None  # taken by the writer, not known to be on disk
        self._requests: list[Request[Any]] = []  # each has an answer of its own type
        self._lanes = opened.lanes.statuses()
        self._states = dict(opened.accounts)
        self._events = opened.events
        self._numbers = dict(opened.numbers)
        self._closing = False
        self._deadline = 0.0
        self._fault = opened.fault
        self._pause_seconds = backoff.first_seconds
        self._retry_at = time.monotonic() + backoff.first_seconds
        self._since_wall_ns = time.time_ns()
        self._failed_at = time.monotonic()
        self._began: float | None = None
        self._dropped_windows = 0
        self._caught_up_windows = 0
        self._last_wall_ns = opened.last_commit_wall_ns
        self._last_seconds: float | None = None

    def submit(self, commit: Commit) -> None:
        """Take in a commit.

        Raises:
            RuntimeError: the ledger was closed.
        """
        with self._changed:
            if self._closing:
                raise RuntimeError("the ledger was closed; this would be lost")
            self._pending.add(commit)
            self._states.update(commit.states)
            self._events = commit.events or self._events
            self._numbers.update(commit.numbers)
            self._changed.notify()

    def ask(self, work: Callable[[Desk], Answer]) -> Future[Answer]:
        """Have something done by the writer, after what was submitted before."""
        request = Request(work)
        with self._changed:
            if not self._closing:
                self._requests.append(request)
                self._changed.notify()
                return request.future
        request.refuse(LedgerError(f"the ledger {self._path} was closed", "start the daemon again"))
        return request.future

    def close(self, timeout_seconds: float) -> None:
        """Take in nothing more, and let the writer end: when all is written, or at the latest."""
        with self._changed:
            if not self._closing:
                self._closing = True
                self._deadline = time.monotonic() + timeout_seconds
                self._changed.notify()

    def wait(self, most_seconds: float) -> bool:
        """Sleep until there is something to write or to answer, or a failed write is due again.

        Args:
            most_seconds: or for that long.

        Returns:
            False when it is time to end.
        """
        with self._changed:
            if self._closing:
                return self._wait_while_closing()
            if self._fault is None:
                self._changed.wait_for(self._is_wanted, most_seconds)
            else:
                left_seconds = max(0.0, self._retry_at - time.monotonic())
                self._changed.wait_for(self._is_asked, left_seconds)
            return bool(self._requests) or self._is_unwritten() or not self._closing

    def due(self) -> bool:
        """Whether to write now: not while waiting to try again."""
        with self._changed:
            return self._fault is None or self._closing or time.monotonic() >= self._retry_at

    def requests(self) -> list[Request[Any]]:
        """Take what was asked. What was submitted before that is in the next `take`."""
        with self._changed:
            requests, self._requests = self._requests, []
            return requests

    def take(self, *, restate: bool) -> Pending | None:
        """What is to be written next: what failed last time, and what came since.

        Args:
            restate: write every account's state, the events and the numbers, for the file may be
                a new one.
        """
        with self._changed:
            if not self._pending.empty:
                if self._attempt is None:
                    self._attempt = self._pending
                else:
                    self._attempt.absorb(self._pending)
                self._pending = Pending(self._limits)
            if self._attempt is not None:
                self._began = time.monotonic()
                if restate:
                    self._attempt.states = dict(self._states)
                    self._attempt.events = self._events
                    self._attempt.numbers = dict(self._numbers)
            return self._attempt

    def publish(self, lanes: Mapping[str, LaneStatus]) -> None:
        """Tell how the outbox stands."""
        with self._changed:
            self._lanes = lanes

    def landed(self, lanes: Mapping[str, LaneStatus]) -> None:
        """What was taken is on disk.

        Args:
            lanes: how the outbox stands by that.
        """
        with self._changed:
            self._lanes = lanes
            if self._attempt is None:
                return
            if self._began is not None:
                self._last_seconds = time.monotonic() - self._began
            self._last_wall_ns = self._attempt.wall_ns
            self._dropped_windows += self._attempt.dropped_windows
            self._caught_up_windows += self._attempt.windows
            self._attempt = None
            self._began = None

    def failed(self, fault: LedgerError) -> bool:
        """Writing failed; what was taken stays to be taken again.

        Returns:
            Whether this is where the fault starts.
        """
        with self._changed:
            starts = self._fault is None
            if starts:
                self._since_wall_ns = time.time_ns()
                self._failed_at = time.monotonic()
            else:
                self._pause_seconds = min(self._pause_seconds * 2, self._backoff.most_seconds)
            self._fault = fault
            self._retry_at = time.monotonic() + self._pause_seconds
            self._began = None
            return starts

    def recovered(self) -> tuple[float, int] | None:
        """Writing works.

        Returns:
            For how many seconds it did not, and how many windows waited; None when it did before.
        """
        with self._changed:
            windows, self._caught_up_windows = self._caught_up_windows, 0
            if self._fault is None:
                return None
            self._fault = None
            self._pause_seconds = self._backoff.first_seconds
            self._since_wall_ns = time.time_ns()
            return time.monotonic() - self._failed_at, windows

    @property
    def fault(self) -> LedgerError | None:
        """Why it cannot be written; None while it can."""
        with self._changed:
            return self._fault

    @property
    def unwritten(self) -> bool:
        """Whether something was submitted that is not known to be on disk."""
        with self._changed:
            return self._is_unwritten()

    def status(self) -> LedgerStatus:
        """How it is doing now."""
        with self._changed:
            fault, since_wall_ns = self._fault, self._since_wall_ns
            logged = fault is not None  # one that hangs can log nothing
            stuck_seconds = 0.0 if self._began is None else time.monotonic() - self._began
            if fault is None and stuck_seconds > _STUCK_SECONDS:
                since_wall_ns = time.time_ns() - int(stuck_seconds * SECOND_NS)
                fault = LedgerError(
                    f"the disk of the ledger {self._path} does not answer",
                    "check the disk and the kernel's log; what was measured is kept in memory",
                )
            parts = self._parts()
            return LedgerStatus(
                up=fault is None,
                problem=fault.problem if fault else "",
                action=fault.action if fault else "",
                logged=logged,
                since_wall_ns=since_wall_ns,
                waiting_windows=sum(part.windows for part in parts),
                dropped_windows=self._dropped_windows + sum(part.dropped_windows for part in parts),
                last_commit_wall_ns=self._last_wall_ns,
                last_commit_seconds=self._last_seconds,
            )

    def lane_status(self, name: str) -> LaneStatus:
        """How full a lane of the outbox is, with what waits in memory."""
        with self._changed:
            status = self._lanes.get(name, _EMPTY)
            queues = [part.outbox[name] for part in self._parts() if name in part.outbox]
            oldest_ns = status.oldest_wall_ns
            for queue in queues:
                if oldest_ns is None and queue.items:
                    oldest_ns = queue.items[0][0]
            return LaneStatus(
                waiting_rows=status.waiting_rows + sum(len(queue.items) for queue in queues),
                waiting_bytes=status.waiting_bytes + sum(queue.payload_bytes for queue in queues),
                oldest_wall_ns=oldest_ns,
                dropped_rows=status.dropped_rows + sum(queue.dropped_rows for queue in queues),
                quarantined_rows=status.quarantined_rows,
            )

    # The lock is held in what follows.

    def _parts(self) -> list[Pending]:
        return [self._pending] if self._attempt is None else [self._attempt, self._pending]

    def _wait_while_closing(self) -> bool:
        if self._requests:  # each gets its answer
            return True
        left_seconds = self._deadline - time.monotonic()
        if left_seconds <= 0 or not self._is_unwritten():
            return False
        if self._fault is not None:
            self._changed.wait(min(self._backoff.closing_seconds, left_seconds))
        return True

    def _is_asked(self) -> bool:
        return self._closing or bool(self._requests)

    def _is_wanted(self) -> bool:
        return self._is_asked() or self._is_unwritten()

    def _is_unwritten(self) -> bool:
        return self._attempt is not None or not self._pending.empty
