"""Copies of a ledger: whole and of one moment, made beside a writer; and put back."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from collector.ledger import LedgerError, LedgerReader
from collector.ledger.backup import backup, restore
from collector.ledger.verify import verify
from tests.ledger.dumped import LEVELS, build, rows
from tests.ledger.places import fill, small_disk
from tests.ledger.values import (
    SECOND_NS,
    Meter,
    assert_books_balance,
    now_ns,
    open_ledger,
    until,
    window,
    with_items,
)

DEVICES = tuple(f"GPU-{n}" for n in range(8))


def make(path: Path, commits: int = 5) -> Meter:
    """A ledger that was closed, with windows of two GPUs and rows to deliver."""
    ledger, meter, at_ns = open_ledger(path), Meter(), now_ns()
    for n in range(commits):
        start_ns = at_ns + n * 10 * SECOND_NS
        windows = (window(start_ns), window(start_ns, device="GPU-2"))
        ledger.submit(with_items(meter.commit(*windows)))
    assert ledger.close(timeout_seconds=5)
    return meter


class Busy:
    """A ledger that is written as fast as it goes."""

    def __init__(self, path: Path) -> None:
        self.ledger = open_ledger(path)
        self.meter = Meter()
        self.commits = 0
        self._at_ns = now_ns()
        self._ended = False
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._ended:
            until(lambda: self.ledger.status.waiting_windows == 0)
            start_ns = self._at_ns + self.commits % 900 * SECOND_NS
            windows = (window(start_ns, seconds=1, device=device) for device in DEVICES)
            self.ledger.submit(with_items(self.meter.commit(*windows)))
            self.commits += 1

    @contextmanager
    def running(self) -> Iterator[None]:
        """Write until the end of the block, then close."""
        self._thread.start()
        try:
            yield
        finally:
            self._ended = True
            self._thread.join()
            assert self.ledger.close(timeout_seconds=10)


def test_a_copy_is_what_was_committed_in_one_file_for_its_owner(tmp_path: Path) -> None:
    meter = make(tmp_path / "ledger")
    place = tmp_path / "copies"
    place.mkdir()
    verdict = backup(tmp_path / "ledger", place / "copy")
    assert [path.name for path in place.iterdir()] == ["copy"]
    assert (place / "copy").stat().st_mode & 0o777 == 0o600
    assert verdict.problems == ()
    assert verdict.backup_wall_ns is not None
    assert assert_books_balance(place / "copy") == meter.totals
    before, after = rows(tmp_path / "ledger"), rows(place / "copy")
    assert [name for name, _ in after.pop("number")] == ["backup_wall_ns"]
    assert before.pop("number") == []
    assert after == before


def test_it_is_made_beside_a_writer_that_writes_on(tmp_path: Path) -> None:
    busy = Busy(tmp_path / "ledger")
    with busy.running():
        until(lambda: busy.commits > 30)
        with closing(sqlite3.connect(tmp_path / "ledger")) as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
        before = busy.commits
        # Slow enough for commits to come between the steps, which would begin anew otherwise.
        backup(tmp_path / "ledger", tmp_path / "copy", pages=max(pages // 20, 1))
        during = busy.commits - before
        assert during > 5
        assert busy.ledger.status.up
        copied = assert_books_balance(tmp_path / "copy")
        assert len({energy.total_mj for energy in copied.values()}) == 1, "torn"
        (total,) = {energy.total_mj for energy in copied.values()}
        assert before - 2 <= total // 7_000_001 <= busy.commits
    assert verify(tmp_path / "copy").problems == ()
    assert assert_books_balance(tmp_path / "ledger") == busy.meter.totals


def test_an_older_copy_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    make(tmp_path / "ledger")
    backup(tmp_path / "ledger", tmp_path / "copy")
    first = (tmp_path / "copy").stat().st_ino
    backup(tmp_path / "ledger", tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_ino != first
    (tmp_path / "notes").write_text("of somebody")
    other = tmp_path / "grafana.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE dashboard (id INTEGER)")
    for taken in ("notes", "grafana.db"):
        held = (tmp_path / taken).read_bytes()
        with pytest.raises(LedgerError, match="is no copy of a ledger"):
            backup(tmp_path / "ledger", tmp_path / taken)
        assert (tmp_path / taken).read_bytes() == held
    for own in ("ledger", "ledger-wal", "ledger-shm", "ledger.lock"):
        with pytest.raises(LedgerError, match="belongs to the ledger itself"):
            backup(tmp_path / "ledger", tmp_path / own)
    make(tmp_path / "other")
    with pytest.raises(LedgerError, match="is the ledger of a daemon"):
        backup(tmp_path / "ledger", tmp_path / "other")


@pytest.mark.parametrize(
    ("ledger", "to", "words"),
    [
        ("none", "copy", "there is no ledger .*none; check the path"),
        ("ledger", "no/copy", "the directory .*no does not exist; create it"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, ledger: str, to: str, words: str) -> None:
    make(tmp_path / "ledger")
    with pytest.raises(LedgerError, match=words):
        backup(tmp_path / ledger, tmp_path / to)


def test_a_disk_without_room_keeps_the_older_copy(tmp_path: Path) -> None:
    make(tmp_path / "ledger", commits=50)
    with small_disk(tmp_path / "disk", 400_000) as disk:
        backup(tmp_path / "ledger", disk / "copy")
        held = (disk / "copy").read_bytes()
        fill(disk)
        with pytest.raises(LedgerError, match=r"there is no room for .*copy; .* needs 0\.\d MB"):
            backup(tmp_path / "ledger", disk / "copy")
        assert (disk / "copy").read_bytes() == held
        assert {path.name for path in disk.iterdir()} == {"copy", "filler"}


ENDED = """
import signal, sys, time
from pathlib import Path
from collector.commands import main
from collector.ledger import backup
from unittest import mock
sleep = time.sleep
def slow(*_):
    print("copying", flush=True)
    sleep(30)
with mock.patch.object(backup.time, "sleep", slow):
    main(["ledger", "backup", "--ledger", sys.argv[1], "--to", sys.argv[2]])
"""


def test_ended_half_way_it_leaves_nothing(tmp_path: Path) -> None:
    make(tmp_path / "ledger")
    (tmp_path / "copies").mkdir()
    files = (tmp_path / "ledger", tmp_path / "copies/copy")
    command = [sys.executable, "-c", ENDED, *map(str, files)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "copying\n"
        assert [path.name for path in (tmp_path / "copies").iterdir()] != []
        process.terminate()
        assert process.wait(10) == 143
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_damaged_ledger_makes_no_copy(tmp_path: Path) -> None:
    make(tmp_path / "ledger", commits=50)
    with (tmp_path / "ledger").open("r+b") as file:
        file.seek(4096 * 4)
        file.write(b"\xa5" * 4096)
    with pytest.raises(LedgerError):
        backup(tmp_path / "ledger", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("level", LEVELS)
def test_a_ledger_of_any_version_is_copied_and_restored(level: int, tmp_path: Path) -> None:
    before = build(level, tmp_path / "ledger")
    backup(tmp_path / "ledger", tmp_path / "copy")
    (tmp_path / "state").mkdir()
    assert restore(tmp_path / "copy", tmp_path / "state/ledger") is None
    after = rows(tmp_path / "state/ledger")
    if level > 3:
        assert after.pop("number")[0][0] == "backup_wall_ns"
        before.pop("number")
    assert after == before


def test_a_restored_ledger_is_the_copy_and_the_old_one_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    meter = make(path)
    backup(path, tmp_path / "copy")
    ledger = open_ledger(path)
    later = Meter({key: state.total for key, state in ledger.accounts.items()})
    ledger.submit(later.commit(window(now_ns() + 100 * SECOND_NS)))
    assert ledger.close(timeout_seconds=5)
    # What a crash leaves: a WAL of the old ledger, which must not be replayed into the copy.
    with closing(sqlite3.connect(path, isolation_level=None)) as crashed:
        crashed.execute("UPDATE account_state SET counter_mj = counter_mj + 1")
        wal = path.with_name("ledger-wal").read_bytes()
    path.with_name("ledger-wal").write_bytes(wal)
    aside = restore(tmp_path / "copy", path)
    assert aside is not None
    assert assert_books_balance(path) == meter.totals
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == wal
    assert (
        not path.with_name("ledger-wal").exists() or not path.with_name("ledger-wal").stat().st_size
    )
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_restored_ledger_uses_no_number_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A receiver drops what has a `seq` that it knows."""
    path = tmp_path / "ledger"
    make(path)
    backup(path, tmp_path / "copy")
    ledger, meter = open_ledger(path), Meter()
    for n in range(5):
        ledger.submit(with_items(meter.commit(window(now_ns() + n * 10 * SECOND_NS))))
    used = {
        (row.topic, row.seq)
        for row in ledger.outbox.fetch("mqtt", rows=1000, payload_bytes=10**9).result(5)
    }
    assert ledger.close(timeout_seconds=5)
    restore(tmp_path / "copy", path)
    for reopened in range(2):
        ledger = open_ledger(path)
        old = {
            (row.topic, row.seq)
            for row in ledger.outbox.fetch("mqtt", rows=1000, payload_bytes=10**9).result(5)
        }
        ledger.submit(with_items(meter.commit(window(now_ns() + 200 * SECOND_NS))))
        rows_ = ledger.outbox.fetch("mqtt", rows=1000, payload_bytes=10**9).result(5)
        new = {(row.topic, row.seq) for row in rows_} - old
        assert len(new) == 1
        assert not new & used
        used |= new
        assert ledger.numbers == {}
        assert ledger.close(timeout_seconds=5)
        assert caplog.text.count("is the copy of") == 1, reopened
    assert verify(path).problems == ()
    assert verify(path).backup_wall_ns is None


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda place: (place / "copy").write_text("text\n"), "corrupt|no ledger|text"),
        (lambda place: (place / "copy").unlink(), "there is no ledger .*copy"),
    ],
)
def test_what_is_no_sound_copy_is_not_restored(
    tmp_path: Path, prepare: Callable[[Path], object], words: str
) -> None:
    path = tmp_path / "ledger"
    meter = make(path)
    backup(path, tmp_path / "copy")
    prepare(tmp_path)
    with pytest.raises(LedgerError, match=words):
        restore(tmp_path / "copy", path)
    assert assert_books_balance(path) == meter.totals
    assert not list(tmp_path.glob("ledger.before*"))


def test_a_ledger_in_use_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    make(path)
    backup(path, tmp_path / "copy")
    ledger = open_ledger(path)
    with pytest.raises(LedgerError, match=rf"in use by process {os.getpid()}; stop that one"):
        restore(tmp_path / "copy", path)
    assert ledger.close(timeout_seconds=5)


def test_a_restored_ledger_belongs_to_whom_the_old_one_did(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("needs root")
    path = tmp_path / "ledger"
    make(path)
    backup(path, tmp_path / "copy")
    os.chown(path, 65534, 65534)
    restore(tmp_path / "copy", path)
    assert path.stat().st_uid == path.with_name("ledger.lock").stat().st_uid == 65534
    path.unlink()
    os.chown(tmp_path, 65534, 65534)
    restore(tmp_path / "copy", path)
    assert path.stat().st_uid == 65534
    with LedgerReader(path) as reader:
        assert reader.accounts()
