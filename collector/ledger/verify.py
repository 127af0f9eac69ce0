"""Whether a ledger's file is sound, and its books add up, as far as the file itself can tell."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from collector.ledger.audit import Lane, books, lanes, totals_mj
from collector.ledger.connection import connect_to_read
from collector.ledger.copies import marked
from collector.ledger.damage import one_row
from collector.ledger.migrate import version
from collector.ledger.model import LedgerError
from collector.ledger.problems import describe
from collector.shown import shown

_MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found in a ledger.

    Attributes:
        path: the file.
        size_bytes: its size, without the WAL.
        version: the number of its last migration.
        accounts: how many there are.
        total_mj: their totals together; energy that several accounts count is in it as often.
        minutes: registers of 1 minute.
        quarter_hours: registers of 15 minutes.
        gaps: stretches that were not sampled.
        lanes: the outbox.
        last_commit_wall_ns: when it was last written, UTC; None when never.
        backup_wall_ns: when it was copied, UTC; None when it is no copy.
        problems: what is wrong.
        notes: what is worth knowing and may be right.
    """

    path: Path
    size_bytes: int
    version: int
    accounts: int
    total_mj: int
    minutes: int
    quarter_hours: int
    gaps: int
    lanes: tuple[Lane, ...]
    last_commit_wall_ns: int | None
    backup_wall_ns: int | None
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def verify(path: Path, *, whole_file: bool = True) -> Verdict:
    """Check a ledger, in use or not. Blocks; reads all of it.

    Args:
        path: the file.
        whole_file: check every page, too, and not the books alone.

    Raises:
        LedgerError: there is none, it cannot be read, or it is of a newer version.
    """
    path = path.resolve()
    if not path.is_file():
        raise LedgerError(f"there is no ledger {path}", "check the path, or [ledger] path")
    try:
        with closing(connect_to_read(path, alone=False)) as connection:
            connection.execute("BEGIN")  # all of it as of one commit
            return _verdict(path, connection, whole_file=whole_file)
    except (sqlite3.Error, OSError) as error:
        raise describe(error, path) from error


def _verdict(path: Path, connection: sqlite3.Connection, *, whole_file: bool) -> Verdict:
    number = version(connection)
    if number == 0:
        raise LedgerError(f"{path} is empty", "start the daemon once: it makes the tables")
    problems = list(_file(connection)) if whole_file else []
    found = books(connection)
    outbox, of_outbox = lanes(connection) if number > 1 else ((), [])
    problems += [*found.problems, *of_outbox]

    def count(table: str) -> int:
        sql = f"SELECT count(*) FROM {table}"  # noqa: S608 - our own table names
        return int(connection.execute(sql).fetchone()[0])

    row = connection.execute("SELECT wall_ns FROM last_commit").fetchone()
    if row is None:
        problems.append("the row that numbers the commits is gone")
    totals = totals_mj(connection)
    return Verdict(
        path=path,
        size_bytes=path.stat().st_size,
        version=number,
        accounts=len(totals),
        total_mj=sum(totals),
        minutes=count("register_minute"),
        quarter_hours=count("register_quarter_hour"),
        gaps=count("gap"),
        lanes=outbox,
        last_commit_wall_ns=None if row is None else one_row(row, "n")[0],
        backup_wall_ns=marked(connection),
        problems=tuple(problems[:_MOST_PROBLEMS]),
        notes=tuple(found.notes),
    )


def _file(connection: sqlite3.Connection) -> Iterator[str]:
    """What SQLite itself finds wrong."""
    for (said,) in connection.execute(f"PRAGMA integrity_check({_MOST_PROBLEMS})"):
        if said != "ok":
            yield f"the file is damaged: {shown(' '.join(said.split()))}"
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} names a row of {parent} that is not there"
