"""Ranges: one table that stands for many, told apart by counting.

`count = { row = 3, side = ["a", "b"] }` makes six of it; in every text `{row}`, `{row:02}` and
`{side}` stand for what is counted.
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

MOST_TABLES = 1_000_000
"""What all ranges of a file may stand for: beyond any site, and still bearable."""
_AXIS = re.compile(r"[a-z][a-z0-9_]{0,31}")
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FIRST_TO_LAST = re.compile(r"(\d{1,7})-(\d{1,7})")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_INSIDE = re.compile(r"([a-z][a-z0-9_]*)(?::0?(\d))?")

_COUNT = (
    'allowed is a number (8 counts from 1 to 8), first and last ("9-12"), or a list of words '
    '(["a", "b"])'
)

Row = Mapping[str, int | str]
Make = Callable[[Row], Any]


class RangeError(Exception):
    """A range is wrong.

    Attributes:
        keys: where in its table.
    """

    def __init__(self, text: str, *keys: str | int) -> None:
        super().__init__(text)
        self.keys = keys


def expanded(
    table: Mapping[str, Any], naming: str, most: int = MOST_TABLES
) -> Iterator[dict[str, Any]]:
    """Every table that a range stands for, in order, the last count running fastest.

    Args:
        table: the range as read, with `count`.
        naming: the key that tells the tables apart: `id` or `name`.
        most: how many tables it may stand for.

    Raises:
        RangeError: a count or a placeholder is wrong, at the first table.
    """
    axes = _axes(table.get("count"), most)
    _check_naming(table.get(naming), naming, axes)
    makes = {key: _compiled(value, axes, (key,)) for key, value in table.items() if key != "count"}
    for combination in itertools.product(*axes.values()):
        row = dict(zip(axes, combination, strict=True))
        yield {key: make(row) for key, make in makes.items()}


def _axes(count: object, most: int) -> Mapping[str, tuple[int | str, ...]]:
    if not isinstance(count, dict) or not count:
        raise RangeError(
            "a range needs count, a table of what to count: count = { row = 4, rack = 8 }", "count"
        )
    axes: dict[str, tuple[int | str, ...]] = {}
    total = 1
    for name, values in count.items():
        if not _AXIS.fullmatch(name):
            raise RangeError(
                "allowed are small letters, digits and '_', a letter first", "count", name
            )
        numbers = _numbers(values)
        size = len(values) if numbers is None and isinstance(values, list) else 0
        total *= size if numbers is None else max(0, numbers[1] - numbers[0] + 1)
        if total > most:
            text = f"all ranges together may stand for {MOST_TABLES} tables; this is beyond it"
            raise RangeError(text, "count", name)
        axes[name] = _words(values, name) if numbers is None else _span(*numbers)
        if not axes[name]:
            raise RangeError(_COUNT, "count", name)
    return axes


def _span(first: int, last: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1))


def _numbers(values: object) -> tuple[int, int] | None:
    """First and last; None if it is no such thing."""
    if isinstance(values, int) and not isinstance(values, bool):
        return 1, values
    if isinstance(values, str) and (match := _FIRST_TO_LAST.fullmatch(values)):
        return int(match[1]), int(match[2])
    return None


def _words(values: object, name: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(
        isinstance(value, str) and _VALUE.fullmatch(value) for value in values
    ):
        raise RangeError(_COUNT, "count", name)
    if len(set(values)) < len(values):
        raise RangeError("a word stands here twice", "count", name)
    return tuple(values)


def _check_naming(text: object, naming: str, axes: Mapping[str, object]) -> None:
    template = text if isinstance(text, str) else ""
    used = {name.partition(":")[0] for name in _PLACEHOLDER.findall(template)}
    if unused := [name for name in axes if name not in used]:
        raise RangeError(
            f"{naming} must hold every count, so that each is unique: "
            f"{', '.join(f'{{{name}}}' for name in unused)} is missing",
            naming,
        )


def _compiled(
    value: object, axes: Mapping[str, tuple[int | str, ...]], keys: tuple[str | int, ...]
) -> Make:
    """What makes the value for each row; a template is turned into a format only once."""
    match value:
        case str() if "{" in value or "}" in value:
            template = _template(value, axes, keys)
            return lambda row: template % row
        case list():
            items = [_compiled(item, axes, (*keys, i)) for i, item in enumerate(value)]
            return lambda row: [make(row) for make in items]
        case _:
            return lambda _row: value


def _template(
    text: str, axes: Mapping[str, tuple[int | str, ...]], keys: tuple[str | int, ...]
) -> str:
    """The text in Python's %-format, which is fast."""
    parts = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        parts += [_plain(text[end : match.start()], keys), _format(match[1], axes, keys)]
        end = match.end()
    return "".join([*parts, _plain(text[end:], keys)])


def _plain(text: str, keys: tuple[str | int, ...]) -> str:
    if "{" in text or "}" in text:
        raise RangeError("'{' and '}' are for what is counted: {row} or {row:02}", *keys)
    return text.replace("%", "%%")


def _format(
    inside: str, axes: Mapping[str, tuple[int | str, ...]], keys: tuple[str | int, ...]
) -> str:
    match = _INSIDE.fullmatch(inside)
    if match is None or match[1] not in axes:
        known = ", ".join(f"{{{name}}}" for name in axes)
        raise RangeError(f"{{{inside}}} is not counted here; count has {known}", *keys)
    if match[2] is None:
        return f"%({match[1]})s"
    if isinstance(axes[match[1]][0], str):
        raise RangeError(f"{{{inside}}}: digits are for numbers, not for words", *keys)
    return f"%({match[1]})0{match[2]}d"
