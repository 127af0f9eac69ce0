"""YAML as text: values written as blocks, and the places in a file that they go to."""

import json
import re
from collections.abc import Mapping, Sequence

Value = str | int | bool | Sequence["Value"] | Mapping[str, "Value"]
"""What is written. Text is always quoted."""


def block(value: Value) -> list[str]:
    """A mapping or list of mappings as lines of YAML, without indentation in front.

    Short lists of words stand on one line.
    """
    if isinstance(value, Mapping):
        return [line for key, held in value.items() for line in _entry(key, held)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [line for held in value for line in _item(held)]
    return [_line(value)]


def _entry(key: str, value: Value) -> list[str]:
    if isinstance(value, str | int) or _is_words(value):
        return [f"{key}: {_line(value)}"]
    return [f"{key}:", *(f"  {line}" for line in block(value))]


def _item(value: Value) -> list[str]:
    first, *rest = block(value)
    return [f"- {first}", *(f"  {line}" for line in rest)]


def _is_words(value: Value) -> bool:
    return isinstance(value, Sequence) and all(isinstance(held, str) for held in value)


def _line(value: Value) -> str:
    if isinstance(value, str):
        plain = value.isprintable() and '"' in value
        return "'" + value.replace("'", "''") + "'" if plain else _quoted(value)
    if isinstance(value, Sequence):
        return f"[{', '.join(_line(held) for held in value)}]"
    return json.dumps(value)


def _quoted(text: str) -> str:
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def fill(text: str, name: str, lines: Sequence[str]) -> str:
    """Put lines between `# BEGIN name` and `# END name`, indented as these are.

    Args:
        text: the file.
        name: of the place.
        lines: what comes instead of what is there.

    Raises:
        ValueError: there is no such place, or more than one.
    """
    place = re.compile(rf"^( *)# BEGIN {name}\n(?:.*\n)*? *# END {name}\n", re.MULTILINE)
    found = place.findall(text)
    if len(found) != 1:
        raise ValueError(f"{len(found)} places named {name}, there must be one")
    indent = found[0]
    new = "".join(f"{indent}{line}".rstrip() + "\n" for line in lines)
    return place.sub(lambda _: new, text)
