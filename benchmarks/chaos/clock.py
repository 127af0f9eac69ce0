"""A wall clock of the daemon's own, that can be stepped while it runs."""

import mmap
import os
import struct
import subprocess
from pathlib import Path
from typing import Final

_SOURCE: Final = Path(__file__).with_name("clock.c")
_FLAGS: Final = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
_SECOND_NS: Final = 1_000_000_000


class WallClock:
    """Shifts CLOCK_REALTIME of the processes that have its environment, at once and live.

    Args:
        folder: for the library and the file that holds the offset.

    Raises:
        RuntimeError: it cannot be compiled.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        library, offset = folder / "clock.so", folder / "offset"
        command = [os.environ.get("CC", "cc"), *_FLAGS, str(_SOURCE), "-o", str(library), "-ldl"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"cannot compile {_SOURCE.name}:\n{done.stderr}")
        offset.write_bytes(bytes(8))
        with offset.open("r+b") as file:
            self._mapped = mmap.mmap(file.fileno(), 8)
        self._offset_ns = 0
        self.environment = {"LD_PRELOAD": str(library), "CHAOS_CLOCK": str(offset)}

    def step(self, seconds: float) -> None:
        """Step it, on top of earlier steps."""
        self._offset_ns += round(seconds * _SECOND_NS)
        self._mapped[:] = struct.pack("=q", self._offset_ns)
