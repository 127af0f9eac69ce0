"""Opening the ledger in every kind of place."""

import os
import pwd
import re
import subprocess
import sys
from pathlib import Path

import pytest

from collector.ledger import AccountKey, LedgerError, LedgerReader
from tests.ledger.places import fill, make_read_only, small_disk
from tests.ledger.values import Meter, assert_books_balance, now_ns, open_ledger, until, window

KEY = AccountKey("gpu", "GPU-1", "gpu")
NOBODY = 65534
NOBODY_NAME = pwd.getpwuid(NOBODY).pw_name
OPEN = """
import sys
from pathlib import Path
from collector.ledger import LedgerError
from tests.ledger.values import open_ledger
try:
    open_ledger(Path(sys.argv[1])).close(timeout_seconds=5)
except LedgerError as error:
    print(error)
"""


def make(path: Path) -> Meter:
    """A ledger with one window in it."""
    meter, ledger = Meter(), open_ledger(path)
    ledger.submit(meter.commit(window(now_ns())))
    assert ledger.close(timeout_seconds=5)
    return meter


def opened_by_nobody(path: Path) -> str:
    """What an unprivileged user is told; skips where there is no way to become one."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become another user")
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        with pytest.raises(LedgerError) as caught:
            open_ledger(path)
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
    return str(caught.value)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A directory that other users can get to."""
    for place in (tmp_path, *tmp_path.parents):
        if place.stat().st_uid == os.geteuid() and place.name.startswith(("pytest-", "test_")):
            place.chmod(0o755)
    return tmp_path


def test_a_missing_directory_is_made(tmp_path: Path) -> None:
    make(tmp_path / "new" / "ledger")
    assert_books_balance(tmp_path / "new" / "ledger")


def test_a_missing_parent_is_not(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"neither .*/a/b nor .*/a exists; create it"):
        open_ledger(tmp_path / "a" / "b" / "ledger")
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="file is not a directory"):
        open_ledger(tmp_path / "file" / "ledger")


def test_a_directory_where_the_file_should_be(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="is not a file"):
        open_ledger(tmp_path)


def test_a_directory_that_others_own(shared: Path) -> None:
    told = opened_by_nobody(shared / "ledger")
    assert f"no permission to write to the directory {shared} as user {NOBODY_NAME}" in told
    assert f"chown it to {NOBODY_NAME}" in told


def test_a_directory_that_cannot_be_made(shared: Path) -> None:
    told = opened_by_nobody(shared / "new" / "ledger")
    assert f"no permission to create new in {shared} as user {NOBODY_NAME}" in told


def test_a_ledger_that_others_own(shared: Path) -> None:
    shared.chmod(0o777)
    make(shared / "ledger")
    told = opened_by_nobody(shared / "ledger")
    assert f"no permission to read and write the ledger {shared / 'ledger'}" in told


def test_a_place_that_cannot_be_looked_into(shared: Path) -> None:
    (shared / "closed" / "deep").mkdir(parents=True)
    (shared / "closed").chmod(0o700)
    told = opened_by_nobody(shared / "closed" / "deep" / "ledger")
    assert "no permission to reach" in told


def test_a_second_daemon_is_kept_off_and_told_by_whom(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = open_ledger(path)
    done = subprocess.run(
        [sys.executable, "-c", OPEN, path], capture_output=True, text=True, timeout=30, check=True
    )
    assert f"is in use by process {os.getpid()}; stop that one" in done.stdout
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(LedgerError, match="in use by process"):
        open_ledger(link)
    assert ledger.close(timeout_seconds=5)
    assert open_ledger(path).close(timeout_seconds=5)


def test_a_refused_open_does_not_keep_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    make(path)
    sound = path.read_bytes()
    path.write_bytes(sound[:60] + b"\0\0\0\x63" + sound[64:])  # PRAGMA user_version = 99
    with pytest.raises(LedgerError, match="newer Wattkeeper"):
        open_ledger(path)
    path.write_bytes(sound)
    assert open_ledger(path).close(timeout_seconds=5)


@pytest.mark.parametrize("damage", ["no database", "broken pages"])
def test_a_corrupt_ledger_is_set_aside_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    path = tmp_path / "ledger.sqlite3"
    make(path)
    content = path.read_bytes()
    broken = b"x" * 5000 if damage == "no database" else content[:4096] + b"\xa5" * 8192
    path.write_bytes(broken)
    ledger = open_ledger(path)
    assert ledger.accounts == {}
    assert ledger.status.up
    meter = Meter()
    ledger.submit(meter.commit(window(now_ns())))
    assert ledger.close(timeout_seconds=5)
    assert assert_books_balance(path) == meter.totals
    (aside,) = tmp_path.glob("ledger.sqlite3.corrupt-*Z")
    assert re.fullmatch(r"ledger\.sqlite3\.corrupt-\d{8}T\d{6}Z", aside.name)
    assert aside.read_bytes() == broken
    (record,) = (record for record in caplog.records if record.levelname == "ERROR")
    assert aside.name in record.getMessage()
    assert "lifetime totals" in record.getMessage()


def test_two_corrupt_ledgers_in_one_second_are_both_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.ledger.opening.time.strftime", lambda *_: "NOW")
    for n in range(3):
        (tmp_path / "ledger").write_bytes(b"%d" % n * 5000)
        assert open_ledger(tmp_path / "ledger").close(timeout_seconds=5)
    kept = sorted(path.name for path in tmp_path.glob("ledger.corrupt-*"))
    assert kept == ["ledger.corrupt-NOW", "ledger.corrupt-NOW-2", "ledger.corrupt-NOW-3"]


def test_an_empty_file_becomes_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "ledger").touch()
    make(tmp_path / "ledger")
    assert [path.name for path in tmp_path.glob("*corrupt*")] == []


def test_a_path_with_signs_that_urls_know(tmp_path: Path) -> None:
    path = tmp_path / "a b?mode=ro#%41.sqlite3"
    meter = make(path)
    assert path.is_file()
    assert assert_books_balance(path) == meter.totals


def test_no_ledger_on_a_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 100_000) as disk:
        fill(disk)
        with pytest.raises(LedgerError, match=r"full|fails|No space"):
            open_ledger(disk / "ledger")


def test_no_ledger_on_a_read_only_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 100_000) as disk:
        make_read_only(disk, read_only=True)
        with pytest.raises(LedgerError, match=r"no ledger .* yet, and .* read-only file system"):
            open_ledger(disk / "ledger")
        with pytest.raises(LedgerError, match=r"cannot be created: Read-only file system"):
            open_ledger(disk / "new" / "ledger")


def test_a_report_reads_a_ledger_on_a_read_only_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1_000_000) as disk:
        meter = make(disk / "ledger")
        make_read_only(disk, read_only=True)
        assert assert_books_balance(disk / "ledger") == meter.totals


def test_an_open_ledger_is_not_disturbed_by_readers_that_come_and_go(tmp_path: Path) -> None:
    ledger, meter = open_ledger(tmp_path / "ledger"), Meter()
    for n in range(5):
        ledger.submit(meter.commit(window(now_ns() + n * 10**10)))
        with LedgerReader(tmp_path / "ledger") as reader:
            reader.accounts()
        until(lambda: ledger.status.waiting_windows == 0)
    assert ledger.close(timeout_seconds=5)
    assert assert_books_balance(tmp_path / "ledger") == meter.totals


def test_a_file_that_people_wrote_is_left_as_it_is(tmp_path: Path) -> None:
    """`[ledger] path` that names another file must not cost that file."""
    path = tmp_path / "site.toml"
    text = '[site]\nname = "서울"\n'
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LedgerError, match="is a text file and no ledger"):
        open_ledger(path)
    assert path.read_text(encoding="utf-8") == text
    assert not [one for one in tmp_path.iterdir() if "corrupt" in one.name]
