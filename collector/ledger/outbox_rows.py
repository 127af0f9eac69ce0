"""Reads the outbox's tables, through whichever connection there is."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing

from collector.ledger.damage import damaged, one_row, required
from collector.ledger.marks import Span
from collector.ledger.model import OutboxRow

_LANES = """
SELECT name, id, last_id, row_count, payload_bytes, dropped_rows, quarantined_rows FROM outbox_lane
"""
_TOPICS = "SELECT lane, topic, id, seq FROM outbox_topic"
_HIGHEST_SEQ = "SELECT ifnull(max(seq), 0) FROM outbox_topic"
_MEASURE = "SELECT count(*), ifnull(sum(length(payload)), 0) FROM outbox WHERE id BETWEEN ? AND ?"
_OLDEST = "SELECT created_wall_ns FROM outbox WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1"
_OLDEST_FIRST = """
SELECT outbox.id, outbox_topic.topic, outbox.seq, created_wall_ns, payload
FROM outbox CROSS JOIN outbox_topic ON outbox_topic.id = outbox.topic
WHERE outbox.id BETWEEN ? AND ? ORDER BY outbox.id LIMIT ?
"""  # CROSS: the order of the join is as written, so that nothing has to be sorted
_NEWEST_FIRST = _OLDEST_FIRST.replace("BY outbox.id", "BY outbox.id DESC")
_ROWS = """
SELECT outbox.id, outbox_topic.topic, outbox.seq, created_wall_ns, payload
FROM outbox JOIN outbox_topic ON outbox_topic.id = outbox.topic
JOIN outbox_lane ON outbox_lane.id = outbox_topic.lane WHERE name = ? ORDER BY outbox.id
"""
_QUARANTINED = """
SELECT held.id, outbox_topic.topic, held.seq, created_wall_ns, payload, words
FROM outbox_quarantine AS held JOIN outbox_topic ON outbox_topic.id = held.topic
JOIN outbox_lane ON outbox_lane.id = outbox_topic.lane WHERE name = ? ORDER BY held.id
"""

_MOST_LANES = 1 << 14  # their rows' ids begin with it, and have 62 bits

LaneNotes = tuple[str, int, int, int, int, int, int]
"""Name, number, last row id, rows, bytes of payloads, rows ever dropped, rows ever quarantined."""
Topics = dict[tuple[int, str], tuple[int, int]]
"""By lane number and topic: the topic's number, and the last `seq` used."""


def load_lanes(connection: sqlite3.Connection) -> list[LaneNotes]:
    """What is noted of each lane.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    found: list[LaneNotes] = required(connection.execute(_LANES), "tcccccc")
    if any(not 0 < lane[1] <= _MOST_LANES for lane in found):
        raise damaged("a lane of the outbox has a number that cannot be")
    return found


def load_topics(connection: sqlite3.Connection) -> Topics:
    """The topics of all lanes.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    topics = required(connection.execute(_TOPICS), "ctcc")
    return {(row[0], row[1]): (row[2], row[3]) for row in topics}


def load_highest_seq(connection: sqlite3.Connection) -> int:
    """The highest `seq` used by any topic; 0 without topics.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    (highest,) = one_row(connection.execute(_HIGHEST_SEQ).fetchone(), "c")
    return int(highest)


def measure(connection: sqlite3.Connection, span: Span) -> tuple[int, int]:
    """How many rows there are in a stretch, and how many bytes their payloads have together.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    rows, payload_bytes = one_row(connection.execute(_MEASURE, span).fetchone(), "cc")
    return rows, payload_bytes


def oldest_wall_ns(connection: sqlite3.Connection, spans: Iterable[Span]) -> int | None:
    """When the first row in these stretches was created, UTC; None without any.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    for span in spans:
        row = connection.execute(_OLDEST, span).fetchone()
        if row is not None:
            return int(one_row(row, "i")[0])
    return None


def read_rows(
    connection: sqlite3.Connection,
    lane: str,
    spans: Iterable[Span],
    *,
    rows: int,
    payload_bytes: int,
    newest_first: bool,
) -> list[OutboxRow]:
    """The first rows in these stretches.

    Args:
        connection: where to read.
        lane: whose rows they are.
        spans: in the order wanted.
        rows: at most so many rows.
        payload_bytes: at most so many bytes of payloads, but at least one row.
        newest_first: each stretch from its end.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    sql = _NEWEST_FIRST if newest_first else _OLDEST_FIRST
    found: list[OutboxRow] = []
    for span in spans:
        with closing(connection.execute(sql, (*span, rows - len(found)))) as cursor:
            for row in cursor:
                one = _row(lane, row)
                payload_bytes -= len(one.payload)
                if found and payload_bytes < 0:
                    return found
                found.append(one)
        if len(found) >= rows:
            break
    return found


def read_all(connection: sqlite3.Connection, lane: str) -> tuple[OutboxRow, ...]:
    """Every row of a lane that is in the file, oldest first.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    return tuple(_row(lane, row) for row in connection.execute(_ROWS, (lane,)))


def read_quarantined(
    connection: sqlite3.Connection, lane: str
) -> tuple[tuple[OutboxRow, str], ...]:
    """The rows of a lane that the receiver refused, and its words, oldest first.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    found = connection.execute(_QUARANTINED, (lane,))
    return tuple((_row(lane, row[:5]), row[5]) for row in required(found, "itiibt"))


def _row(lane: str, row: tuple[int, str, int, int, bytes]) -> OutboxRow:
    one_row(row, "itiib")
    return OutboxRow(
        id=row[0], lane=lane, topic=row[1], seq=row[2], created_wall_ns=row[3], payload=row[4]
    )
