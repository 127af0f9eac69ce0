"""What sets one configuration apart from another, key by key, in words for one line."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

_SECRET = ("password", "token", "secret", "hash", "key")
"""What a key ends in whose value is a secret. None has one: secrets stand in files of their own."""
_MOST_CHARACTERS = 200
_NOT_READ = frozenset({"ledger.path", "host.sysfs_root"})
"""Paths of places to write to or to look in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One key whose value is another, or one table that came or went.

    Attributes:
        key: the names of its tables and its own, with dots.
        before: what it was, as TOML; empty when nothing may be said of it.
        after: what it is.
    """

    key: str
    before: str
    after: str

    def __str__(self) -> str:
        """`key before -> after`."""
        if not self.before:
            return f"{self.key} (another value)"
        return f"{self.key} {self.before} -> {self.after}"


def changes(before: BaseModel, after: BaseModel) -> tuple[Change, ...]:
    """The differences of two configurations of the same kind, in the order of their tables."""
    return tuple(_changes(before, after, ""))


def told(found: Iterable[Change | str]) -> str:
    """Several of them in one line."""
    return ", ".join(map(str, found))


def named_files(settings: BaseModel) -> dict[str, Path]:
    """The files that a configuration names and that are read at a start, by key."""
    return {key: path for key, path in _paths(settings, "") if key not in _NOT_READ}


def _changes(before: BaseModel, after: BaseModel, above: str) -> Iterator[Change]:
    for name in type(before).model_fields:
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        key = f"{above}{name}"
        if isinstance(old, BaseModel) and isinstance(new, BaseModel):
            yield from _changes(old, new, f"{key}.")
        elif isinstance(old, BaseModel) or isinstance(new, BaseModel):
            yield Change(key=f"[{key}]", before=_table(old), after=_table(new))
        elif name.endswith(_SECRET):
            yield Change(key=key, before="", after="")
        else:
            yield Change(key=key, before=_shown(old), after=_shown(new))


def _table(table: object) -> str:
    """What a table says besides its defaults; of one that is off, that."""
    if not isinstance(table, BaseModel):
        return "off"
    said = [
        f"{name} = {'...' if name.endswith(_SECRET) else _shown(value)}"
        for name, field in type(table).model_fields.items()
        if (value := getattr(table, name)) != field.default and value is not None
    ]
    return f"on ({', '.join(said)})"


def _shown(value: object) -> str:
    """A value as TOML writes it, but not too long."""
    match value:
        case None | "":
            return "(not set)"
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float():
            return f"{value:g}"
        case tuple() | list():
            text = f"[{', '.join(map(_shown, value))}]"
        case BaseModel():
            text = _table(value)
        case _:
            text = json.dumps(str(value), ensure_ascii=False)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."


def _paths(model: BaseModel, above: str) -> Iterator[tuple[str, Path]]:
    for name in type(model).model_fields:
        value, key = getattr(model, name), f"{above}{name}"
        if isinstance(value, BaseModel):
            yield from _paths(value, f"{key}.")
        elif isinstance(value, Path):
            yield key, value
