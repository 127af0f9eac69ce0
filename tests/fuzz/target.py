"""What is fuzzed: a way to make inputs, and the parser that gets them."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.fuzz.choices import Choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One parser.

    Attributes:
        name: short and unique.
        make: an input out of choices.
        run: gives it to the parser and looks at what comes out. True when a value came out, False
            when the parser refused it with its own error. Anything else is a defect.
        share: how many inputs it gets, compared with others: parsers that write files or start
            threads take longer for each.
    """

    name: str
    make: Callable[[Choices], Any]
    run: Callable[[Any], bool]
    share: float = 1.0


def folder() -> Path:
    """A folder of this process for the files that parsers read; in memory where there is room."""
    return _folder(os.getpid())  # a fork must not write into its parent's


@cache
def _folder(_process: int) -> Path:
    memory = Path("/dev/shm")  # noqa: S108 - a name that nobody else guesses is made below it
    place = memory if os.access(memory, os.W_OK) else None
    kept = tempfile.TemporaryDirectory(prefix="fuzz-", dir=place)
    _kept.append(kept)
    return Path(kept.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []
"""Deleted, with what is in them, when the process ends."""


def written(name: str, data: bytes) -> Path:
    """A file with this content."""
    path = folder() / name
    path.write_bytes(data)
    return path
