"""What a process holds and does, from /proc."""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One look at a process and its ledger.

    Attributes:
        at_seconds: when, CLOCK_MONOTONIC.
        resident_bytes: memory.
        private_bytes: memory that no other process shares.
        files: open file descriptors.
        threads: threads.
        wakeups: how often any of its threads slept and was woken (voluntary context switches).
        processor_seconds: user and system time.
        ledger_bytes: the ledger's file.
        wal_bytes: its write-ahead log.
    """

    at_seconds: float
    resident_bytes: int
    private_bytes: int
    files: int
    threads: int
    wakeups: int
    processor_seconds: float
    ledger_bytes: int
    wal_bytes: int

    @classmethod
    def columns(cls) -> list[str]:
        """The names of the values."""
        return [field.name for field in fields(cls)]


def usage(pid: int, ledger: Path, at_seconds: float) -> Usage:
    """Look at a process.

    Args:
        pid: its number.
        ledger: its ledger's file.
        at_seconds: now, CLOCK_MONOTONIC.

    Raises:
        OSError: it is gone.
    """
    place = Path(f"/proc/{pid}")
    statm = (place / "statm").read_text().split()
    stat = (place / "stat").read_text().rpartition(")")[2].split()
    return Usage(
        at_seconds=at_seconds,
        resident_bytes=int(statm[1]) * _PAGE_BYTES,
        private_bytes=(int(statm[1]) - int(statm[2])) * _PAGE_BYTES,
        files=len(list((place / "fd").iterdir())),
        threads=int(stat[17]),
        wakeups=sum(map(_wakeups, (place / "task").iterdir())),
        processor_seconds=(int(stat[11]) + int(stat[12])) / _TICKS,
        ledger_bytes=_size(ledger),
        wal_bytes=_size(ledger.with_name(f"{ledger.name}-wal")),
    )


def _wakeups(task: Path) -> int:
    try:
        status = (task / "status").read_text()
    except OSError:  # the thread has ended
        return 0
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(lines["voluntary_ctxt_switches"])


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
