"""Opens the ledger at start: makes its place, sets a corrupt file aside, reads a read-only one."""

import logging
import os
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from collector.ledger.connection import connect_to_read
from collector.ledger.damage import one_row
from collector.ledger.event_rows import load_events
from collector.ledger.lanes import Lanes
from collector.ledger.lock import WriterLock
from collector.ledger.migrate import migrations, version
from collector.ledger.model import AccountKey, AccountState, EventState, LedgerError
from collector.ledger.problems import describe, is_corrupt, no_permission, retried
from collector.ledger.rows import load_accounts, load_numbers
from collector.ledger.store import Store
from collector.shown import shown

_log = logging.getLogger(__name__)
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was found at start.

    Attributes:
        store: the open file; None when it cannot be written now.
        accounts: every account in it.
        last_commit_wall_ns: when it was last written, UTC; None when never.
        fault: why it cannot be written.
        lanes: what is known of the outbox.
        events: what is known of events.
        numbers: single numbers that are remembered, by name.
    """

    store: Store | None
    accounts: Mapping[AccountKey, AccountState]
    last_commit_wall_ns: int | None
    fault: LedgerError | None = None
    lanes: Lanes = field(default_factory=Lanes)
    events: EventState = field(default_factory=EventState)
    numbers: Mapping[str, int] = field(default_factory=dict)


def open_at_start(path: Path, lock: WriterLock, *, check: bool = True) -> Opened:
    """Open the ledger, or read what it holds where it cannot be written now.

    Args:
        path: the file, absolute.
        lock: the right to write it.
        check: verify the whole file first.

    Raises:
        LedgerError: there is no way to go on without somebody's help.
    """
    try:
        _prepare_place(path)
    except PermissionError:
        raise no_permission("reach", path) from None
    present = path.is_file() and path.stat().st_size > 0
    lanes = Lanes()
    try:
        lock.acquire()
        store = open_store(path, lanes, check=check)
    except LedgerError:
        raise
    except (sqlite3.Error, OSError) as error:
        fault = describe(error, path)
        if not present:
            raise fault from error
        return _read_only(path, fault)
    try:
        return Opened(
            store=store,
            accounts=store.accounts(),
            last_commit_wall_ns=store.wall_ns,
            lanes=lanes,
            events=store.events(),
            numbers=store.numbers(),
        )
    except sqlite3.Error as error:
        store.close()
        raise describe(error, path) from error


def open_store(path: Path, lanes: Lanes, *, check: bool) -> Store:
    """Open the ledger for writing; a corrupt one is set aside and a new one started.

    Args:
        path: the file, absolute.
        lanes: what is known of the outbox; brought up to date.
        check: verify the whole file.

    Raises:
        LedgerError: it is not one that this program may write.
        OSError: a corrupt one could not be set aside.
        sqlite3.Error: it cannot be opened or written.
    """
    try:
        return Store(path, lanes, check=check)
    except sqlite3.Error as error:
        if not is_corrupt(error):
            raise
        _refuse_text(path)
        _set_aside(path, error)
    return Store(path, lanes, check=False)


def _refuse_text(path: Path) -> None:
    """A file that people wrote was never a ledger: its name stands there by mistake.

    Raises:
        LedgerError: it is such a file.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if b"\0" in head or b"\n" not in head:
        return
    try:
        head[: head.rfind(b"\n") + 1].decode()
    except UnicodeDecodeError:
        return
    raise LedgerError(
        f"{path} is a text file and no ledger",
        "let [ledger] path name a file of its own; this one is left as it is",
    )


def _prepare_place(path: Path) -> None:
    place = path.parent
    if not place.exists():
        _make_directory(place)
    if not place.is_dir():
        raise LedgerError(f"{place} is not a directory", "set [ledger] path to another file")
    if path.exists() and not path.is_file():
        raise LedgerError(f"{path} is not a file", "set [ledger] path to another one")
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        if path.exists():
            return
        raise LedgerError(
            f"there is no ledger {path} yet, and {place} is on a read-only file system",
            "set [ledger] path to a place that can be written",
        )
    if not os.access(place, os.W_OK | os.X_OK, effective_ids=True):
        raise no_permission("write to the directory", place)
    if path.exists() and not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        raise no_permission("read and write the ledger", path)


def _make_directory(place: Path) -> None:
    try:
        place.mkdir()
    except FileNotFoundError:
        raise LedgerError(
            f"neither the ledger's directory {place} nor {place.parent} exists",
            "create it, or set [ledger] path to another place",
        ) from None
    except PermissionError:
        raise no_permission(f"create {place.name} in", place.parent) from None
    except OSError as error:
        raise LedgerError(
            f"the ledger's directory {place} cannot be created: {error.strerror}",
            "create it, or set [ledger] path to another place",
        ) from error


def _set_aside(path: Path, error: sqlite3.Error) -> None:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    name = f"{path.name}.corrupt-{stamp}"
    number = 2
    while path.with_name(name).exists():
        name = f"{path.name}.corrupt-{stamp}-{number}"
        number += 1
    for suffix in ("-wal", "-shm", ""):  # the ledger last: it is what says that this is to be done
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.rename(path.with_name(name + suffix))
    _log.error(
        "the ledger %s is corrupt (%s) and was renamed to %s; a new one is started: what is not in"
        " memory now - lifetime totals and the history of registers - begins at zero, and what was"
        " waiting for delivery is not delivered any more. Keep the old file (sqlite3 FILE .recover"
        " may read it) and check the disk",
        path,
        shown(str(error)),
        name,
    )


def _read_only(path: Path, fault: LedgerError) -> Opened:
    """Read the accounts and the outbox where nothing can be written."""
    lanes = Lanes()
    try:
        with closing(connect_to_read(path, alone=True)) as connection:
            if version(connection) != len(migrations()):
                raise fault
            row = connection.execute("SELECT wall_ns FROM last_commit").fetchone()
            (wall_ns,) = one_row(row, "n")
            accounts = load_accounts(connection)
            events = load_events(connection)
            numbers = load_numbers(connection)
            lanes.load(connection)
    except sqlite3.Error:
        raise fault from None
    return Opened(
        store=None,
        accounts=accounts,
        last_commit_wall_ns=wall_ns,
        fault=retried(fault),
        lanes=lanes,
        events=events,
        numbers=numbers,
    )
