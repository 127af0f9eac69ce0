"""A ledger whose values changed their type: set aside by the daemon, told by who only reads."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from collector.ledger import AccountKey, LedgerError, LedgerReader
from tests.fuzz.words import checked
from tests.ledger.values import ALWAYS, Meter, now_ns, open_ledger, window, with_items

KEY = AccountKey("gpu", "GPU-1", "gpu")


def harmed(path: Path, sql: str) -> None:
    """A ledger in which something was changed that its own rules would not let through."""
    ledger, meter = open_ledger(path), Meter()
    ledger.submit(with_items(meter.commit(window(now_ns()))))
    assert ledger.close(timeout_seconds=10)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("INSERT INTO event_count VALUES ('xid', 'GPU-1', '79', 3, 5)")
        database.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE account_state SET counter_mj = 'much'",
        "UPDATE account_state SET anchor_wall_ns = 1.5",
        "UPDATE account_state SET boot_id = x'ff'",
        "UPDATE account SET device = cast(x'ff' AS TEXT)",
        "UPDATE event_count SET count = 'three'",
        "UPDATE outbox_lane SET row_count = x'01'",
        "UPDATE outbox_lane SET id = 9223372036854775807 WHERE name = 'mqtt'",
        "UPDATE outbox_topic SET seq = 9223372036854775807",
        "UPDATE outbox SET created_wall_ns = 'then'",
        "DELETE FROM last_commit",
        "UPDATE last_commit SET number = 'last'",
        "INSERT INTO number VALUES ('most_gpus', 'eight')",
    ],
)
def test_the_daemon_sets_it_aside_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, sql: str
) -> None:
    path = tmp_path / "ledger.sqlite3"
    harmed(path, sql)
    ledger = open_ledger(path)
    assert ledger.accounts == {}
    ledger.submit(Meter().commit(window(now_ns())))
    assert ledger.close(timeout_seconds=10)
    assert "is corrupt" in caplog.text
    assert len(list(tmp_path.glob("*.corrupt-*"))) >= 1
    with LedgerReader(path) as reader:
        assert KEY in reader.accounts()


def read_all(path: Path) -> None:
    with LedgerReader(path) as reader:
        reader.accounts()
        reader.registers("minute", KEY, *ALWAYS)
        list(reader.quarter_hours([1], now_ns() // 10**9 - 86_400, now_ns() // 10**9 + 86_400))
        reader.outbox_rows("mqtt")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE account_state SET counter_mj = 'much'",
        "UPDATE register_minute SET covered_ns = 'all'",
        "UPDATE register_quarter_hour SET counter_mj = x'ff'",
        "UPDATE outbox SET payload = 'text'",
        "UPDATE account SET device = cast(x'ff' AS TEXT)",
    ],
)
def test_who_only_reads_is_told(tmp_path: Path, sql: str) -> None:
    path = tmp_path / "ledger.sqlite3"
    harmed(path, sql)
    with pytest.raises(LedgerError, match="is corrupt") as caught:
        read_all(path)
    checked(caught.value)


def test_a_schema_that_cannot_even_be_quoted(tmp_path: Path) -> None:
    """SQLite quotes it in its own words, which Python then could not read."""
    path = tmp_path / "ledger.sqlite3"
    harmed(path, "SELECT 1")
    data = path.read_bytes()
    assert b"tablegapgap" in data
    data = data.replace(b"CREATE TABLE gap", b"\x1fREATE TABLE gap")
    path.write_bytes(data.replace(b"tablegapgap", b"table\xa5\xffpgap"))
    with pytest.raises(LedgerError, match="is corrupt"):
        LedgerReader(path)
    assert open_ledger(path).close(timeout_seconds=10)
