"""Every configuration key with its default and what is allowed, read from the settings."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from collector.docs.key_texts import KEY_TEXTS, KeyText

_PREFIX = "WATTKEEPER_"
_WORDS = {bool: "true or false", int: "a whole number", float: "a number", Path: "a path"}
_ODD: tuple[object, ...] = ("\0", 7, ("\0",))
"""Values that hardly any rule allows: what a rule says against them tells what it does allow."""


class UndescribedKeyError(Exception):
    """The settings have a key that nobody described, or a description has lost its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key.

    Attributes:
        path: the names of its tables and its own.
        meaning: one sentence or two for people.
        default: as TOML, or empty when there is none.
        default_text: the default in words where it is no plain value; empty otherwise.
        allowed: what may be set, in words.
        example: a value that is allowed, as TOML.
        required: must be set when its table is there.
    """

    path: tuple[str, ...]
    meaning: str
    default: str
    default_text: str
    allowed: str
    example: str
    required: bool

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path[-1]

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return _PREFIX + "__".join(self.path).upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table: its dotted name, what it is for, its keys; `optional` is off unless present."""

    name: str
    meaning: str
    keys: tuple[Key, ...]
    optional: bool


def tables(
    settings: type[BaseModel], texts: Mapping[str, KeyText] = KEY_TEXTS
) -> tuple[Table, ...]:
    """All tables of the settings, each before those inside it.

    Args:
        settings: the model whose fields are tables.
        texts: what to say of a key whose field has no description of its own.

    Raises:
        UndescribedKeyError: by name.
    """
    found = tuple(_tables(settings, (), texts))
    known = {".".join(key.path) for table in found for key in table.keys}
    if orphans := sorted(texts.keys() - known):
        raise UndescribedKeyError(
            f"collector/docs/key_texts.py describes what is no key, remove it: {', '.join(orphans)}"
        )
    return found


def _tables(
    model: type[BaseModel], above: tuple[str, ...], texts: Mapping[str, KeyText]
) -> Iterator[Table]:
    for name, field in model.model_fields.items():
        inner = _model(field)
        if inner is None:
            continue
        path = (*above, name)
        keys = tuple(
            _key((*path, key), key_field, texts)
            for key, key_field in inner.model_fields.items()
            if _model(key_field) is None
        )
        yield Table(
            name=".".join(path),
            meaning=" ".join((inner.__doc__ or "").split()),
            keys=keys,
            optional=field.default is None,
        )
        yield from _tables(inner, path, texts)


def _model(field: FieldInfo) -> type[BaseModel] | None:
    """The table behind a field, also where it is optional."""
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _key(path: tuple[str, ...], field: FieldInfo, texts: Mapping[str, KeyText]) -> Key:
    dotted = ".".join(path)
    text = texts.get(dotted, KeyText(field.description or ""))
    if not text.meaning:
        raise UndescribedKeyError(
            f"the configuration key {dotted} is not described: give its Field in "
            "collector/config/settings.py a description, or add it to collector/docs/key_texts.py"
        )
    plain = not field.is_required() and field.default_factory is None
    default = _toml(field.default) if plain and field.default not in {None, "", ()} else ""
    return Key(
        path=path,
        meaning=text.meaning,
        default=default,
        default_text="" if default else text.default,
        allowed=_allowed(field),
        example=_toml(text.example) if text.example != "" else default,
        required=field.is_required(),
    )


def _allowed(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    if said := _said_by_its_rule(field):
        return said.removeprefix("allowed is ").removeprefix("allowed are ")
    for choice in (annotation, *get_args(annotation)):
        if get_origin(choice) is Literal:
            several = "a list of " if choice is not annotation else ""
            return several + ", ".join(_toml(value) for value in get_args(choice))
    kind = next((a for a in (annotation, *get_args(annotation)) if a in _WORDS), str)
    low = next((bound.ge for bound in field.metadata if isinstance(bound, Ge)), None)
    high = next((bound.le for bound in field.metadata if isinstance(bound, Le)), None)
    return _WORDS.get(kind, "text") + _bounds(low, high)


def _bounds(low: object, high: object) -> str:
    match low, high:
        case None, None:
            return ""
        case _, None:
            return f" from {low}"
        case None, _:
            return f" up to {high}"
        case _:
            return f" from {low} to {high}"


def _said_by_its_rule(field: FieldInfo) -> str:
    """What the key's own rule, if it has one, answers to a value it does not allow."""
    if field.annotation is None:
        return ""
    ruled: Any = Annotated[field.annotation, *field.metadata, None]
    adapter = TypeAdapter[Any](ruled)
    for odd in _ODD:
        try:
            adapter.validate_python(odd)
        except ValidationError as error:
            for detail in error.errors():
                if detail["type"] == "value_error":
                    return detail["msg"].removeprefix("Value error, ")
    return ""


def _toml(value: object) -> str:
    """A value as TOML writes it."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:g}" if isinstance(value, float) else f"{value}"
        case tuple() | list():
            return f"[{', '.join(_toml(item) for item in value)}]"
        case _:
            return json.dumps(str(value), ensure_ascii=False)
