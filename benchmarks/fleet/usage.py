"""What a process uses."""

import os
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Usage:
    """Processor time and memory of a process.

    Args:
        pid: the process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._last = (time.monotonic(), self._seconds())

    def share(self) -> float:
        """The share of a core since the last question."""
        now, before = (time.monotonic(), self._seconds()), self._last
        self._last = now
        return (now[1] - before[1]) / (now[0] - before[0])

    def megabytes(self) -> float:
        """Resident memory, MB (10^6 bytes)."""
        pages = int(Path(f"/proc/{self._pid}/statm").read_text().split()[1])
        return pages * _PAGE / 1e6

    def _seconds(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
