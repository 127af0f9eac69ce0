"""A reader of line protocol, written from its documentation, to read what the encoder wrote."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """A point as it was read; a field's value is text as it stood, strings unescaped."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, str | float | int]
    wall_ns: int


def parse(line: str) -> Point:
    """Read one line.

    Raises:
        ValueError: it is not line protocol.
    """
    if "\n" in line or "\r" in line:
        raise ValueError("more than one line")
    head, fields, time = _split(line, " ", strings=True)
    measurement, *tags = _split(head, ",")
    return Point(
        _plain(measurement),
        dict(_pair(tag) for tag in tags),
        {key: _value(raw) for key, raw in map(_pair_raw, _split(fields, ",", strings=True))},
        int(time),
    )


def _split(text: str, at: str, *, strings: bool = False) -> list[str]:
    """Split where a separator is neither escaped nor, with `strings`, inside quotes."""
    parts, current, quoted, index = [], "", False, 0
    while index < len(text):
        char = text[index]
        if char == "\\" and index + 1 < len(text):
            current += text[index : index + 2]
            index += 2
            continue
        if char == '"' and strings and (quoted or current.endswith("=")):
            quoted = not quoted
        if char == at and not quoted:
            parts.append(current)
            current = ""
        else:
            current += char
        index += 1
    if quoted:
        raise ValueError("a string without an end")
    return [*parts, current]


def _pair_raw(text: str) -> tuple[str, str]:
    key, value = _split(text, "=", strings=True)[0], text
    value = text[len(key) + 1 :]
    if not key or not value:
        raise ValueError(f"no pair: {text}")
    return _plain(key), value


def _pair(text: str) -> tuple[str, str]:
    key, raw = _pair_raw(text)
    return key, _plain(raw)


def _plain(text: str) -> str:
    plain = text.replace("\\,", ",").replace("\\ ", " ").replace("\\=", "=")
    if "\\" in plain:
        raise ValueError(f"a backslash that servers read differently: {text}")
    return plain


def _value(raw: str) -> str | float | int:
    if raw.startswith('"'):
        return raw[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return int(raw[:-1]) if raw.endswith("i") else float(raw)
