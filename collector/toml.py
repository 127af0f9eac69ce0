"""TOML that people write: whatever is wrong with it is one kind of error, in words for people."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from collector.shown import shown

_MOST_WORDS = 300
_DEEPEST = 64
"""Tables in one another: far more than any file of ours has."""
_INTEGERS = range(-(1 << 63), 1 << 63)
"""TOML 1.0: a whole number that 64 bits do not hold is an error; the library takes any."""


class TomlError(ValueError):
    """It is no TOML that could be used. The text says why, and where if that is known."""


def bytes_of(path: Path, most_bytes: int) -> bytes:
    """The file's content.

    Args:
        path: the file.
        most_bytes: a larger one is not read.

    Raises:
        TomlError: it is larger.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise TomlError(f"it is larger than {most_bytes >> 20} MiB, so probably another file")
    return content


def tables_of(text: str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The tables of a TOML text.

    Args:
        text: TOML.
        parse_float: makes a number with a point or exponent; its ValueError is told.

    Raises:
        TomlError: it is no TOML, nested too deep, or has a number that cannot be.
    """
    try:
        tables = tomllib.loads(text, parse_float=parse_float)
    except RecursionError:
        raise TomlError("brackets are nested too deep") from None
    except ValueError as error:
        raise TomlError(_why(error)) from None
    _check(tables)
    return tables


def _why(error: ValueError) -> str:
    said = str(error)
    if not isinstance(error, tomllib.TOMLDecodeError) and "set_int_max_str_digits" in said:
        return "a whole number has thousands of digits"
    return shown(said, _MOST_WORDS)


def _check(tables: dict[str, Any]) -> None:
    """Dotted keys nest without brackets, and who walks the tables would fall too deep."""
    level: list[object] = [tables]
    for _ in range(_DEEPEST):
        level = [value for holder in level for value in _inside(holder)]
        if any(type(value) is int and value not in _INTEGERS for value in level):
            raise TomlError("a whole number has more than 64 bits")
        level = [value for value in level if isinstance(value, dict | list)]
        if not level:
            return
    raise TomlError("tables are nested too deep")


def _inside(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
