"""Whether files that a configuration names hold something else than before."""

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel

from collector.config.changes import named_files

_MOST_BYTES = 10_000_000
"""Of a longer one, such as a trace, time and size must do."""

Fingerprints = Mapping[str, bytes]
"""What tells a file's content from another, by the key that names the file."""


def fingerprints(settings: BaseModel) -> Fingerprints:
    """What the files hold now. One that cannot be read differs from one that can."""
    return {key: _fingerprint(path) for key, path in named_files(settings).items()}


def changed_files(before: Fingerprints, after: Fingerprints) -> tuple[str, ...]:
    """The keys that name the same file as before, whose content is another."""
    return tuple(key for key in after if key in before and before[key] != after[key])


def _fingerprint(path: Path) -> bytes:
    try:
        status = path.stat()
        if status.st_size > _MOST_BYTES:
            return f"{status.st_ino} {status.st_size} {status.st_mtime_ns}".encode()
        # Never waits for a pipe that somebody put there.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            return sha256(file.read(_MOST_BYTES)).digest()
    except OSError as error:
        return f"error {error.errno}".encode()
