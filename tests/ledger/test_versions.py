"""Ledgers of every earlier version: brought up to date with all that was in them, or not at all."""

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from collector.ledger import (
    AccountKey,
    Commit,
    EventKey,
    Ledger,
    LedgerError,
    LedgerReader,
    migrate,
)
from collector.ledger.verify import verify
from collector.model import Energy
from tests.ledger.dumped import LEVELS, Rows, build, rows
from tests.ledger.places import fill, small_disk
from tests.ledger.values import Meter, assert_books_balance, now_ns, open_ledger, window

NEWEST = len(migrate.migrations())
GPUS = {
    AccountKey("gpu", "GPU-1", "gpu"): Energy(510_061_837, 360, 12_345_679),
    AccountKey("gpu", "GPU-2", "gpu"): Energy(420_121_830, 360, 0),
}
HOST = {AccountKey("host", "best:node", "input"): Energy(2**64 + 5)}
"""More than an integer of SQLite holds."""
EVERY = pytest.mark.parametrize("level", LEVELS)


def kept(before: Rows, after: Rows) -> None:
    """Everything is as it was, in the tables that there were. `openings` counts openings."""
    for table, found in before.items():
        if table == "last_commit":
            assert [row[:3] for row in after[table]] == [row[:3] for row in found]
        else:
            assert after[table] == found, table


def test_there_is_a_ledger_of_every_version() -> None:
    assert tuple(range(1, NEWEST + 1)) == LEVELS, "add a dump made by the code of that version"


@EVERY
def test_it_is_brought_up_to_date_and_keeps_everything(level: int, tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    before = build(level, path)
    ledger = open_ledger(path)
    assert {key: state.total for key, state in ledger.accounts.items()} == (
        GPUS | HOST if level > 3 else GPUS
    )
    if level > 1:
        waiting = ledger.outbox.fetch("mqtt", rows=100, payload_bytes=10**6).result(5)
        assert len(waiting) == 11
        assert ledger.outbox.status("mqtt").quarantined_rows == 1
    if level > 2:
        assert ledger.events.counts[EventKey("xid", "GPU-1", "79")].count == 3
        assert ledger.events.cursor is not None
    if level > 3:
        assert ledger.numbers == {"most_gpus": 8}
    assert ledger.close(timeout_seconds=5)
    kept(before, rows(path))
    with closing(sqlite3.connect(path)) as connection:
        assert migrate.version(connection) == NEWEST
    assert verify(path).problems == ()


@EVERY
def test_it_goes_on_where_it_was(level: int, tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    build(level, path)
    ledger = open_ledger(path)
    meter = Meter({key: state.total for key, state in ledger.accounts.items() if key in GPUS})
    ledger.submit(meter.commit(window(now_ns()), window(now_ns(), device="GPU-2")))
    assert ledger.close(timeout_seconds=5)
    with LedgerReader(path) as reader:
        totals = {key: state.total for key, state in reader.accounts().items() if key in GPUS}
    assert totals == {key: energy + Energy(7_000_001) for key, energy in GPUS.items()}
    assert totals == meter.totals
    if level < 4:  # the host's account was made up without registers
        assert_books_balance(path)


@EVERY
def test_registers_are_read_as_they_were_written(level: int, tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    build(level, path)
    open_ledger(path).close(timeout_seconds=5)
    with LedgerReader(path) as reader:
        for key, total in GPUS.items():
            quarters = reader.registers("quarter_hour", key, 0, 2**62)
            assert len(quarters) == 2
            assert sum((one.energy for one in quarters), start=Energy()) == total
        (gap,) = reader.gaps(0, 2**62)
    assert (gap.reason, gap.energy.estimated_mj, gap.low_mj) == ("restart", 12_345_679, 0)


MIGRATING = """
import sqlite3, sys
from collector.ledger import migrate
slow = '''
CREATE TABLE later (id INTEGER PRIMARY KEY, filler BLOB);
UPDATE account_state SET counter_mj = 0;
INSERT INTO later SELECT value, randomblob(3000) FROM (
    WITH RECURSIVE count(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM count LIMIT 1000000)
    SELECT value FROM count);
'''
more = (*migrate.migrations(), slow)
migrate.migrations = lambda: more
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("PRAGMA cache_size = 10")
print("ready", flush=True)
migrate.migrate(connection)
"""


@EVERY
def test_killed_in_the_middle_of_a_migration_it_is_as_before(level: int, tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    before = build(level, path)
    wal = path.with_name("ledger-wal")
    with subprocess.Popen(
        [sys.executable, "-c", MIGRATING, path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        deadline = time.monotonic() + 30
        while not wal.exists() or wal.stat().st_size < 2_000_000:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    after = rows(path)
    kept(before, after)
    assert "later" not in after
    ledger = open_ledger(path)
    assert {key: state.total for key, state in ledger.accounts.items()}.items() >= GPUS.items()
    assert ledger.close(timeout_seconds=5)
    kept(before, rows(path))


@pytest.mark.parametrize("level", LEVELS[:-1])
def test_a_disk_that_is_full_is_told_and_the_ledger_is_as_before(
    level: int, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", 400_000) as disk:
        path = disk / "ledger"
        before = build(level, path)
        filler = fill(disk)
        with pytest.raises(LedgerError, match=r"is full \(0.0 MB of .* free\); make room on"):
            open_ledger(path)
        filler.unlink()
        kept(before, rows(path))
        ledger = open_ledger(path)
        assert ledger.close(timeout_seconds=5)
        kept(before, rows(path))
        assert verify(path).problems == ()


def test_the_version_before_refuses_it_afterwards_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger"
    build(1, path)
    open_ledger(path).close(timeout_seconds=5)
    before = rows(path)
    earlier = migrate.migrations()[:-1]
    monkeypatch.setattr(migrate, "migrations", lambda: earlier)
    with pytest.raises(LedgerError, match="newer Wattkeeper") as caught:
        open_ledger(path)
    assert "install that version again, or restore a copy from before the upgrade" in str(
        caught.value
    )
    assert rows(path) == before


def test_an_unknown_number_is_kept(tmp_path: Path) -> None:
    """A later version may remember more; going back and forth must lose nothing of it."""
    path = tmp_path / "ledger"
    ledger = open_ledger(path)
    ledger.submit(Commit(windows=(), states={}, wall_ns=1, numbers={"of_later": 7}))
    assert ledger.close(timeout_seconds=5)
    reopened: Ledger = open_ledger(path)
    assert reopened.numbers == {"of_later": 7}
    assert reopened.close(timeout_seconds=5)
