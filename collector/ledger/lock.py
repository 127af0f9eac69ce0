"""Keeps a second daemon off the ledger: an exclusive flock on a file beside it.

Not on the ledger's own file: closing any descriptor of that would drop SQLite's locks.
"""

import fcntl
import os
from pathlib import Path

from collector.ledger.model import LedgerError

_PID_BYTES = 20


class WriterLock:
    """The right to write one ledger, held until released or the process ends."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._path = ledger.with_name(f"{ledger.name}.lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock, if it is not held already.

        Raises:
            LedgerError: another process holds it.
            OSError: the lock's file cannot be made.
        """
        if self._descriptor is not None:
            return
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(descriptor, _PID_BYTES, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise LedgerError(
                f"the ledger {self._ledger} is in use by process {pid or '(not known)'}",
                "stop that one, or set [ledger] path to another file",
            ) from None
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        self._write_pid(descriptor)

    def release(self) -> None:
        """Let the lock go. Its file stays: removing it would let two hold it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError:
            # On a read-only disk, one that is there can still be locked.
            if self._path.exists():
                return os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            raise

    @staticmethod
    def _write_pid(descriptor: int) -> None:
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError:
            pass  # the disk is full or read-only; the lock holds without a name on it
