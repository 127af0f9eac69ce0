"""Reads the TOML of a tariff file and what it includes, and remembers where each entry stands."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.shown import quoted, shown
from collector.toml import tables_of
from exporters.utility.tariff.errors import TariffFileError
from exporters.utility.tariff.money import number_of

_MOST_BYTES = 4 << 20
_MOST_INCLUDES = 16
_META_LISTS = ("sources", "unverified")


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file that a tariff was read from."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Text:
    """A tariff file with what it includes merged in.

    Attributes:
        document: the merged tables.
        files: what it was read from, the including file first.
        texts: by file name, for line numbers.
        entries: for each entry of an array of tables: its file, and its place among those there.
    """

    document: Mapping[str, Any]
    files: tuple[FileRef, ...]
    texts: Mapping[str, str]
    entries: Mapping[str, Sequence[tuple[str, int]]]

    def where(self, loc: Sequence[str | int]) -> str:
        """The file, and the line where it can be found, of a place like `("energy", 3, "rate")`."""
        table = str(loc[0]) if loc else ""
        key = next((part for part in loc[1:] if isinstance(part, str)), "")
        if len(loc) > 1 and isinstance(loc[1], int) and loc[1] < len(self.entries.get(table, ())):
            name, index = self.entries[table][loc[1]]
            line = _line(self.texts[name], table, index, key)
            return f"{name}, line {line}" if line else name
        for name, text in self.texts.items():
            if line := _line(text, table, 0, key):
                return f"{name}, line {line}"
        return self.files[0].name


def read(name: str, open_file: Callable[[str], bytes]) -> Text:
    """Read a file and what its `include` names.

    Args:
        name: the file.
        open_file: gives a file's content; KeyError when there is none.

    Raises:
        TariffFileError: it is no TOML, or what it includes is not there.
    """
    document, ref, text = _one(name, open_file)
    files, texts, parts = [ref], {name: text}, []
    for include in _includes(name, document):
        try:
            part, part_ref, part_text = _one(include, open_file)
        except KeyError:
            raise TariffFileError(
                f"{name}: it includes {quoted(include)}, which is not there"
            ) from None
        if "include" in part:
            raise TariffFileError(f"{include}: a file that is included may not include others")
        parts.append((include, part))
        files.append(part_ref)
        texts[include] = part_text
    merged: dict[str, Any] = {}
    entries: dict[str, list[tuple[str, int]]] = {}
    for part_name, part in [*parts, (name, document)]:
        _merge(merged, entries, part_name, part)
    return Text(merged, tuple(files), texts, entries)


def _includes(name: str, document: dict[str, Any]) -> list[str]:
    found = document.pop("include", [])
    fits = isinstance(found, list) and len(found) <= _MOST_INCLUDES
    if not fits or not all(isinstance(one, str) and one.isprintable() for one in found):
        raise TariffFileError(f"{name}: include is a list of up to {_MOST_INCLUDES} names of files")
    return list(found)


def _one(name: str, open_file: Callable[[str], bytes]) -> tuple[dict[str, Any], FileRef, str]:
    content = open_file(name)
    if len(content) > _MOST_BYTES:
        raise TariffFileError(f"{name}: it is larger than {_MOST_BYTES >> 20} MiB")
    try:
        text = content.decode("utf-8")
        document = tables_of(text, parse_float=number_of)
    except ValueError as error:  # UnicodeDecodeError is one
        raise TariffFileError(f"{name}: it is no TOML in UTF-8: {error}") from None
    return document, FileRef(name, hashlib.sha256(content).hexdigest()), text


def _merge(
    merged: dict[str, Any],
    entries: dict[str, list[tuple[str, int]]],
    name: str,
    part: Mapping[str, Any],
) -> None:
    for key, value in part.items():
        if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
            _same_kind(name, key, merged.setdefault(key, []), list)
            merged[key].extend(value)
            entries.setdefault(key, []).extend((name, index) for index in range(len(value)))
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            lists = {
                field: merged[key][field] + value[field]
                for field in _META_LISTS
                if isinstance(merged[key].get(field), list) and isinstance(value.get(field), list)
            }
            merged[key] = {**merged[key], **value, **lists}
        else:
            _same_kind(name, key, merged.get(key, value), type(value))
            merged[key] = value


def _same_kind(name: str, key: str, before: object, kind: type) -> None:
    if not isinstance(before, kind):
        raise TariffFileError(f"{name}: {shown(key)} is something else in a file that it includes")


def _line(text: str, table: str, index: int, key: str) -> int:
    """The line of a key in the so-maniest table of a name; of the table if the key is not found."""
    header = re.compile(rf"\s*\[\[?\s*{re.escape(table)}\s*\]\]?\s*(#.*)?$")
    found, seen = 0, -1
    for number, line in enumerate(text.splitlines(), 1):
        if header.match(line):
            seen += 1
            if seen == index:
                found = number
        elif (
            found and line.lstrip().startswith("[[") and not line.lstrip().startswith(f"[[{table}.")
        ):
            break
        elif found and seen == index and key and re.match(rf"\s*{re.escape(key)}\b", line):
            return number
    return found
