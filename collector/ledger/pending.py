"""What waits to be written: merged as it comes, so that a long fault costs little memory."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from collector.ledger.model import AccountKey, AccountState, Commit, EventState, Gap, account_of
from collector.ledger.spread import QUARTER_HOUR_SECONDS, Delta, spread
from collector.ledger.waiting import Queue
from collector.model import Window

Deltas = dict[int, dict[AccountKey, Delta]]
"""By the register's start in UTC seconds, then by account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may wait.

    Attributes:
        minute_rows: minute registers of all accounts together; 7 days of 8 accounts.
        quarter_hours: quarter-hours; more would be pruned as soon as they are written.
        gaps: gaps.
        outbox_bytes: memory for each lane of the outbox.
    """

    minute_rows: int = 7 * 24 * 60 * 8
    quarter_hours: int = 400 * 96
    gaps: int = 10_000
    outbox_bytes: int = 20_000_000


class Pending:
    """Sums of what was submitted. Not thread-safe: whoever shares it, locks.

    Attributes:
        minutes: what to add to minute registers.
        quarter_hours: what to add to quarter-hour registers.
        states: the newest state of each account.
        events: the newest state of events; None when nothing of it changed.
        numbers: the newest of each number to remember.
        gaps: gaps, in the order they came.
        outbox: what is to be delivered, by lane.
        windows: how many windows are in it.
        dropped_windows: of how many the minute or the gap was given up to bound memory.
        wall_ns: when the newest commit in it was put together, UTC.
    """

    __slots__ = (
        "_limits",
        "_minute_rows",
        "dropped_windows",
        "events",
        "gaps",
        "minutes",
        "numbers",
        "outbox",
        "quarter_hours",
        "states",
        "wall_ns",
        "windows",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._minute_rows = 0
        self.minutes: Deltas = {}
        self.quarter_hours: Deltas = {}
        self.states: dict[AccountKey, AccountState] = {}
        self.events: EventState | None = None
        self.numbers: dict[str, int] = {}
        self.gaps: deque[Gap] = deque()
        self.outbox: dict[str, Queue] = {}
        self.windows = 0
        self.dropped_windows = 0
        self.wall_ns: int | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return self.wall_ns is None

    def add(self, commit: Commit) -> None:
        """Take in one commit."""
        for window in commit.windows:
            key = account_of(window)
            for start_s, delta in spread(window):
                quarter_s = start_s - start_s % QUARTER_HOUR_SECONDS
                _add(self.quarter_hours, quarter_s, key, delta.copy())
                self._minute_rows += _add(self.minutes, start_s, key, delta)
            if window.gap or window.energy.estimated_mj:
                self.gaps.append(_gap(key, window))
        for item in commit.outbox:
            self._queue(item.lane).add(commit.wall_ns, item)
        self.states.update(commit.states)
        self.events = commit.events or self.events
        self.numbers.update(commit.numbers)
        self.windows += len(commit.windows)
        self.wall_ns = commit.wall_ns
        self._bound()

    def absorb(self, newer: "Pending") -> None:
        """Take in what was submitted later. `newer` must not be used any more."""
        for start_s, deltas in newer.minutes.items():
            for key, delta in deltas.items():
                self._minute_rows += _add(self.minutes, start_s, key, delta)
        for start_s, deltas in newer.quarter_hours.items():
            for key, delta in deltas.items():
                _add(self.quarter_hours, start_s, key, delta)
        self.states.update(newer.states)
        self.events = newer.events or self.events
        self.numbers.update(newer.numbers)
        self.gaps.extend(newer.gaps)
        for lane, queue in newer.outbox.items():
            self._queue(lane).absorb(queue)
        self.windows += newer.windows
        self.dropped_windows += newer.dropped_windows
        if newer.wall_ns is not None:
            self.wall_ns = newer.wall_ns
        self._bound()

    def accounts(self) -> set[AccountKey]:
        """Every account that something is to be written of."""
        found = set(self.states)
        for deltas in self.quarter_hours.values():
            found.update(deltas)
        found.update(gap.key for gap in self.gaps)
        return found

    def _queue(self, lane: str) -> Queue:
        queue = self.outbox.get(lane)
        if queue is None:
            queue = self.outbox[lane] = Queue()
        return queue

    def _bound(self) -> None:
        """Give up the oldest shape; a minute's energy is in its quarter-hour as well."""
        while self._minute_rows > self._limits.minute_rows:
            deltas = self.minutes.pop(min(self.minutes))
            self._minute_rows -= len(deltas)
            self.dropped_windows += _windows(deltas.values())
        while len(self.quarter_hours) > self._limits.quarter_hours:
            del self.quarter_hours[min(self.quarter_hours)]
        while len(self.gaps) > self._limits.gaps:
            self.gaps.popleft()
            self.dropped_windows += 1
        for queue in self.outbox.values():
            queue.bound(self._limits.outbox_bytes)


def _add(registers: Deltas, start_s: int, key: AccountKey, delta: Delta) -> int:
    """Add to a register; how many registers are new by that."""
    deltas = registers.get(start_s)
    if deltas is None:
        registers[start_s] = {key: delta}
        return 1
    present = deltas.get(key)
    if present is None:
        deltas[key] = delta
        return 1
    present.add(delta)
    return 0


def _windows(deltas: Iterable[Delta]) -> int:
    return sum(delta.windows for delta in deltas)


def _gap(key: AccountKey, window: Window) -> Gap:
    return Gap(
        key=key,
        start_ns=window.start_ns,
        end_ns=window.end_ns,
        energy=window.energy,
        low_mj=window.low_mj,
        high_mj=window.high_mj,
        reason=window.gap,
    )
