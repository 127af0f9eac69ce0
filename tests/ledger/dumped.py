"""Ledgers as earlier versions wrote them: `dumps/NNNN.sql`, made by the code of that time."""

import sqlite3
from contextlib import closing
from pathlib import Path

DUMPS = Path(__file__).parent / "dumps"
LEVELS = tuple(sorted(int(path.stem) for path in DUMPS.glob("*.sql")))

Rows = dict[str, list[tuple[object, ...]]]
"""By table, its rows in order."""


def build(level: int, path: Path) -> Rows:
    """Make the ledger of a level in a new file. Returns what is in it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((DUMPS / f"{level:04}.sql").read_text(encoding="utf-8"))
    return rows(path)


def rows(path: Path) -> Rows:
    """What is in a ledger, read without any code of ours."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).fetchall()
        return {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()  # noqa: S608 - names of tables
            for (name,) in tables
        }
