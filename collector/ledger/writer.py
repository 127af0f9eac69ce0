"""The one thread that writes to the ledger. What fails is kept and tried again."""

import contextlib
import logging
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from collector.ledger.desk import Desk
from collector.ledger.inbox import Inbox
from collector.ledger.lock import WriterLock
from collector.ledger.model import LedgerError
from collector.ledger.opening import Opened, open_store
from collector.ledger.problems import describe, is_corrupt, retried
from collector.ledger.requests import Request
from collector.ledger.retention import PRUNE_SECONDS, Retention
from collector.ledger.store import Store

TIDY_SECONDS = 20.0
"""Rows of the outbox that no commit has deleted for so long are deleted in steps of their own."""

_log = logging.getLogger(__name__)


class Writer:
    """Owns the open file.

    Args:
        path: the ledger's file, absolute.
        lock: the right to write it; taken again where it could not be taken at start.
        opened: what was found at start.
        inbox: what waits to be written.
        retention: how long registers are kept.
    """

    def __init__(
        self, path: Path, lock: WriterLock, opened: Opened, inbox: Inbox, retention: Retention
    ) -> None:
        self._path = path
        self._lock = lock
        self._inbox = inbox
        self._retention = retention
        self._store = opened.store
        self._lanes = opened.lanes
        self._restate = False
        self._corrupt = False
        self._attempt_number = 0
        self._prune_at = time.monotonic()
        # A daemon thread: a disk that does not answer must not keep the process.
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        if opened.fault is not None:
            _log.error("%s", opened.fault, extra=_fields(opened.fault))

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self, timeout_seconds: float) -> None:
        """Wait for the thread to end, once the inbox was closed."""
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while self._inbox.wait(self._pause_seconds()):
            # Taken before the write, so that what was submitted before a request is in its answer.
            requests = self._inbox.requests()
            if self._inbox.due():
                try:
                    self._work(busy=bool(requests))
                except Exception as error:  # noqa: BLE001 - shown in the status, then retried
                    self._failed(error)
                else:
                    self._recovered()
            for request in requests:
                self._answer(request)
        self._close_store()
        self._lock.release()

    def _pause_seconds(self) -> float:
        """For how long nothing has to be deleted."""
        if self._lanes.untidy(TIDY_SECONDS):
            return 0.0
        pause_seconds = max(0.0, self._prune_at - time.monotonic())
        return min(pause_seconds, TIDY_SECONDS) if self._lanes.marked else pause_seconds

    def _work(self, *, busy: bool) -> None:
        """Write what waits; when nothing does, delete a little.

        Args:
            busy: somebody waits for an answer: no deleting now.
        """
        store = self._store or self._reopen()
        batch = self._inbox.take(restate=self._restate)
        if batch is not None:
            self._attempt_number = store.number + 1
            store.commit(batch)
            self._inbox.landed(self._lanes.statuses())
            self._restate = False
        elif busy:
            return
        elif self._lanes.untidy(TIDY_SECONDS):
            store.tidy()
            self._publish()
        elif time.monotonic() >= self._prune_at and not store.prune(*self._retention.oldest()):
            self._prune_at = time.monotonic() + PRUNE_SECONDS

    def _answer(self, request: Request[Any]) -> None:
        try:
            desk = Desk(self._path, self._lanes, self._store, self._inbox.fault)
            request.answer(desk, self._publish)
        except (sqlite3.Error, OSError, LedgerError) as error:
            if self._store is not None:
                self._failed(error)  # to be opened anew, and checked if it is corrupt
            self._corrupt |= is_corrupt(error)
            request.refuse(describe(error, self._path))
        except Exception as error:  # noqa: BLE001 - a bug of whoever asked: his to handle
            request.refuse(error)

    def _publish(self) -> None:
        self._inbox.publish(self._lanes.statuses())

    def _reopen(self) -> Store:
        self._lock.acquire()
        store = open_store(self._path, self._lanes, check=self._corrupt)
        self._store = store
        self._corrupt = False
        self._restate = True  # the file may be a new one, without the accounts at rest now
        if store.number == self._attempt_number:
            # The write that failed is in the file after all.
            self._inbox.landed(self._lanes.statuses())
        else:
            self._publish()
        return store

    def _failed(self, error: Exception) -> None:
        self._close_store()
        self._corrupt = is_corrupt(error)
        fault = retried(describe(error, self._path))
        if self._inbox.failed(fault):
            expected = isinstance(error, sqlite3.Error | OSError | LedgerError)
            shown = None if expected else error
            _log.error("%s", fault, exc_info=shown, extra=_fields(fault))

    def _recovered(self) -> None:
        outage = self._inbox.recovered()
        if outage is not None:
            _log.warning(
                "the ledger %s takes writes again after %.0f s; %d windows that waited are in it",
                self._path,
                *outage,
                extra={"fault": "end", "part": "ledger", "seconds": round(outage[0], 1)},
            )

    def _close_store(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            with contextlib.suppress(sqlite3.Error):
                store.close()


def _fields(error: LedgerError) -> dict[str, str]:
    """What the line of a fault's begin carries besides its words."""
    return {"fault": "begin", "part": "ledger", "problem": error.problem, "action": error.action}
