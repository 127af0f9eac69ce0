"""What the writer knows of each lane of the outbox: what is in the file, and what may be deleted.

Belongs to one thread at a time: to the one that opens the ledger, then to the writer's.
"""

import math
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from collector.ledger.marks import Marks, gaps
from collector.ledger.model import LaneStatus
from collector.ledger.outbox_rows import load_highest_seq, load_lanes, measure, oldest_wall_ns

RESEND_SECONDS = 60
"""For how long an acknowledged row stays: servers lose what they acknowledged last."""
_LANE_BITS = 48
_COUNT_MASK = (1 << _LANE_BITS) - 1
_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLimits:
    """How much may wait in a lane.

    Attributes:
        most_bytes: payloads together.
        most_age_seconds: how old a row may get.
    """

    most_bytes: int
    most_age_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """A lane as it stands.

    Attributes:
        number: its number; the ids of its rows begin with it.
        last_id: the last row id used.
        rows: how many rows are in the file, acknowledged or not.
        payload_bytes: their payloads together.
        dropped_rows: how many were ever given up.
        quarantined_rows: how many were ever refused by the receiver.
        oldest_wall_ns: when the first one not acknowledged was created, UTC; None without any.
        marks: what was acknowledged and is not yet deleted.
    """

    number: int
    last_id: int
    rows: int
    payload_bytes: int
    dropped_rows: int
    quarantined_rows: int
    oldest_wall_ns: int | None = None
    marks: Marks = ()

    @property
    def first_id(self) -> int:
        """No row of the lane has a lower id."""
        return self.number << _LANE_BITS

    @property
    def waiting_bytes(self) -> int:
        """Payloads of the rows not acknowledged."""
        return self.payload_bytes - sum(mark.payload_bytes for mark in self.marks)

    def status(self) -> LaneStatus:
        """What is shown of it."""
        return LaneStatus(
            waiting_rows=self.rows - sum(mark.rows for mark in self.marks),
            waiting_bytes=self.waiting_bytes,
            oldest_wall_ns=self.oldest_wall_ns,
            dropped_rows=self.dropped_rows,
            quarantined_rows=self.quarantined_rows,
        )


class Lanes:
    """All lanes.

    Attributes:
        states: by the lane's name. Replaced as a whole when a transaction is undone.
        limits: by the lane's name; a lane without any keeps everything.
        highest: at least as high as every count and `seq` used in any file since the start.
    """

    __slots__ = ("_numbers", "highest", "limits", "states")

    def __init__(self) -> None:
        self.states: dict[str, LaneState] = {}
        self.limits: dict[str, LaneLimits] = {}
        self.highest = 0
        self._numbers: dict[str, int] = {}

    def load(self, connection: sqlite3.Connection) -> None:
        """Take over what is in the file; marks are kept as far as their rows are in it.

        Raises:
            sqlite3.Error: it cannot be read.
        """
        states: dict[str, LaneState] = {}
        for name, number, last_id, rows, payload_bytes, dropped, quarantined in load_lanes(
            connection
        ):
            state = LaneState(
                number=number,
                last_id=last_id,
                rows=rows,
                payload_bytes=payload_bytes,
                dropped_rows=dropped,
                quarantined_rows=quarantined,
            )
            known = self.states.get(name)
            if known is not None and known.number == state.number:
                state = replace(state, marks=_present(connection, known.marks))
            states[name] = with_oldest(connection, state)
            self._numbers[name] = state.number
            self.used(state.last_id, ())
        self.used(0, (load_highest_seq(connection),))
        self.states = states

    def new(self, name: str) -> LaneState:
        """A lane that is not in the file yet; it keeps the number that it had in an earlier one.

        So its ids go on growing, and whoever fetches can remember how far he came.
        """
        number = self._numbers.setdefault(name, max(self._numbers.values(), default=0) + 1)
        return LaneState(
            number=number,
            last_id=(number << _LANE_BITS) + self.start(),
            rows=0,
            payload_bytes=0,
            dropped_rows=0,
            quarantined_rows=0,
        )

    def used(self, last_id: int, seqs: Iterable[int]) -> None:
        """Note numbers that must not be used again.

        Args:
            last_id: a row id.
            seqs: the last `seq` of topics.
        """
        self.highest = max(self.highest, last_id & _COUNT_MASK, *seqs)

    def start(self) -> int:
        """Where a new count or `seq` starts: at the time in milliseconds since 1970.

        After a ledger was lost, a new one repeats no number: none counts a thousand a second.
        """
        return max(time.time_ns() // 1_000_000, self.highest + 1)

    def expired(self, second: int) -> bool:
        """Whether a mark of this second is old enough for its rows to be deleted."""
        return second + RESEND_SECONDS <= time.monotonic()

    def exceeded(self, name: str) -> bool:
        """Whether more waits in a lane than may, or has waited too long."""
        state, limits = self.states[name], self.limits.get(name)
        if limits is None:
            return False
        too_old_ns = oldest_allowed_ns(limits)
        oldest_ns = state.oldest_wall_ns
        return state.waiting_bytes > limits.most_bytes or (
            oldest_ns is not None and oldest_ns < too_old_ns
        )

    def untidy(self, late_seconds: float) -> bool:
        """Whether there is something to delete.

        Args:
            late_seconds: acknowledged rows count when they are due for that long.
        """
        oldest = time.monotonic() - RESEND_SECONDS - late_seconds
        return any(
            self.exceeded(name) or any(mark.second <= oldest for mark in state.marks)
            for name, state in self.states.items()
        )

    @property
    def marked(self) -> bool:
        """Whether rows wait for being deleted."""
        return any(state.marks for state in self.states.values())

    def statuses(self) -> Mapping[str, LaneStatus]:
        """What is shown of each lane."""
        return {name: state.status() for name, state in self.states.items()}


def now_second() -> int:
    """The second to mark a row with that is acknowledged now."""
    return math.ceil(time.monotonic())


def oldest_allowed_ns(limits: LaneLimits) -> int:
    """Rows created before this time, UTC, are too old."""
    return time.time_ns() - int(limits.most_age_seconds * _SECOND_NS)


def with_oldest(connection: sqlite3.Connection, state: LaneState) -> LaneState:
    """The lane, with `oldest_wall_ns` as it is in the file.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    spans = gaps(state.marks, state.first_id, state.last_id)
    return replace(state, oldest_wall_ns=oldest_wall_ns(connection, spans))


def _present(connection: sqlite3.Connection, marks: Marks) -> Marks:
    found = []
    for mark in marks:
        rows, payload_bytes = measure(connection, (mark.first, mark.last))
        if rows:
            found.append(replace(mark, rows=rows, payload_bytes=payload_bytes))
    return tuple(found)
