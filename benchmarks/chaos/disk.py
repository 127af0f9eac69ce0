"""A small disk of its own, that can be filled up and emptied."""

import ctypes
import os
import threading
from pathlib import Path
from typing import Final

_MNT_DETACH: Final = 2
_BLOCK: Final = bytes(65536)


class SmallDisk:
    """A file system in memory.

    Args:
        place: where it is mounted; made.
        size_bytes: how large it is.

    Raises:
        PermissionError: mounting is not allowed here; root may.
    """

    def __init__(self, place: Path, size_bytes: int) -> None:
        self.place = place
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._full = threading.Event()
        self._filling: threading.Thread | None = None
        place.mkdir(parents=True)
        size = f"size={size_bytes}".encode()
        if self._libc.mount(b"tmpfs", bytes(place), b"tmpfs", 0, size):
            number = ctypes.get_errno()
            raise PermissionError(number, f"cannot mount a small disk: {os.strerror(number)}")

    def fill(self) -> None:
        """Fill it up, and keep it full whatever is freed."""
        self._full.set()
        self._filling = threading.Thread(target=self._fill, daemon=True)
        self._filling.start()

    def empty(self) -> None:
        """Give the space back."""
        self._full.clear()
        if self._filling is not None:
            self._filling.join()
        (self.place / "filler").unlink(missing_ok=True)

    def unmount(self) -> None:
        """Take it away, with all that is on it."""
        self._full.clear()
        self._libc.umount2(bytes(self.place), _MNT_DETACH)

    def _fill(self) -> None:
        wait = threading.Event()
        with (self.place / "filler").open("wb", buffering=0) as file:
            size = len(_BLOCK)
            while self._full.is_set():
                try:
                    file.write(_BLOCK[:size])
                except OSError:
                    if size > 1:
                        size //= 2
                    else:
                        wait.wait(0.05)
