"""Values of another type than they were written with: the file is damaged.

SQLite's own check finds broken pages, not that a number turned into text.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

_KINDS: dict[str, set[type]] = {
    "t": {str},
    "b": {bytes},
    "i": {int},
    "n": {int, type(None)},
    "c": {int},
}
_MOST = 1 << 62
"""No count and no number of ours gets near it, and what is added to it still fits 64 bits."""


def damaged(what: str) -> sqlite3.DatabaseError:
    """The error of a damaged file, as SQLite itself would raise it."""
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    error.sqlite_errorname = "SQLITE_CORRUPT"
    return error


def required(rows: Iterable[Any], kinds: str) -> list[Any]:
    """The rows, if every column has the type that it should.

    Args:
        rows: as SQLite gives them.
        kinds: a letter for each column: t text, b bytes, i integer, n integer or none, c count.

    Raises:
        sqlite3.DatabaseError: SQLITE_CORRUPT: one has not.
    """
    found = list(rows)
    columns = zip(*found, strict=True) if found else [()] * len(kinds)
    for number, (column, kind) in enumerate(zip(columns, kinds, strict=True), start=1):
        if not set(map(type, column)) <= _KINDS[kind]:
            raise damaged(f"column {number} of a row has a value of another type")
        if kind == "c" and column and not 0 <= min(column) <= max(column) < _MOST:
            raise damaged(f"column {number} of a row has a number that cannot be")
    return found


def one_row(row: Any, kinds: str) -> Any:
    """A row that must be there, with the right types.

    Raises:
        sqlite3.DatabaseError: SQLITE_CORRUPT: it is not, or has not.
    """
    if row is None:
        raise damaged("a row is missing")
    return required([row], kinds)[0]
