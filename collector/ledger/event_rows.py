"""Events in the ledger's tables. What is written is all there is: it replaces what was there."""

import sqlite3

from collector.ledger.damage import one_row, required
from collector.ledger.model import EventCount, EventKey, EventState, LogCursor, UnmatchedEvent

_CLEAR = tuple(
    f"DELETE FROM {table}"  # noqa: S608 - our own table names
    for table in ("event_count", "event_unmatched", "event_log_cursor")
)
_ADD_COUNT = "INSERT INTO event_count (kind, device, code, count, last_wall_ns) VALUES (?,?,?,?,?)"
_ADD_UNMATCHED = """
INSERT INTO event_unmatched (kind, device, code, origin, boot_id, monotonic_ns)
VALUES (?, ?, ?, ?, ?, ?)
"""
_PUT_CURSOR = "INSERT INTO event_log_cursor (id, boot_id, sequence) VALUES (1, ?, ?)"


def load_events(connection: sqlite3.Connection) -> EventState:
    """All of it.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    counts = connection.execute("SELECT kind, device, code, count, last_wall_ns FROM event_count")
    unmatched = connection.execute(
        "SELECT kind, device, code, origin, boot_id, monotonic_ns FROM event_unmatched ORDER BY id"
    )
    cursor = connection.execute("SELECT boot_id, sequence FROM event_log_cursor").fetchone()
    return EventState(
        counts={EventKey(*row[:3]): EventCount(*row[3:]) for row in required(counts, "tttii")},
        unmatched=tuple(
            UnmatchedEvent(EventKey(*row[:3]), *row[3:]) for row in required(unmatched, "ttttti")
        ),
        cursor=None if cursor is None else LogCursor(*one_row(cursor, "ti")),
    )


def replace_events(connection: sqlite3.Connection, state: EventState) -> None:
    """Write all of it, inside a transaction.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    for sql in _CLEAR:
        connection.execute(sql)
    connection.executemany(
        _ADD_COUNT,
        (
            (key.kind, key.device, key.code, count.count, count.last_wall_ns)
            for key, count in state.counts.items()
        ),
    )
    connection.executemany(
        _ADD_UNMATCHED,
        (
            (
                one.key.kind,
                one.key.device,
                one.key.code,
                one.origin,
                one.boot_id,
                one.monotonic_ns,
            )
            for one in state.unmatched
        ),
    )
    if state.cursor is not None:
        connection.execute(_PUT_CURSOR, (state.cursor.boot_id, state.cursor.sequence))
