"""A configuration for support: numbers and choices; names and addresses only where asked for."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from collector.support.finding import Known

SET = Known("[set, not shown]")
_PREFIX = "WATTKEEPER_"
_NEVER = ("username", "password", "token", "secret", "hash", "key")
"""What a key ends in that is not told even where names are. None holds a secret: those stand in
files."""


def document(settings: BaseModel, *, keep_names: bool) -> dict[str, object]:
    """Every key with its value, as far as that may be told.

    Args:
        settings: the configuration.
        keep_names: tell names, addresses and paths, too.
    """
    found: dict[str, object] = {}
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            found[name] = document(value, keep_names=keep_names)
        else:
            found[name] = _told(name, field, value, keep_names=keep_names)
    return found


def names(settings: BaseModel) -> Iterator[str]:
    """Every text in a configuration that is no choice from a list: names, addresses, paths."""
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            yield from names(value)
        elif value and not _is_public(field, value):
            yield str(value)


def variables(kind: type[BaseModel], environment: Mapping[str, str]) -> list[str]:
    """The environment variables that set a key, by name; never what they hold."""
    known = {_PREFIX + "__".join(keys).upper() for keys in _keys(kind, ())}
    mine = sorted(name for name in environment if name.upper().startswith(_PREFIX))
    return [Known(name) if name.upper() in known else name for name in mine]


def _keys(kind: type[BaseModel], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, field in kind.model_fields.items():
        yield (*above, name)
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from _keys(inner, (*above, name))


def _told(name: str, field: FieldInfo, value: Any, *, keep_names: bool) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if value in ("", ()):
        return Known("")
    if _is_public(field, value):
        return [Known(one) for one in value] if isinstance(value, tuple) else Known(value)
    if keep_names and not name.endswith(_NEVER):
        return Known(value)
    return SET


def _is_public(field: FieldInfo, value: Any) -> bool:
    """A choice from a list, numbers, or the default that everybody has."""
    if value is None or isinstance(value, bool | int | float):
        return True
    if field.default_factory is None and value == field.default:
        return True
    kinds = (field.annotation, *get_args(field.annotation))
    if any(get_origin(kind) is Literal for kind in kinds):
        return True
    # Lists hold names of metrics, or choices; each was checked against the list of those.
    return isinstance(value, tuple)
