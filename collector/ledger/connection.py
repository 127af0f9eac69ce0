"""Opens the ledger's file with SQLite."""

import sqlite3
from pathlib import Path
from typing import Literal

from collector.ledger.damage import damaged

BUSY_SECONDS = 2.0
"""How long to wait for another program that holds the file."""


def connect(
    path: Path, mode: Literal["rwc", "rw", "ro"], *, immutable: bool = False
) -> sqlite3.Connection:
    """Connect; transactions are begun and committed by hand.

    Args:
        path: the file, absolute.
        mode: `rwc` creates it; `rw` and `ro` need it to be there.
        immutable: promise that nobody writes it, so that neither locks nor a WAL are looked at.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    suffix = "&immutable=1" if immutable else ""
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}{suffix}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        # Opened in one thread, used in another; never in two at a time.
        check_same_thread=False,
    )


def connect_to_write(path: Path) -> sqlite3.Connection:
    """Connect as the writer: a commit has reached the disk when it returns.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    return _prepared(
        connect(path, "rwc"),
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA journal_size_limit = 16000000",
        # Some builds overwrite what is deleted: twice the writing, for nothing secret.
        "PRAGMA secure_delete = OFF",
    )


def connect_to_read(path: Path, *, alone: bool) -> sqlite3.Connection:
    """Connect to read what was committed, also where nothing can be written.

    Args:
        path: the file, absolute.
        alone: nobody else uses the file, so that it may be locked for as long as it is read.

    Raises:
        sqlite3.Error: it cannot be opened or is no database.
    """
    wal = path.with_name(f"{path.name}-wal")
    try:
        return _prepared(connect(path, "ro"))
    except sqlite3.OperationalError:
        # A WAL wants its -shm beside it, which cannot be made on a full or read-only disk.
        if not wal.exists() or wal.stat().st_size == 0:
            return _prepared(connect(path, "ro", immutable=True))
        if not alone:
            raise
    return _prepared(connect(path, "rw"), "PRAGMA locking_mode = EXCLUSIVE")


def _prepared(connection: sqlite3.Connection, *statements: str) -> sqlite3.Connection:
    try:
        for statement in (*statements, "SELECT count(*) FROM sqlite_master"):
            connection.execute(statement).fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    except UnicodeDecodeError:  # SQLite's own words quote the damaged schema
        connection.close()
        raise damaged("its schema cannot be read") from None
    return connection
