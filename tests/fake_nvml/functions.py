"""The functions that the fake offers, read from native/functions.h."""

import functools
import re
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).resolve().parent / "native" / "functions.h"
_LINE: Final = re.compile(r"X\((\w+), (\w+), (system|gpu|mig)\)")
_SUFFIXES: Final = ("", "_v2", "_v3")


@functools.cache
def names() -> tuple[str, ...]:
    """All names, each at its number in the state file."""
    return tuple(name for name, _, _ in _LINE.findall(LIST.read_text(encoding="utf-8")))


@functools.cache
def system_functions() -> frozenset[str]:
    """Those that answer for the driver, not for a device."""
    found = _LINE.findall(LIST.read_text(encoding="utf-8"))
    return frozenset(name for name, _, where in found if where == "system")


@functools.cache
def number(name: str) -> int:
    """A function's number; `name` with or without the suffix of its version.

    Raises:
        ValueError: the fake has no such function.
    """
    for suffix in _SUFFIXES:
        if name + suffix in names():
            return names().index(name + suffix)
    raise ValueError(f"the fake has no function {name}; see {LIST.name}")


def is_system(name: str) -> bool:
    """Whether a function answers for the driver.

    Raises:
        ValueError: the fake has no such function.
    """
    return names()[number(name)] in system_functions()
