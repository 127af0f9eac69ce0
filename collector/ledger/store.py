"""Writes to the ledger's file: one transaction for what waits, and deleting in small steps."""

import logging
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from collector.ledger.connection import connect_to_write
from collector.ledger.copies import take_over
from collector.ledger.damage import damaged, one_row
from collector.ledger.event_rows import load_events, replace_events
from collector.ledger.lanes import Lanes
from collector.ledger.migrate import migrate
from collector.ledger.model import AccountKey, AccountState, EventState, LedgerError
from collector.ledger.outbox_table import OutboxTable
from collector.ledger.pending import Deltas, Pending
from collector.ledger.rows import (
    STATE_COLUMNS,
    SUM_COLUMNS,
    load_accounts,
    load_ids,
    load_numbers,
    state_row,
)

PRUNE_ROWS = 2000
"""How many rows one step of pruning deletes at most."""
TIDY_ROWS = 2000
"""How many rows of a lane one step of tidying the outbox deletes at most."""
_TIDY_ROWS_BESIDE = 250
"""Likewise beside a commit, which is to stay short."""

_Row = tuple[int | str | bytes | None, ...]
_log = logging.getLogger(__name__)


def _register_sql(table: str) -> str:
    columns = ", ".join(SUM_COLUMNS)
    sums = ", ".join(f"{name} = {name} + excluded.{name}" for name in SUM_COLUMNS)
    # max() of SQLite is NULL when either is; a missing peak must not hide a known one.
    return f"""
    INSERT INTO {table} (start_s, account, {columns}, peak_mw) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (start_s, account) DO UPDATE SET {sums}, peak_mw =
        max(ifnull(peak_mw, excluded.peak_mw), ifnull(excluded.peak_mw, peak_mw))
    """  # noqa: S608 - our own table and column names


_ADD_MINUTE = _register_sql("register_minute")
_ADD_QUARTER_HOUR = _register_sql("register_quarter_hour")
_PUT_STATE = f"""
INSERT OR REPLACE INTO account_state (account, {", ".join(STATE_COLUMNS)})
VALUES (?{", ?" * len(STATE_COLUMNS)})
"""  # noqa: S608 - our own column names
_ADD_GAP = """
INSERT INTO gap (account, start_ns, end_ns, counter_mj, integrated_mj, estimated_mj,
    low_mj, high_mj, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ADD_ACCOUNT = "INSERT INTO account (kind, device, scope) VALUES (?, ?, ?)"
_PUT_NUMBER = "INSERT OR REPLACE INTO number (name, value) VALUES (?, ?)"
_PUT_COMMIT = "UPDATE last_commit SET number = ?, wall_ns = ?"
_PRUNE = (
    """DELETE FROM register_minute WHERE (start_s, account) IN (SELECT start_s, account
    FROM register_minute WHERE start_s < :minute_s ORDER BY start_s LIMIT :rows)""",
    """DELETE FROM register_quarter_hour WHERE (start_s, account) IN (SELECT start_s, account
    FROM register_quarter_hour WHERE start_s < :quarter_s ORDER BY start_s LIMIT :rows)""",
    """DELETE FROM gap WHERE id IN (SELECT id
    FROM gap WHERE end_ns < :quarter_s * 1000000000 LIMIT :rows)""",
)


class Store:
    """The open file, for its one writer. Used by one thread at a time.

    Args:
        path: the file, absolute; created and brought up to date where needed.
        lanes: what is known of the outbox; loaded from the file, then kept up to date.
        check: verify the whole file first.

    Raises:
        LedgerError: the file is not one that this program may write.
        sqlite3.Error: it cannot be opened or written; a corrupt one has the code SQLITE_CORRUPT
            or SQLITE_NOTADB.
    """

    def __init__(self, path: Path, lanes: Lanes, *, check: bool) -> None:
        self._path = path
        self._lanes = lanes
        self._connection = connect_to_write(path)
        try:
            if check:
                _verify(self._connection)
            migrate(self._connection)
            self._take_over()
            self._ids = load_ids(self._connection)
            self._outbox = OutboxTable(self._connection, lanes)
            self.number, self.wall_ns = self._probe()
            if check:  # what is damaged is to be found now, when it can be set aside
                self.accounts(), self.events(), self.numbers()
            self._file = _identity(path)
        except BaseException:
            self._connection.close()
            raise

    @property
    def connection(self) -> sqlite3.Connection:
        """To read with, in the writer's thread."""
        return self._connection

    def accounts(self) -> dict[AccountKey, AccountState]:
        """Every account's state.

        Raises:
            sqlite3.Error: it cannot be read.
        """
        return load_accounts(self._connection)

    def events(self) -> EventState:
        """What is known of events.

        Raises:
            sqlite3.Error: it cannot be read.
        """
        return load_events(self._connection)

    def numbers(self) -> dict[str, int]:
        """Single numbers that are remembered, by name.

        Raises:
            sqlite3.Error: it cannot be read.
        """
        return load_numbers(self._connection)

    def commit(self, batch: Pending) -> None:
        """Write all of `batch` or nothing, and return when it has reached the disk.

        Raises:
            LedgerError: the file is gone, or another one stands in its place.
            sqlite3.Error: it could not be written. Whether it is in the file after all is told by
                `number` after the file was opened again.
        """
        self._require_same_file()
        ids = dict(self._ids)
        number = self.number + 1
        execute = self._connection.execute
        many = self._connection.executemany
        with self._transaction():
            for key in sorted(batch.accounts() - ids.keys(), key=_order):
                ids[key] = execute(_ADD_ACCOUNT, _order(key)).lastrowid or 0
            many(_ADD_MINUTE, _register_rows(batch.minutes, ids))
            many(_ADD_QUARTER_HOUR, _register_rows(batch.quarter_hours, ids))
            many(_PUT_STATE, (state_row(ids[key], state) for key, state in batch.states.items()))
            if batch.gaps:
                many(_ADD_GAP, _gap_rows(batch, ids))
            if batch.events is not None:
                replace_events(self._connection, batch.events)
            many(_PUT_NUMBER, batch.numbers.items())
            self._outbox.add(batch.outbox)
            self._outbox.tidy(_TIDY_ROWS_BESIDE)
            execute(_PUT_COMMIT, (number, batch.wall_ns))
        self._ids = ids
        self.number = number
        self.wall_ns = batch.wall_ns

    def prune(self, minute_s: int, quarter_hour_s: int) -> bool:
        """Delete some of the registers and gaps that begin before these times, in UTC seconds.

        Returns:
            Whether there may be more.

        Raises:
            sqlite3.Error: it could not be written.
        """
        limits = {"minute_s": minute_s, "quarter_s": quarter_hour_s, "rows": PRUNE_ROWS}
        with self._transaction():
            deleted = [self._connection.execute(sql, limits).rowcount for sql in _PRUNE]
        return max(deleted) >= PRUNE_ROWS

    def tidy(self) -> None:
        """Delete some of the outbox's rows that are not needed any more, or too many.

        Raises:
            sqlite3.Error: it could not be written.
        """
        with self._transaction():
            self._outbox.tidy(TIDY_ROWS)

    def quarantine(self, lane: str, words: Mapping[int, str]) -> None:
        """Put rows of the outbox aside, with the receiver's words.

        Raises:
            LedgerError: the file is gone, or another one stands in its place.
            sqlite3.Error: it could not be written.
        """
        self._require_same_file()
        with self._transaction():
            self._outbox.quarantine(lane, words)

    def close(self) -> None:
        """Close the file.

        Raises:
            sqlite3.Error: SQLite could not.
        """
        self._connection.close()

    def _take_over(self) -> None:
        made_ns = take_over(self._connection)
        if made_ns is not None:
            _log.warning(
                "the ledger %s is the copy of %s: energy since then is found again as far as the"
                " counters ran on, and messages are numbered anew",
                self._path,
                datetime.fromtimestamp(made_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
            )

    def _probe(self) -> tuple[int, int | None]:
        """The last commit's number and time. Writes something, to see whether that works."""
        # SQLite skips a write that changes nothing, so this has to be a change.
        self._connection.execute("UPDATE last_commit SET openings = openings + 1")
        row = self._connection.execute("SELECT number, wall_ns FROM last_commit").fetchone()
        number, wall_ns = one_row(row, "cn")
        return number, wall_ns

    def _require_same_file(self) -> None:
        # SQLite writes on into a deleted file, and everything would be lost at the next start.
        if _identity(self._path) != self._file:
            raise LedgerError(
                f"{self._path} was removed or replaced while in use",
                "leave it alone while the daemon runs; a new ledger is started in its place",
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        lanes = dict(self._lanes.states)
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._lanes.states = lanes
            if self._connection.in_transaction:
                self._connection.rollback()
            raise


def _verify(connection: sqlite3.Connection) -> None:
    (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if result != "ok":
        raise damaged(f"quick_check: {result}")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _order(key: AccountKey) -> tuple[str, str, str]:
    return key.kind, key.device, key.scope


def _register_rows(registers: Deltas, ids: dict[AccountKey, int]) -> Iterator[_Row]:
    for start_s, deltas in registers.items():
        for key, delta in deltas.items():
            yield (
                start_s,
                ids[key],
                delta.counter_mj,
                delta.integrated_mj,
                delta.estimated_mj,
                delta.covered_ns,
                delta.elapsed_ns,
                delta.peak_mw,
            )


def _gap_rows(batch: Pending, ids: dict[AccountKey, int]) -> Iterator[_Row]:
    for gap in batch.gaps:
        yield (
            ids[gap.key],
            gap.start_ns,
            gap.end_ns,
            gap.energy.counter_mj,
            gap.energy.integrated_mj,
            gap.energy.estimated_mj,
            gap.low_mj,
            gap.high_mj,
            gap.reason,
        )
