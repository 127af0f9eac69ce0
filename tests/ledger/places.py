"""Places that are too small, read-only or not ours, made for real."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_MS_RDONLY = 1
_MS_REMOUNT = 32
_MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def small_disk(place: Path, size_bytes: int) -> Iterator[Path]:
    """A file system of its own, in memory. Skips the test where mounting is not allowed."""
    place.mkdir()
    if _libc.mount(b"tmpfs", bytes(place), b"tmpfs", 0, f"size={size_bytes}".encode()):
        pytest.skip(f"needs to mount a tmpfs: {os.strerror(ctypes.get_errno())}")
    try:
        yield place
    finally:
        _libc.umount2(bytes(place), _MNT_DETACH)


def make_read_only(place: Path, *, read_only: bool) -> None:
    """Mount a `small_disk` anew, read-only or not.

    Raises:
        OSError: a file on it is open for writing.
    """
    flags = _MS_REMOUNT | (_MS_RDONLY if read_only else 0)
    if _libc.mount(b"tmpfs", bytes(place), b"tmpfs", flags, None):
        raise OSError(ctypes.get_errno(), "remount")


def fill(place: Path) -> Path:
    """Fill a disk up to its last byte; the file that does it."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return filler
