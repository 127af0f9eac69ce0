"""Whatever is logged meanwhile must be fit for people too."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from tests.fuzz.words import checked


class _Reader(logging.Handler):
    """Looks at every line. What it finds fails the input that led to it."""

    def emit(self, record: logging.LogRecord) -> None:
        checked(record.getMessage())


@contextmanager
def read() -> Iterator[None]:
    """Look at what is logged, and let nothing of it through to the terminal."""
    root = logging.getLogger()
    before, level, reader = root.handlers[:], root.level, _Reader()
    root.handlers[:] = [reader]
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(level)
