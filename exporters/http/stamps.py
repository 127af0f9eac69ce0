"""Tells whether files have changed since they were read."""

from collections.abc import Iterable, Mapping
from pathlib import Path

Stamps = Mapping[Path, tuple[int, ...]]
"""By file: what changes when it is written, replaced, or made readable."""


def stamps_of(files: Iterable[Path]) -> Stamps:
    """The stamps of files now; a file that cannot be looked at has one, too."""
    return {file: _stamp(file) for file in files}


def _stamp(file: Path) -> tuple[int, ...]:
    try:
        stat = file.stat()
    except OSError as error:
        return (error.errno or 0,)
    return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
