"""Small files of the kernel's sysfs, read so that a failure is one word."""

import errno
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

_MOST_BYTES = 4096
_NUMBER = re.compile(r"-?[0-9]{1,19}")
_WORDS: Mapping[int, str] = {
    errno.EACCES: "no_permission",
    errno.EPERM: "no_permission",
    errno.ENOENT: "gone",
    errno.ENODEV: "gone",
    errno.ENXIO: "gone",
    errno.ENODATA: "no_reading",
    errno.EOPNOTSUPP: "no_reading",
    errno.ETIMEDOUT: "timeout",
    errno.EBUSY: "busy",
    errno.EAGAIN: "busy",
}


def word_of(error: OSError) -> str:
    """A short, stable word for why a file could not be read."""
    return _WORDS.get(error.errno or 0, "io")


def text_of(path: Path) -> str:
    """What stands in a small file, without white space around it; empty where it has none.

    A file that cannot be read, or is not there, is empty too: names and labels are optional.
    """
    try:
        return _read(path)
    except OSError:
        return ""


def number_of(path: Path) -> tuple[int, int]:
    """The midpoint of the read by the monotonic clock, and the number in a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds no number, or none that the kernel's 64 bits can be.
    """
    before_ns = time.monotonic_ns()
    text = _read(path)
    if _NUMBER.fullmatch(text) is None:
        raise ValueError("no number")
    return (before_ns + time.monotonic_ns()) // 2, int(text)


def _read(path: Path) -> str:
    # Unbuffered, one call of read(2): a buffered reader asks the driver twice.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, _MOST_BYTES).decode("utf-8", "replace").strip()
    finally:
        os.close(fd)
