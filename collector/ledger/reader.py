"""Reads the ledger beside its writer: for reports, pages and tests."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from collector.ledger.connection import connect_to_read
from collector.ledger.damage import required
from collector.ledger.event_rows import load_events
from collector.ledger.migrate import migrations, version
from collector.ledger.model import (
    AccountKey,
    AccountState,
    EventState,
    Gap,
    LedgerError,
    OutboxRow,
    Register,
    Resolution,
)
from collector.ledger.outbox_rows import read_all, read_quarantined
from collector.ledger.problems import describe
from collector.ledger.rows import SUM_COLUMNS, load_accounts, load_ids
from collector.ledger.spread import SECOND_NS
from collector.model import Energy


def _registers_sql(table: str) -> str:
    return f"""
    SELECT start_s, {", ".join(SUM_COLUMNS)}, peak_mw
    FROM {table} JOIN account ON account.id = account
    WHERE kind = ? AND device = ? AND scope = ? AND start_s >= ? AND start_s < ? ORDER BY start_s
    """  # noqa: S608 - our own table and column names


_REGISTERS: Mapping[Resolution, str] = {
    "minute": _registers_sql("register_minute"),
    "quarter_hour": _registers_sql("register_quarter_hour"),
}
_QUARTER_HOURS = f"""
SELECT start_s, account, {", ".join(SUM_COLUMNS)} FROM register_quarter_hour
WHERE start_s >= ? AND start_s < ? AND account IN (SELECT value FROM json_each(?))
"""  # noqa: S608 - our own column names
_CHUNK_SECONDS = 86_400
_GAPS = """
SELECT kind, device, scope, start_ns, end_ns, counter_mj, integrated_mj, estimated_mj,
    low_mj, high_mj, reason
FROM gap JOIN account ON account.id = account
WHERE end_ns > ? AND start_ns < ? ORDER BY start_ns, gap.id
"""


class LedgerReader:
    """A second, read-only connection; what it sees is committed. One thread at a time.

    A context manager: it closes itself at the end.

    Args:
        path: the ledger's file.

    Raises:
        LedgerError: there is none, it cannot be read, or it is of another version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        if not self._path.is_file():
            raise LedgerError(
                f"there is no ledger {self._path}",
                "check [ledger] path; the daemon makes it when it first starts",
            )
        try:
            self._connection = connect_to_read(self._path, alone=False)
        except (sqlite3.Error, OSError) as error:
            raise describe(error, self._path) from error
        try:
            self._require_version()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def accounts(self) -> Mapping[AccountKey, AccountState]:
        """Every account's state.

        Raises:
            LedgerError: it cannot be read.
        """
        try:
            return load_accounts(self._connection)
        except sqlite3.Error as error:
            raise describe(error, self._path) from error

    def events(self) -> EventState:
        """What is known of events.

        Raises:
            LedgerError: it cannot be read.
        """
        try:
            return load_events(self._connection)
        except sqlite3.Error as error:
            raise describe(error, self._path) from error

    def registers(
        self, resolution: Resolution, key: AccountKey, start_ns: int, end_ns: int
    ) -> tuple[Register, ...]:
        """An account's registers, oldest first; where nothing was accounted for, there is none.

        Args:
            resolution: how long a register is.
            key: the account.
            start_ns: registers that begin at this time, UTC, or later.
            end_ns: and before this one.

        Raises:
            LedgerError: it cannot be read.
        """
        edges = (-(-start_ns // SECOND_NS), -(-end_ns // SECOND_NS))
        about = (key.kind, key.device, key.scope, *edges)
        rows = self._rows(_REGISTERS[resolution], about, "iiiiiin")
        return tuple(
            Register(
                start_ns=row[0] * SECOND_NS,
                energy=Energy(*row[1:4]),
                covered_ns=row[4],
                elapsed_ns=row[5],
                peak_mw=row[6],
            )
            for row in rows
        )

    def numbers(self) -> Mapping[AccountKey, int]:
        """The numbers by which `quarter_hours` names accounts.

        Raises:
            LedgerError: it cannot be read.
        """
        try:
            return load_ids(self._connection)
        except sqlite3.Error as error:
            raise describe(error, self._path) from error

    def quarter_hours(
        self, accounts: Collection[int], start_s: int, end_s: int
    ) -> Iterator[list[tuple[int, ...]]]:
        """The 15-minute registers of many accounts at once, as plain numbers, a day at a time.

        A year of 200 meters is 7 million registers: too many for a value each. The file keeps
        them by time, so that reading one account costs as much as reading all.

        Args:
            accounts: their numbers.
            start_s: registers that begin at this time, UTC seconds, or later.
            end_s: and before this one.

        Yields:
            Rows in no order: start (UTC seconds), the account's number, energy by counter, by
            integral and by estimate (mJ), covered and elapsed time (ns).

        Raises:
            LedgerError: it cannot be read.
        """
        wanted = f"[{','.join(map(str, accounts))}]"
        for first_s in range(start_s, end_s, _CHUNK_SECONDS):
            last_s = min(first_s + _CHUNK_SECONDS, end_s)
            yield self._rows(_QUARTER_HOURS, (first_s, last_s, wanted), "iiiiiii")

    def gaps(self, start_ns: int, end_ns: int) -> tuple[Gap, ...]:
        """Gaps of all accounts that overlap a stretch of time, oldest first.

        Args:
            start_ns: begin of the stretch, UTC.
            end_ns: its end, UTC.

        Raises:
            LedgerError: it cannot be read.
        """
        return tuple(
            Gap(
                key=AccountKey(*row[:3]),
                start_ns=row[3],
                end_ns=row[4],
                energy=Energy(*row[5:8]),
                low_mj=row[8],
                high_mj=row[9],
                reason=row[10],
            )
            for row in self._rows(_GAPS, (start_ns, end_ns), "tttiiiiinnt")
        )

    def outbox_rows(self, lane: str) -> tuple[OutboxRow, ...]:
        """Every row of a lane that is in the file, oldest first.

        Acknowledged rows are among them until they are deleted, about a minute later.

        Args:
            lane: whose.

        Raises:
            LedgerError: it cannot be read.
        """
        try:
            return read_all(self._connection, lane)
        except sqlite3.Error as error:
            raise describe(error, self._path) from error

    def quarantined_rows(self, lane: str) -> tuple[tuple[OutboxRow, str], ...]:
        """The newest rows of a lane that the receiver refused, and its words, oldest first.

        Args:
            lane: whose.

        Raises:
            LedgerError: it cannot be read.
        """
        try:
            return read_quarantined(self._connection, lane)
        except sqlite3.Error as error:
            raise describe(error, self._path) from error

    def _rows(self, sql: str, arguments: Iterable[str | int], kinds: str) -> list[Any]:
        try:
            # All at once: an open read would keep the writer from emptying the WAL.
            return required(self._connection.execute(sql, tuple(arguments)).fetchall(), kinds)
        except sqlite3.Error as error:
            raise describe(error, self._path) from error

    def _require_version(self) -> None:
        try:
            number = version(self._connection)
        except sqlite3.Error as error:
            raise describe(error, self._path) from error
        if number < len(migrations()):
            raise LedgerError(
                f"the ledger {self._path} is of an older version",
                "start the daemon of this version once: it brings the ledger up to date",
            )
