"""The ledger of a daemon: every account's energy, and what is still to be delivered of it.

Kept over restarts, crashes and full disks.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Self

from collector.ledger.connection import connect_to_read
from collector.ledger.inbox import Backoff, Inbox
from collector.ledger.lock import WriterLock
from collector.ledger.model import AccountKey, AccountState, Commit, EventState, LedgerStatus
from collector.ledger.opening import Opened, open_at_start
from collector.ledger.outbox import Outbox
from collector.ledger.pending import Limits
from collector.ledger.problems import describe
from collector.ledger.retention import Retention
from collector.ledger.rows import load_energy_since
from collector.ledger.spread import QUARTER_HOUR_SECONDS, SECOND_NS
from collector.ledger.writer import Writer
from collector.model import Energy


class Ledger:
    """The open ledger. Made by `open`."""

    def __init__(self, path: Path, opened: Opened, inbox: Inbox, writer: Writer) -> None:
        self._path = path
        self._accounts = MappingProxyType(dict(opened.accounts))
        self._events = opened.events
        self._numbers = MappingProxyType(dict(opened.numbers))
        self._inbox = inbox
        self._writer = writer
        self._outbox = Outbox(inbox)
        writer.start()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        minute_days: int,
        quarter_hour_days: int,
        check: bool = True,
        backoff: Backoff = Backoff(),  # noqa: B008 - immutable
    ) -> Self:
        """Open or create the ledger, and start its writer. Blocks.

        A corrupt file is renamed and a new ledger started. One that can be read but not written
        now (disk full, file system read-only) is read, and writing it is tried again.

        Args:
            path: its file; its directory is made if only that is missing.
            minute_days: how long minute registers are kept.
            quarter_hour_days: how long quarter-hour registers and gaps are kept.
            check: verify the whole file first.
            backoff: how long to wait after a failed write.

        Raises:
            LedgerError: it cannot be used: no permission, in use, of a newer version, ...
        """
        path = path.resolve()
        lock = WriterLock(path)
        try:
            opened = open_at_start(path, lock, check=check)
        except BaseException:
            lock.release()
            raise
        inbox = Inbox(path, opened, Limits(quarter_hours=quarter_hour_days * 96), backoff)
        retention = Retention(minute_days=minute_days, quarter_hour_days=quarter_hour_days)
        return cls(path, opened, inbox, Writer(path, lock, opened, inbox, retention))

    @property
    def accounts(self) -> Mapping[AccountKey, AccountState]:
        """Every account, as it was when the ledger was opened."""
        return self._accounts

    @property
    def events(self) -> EventState:
        """What was known of events when the ledger was opened."""
        return self._events

    @property
    def numbers(self) -> Mapping[str, int]:
        """Single numbers that were remembered, by name, when the ledger was opened."""
        return self._numbers

    @property
    def outbox(self) -> Outbox:
        """What is still to be delivered."""
        return self._outbox

    @property
    def status(self) -> LedgerStatus:
        """How the ledger is doing now. Any thread may ask."""
        return self._inbox.status()

    def submit(self, commit: Commit) -> None:
        """Hand over what is to be written. Does not wait for the disk; failures are in `status`.

        Raises:
            RuntimeError: the ledger was closed.
        """
        self._inbox.submit(commit)

    def energy_since(self, wall_ns: int) -> Mapping[AccountKey, Energy]:
        """Energy on disk since a quarter-hour, by account; absent where there is none. Blocks.

        Args:
            wall_ns: the start of a quarter-hour, UTC; local midnight is one everywhere. In between
                two, the later one counts.

        Raises:
            LedgerError: it cannot be read.
        """
        start_s = -(-wall_ns // (QUARTER_HOUR_SECONDS * SECOND_NS)) * QUARTER_HOUR_SECONDS
        try:
            with closing(connect_to_read(self._path, alone=True)) as connection:
                return load_energy_since(connection, start_s)
        except (sqlite3.Error, OSError) as error:
            raise describe(error, self._path) from error

    def close(self, *, timeout_seconds: float) -> bool:
        """Write what was submitted, and close. Blocks.

        Returns:
            Whether all of it is on disk.
        """
        self._inbox.close(timeout_seconds)
        self._writer.join(timeout_seconds)
        return not self._inbox.unwritten
