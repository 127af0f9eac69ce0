"""A copy of the ledger, made while the daemon writes it, and put back in its place.

The copy is of one commit: reading it holds that commit in view, as every reader of a WAL does, so
that the daemon writes on, undisturbed. It is checked before it gets its name.
"""

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from collector.ledger.connection import connect, connect_to_read
from collector.ledger.copies import mark
from collector.ledger.lock import WriterLock
from collector.ledger.migrate import APPLICATION_ID, version
from collector.ledger.model import LedgerError
from collector.ledger.problems import describe
from collector.ledger.verify import Verdict, verify

_PAGES = 256
_PAUSE_SECONDS = 0.01
"""Between two steps of so many pages, 1 MB: at most 100 MB/s, which leaves the disk to commits."""
_SUFFIXES = ("-wal", "-shm", "")


def backup(
    ledger: Path, to: Path, *, pages: int = _PAGES, pause_seconds: float = _PAUSE_SECONDS
) -> Verdict:
    """Copy the ledger into a file of its own, complete and checked. Blocks.

    Args:
        ledger: the ledger, in use or not.
        to: the copy; an older copy of that name is replaced, nothing else is.
        pages: how many pages of 4 KiB are copied at a time.
        pause_seconds: how long to wait between.

    Returns:
        What is in the copy.

    Raises:
        LedgerError: there is no ledger, or no copy could be made; `to` is as it was.
    """
    ledger, to = ledger.resolve(), to.resolve()
    _require_ledger(ledger)
    _require_replaceable(to, ledger)
    with _new_file(to) as temporary:
        try:
            with closing(connect_to_read(ledger, alone=False)) as source:
                version(source)
                _copy(source, temporary, pages, pause_seconds)
        except (sqlite3.Error, OSError) as error:
            raise _failed(error, ledger, to) from error
        return _checked(temporary, ledger)


def restore(copy: Path, ledger: Path) -> Path | None:
    """Put a copy in the ledger's place; what was there is kept under another name. Blocks.

    Args:
        copy: a copy that `backup` made.
        ledger: where the daemon looks for its ledger; it must not be running.

    Returns:
        Where the old ledger is now; None when there was none.

    Raises:
        LedgerError: the copy is not sound, the daemon runs, or the place cannot be written; the
            ledger is as it was.
    """
    copy, ledger = copy.resolve(), ledger.resolve()
    _require_ledger(copy)
    if copy == ledger:
        raise LedgerError(f"{copy} is the ledger itself", "name the copy to be restored")
    _require_directory(ledger)
    lock = WriterLock(ledger)
    try:
        lock.acquire()
        with _new_file(ledger) as temporary:
            with closing(connect_to_read(copy, alone=False)) as source:
                version(source)
                _copy(source, temporary, -1, 0.0)
            _checked(temporary, copy)
            _give(temporary, ledger)
            return _set_aside(ledger)
    except (sqlite3.Error, OSError) as error:
        raise _failed(error, copy, ledger) from error
    finally:
        lock.release()


def _require_ledger(path: Path) -> None:
    if not path.is_file():
        raise LedgerError(f"there is no ledger {path}", "check the path, or [ledger] path")


def _require_replaceable(to: Path, ledger: Path) -> None:
    """What is not a copy made earlier is not written over."""
    if any(to == ledger.with_name(ledger.name + suffix) for suffix in (*_SUFFIXES, ".lock")):
        raise LedgerError(f"{to} belongs to the ledger itself", "name another file for the copy")
    _require_directory(to)
    if not to.exists():
        return
    action = "name a file that is not there yet, or remove it first"
    if to.with_name(f"{to.name}.lock").exists():
        raise LedgerError(f"{to} is the ledger of a daemon", action)
    try:
        with closing(connect(to, "ro", immutable=True)) as present:
            (application,) = present.execute("PRAGMA application_id").fetchone()
    except (sqlite3.Error, OSError):
        application = None
    if application != APPLICATION_ID:
        raise LedgerError(f"{to} exists and is no copy of a ledger", action)


def _require_directory(file: Path) -> None:
    if not file.parent.is_dir():
        raise LedgerError(f"the directory {file.parent} does not exist", "create it")


@contextmanager
def _new_file(place: Path) -> Iterator[Path]:
    """A file beside another, which gets that one's name at the end, or is gone."""
    temporary = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)  # mode 0600
        os.close(descriptor)
        temporary = Path(name)
        yield temporary
        _sync(temporary)
        temporary.replace(place)
        _sync(place.parent)
    except OSError as error:
        raise LedgerError(
            f"{place} cannot be written: {error.strerror or error}",
            f"see that {place.parent} has room and may be written",
        ) from error
    finally:
        if temporary is not None:
            for suffix in ("", "-wal", "-shm", "-journal"):
                with contextlib.suppress(OSError):
                    temporary.with_name(temporary.name + suffix).unlink()


def _copy(source: sqlite3.Connection, to: Path, pages: int, pause_seconds: float) -> None:
    with closing(connect(to, "rw")) as target:
        # Of a file that is thrown away unless all went well, nothing has to be kept meanwhile.
        target.execute("PRAGMA journal_mode = OFF").fetchone()
        target.execute("PRAGMA synchronous = OFF")
        source.execute("BEGIN")
        # The first read takes hold of the newest commit; without it, each commit of the daemon
        # would make the copying begin anew.
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        source.backup(target, pages=pages, progress=lambda *_: time.sleep(pause_seconds))
        source.rollback()
        # One file, readable also where nothing can be written; the daemon sets WAL again.
        target.execute("PRAGMA journal_mode = DELETE").fetchone()
        mark(target, time.time_ns())


def _checked(copy: Path, ledger: Path) -> Verdict:
    verdict = verify(copy)
    if verdict.problems:
        raise LedgerError(
            f"the copy of {ledger} is not sound: {verdict.problems[0]}",
            f"run 'wattkeeper ledger verify {ledger}' and check the disk",
        )
    return verdict


def _give(file: Path, ledger: Path) -> None:
    """Let the file belong to whom the ledger, or its directory, belongs."""
    like = (ledger if ledger.exists() else ledger.parent).stat()
    if (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
        shutil.chown(file, like.st_uid, like.st_gid)
        shutil.chown(ledger.with_name(f"{ledger.name}.lock"), like.st_uid, like.st_gid)


def _set_aside(ledger: Path) -> Path | None:
    """Rename the old ledger, and its WAL: SQLite would replay that into the restored file."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = ledger.with_name(f"{ledger.name}.before-restore-{stamp}")
    number = 2
    while aside.exists():
        aside = ledger.with_name(f"{ledger.name}.before-restore-{stamp}-{number}")
        number += 1
    found = ledger.exists()
    for suffix in _SUFFIXES:
        present = ledger.with_name(ledger.name + suffix)
        if present.exists():
            present.rename(aside.with_name(aside.name + suffix))
    return aside if found else None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(error: sqlite3.Error | OSError, ledger: Path, to: Path) -> LedgerError:
    if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) in {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
    }:
        return LedgerError(
            f"there is no room for {to}",
            f"a copy of {ledger} needs {ledger.stat().st_size / 1e6:,.1f} MB in {to.parent}",
        )
    return describe(error, ledger)
