"""Marks a copy of the ledger, and lets the daemon that opens it go on without repeating itself.

A ledger that was restored stands where it stood at its backup. What was sent since then has used
numbers (`seq`) that this file knows nothing of; a receiver would take new messages for old ones.
"""

import sqlite3
import time

from collector.ledger.damage import one_row

MARK = "backup_wall_ns"
"""The row of `number` that a copy carries until a daemon opens it: when it was made, UTC."""
_LANE_BITS = 48  # a row's id begins with its lane's number, see 0002_outbox.sql

_PUT = "INSERT OR REPLACE INTO number (name, value) VALUES (?, ?)"
_GET = "SELECT value FROM number WHERE name = ?"
_DROP = "DELETE FROM number WHERE name = ?"
_TABLE = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'number'"
_HIGHEST = "SELECT ifnull(max(seq), 0) FROM outbox_topic"
_SKIP_SEQ = "UPDATE outbox_topic SET seq = max(seq, ?)"
_SKIP_IDS = "UPDATE outbox_lane SET last_id = max(last_id, (id << ?) + ?)"


def mark(connection: sqlite3.Connection, wall_ns: int) -> None:
    """Say in a copy that it is one. A ledger from before migration 4 has no place for that.

    Args:
        connection: the copy.
        wall_ns: now, UTC.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    if connection.execute(_TABLE).fetchone()[0]:
        connection.execute(_PUT, (MARK, wall_ns))


def marked(connection: sqlite3.Connection) -> int | None:
    """When this copy was made, UTC; None where it is none.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    if not connection.execute(_TABLE).fetchone()[0]:
        return None
    row = connection.execute(_GET, (MARK,)).fetchone()
    return None if row is None else int(one_row(row, "c")[0])


def take_over(connection: sqlite3.Connection) -> int | None:
    """Go on from a copy: leave out the numbers that may have been used since it was made.

    None counts a thousand a second and all began at the time in milliseconds, so the time now is
    beyond what was used (see `Lanes.start`).

    Returns:
        When the copy was made, UTC; None where the file is none.

    Raises:
        sqlite3.Error: it cannot be written; nothing was changed.
    """
    made_ns = marked(connection)
    if made_ns is None:
        return None
    connection.execute("BEGIN IMMEDIATE")
    try:
        (highest,) = connection.execute(_HIGHEST).fetchone()
        unused = max(time.time_ns() // 1_000_000, highest)
        connection.execute(_SKIP_SEQ, (unused,))
        connection.execute(_SKIP_IDS, (_LANE_BITS, unused))
        connection.execute(_DROP, (MARK,))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.rollback()
        raise
    return made_ns
