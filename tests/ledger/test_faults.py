"""When the disk fails: it is said, nothing is lost, nothing is added twice."""

import logging
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from collector.ledger import AccountKey, LedgerError, LedgerReader, LedgerStatus
from collector.ledger import connection as connecting
from collector.ledger.inbox import Backoff, Inbox
from collector.ledger.opening import Opened
from collector.ledger.pending import Limits
from collector.ledger.store import Store
from collector.model import Energy
from tests.ledger.places import fill, make_read_only, small_disk
from tests.ledger.values import (
    ALWAYS,
    SECOND_NS,
    Meter,
    assert_books_balance,
    now_ns,
    open_ledger,
    until,
    window,
)

KEY = AccountKey("gpu", "GPU-1", "gpu")


class Run:
    """A ledger in use: windows of many accounts, one commit each 10 s of made-up time."""

    def __init__(self, path: Path, accounts: int = 1) -> None:
        self.path = path
        self.meter = Meter()
        self.ledger = open_ledger(path)
        self._accounts = accounts
        self._at_ns = now_ns()

    def submit(self) -> None:
        """One commit."""
        devices = [f"GPU-{n}" for n in range(1, self._accounts + 1)]
        self.ledger.submit(self.meter.commit(*(window(self._at_ns, device=d) for d in devices)))
        self._at_ns += 10 * SECOND_NS

    def written(self) -> None:
        """Wait until all is on disk."""
        until(lambda: self.ledger.status.up and self.ledger.status.waiting_windows == 0)

    def fault(self) -> LedgerStatus:
        """Wait for a fault."""
        until(lambda: not self.ledger.status.up)
        return self.ledger.status

    def finish(self) -> None:
        """Close; all that was submitted is in the books, once."""
        assert self.ledger.close(timeout_seconds=10)
        assert assert_books_balance(self.path) == self.meter.totals


def test_a_full_database_is_told_and_caught_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pages, real = [24], connecting.connect

    def limited(*args: object, **kwargs: object) -> sqlite3.Connection:
        connection = real(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        connection.execute(f"PRAGMA max_page_count = {pages[0]}")
        return connection

    monkeypatch.setattr(connecting, "connect", limited)
    run = Run(tmp_path / "ledger", accounts=300)
    for _ in range(30):
        run.submit()
    status = run.fault()
    assert "is full (" in status.problem
    assert "MB free" in status.problem
    assert f"make room on {tmp_path}; what is measured meanwhile is kept" in status.action
    assert status.waiting_windows > 0
    run.submit()
    pages[0] = 10_000
    run.written()
    run.finish()
    ends = [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]
    assert len(ends) == 2, "one line when it starts, one when it ends"
    assert "is full" in ends[0]
    assert "takes writes again after" in ends[1]
    assert int(ends[1].split("; ")[1].split()[0]) >= status.waiting_windows


def test_a_full_disk_is_told_and_caught_up(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2_000_000) as disk:
        run = Run(disk / "ledger", accounts=20)
        run.submit()
        run.written()
        filler = fill(disk)
        for _ in range(60):
            run.submit()
        assert "is full (0.0 MB of 2 MB free)" in run.fault().problem
        run.submit()
        assert not run.ledger.status.up
        filler.unlink()
        run.written()
        run.submit()
        run.finish()


def test_a_ledger_on_a_full_disk_is_read_and_later_written(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2_000_000) as disk:
        first = Run(disk / "ledger")
        first.submit()
        first.finish()
        filler = fill(disk)
        ledger = open_ledger(disk / "ledger")
        assert {key: one.total for key, one in ledger.accounts.items()} == first.meter.totals
        assert not ledger.status.up
        assert ledger.energy_since(0) == first.meter.totals
        ledger.submit(first.meter.commit(window(now_ns(), seconds=60)))
        filler.unlink()
        until(lambda: ledger.status.up)
        assert ledger.close(timeout_seconds=10)
        assert assert_books_balance(disk / "ledger") == first.meter.totals


def test_a_crashed_ledger_on_a_full_disk_is_read_with_its_last_commits(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2_000_000) as disk:
        run = Run(disk / "ledger")
        run.submit()
        run.written()
        crashed = disk / "crashed"
        for suffix in "", "-wal":  # what a power cut leaves; the -shm need not survive
            crashed.with_name(f"crashed{suffix}").write_bytes(
                run.path.with_name(f"ledger{suffix}").read_bytes()
            )
        run.finish()
        filler = fill(disk)
        ledger = open_ledger(crashed)
        assert not ledger.status.up
        assert {key: one.total for key, one in ledger.accounts.items()} == run.meter.totals
        filler.unlink()
        until(lambda: ledger.status.up)
        assert ledger.close(timeout_seconds=10)
        assert assert_books_balance(crashed) == run.meter.totals


def test_a_disk_that_turns_read_only_is_told_and_caught_up(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2_000_000) as disk:
        first = Run(disk / "ledger")
        first.submit()
        first.finish()
        make_read_only(disk, read_only=True)
        ledger = open_ledger(disk / "ledger")
        assert {key: one.total for key, one in ledger.accounts.items()} == first.meter.totals
        assert "is read-only" in ledger.status.problem
        assert "mounted read-only" in ledger.status.action
        assert ledger.energy_since(0) == first.meter.totals
        ledger.submit(first.meter.commit(window(now_ns(), seconds=60)))
        make_read_only(disk, read_only=False)
        until(lambda: ledger.status.up and ledger.status.waiting_windows == 0)
        assert ledger.close(timeout_seconds=10)
        assert assert_books_balance(disk / "ledger") == first.meter.totals


LIMITED = """
import resource, sys, time
from pathlib import Path
from tests.ledger.test_faults import Run
run = Run(Path(sys.argv[1]), accounts=50)
run.submit()
run.written()
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
for _ in range(60):
    run.submit()
print(run.fault().problem)
assert not run.ledger.close(timeout_seconds=0.2)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
"""


def test_a_file_size_limit_is_a_failing_disk_and_close_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, path],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "the disk of the ledger" in done.stdout
    assert_books_balance(path)


def test_a_lock_by_another_program_is_told_and_waited_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "BUSY_SECONDS", 0.05)
    run = Run(tmp_path / "ledger")
    with closing(sqlite3.connect(run.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        run.submit()
        status = run.fault()
        assert "is locked by another program" in status.problem
        assert "fuser" in status.action
        assert status.waiting_windows == 1
        run.submit()
        other.execute("ROLLBACK")
    run.written()
    run.finish()


def test_close_says_so_when_it_could_not_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "BUSY_SECONDS", 0.01)
    run = Run(tmp_path / "ledger")
    with closing(sqlite3.connect(run.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        run.submit()
        assert not run.ledger.close(timeout_seconds=0.3)
        run.ledger._writer.join(5)  # on a busy machine its last try may outlast the close
        assert run.ledger.status.waiting_windows == 1
        other.execute("ROLLBACK")
    with LedgerReader(run.path) as reader:
        assert reader.accounts() == {}


def test_close_still_writes_when_the_fault_ends_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path / "ledger")
    failures = [sqlite3.OperationalError("disk I/O error")] * 3
    real = Store.commit

    def flaky(self: Store, batch: object) -> None:
        if failures:
            raise failures.pop()
        real(self, batch)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(Store, "commit", flaky)
    run.submit()
    run.finish()
    assert not failures


@pytest.mark.parametrize("more", [False, True], ids=["alone", "with newer windows"])
def test_a_commit_that_failed_but_is_in_the_file_is_not_added_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, more: bool
) -> None:
    run = Run(tmp_path / "ledger")
    real, failures = Store.commit, [sqlite3.OperationalError("disk I/O error")]

    def late(self: Store, batch: object) -> None:
        real(self, batch)  # type: ignore[arg-type]  # passed on as it came
        if failures:
            if more:
                run.submit()
            raise failures.pop()

    monkeypatch.setattr(Store, "commit", late)
    run.submit()
    until(lambda: not failures)
    run.written()
    run.finish()
    assert run.meter.totals[KEY].counter_mj == (2 if more else 1) * 7_000_001


def test_a_bug_is_shown_with_its_traceback_once_and_the_writer_lives_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(tmp_path / "ledger")
    failures = [ZeroDivisionError("oops")] * 3
    real = Store.commit

    def buggy(self: Store, batch: object) -> None:
        if failures:
            raise failures.pop()
        real(self, batch)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(Store, "commit", buggy)
    run.submit()
    assert "a bug: ZeroDivisionError: oops" in run.fault().problem
    run.written()
    run.finish()
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_a_removed_ledger_is_noticed_and_every_account_saved(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    run = Run(path, accounts=2)
    run.submit()
    run.written()
    path.unlink()
    key = AccountKey("gpu", "GPU-1", "gpu")
    run.ledger.submit(run.meter.commit(window(now_ns() + 60 * SECOND_NS)))
    assert "was removed or replaced" in run.fault().problem
    run.written()
    assert run.ledger.close(timeout_seconds=5)
    with LedgerReader(path) as reader:
        assert {k: state.total for k, state in reader.accounts().items()} == run.meter.totals
        (register,) = reader.registers("minute", key, *ALWAYS)
        assert register.energy == Energy(7_000_001)


def test_a_ledger_that_turns_corrupt_is_set_aside_with_the_totals_saved(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "ledger"
    run = Run(path, accounts=2)
    run.submit()
    run.written()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:  # every page but the first
            file.seek(4096)
            file.write(b"\xa5" * (path.stat().st_size - 4096))
        run.ledger.submit(run.meter.commit(window(now_ns() + 60 * SECOND_NS)))
        until(lambda: "corrupt" in caplog.text)
        run.written()
    assert run.ledger.close(timeout_seconds=5)
    with LedgerReader(path) as reader:
        assert {key: state.total for key, state in reader.accounts().items()} == run.meter.totals
    # The other program kept the WAL there; it belongs to the old file, never to the new one.
    assert sorted(path.name[-4:] for path in tmp_path.glob("ledger.corrupt-*-*"))[:2] == [
        "-shm",
        "-wal",
    ]


def test_the_pause_doubles_up_to_its_most_and_starts_anew(tmp_path: Path) -> None:
    nothing = Opened(store=None, accounts={}, last_commit_wall_ns=None)
    inbox = Inbox(tmp_path / "ledger", nothing, Limits(), Backoff())
    pauses: list[float] = []
    for _ in range(7):
        inbox.failed(LedgerError("problem", "action"))
        pauses.append(inbox._pause_seconds)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    inbox.recovered()
    assert inbox._pause_seconds == 1
