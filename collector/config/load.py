"""Reads the configuration and turns every mistake into a sentence."""

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, get_args

from annotated_types import Ge, Le
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsError

from collector.config.settings import Settings
from collector.shown import shown, value_shown
from collector.toml import TomlError, bytes_of, tables_of

DEFAULT_PATH = Path("/etc/wattkeeper/wattkeeper.toml")
_PREFIX = "WATTKEEPER_"
_S = TypeVar("_S", bound=BaseSettings)
_MOST_BYTES = 1 << 20
_MOST_SENTENCES = 50
_MOST_WORDS = 400
_LONGEST_KEY = 80


class ConfigError(Exception):
    """The configuration is wrong. The text names key, value, what is allowed, and where."""


def load(
    path: Path | None = None, flags: Mapping[str, Any] | None = None, *, default: bool = True
) -> Settings:
    """Read a node's configuration: defaults, then the file, then the environment, then flags.

    Args:
        path: the TOML file; by default `DEFAULT_PATH` if it exists.
        default: whether `DEFAULT_PATH` is read where no path is given.
        flags: nested tables of what the command line says.

    Raises:
        ConfigError: with one sentence for each mistake.
    """
    return load_as(Settings, path, flags, default=default)


def load_as(
    settings: type[_S],
    path: Path | None = None,
    flags: Mapping[str, Any] | None = None,
    *,
    default: bool = True,
) -> _S:
    """Read a configuration of any daemon; otherwise as `load`.

    Args:
        settings: which keys there are.
        path: the TOML file; by default `DEFAULT_PATH` if it exists.
        default: whether `DEFAULT_PATH` is read where no path is given.
        flags: nested tables of what the command line says.

    Raises:
        ConfigError: with one sentence for each mistake.
    """
    path = _existing(path, default=default)
    text = "" if path is None else _read(path)
    tables = {} if path is None else _parse(path, text)
    unknown = list(_unknown_variables(settings))
    if unknown:
        raise ConfigError(_joined(unknown))

    class Layered(settings):  # type: ignore[valid-type,misc]  # which one is not known beforehand
        """Settings with the file below the environment and flags above it."""

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],  # noqa: ARG003
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, lambda: tables  # type: ignore[return-value]

    try:
        made: _S = Layered(**(flags or {}))
    except ValidationError as error:
        sentences = (_sentence(settings, detail, path, text) for detail in error.errors())
        raise ConfigError(_joined(sentences, error.error_count())) from None
    except (SettingsError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else error
        raise ConfigError(f"the environment: {why}: lists are written as JSON") from None
    return made


def file_keys(path: Path | None) -> dict[str, Any]:
    """What the configuration's file itself says, by the key's dotted name.

    Args:
        path: the TOML file; by default `DEFAULT_PATH` if it exists.

    Raises:
        ConfigError: it cannot be read.
    """
    path = _existing(path, default=True)
    return {} if path is None else dict(_leaves(_parse(path, _read(path)), ""))


def variable_of(key: str) -> str | None:
    """The environment variable that is set and overrides a key, given by its dotted name."""
    wanted = _PREFIX + key.replace(".", "__").upper()
    return next((name for name in os.environ if name.upper() == wanted), None)


def _leaves(table: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _existing(path: Path | None, *, default: bool) -> Path | None:
    if path is None and default and DEFAULT_PATH.exists():
        return DEFAULT_PATH
    return path


def _read(path: Path) -> str:
    try:
        return bytes_of(path, _MOST_BYTES).decode()
    except FileNotFoundError:
        raise ConfigError(f"configuration file {path} does not exist") from None
    except PermissionError:
        raise ConfigError(
            f"configuration file {path}: no permission to read it; "
            "make it readable for the user that runs wattkeeper"
        ) from None
    except (OSError, UnicodeDecodeError, TomlError) as error:
        why = shown(str(error), _MOST_WORDS)
        raise ConfigError(f"configuration file {path} cannot be read: {why}") from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tables_of(text)
    except TomlError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None


def _joined(sentences: Iterable[str], count: int | None = None) -> str:
    """One a line; of a file that is no configuration, not all of them."""
    found = list(islice(sentences, _MOST_SENTENCES + 1))
    more = (len(found) if count is None else count) - _MOST_SENTENCES
    if more > 0:
        found[_MOST_SENTENCES:] = [f"... and {more} more mistakes"]
    return "\n".join(found)


def _sentence(
    settings: type[BaseSettings], detail: ErrorDetails, path: Path | None, text: str
) -> str:
    keys = [str(part) for part in detail["loc"] if not isinstance(part, int)]
    dotted = ".".join(shown(key, _LONGEST_KEY) for key in keys)
    where = _where(keys, path, text)
    if detail["type"] == "extra_forbidden":
        return f"{dotted}: unknown key{where}{_did_you_mean(settings, keys)}"
    if detail["type"] == "missing":
        return f"{dotted} is missing{_where(keys[:-1], path, text)}"
    given = value_shown(detail["input"])
    return f"{dotted} = {given}{where}: {_allowed(settings, detail, keys)}"


def _allowed(settings: type[BaseSettings], detail: ErrorDetails, keys: list[str]) -> str:
    field = _field(settings, keys)
    bounds = [] if field is None else field.metadata
    low = next((bound.ge for bound in bounds if isinstance(bound, Ge)), None)
    high = next((bound.le for bound in bounds if isinstance(bound, Le)), None)
    annotation: Any = None if field is None else field.annotation
    kind = {int: "a whole number", float: "a number"}.get(annotation)
    if kind and low is not None and high is not None and detail["type"] != "value_error":
        return f"allowed is {kind} from {low} to {high}"
    if detail["type"] == "literal_error" and field is not None:
        return f"allowed are {', '.join(map(value_shown, get_args(field.annotation)))}"
    if detail["type"] == "model_type":
        return "a table is expected here"
    return shown(detail["msg"].removeprefix("Value error, "), _MOST_WORDS)


def _field(settings: type[BaseSettings], keys: list[str]) -> FieldInfo | None:
    model: Any = settings
    field = None
    for key in keys:
        fields = _fields(model)
        if key not in fields:
            return None
        field = fields[key]
        model = _table(field)
    return field


def _fields(model: Any) -> Mapping[str, FieldInfo]:
    is_model = isinstance(model, type) and issubclass(model, BaseModel)
    return model.model_fields if is_model else {}


def _table(field: FieldInfo) -> Any:
    """The model behind a field, also where the table is optional."""
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _did_you_mean(settings: type[BaseSettings], keys: list[str]) -> str:
    parent: Any = settings
    for key in keys[:-1]:
        fields = _fields(parent)
        parent = _table(fields[key]) if key in fields else None
    known = list(_fields(parent))
    close = difflib.get_close_matches(keys[-1][:_LONGEST_KEY], known, n=1)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; known here are {', '.join(known)}" if known else ""


def _where(keys: list[str], path: Path | None, text: str) -> str:
    """` in FILE, line N` or ` in the environment variable X`, as far as it can be told."""
    variable = _PREFIX + "__".join(keys).upper()
    for name in os.environ:
        if name.upper() == variable:
            return f" in the environment variable {name}"
    if path is None or not keys:
        return ""
    table, key = ".".join(keys[:-1]), keys[-1]
    current = ""
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("["):
            current = stripped.strip("[] ").split("]")[0].strip()
            if current == ".".join(keys):
                return f" in {path}, line {number}"
        elif current == table and stripped.split("=")[0].strip().strip("\"'") == key:
            return f" in {path}, line {number}"
    return f" in {path}"


def _unknown_variables(settings: type[BaseSettings]) -> Iterator[str]:
    known = {_PREFIX + "__".join(keys).upper() for keys in _all_keys(settings, ())}
    for name in sorted(os.environ):
        if name.upper().startswith(_PREFIX) and name.upper() not in known:
            close = difflib.get_close_matches(name.upper()[:_LONGEST_KEY], known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            yield f"environment variable {shown(name)} is no configuration key{hint}"


def _all_keys(model: Any, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, field in _fields(model).items():
        keys = (*above, name)
        yield keys
        yield from _all_keys(_table(field), keys)
