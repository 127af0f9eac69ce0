"""Changes the outbox's tables. Everything runs inside a transaction of the caller's."""

import logging
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from collector.ledger.damage import required
from collector.ledger.lanes import Lanes, LaneState, oldest_allowed_ns, with_oldest
from collector.ledger.marks import Mark, gaps
from collector.ledger.outbox_rows import load_topics, measure
from collector.ledger.waiting import Queue

QUARANTINE_ROWS = 1000
"""How many refused rows of a lane are kept."""
_MOST_WORDS = 2000
"""How many characters of a server's words are kept."""
_OVER_SECONDS = 600.0
"""So long after the last row was given up, that is over."""

_ADD_LANE = "INSERT INTO outbox_lane VALUES (?, ?, ?, 0, 0, 0, 0)"
_PUT_LANE = """
UPDATE outbox_lane SET last_id = ?, row_count = ?, payload_bytes = ?, dropped_rows = ?,
    quarantined_rows = ? WHERE id = ?
"""
_ADD_TOPIC = "INSERT INTO outbox_topic (lane, topic, seq) VALUES (?, ?, ?)"
_PUT_SEQ = "UPDATE outbox_topic SET seq = ? WHERE id = ?"
_ADD_ROW = "INSERT INTO outbox (id, topic, seq, created_wall_ns, payload) VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM outbox WHERE id BETWEEN ? AND ?"
_NTH = "SELECT id FROM outbox WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1 OFFSET ?"
_OLDEST = """
SELECT id, created_wall_ns, length(payload) FROM outbox WHERE id BETWEEN ? AND ?
ORDER BY id LIMIT ?
"""
_QUARANTINE = """
INSERT INTO outbox_quarantine (id, topic, seq, created_wall_ns, quarantined_wall_ns, words, payload)
SELECT id, topic, seq, created_wall_ns, ?, ?, payload FROM outbox WHERE id = ?
"""
_BOUND_QUARANTINE = """
DELETE FROM outbox_quarantine WHERE id BETWEEN :first AND :last AND id <= (SELECT id
FROM outbox_quarantine WHERE id BETWEEN :first AND :last ORDER BY id DESC LIMIT 1 OFFSET :rows)
"""

_log = logging.getLogger(__name__)


class OutboxTable:
    """The outbox in the open file. Not to be used any more after a transaction failed.

    Args:
        connection: the writer's.
        lanes: what is known of the lanes; loaded from the file, then kept up to date.

    Raises:
        sqlite3.Error: it cannot be read.
    """

    def __init__(self, connection: sqlite3.Connection, lanes: Lanes) -> None:
        self._connection = connection
        self._lanes = lanes
        self._topics = load_topics(connection)
        self._losses: dict[str, _Loss] = {}
        lanes.load(connection)

    def add(self, queues: Mapping[str, Queue]) -> None:
        """Add what waited in memory, by lane.

        Raises:
            sqlite3.Error: it could not be written.
        """
        for name, queue in queues.items():
            state = self._lanes.states.get(name) or self._add_lane(name)
            self._add_rows(state, queue)
            if queue.dropped_rows:
                self._warn(name, queue.dropped_rows, "the ledger could not be written for too long")
            oldest_ns = state.oldest_wall_ns
            if oldest_ns is None and queue.items:
                oldest_ns = queue.items[0][0]
            self._put(
                name,
                replace(
                    state,
                    last_id=state.last_id + len(queue.items),
                    rows=state.rows + len(queue.items),
                    payload_bytes=state.payload_bytes + queue.payload_bytes,
                    dropped_rows=state.dropped_rows + queue.dropped_rows,
                    oldest_wall_ns=oldest_ns,
                ),
            )

    def tidy(self, most_rows: int) -> None:
        """Delete acknowledged rows that are due, and the oldest rows of lanes over their limits.

        Args:
            most_rows: of each lane and each kind, at most so many.

        Raises:
            sqlite3.Error: it could not be written.
        """
        for name, state in list(self._lanes.states.items()):
            if any(self._lanes.expired(mark.second) for mark in state.marks):
                self._put(name, self._without_acknowledged(state, most_rows))
            if self._lanes.exceeded(name):
                self._drop(name, most_rows)
        self._tell_ends()

    def quarantine(self, name: str, words: Mapping[int, str]) -> None:
        """Move rows out of the way of delivery; only the newest are kept.

        Args:
            name: the lane.
            words: by the row's id, why the receiver refused it. Ids that do not wait are ignored.

        Raises:
            sqlite3.Error: it could not be written.
        """
        state = self._lanes.states.get(name)
        if state is None:
            return
        now_ns = time.time_ns()
        for row_id, why in sorted(words.items()):
            bounds = max(row_id, state.first_id), min(row_id, state.last_id)
            if not list(gaps(state.marks, *bounds)):
                continue
            rows, payload_bytes = measure(self._connection, (row_id, row_id))
            self._connection.execute(_QUARANTINE, (now_ns, why[:_MOST_WORDS], row_id))
            self._connection.execute(_DELETE, (row_id, row_id))
            state = replace(
                state,
                rows=state.rows - rows,
                payload_bytes=state.payload_bytes - payload_bytes,
                quarantined_rows=state.quarantined_rows + rows,
            )
        lane = {"first": state.first_id, "last": state.last_id, "rows": QUARANTINE_ROWS}
        self._connection.execute(_BOUND_QUARANTINE, lane)
        self._put(name, with_oldest(self._connection, state))

    def _add_lane(self, name: str) -> LaneState:
        state = self._lanes.new(name)
        self._connection.execute(_ADD_LANE, (state.number, name, state.last_id))
        return state

    def _add_rows(self, state: LaneState, queue: Queue) -> None:
        used: dict[int, int] = {}
        rows = []
        for row_id, (wall_ns, item) in enumerate(queue.items, start=state.last_id + 1):
            key = state.number, item.topic
            topic, seq = self._topics.get(key) or self._add_topic(*key)
            seq += 1
            self._topics[key] = topic, seq
            used[topic] = seq
            rows.append((row_id, topic, seq, wall_ns, item.payload))
        self._connection.executemany(_ADD_ROW, rows)
        self._connection.executemany(_PUT_SEQ, ((seq, topic) for topic, seq in used.items()))
        self._lanes.used(state.last_id + len(rows), used.values())

    def _add_topic(self, lane: int, topic: str) -> tuple[int, int]:
        seq = self._lanes.start() - 1
        added = self._connection.execute(_ADD_TOPIC, (lane, topic, seq))
        return added.lastrowid or 0, seq

    def _put(self, name: str, state: LaneState) -> None:
        self._connection.execute(
            _PUT_LANE,
            (
                state.last_id,
                state.rows,
                state.payload_bytes,
                state.dropped_rows,
                state.quarantined_rows,
                state.number,
            ),
        )
        self._lanes.states[name] = state

    def _without_acknowledged(self, state: LaneState, most_rows: int) -> LaneState:
        marks: list[Mark] = []
        rows, payload_bytes = state.rows, state.payload_bytes
        for mark in state.marks:
            if most_rows <= 0 or not self._lanes.expired(mark.second):
                marks.append(mark)
                continue
            last = mark.last
            if mark.rows > most_rows:
                nth = (mark.first, mark.last, most_rows - 1)
                (last,) = self._connection.execute(_NTH, nth).fetchone()
            deleted_rows, deleted_bytes = self._delete(mark.first, last)
            rows -= deleted_rows
            payload_bytes -= deleted_bytes
            most_rows -= deleted_rows
            if last < mark.last:
                left_rows, left_bytes = mark.rows - deleted_rows, mark.payload_bytes - deleted_bytes
                marks.append(
                    replace(mark, first=last + 1, rows=left_rows, payload_bytes=left_bytes)
                )
        return replace(state, rows=rows, payload_bytes=payload_bytes, marks=tuple(marks))

    def _drop(self, name: str, most_rows: int) -> None:
        state, limits = self._lanes.states[name], self._lanes.limits[name]
        oldest_ns = oldest_allowed_ns(limits)
        excess_bytes = state.waiting_bytes - limits.most_bytes
        rows = payload_bytes = 0
        for span in gaps(state.marks, state.first_id, state.last_id):
            last = None
            oldest = self._connection.execute(_OLDEST, (*span, most_rows - rows))
            found = required(oldest, "iic")
            for row_id, wall_ns, size in found:
                if payload_bytes >= excess_bytes and wall_ns >= oldest_ns:
                    break
                last, rows, payload_bytes = row_id, rows + 1, payload_bytes + size
            if last is not None:
                self._delete(span[0], last)
            if last != (found[-1][0] if found else None) or rows >= most_rows:
                break
        left_rows, left_bytes = state.rows - rows, state.payload_bytes - payload_bytes
        if not rows:  # the sums must be wrong; without this it would be tried for ever
            left_rows, left_bytes = measure(self._connection, (state.first_id, state.last_id))
        state = replace(
            state,
            rows=left_rows,
            payload_bytes=left_bytes,
            dropped_rows=state.dropped_rows + rows,
        )
        self._put(name, with_oldest(self._connection, state))
        if not rows:
            return
        self._warn(
            name,
            rows,
            f"more than {limits.most_bytes:,} bytes or older than"
            f" {limits.most_age_seconds / 86_400:g} days waited for delivery",
        )

    def _delete(self, first: int, last: int) -> tuple[int, int]:
        measured = measure(self._connection, (first, last))
        self._connection.execute(_DELETE, (first, last))
        return measured

    def _warn(self, name: str, rows: int, why: str) -> None:
        """One line when rows begin to be given up; `_tell_ends` has the other."""
        now = time.monotonic()
        loss = self._losses.get(name)
        if loss is None:
            loss = self._losses[name] = _Loss(since=now)
            _log.warning(
                "the outbox gave up the oldest %d rows for %s: %s; energy totals and registers"
                " are not touched by that. More of them are only counted",
                rows,
                name,
                why,
                extra={"fault": "begin", "part": "outbox", "exporter": name, "problem": why},
            )
        loss.last, loss.rows = now, loss.rows + rows

    def _tell_ends(self) -> None:
        now = time.monotonic()
        for name, loss in list(self._losses.items()):
            if now - loss.last >= _OVER_SECONDS:
                del self._losses[name]
                seconds = loss.last - loss.since
                _log.warning(
                    "the outbox gives up no more rows for %s; it gave up %d over %.0f s",
                    name,
                    loss.rows,
                    seconds,
                    extra={
                        "fault": "end",
                        "part": "outbox",
                        "exporter": name,
                        "seconds": round(seconds, 1),
                    },
                )


@dataclass(slots=True)
class _Loss:
    """Rows of a lane are being given up: since when, when last (monotonic), how many."""

    since: float
    last: float = 0.0
    rows: int = 0
