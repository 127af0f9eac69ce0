"""Tables are brought up to date in order, all or nothing, and newer ones are left alone."""

import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest

from collector.ledger import LedgerError, LedgerReader, migrate
from tests.ledger.values import Meter, assert_books_balance, now_ns, open_ledger, window

FIRST = migrate.migrations()[0]


def set_version(path: Path, number: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {number}")


def test_migrations_are_in_the_package_and_numbered_without_holes() -> None:
    names = sorted(
        file.name
        for file in (files("collector.ledger") / "migrations").iterdir()
        if file.name.endswith(".sql")
    )
    assert [name[:5] for name in names] == [f"{n:04}_" for n in range(1, len(names) + 1)]
    assert len(migrate.migrations()) == len(names)


def test_a_new_ledger_has_the_newest_version(tmp_path: Path) -> None:
    open_ledger(tmp_path / "ledger").close(timeout_seconds=5)
    with closing(sqlite3.connect(tmp_path / "ledger")) as connection:
        assert migrate.version(connection) == len(migrate.migrations())


def test_a_newer_ledger_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    open_ledger(path).close(timeout_seconds=5)
    set_version(path, 99)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"newer Wattkeeper .*version 99.*install that version"):
        open_ledger(path)
    with pytest.raises(LedgerError, match="newer Wattkeeper"):
        LedgerReader(path)
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "grafana.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE dashboard (id INTEGER)")
    with pytest.raises(LedgerError, match="database of another program"):
        open_ledger(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("dashboard",)]


def test_a_ledger_is_brought_up_to_date_and_keeps_its_energy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger"
    meter = Meter()
    ledger = open_ledger(path)
    ledger.submit(meter.commit(window(now_ns())))
    assert ledger.close(timeout_seconds=5)
    more = (*migrate.migrations(), "CREATE TABLE later (id INTEGER); INSERT INTO later VALUES (8);")
    monkeypatch.setattr(migrate, "migrations", lambda: more)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate.migrate(connection)
        assert migrate.version(connection) == len(more)
        assert connection.execute("SELECT id FROM later").fetchone() == (8,)
    monkeypatch.undo()
    set_version(path, len(more) - 1)
    assert assert_books_balance(path) == meter.totals


def test_a_migration_that_fails_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = (FIRST, "CREATE TABLE half (id INTEGER); INSERT INTO missing VALUES (1);")
    monkeypatch.setattr(migrate, "migrations", lambda: scripts)
    with closing(sqlite3.connect(tmp_path / "ledger", isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="missing"):
            migrate.migrate(connection)
        assert not connection.in_transaction
        assert migrate.version(connection) == 1
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert ("half",) not in tables
    assert ("account",) in tables


def test_an_older_ledger_is_not_read_by_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger"
    open_ledger(path).close(timeout_seconds=5)
    more = (*migrate.migrations(), "SELECT 1;")
    monkeypatch.setattr("collector.ledger.reader.migrations", lambda: more)
    with pytest.raises(LedgerError, match=r"older version; start the daemon"):
        LedgerReader(path)
