"""From the file's text to checked tables, ranges written out, each with the place it came from."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from collector.shown import shown
from collector.sitefile.positions import Path
from collector.sitefile.problems import Problems, SiteFileError
from collector.sitefile.ranges import MOST_TABLES, RangeError, expanded
from collector.sitefile.schema import ARRAYS, RANGES, TABLES, Table
from collector.sitefile.wording import hint, sentence
from collector.toml import bytes_of

T = TypeVar("T", bound=Table)

_MOST_BYTES = 16 << 20
"""A site of 40,000 nodes, each written out, has a quarter of it."""
_MOST_WORDS = 300
_AT_LINE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)")


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A table and where in the file it stands."""

    table: T
    path: Path


def text_of(path: FilePath) -> str:
    """The file's text, with plain newlines.

    Raises:
        SiteFileError: it cannot be read.
    """
    try:
        return bytes_of(path, _MOST_BYTES).decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        raise SiteFileError(f"site file {path} does not exist") from None
    except PermissionError:
        raise SiteFileError(
            f"site file {path}: no permission to read it; "
            "make it readable for the user that runs wattkeeper"
        ) from None
    except UnicodeDecodeError as error:
        raise SiteFileError(f"site file {path} is not UTF-8 text: {error.reason}") from None
    except (OSError, ValueError) as error:
        raise SiteFileError(f"site file {path} cannot be read: {error}") from None


def parsed(text: str, file: str) -> dict[str, Any]:
    """The tables of TOML text.

    Raises:
        SiteFileError: it is no TOML; says where.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        match = _AT_LINE.search(said)
        line = match[1] if match and match[1] else text.count("\n") + 1
        column = f" (column {match[2]})" if match and match[2] else ""
        what = shown(_AT_LINE.sub("", said), _MOST_WORDS)
        raise SiteFileError(f"{file}:{line}: not valid TOML: {what}{column}") from None
    except ValueError:  # Python's own limit (sys.get_int_max_str_digits)
        raise SiteFileError(
            f"{file}: not valid TOML: a whole number has thousands of digits"
        ) from None


class Reader:
    """Reads tables one kind after another; what is wrong is noted, and the rest read on.

    Args:
        raw: the file as tomllib gives it.
        problems: takes what is wrong.
    """

    def __init__(self, raw: Mapping[str, Any], problems: Problems) -> None:
        self._raw = raw
        self._problems = problems
        self._made = 0
        self.unsure: set[str] = set()
        """Kinds of which some table could not be read, so that an id may only seem unknown."""
        known = [*TABLES, *ARRAYS, *RANGES]
        for name in raw:
            if name not in known:
                problems.error((name,), f"unknown table{hint(name, known)}")

    def one(self, name: str, model: type[T]) -> T | None:
        """A table that there is one of; None where it is not there, or wrong."""
        value = self._raw.get(name)
        if value is None:
            return None
        if isinstance(value, list):
            self._problems.error((name,), f"there is only one: write [{name}]")
            return None
        return self._table(value, (name,), model)

    def many(self, kind: str, model: type[T]) -> Iterator[Entry[T]]:
        """All tables of a kind, those of its ranges after the others."""
        for index, value in enumerate(self._list(kind)):
            path = (kind, index)
            table = self._table(value, path, model)
            if table is None:
                self.unsure.add(kind)
            else:
                yield Entry(table, path)
        name = f"{kind}_range"
        if name in RANGES:
            for index, value in enumerate(self._list(name)):
                yield from self._range(value, (name, index), model)

    def _range(self, value: object, path: Path, model: type[T]) -> Iterator[Entry[T]]:
        """Up to its first mistake: the others would be the same."""
        kind = RANGES[str(path[0])]
        naming = "name" if "name" in model.model_fields else "id"
        if not isinstance(value, dict):
            self._problems.error(path, "a table is expected here")
            self.unsure.add(kind)
            return
        try:
            for data in expanded(value, naming, MOST_TABLES - self._made):
                self._made += 1
                subject = data.get(naming)
                subject = subject if isinstance(subject, str) else ""
                table = self._table(data, path, model, subject)
                if table is None:
                    self.unsure.add(kind)
                    return
                yield Entry(table, path)
        except RangeError as error:
            self._problems.error((*path, *error.keys), str(error))
            self.unsure.add(kind)

    def _list(self, name: str) -> list[object]:
        value = self._raw.get(name, [])
        if isinstance(value, list):
            return value
        self._problems.error((name,), f"there can be many: write [[{name}]], with two brackets")
        self.unsure.add(RANGES.get(name, name))
        return []

    def _table(self, value: object, path: Path, model: type[T], subject: str = "") -> T | None:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                where = (*path, *detail["loc"])
                self._problems.error(where, sentence(detail, model), subject)
            return None
