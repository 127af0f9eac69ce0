"""Changes a good TOML file into others: some still good, some only just wrong."""

import json
from collections.abc import Sequence

from tests.fuzz import byte_changes, odd
from tests.fuzz.choices import Choices

_VALUES = (
    "true",
    "[]",
    "{}",
    "[[]]",
    "[1, 'a', {}]",
    '["a", "a"]',
    "{ a = 1 }",
    "{ a.b.c = 1, d = [] }",
    "{ a = 1, a = 2 }",
    "inf",
    "-inf",
    "nan",
    "0x" + "f" * 5000,
    "0o777",
    "0b1",
    "0001-01-01",
    "9999-12-31",
    "2027-02-30",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999Z",
    "00:00:00",
    "[" * 60 + "]" * 60,
    "[" * 5000 + "]" * 5000,
    "{a=" * 3000 + "1" + "}" * 3000,
    "'''a\nb'''",
    '"""\\\n  a"""',
    '"\\u0000"',
    '"\\ud800"',
    '"\\U0010ffff"',
    "''",
)
_KEYS = (
    "a",
    '""',
    '"a b"',
    "'\"'",
    "a.b",
    ".".join("a" * 2000),
    '"\\u001b[31m"',
    f'"{"k" * 3000}"',
    '"\\n"',
)


def changed(text: str, choices: Choices, more: Sequence[str] = ()) -> bytes:
    """The file with some of its lines or bytes changed.

    Args:
        text: a good one.
        choices: what to change.
        more: lines that may come in, such as other tables and keys that are known.
    """
    lines = text.split("\n")
    for _ in range(choices.count()):
        at = choices.below(len(lines))
        _change(lines, at, choices, more)
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    match choices.below(24):
        case 1 | 2 | 3:
            return byte_changes.changed(data, choices)
        case 4:
            return b"\xef\xbb\xbf" + data
        case 5:
            return data.replace(b"\n", b"\r\n")
        case 6:
            return data.decode("utf-8", "replace").encode("utf-16")
        case _:
            return data


def _change(lines: list[str], at: int, choices: Choices, more: Sequence[str]) -> None:
    key, equals, _ = lines[at].partition("=")
    match choices.below(10):
        case 0 | 1 | 2 | 3 if equals:
            lines[at] = f"{key}= {_value(choices, lines)}"
        case 4 if equals:
            lines[at] = f"{_key(choices, lines)} = {lines[at].partition('=')[2]}"
        case 5:
            lines.insert(choices.below(len(lines) + 1), lines[at])
        case 6:
            del lines[at]
            lines.append("")
        case 7 if more:
            lines.insert(at, choices.pick(more))
        case 8:
            other = choices.below(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            lines.insert(at, f"{_key(choices, lines)} = {_value(choices, lines)}")


def _value(choices: Choices, lines: Sequence[str]) -> str:
    kind = choices.below(5)
    if kind == 0:
        return choices.pick(_VALUES)
    if kind == 1:
        return choices.pick(odd.NUMBERS)
    if kind == 2:  # what is right elsewhere
        return choices.pick(lines).partition("=")[2].strip() or "1"
    return json.dumps(choices.pick(odd.TEXTS), ensure_ascii=choices.seldom(2))


def _key(choices: Choices, lines: Sequence[str]) -> str:
    if choices.seldom(3):
        return choices.pick(_KEYS)
    return choices.pick(lines).partition("=")[0].strip() or "a"
