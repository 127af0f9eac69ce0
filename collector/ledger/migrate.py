"""Brings a ledger's tables up to date: numbered SQL files, each in a transaction of its own."""

import sqlite3
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from collector.ledger.model import LedgerError

APPLICATION_ID = 0x57415454
"""`PRAGMA application_id` of a ledger: "WATT"; the first migration sets it."""


@cache
def migrations() -> tuple[str, ...]:
    """The migrations' SQL; the first is number 1."""
    folder = files("collector.ledger") / "migrations"
    found = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=_number)
    if [_number(file) for file in found] != list(range(1, len(found) + 1)):
        raise RuntimeError("the ledger's migrations are not numbered 0001, 0002, ...")
    return tuple(file.read_text(encoding="utf-8") for file in found)


def version(connection: sqlite3.Connection) -> int:
    """The number of the last migration that a ledger has had; 0 for an empty file.

    Raises:
        LedgerError: it is newer than this program, or no ledger at all.
        sqlite3.Error: it cannot be read.
    """
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (tables or number):
        raise LedgerError(
            f"{_name(connection)} is a database of another program",
            "set [ledger] path to a file of its own",
        )
    if number > len(migrations()):
        raise LedgerError(
            f"{_name(connection)} was written by a newer Wattkeeper (its tables are version"
            f" {number}, this one knows {len(migrations())})",
            "install that version again, or restore a copy from before the upgrade"
            " (wattkeeper ledger restore)",
        )
    return int(number)


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the migrations that are missing. What fails leaves the ledger as it was.

    Raises:
        LedgerError: it is newer than this program, or no ledger at all; it was not touched.
        sqlite3.Error: it cannot be read or written.
    """
    done = version(connection)
    for number, script in enumerate(migrations()[done:], start=done + 1):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.rollback()
            raise


def _number(file: Traversable) -> int:
    return int(file.name.partition("_")[0])


def _name(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA database_list").fetchone()[2])
