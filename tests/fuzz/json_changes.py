"""Changes a good JSON document into others: odd values, keys twice, deep nesting, no JSON."""

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tests.fuzz import byte_changes, odd
from tests.fuzz.choices import Choices


@dataclass(frozen=True, slots=True)
class Token:
    """Text that stands in the document as it is, whether it is JSON or not."""

    text: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """An object whose keys need not be unique."""

    items: Sequence[tuple[str, Any]]


_TOKENS = tuple(
    Token(text)
    for text in (
        *odd.NUMBERS,
        "NaN",
        "Infinity",
        "-Infinity",
        "[" * 60 + "]" * 60,
        "[" * 5000 + "]" * 5000,
        '{"a":' * 5000 + "1" + "}" * 5000,
        '"\\ud800"',
        '"\\u0000"',
        '"\\x"',
        "'a'",
        "",
        ",",
        "nul",
        "[" + "1," * 2000 + "1]",
        "[" + "{}," * 2000 + "{}]",
    )
)
_LONG = 40
_MOST_SLOTS = 3000
_MOST_CHARACTERS = 400_000
_VALUES: tuple[Any, ...] = (None, True, False, 0, 1, -1, 0.5, 1e300, 2**53, 2**63, [], {}, [[]])


def changed(document: Any, choices: Choices) -> bytes:
    """The document with some of its values changed, as text.

    Args:
        document: what JSON can hold; it stays as it is.
        choices: what to change.
    """
    box = [copy.deepcopy(document)]
    for _ in range(choices.count()):
        slots = list(islice(_slots(box), _MOST_SLOTS))
        _change(*choices.pick(slots), choices)
    data = dumped(box[0]).encode("utf-8", "surrogatepass")
    return byte_changes.changed(data, choices) if choices.seldom(16) else data


def dumped(value: Any) -> str:
    """JSON, with tokens as they are."""
    match value:
        case Token():
            return value.text
        case Pairs():
            return _object(value.items)
        case dict():
            return _object(list(value.items()))
        case list():
            return f"[{','.join(map(dumped, value))}]"
        case _:
            return json.dumps(value)


def odd_value(choices: Choices) -> Any:
    """A value that nobody reckons with."""
    match choices.below(3):
        case 0:
            return copy.copy(choices.pick(_VALUES))
        case 1:
            return choices.pick(_TOKENS)
        case _:
            return choices.pick(odd.TEXTS)


def _object(items: Sequence[tuple[str, Any]]) -> str:
    return "{" + ",".join(f"{json.dumps(key)}:{dumped(value)}" for key, value in items) + "}"


def _slots(box: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Every place of a value: what holds it, and where in that."""
    waiting: list[tuple[Any, Any]] = [(box, 0)]
    while waiting:
        holder, key = waiting.pop()
        yield holder, key
        value = holder[key]
        if isinstance(value, dict):
            waiting += [(value, name) for name in value]
        elif isinstance(value, list):
            waiting += [(value, index) for index in range(len(value))]


def _change(holder: Any, key: Any, choices: Choices) -> None:
    value = holder[key]
    if isinstance(value, int | float) and choices.below(2):
        holder[key] = Token(choices.pick(odd.NUMBERS))
        return
    match choices.below(8):
        case 0 | 1 | 2:
            holder[key] = odd_value(choices)
        case 3 if isinstance(holder, dict):
            del holder[key]
        case 4 if isinstance(value, dict) and value:
            name = choices.pick(list(value))
            holder[key] = Pairs((*value.items(), (name, odd_value(choices))))
        case 5 if isinstance(value, dict):
            value[choices.pick(odd.TEXTS)] = odd_value(choices)
        case 6 if isinstance(value, list) and 0 < len(value) < _LONG:
            one = choices.pick(value)
            room = _MOST_CHARACTERS // len(dumped(one) or "0")
            holder[key] = value + [copy.deepcopy(one)] * min(choices.below(_LONG), room)
        case 7:
            holder[key] = [value]
        case _:
            holder[key] = odd_value(choices)
