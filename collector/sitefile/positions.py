"""On which line of a TOML text each key stands. tomllib tells it only for broken TOML.

This reads text that tomllib has accepted, so it need not tell good from bad: it follows headers,
keys, tables within arrays and inline tables, and steps over everything else.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]
"""Keys and positions in arrays, from the top."""

_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r]+|\#[^\n]*)
    |(?P<newline>\n)
    |(?P<string>\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
    |(?P<mark>[\[\]{}=,.])
    |(?P<bare>[^\s#"'\[\]{}=,.]+)""",
    re.VERBOSE | re.DOTALL,
)


def lines_of(text: str) -> Mapping[Path, int]:
    """The line of every table, key and array item, from 1.

    Args:
        text: valid TOML, with plain newlines.
    """
    return _Reader(text).lines


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """The line of a path, or of the nearest table above it that there is; 1 if none."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._tokens = self._scan(text)
        self._kind, self._text, self._line = "", "", 1
        self._items: dict[Path, int] = {}  # how many tables an array of tables has so far
        self._next()
        table: Path = ()
        while self._kind:
            if self._kind == "newline":
                self._next()
            elif self._text == "[":
                table = self._header()
            else:
                self._pair(table)

    @staticmethod
    def _scan(text: str) -> Iterator[tuple[str, str, int]]:
        line = 1
        for match in _TOKEN.finditer(text):
            kind, token = str(match.lastgroup), match[0]
            if kind != "skip":
                yield kind, token, line
            line += token.count("\n")

    def _next(self) -> None:
        self._kind, self._text, self._line = next(self._tokens, ("", "", self._line))

    def _is(self, marks: str) -> bool:
        return self._kind == "mark" and self._text in marks

    def _header(self) -> Path:
        line = self._line
        self._next()
        is_array = self._is("[")
        if is_array:
            self._next()
        *above, last = self._key()
        path: Path = ()
        for part in above:
            path = self._current((*path, part), line)
        path = (*path, last)
        self._note(path, line)
        if is_array:
            count = self._items[path] = self._items.get(path, 0) + 1
            path = (*path, count - 1)
            self._note(path, line)
        while self._is("]"):
            self._next()
        return path

    def _current(self, path: Path, line: int) -> Path:
        """A table on the way to another: of an array, the last."""
        self._note(path, line)
        return (*path, self._items[path] - 1) if path in self._items else path

    def _note(self, path: Path, line: int) -> None:
        self.lines.setdefault(path, line)

    def _key(self) -> list[str]:
        parts = []
        while self._kind and not self._is("=]"):
            if self._kind == "string":
                parts.append(tomllib.loads(f"k = {self._text}")["k"])
            elif self._kind == "bare":
                parts.append(self._text)
            self._next()
        return parts

    def _pair(self, table: Path) -> None:
        line, path = self._line, table
        for part in self._key():
            path = (*path, part)
            self._note(path, line)
        self._next()
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._is("["):
            self._array(path)
        elif self._is("{"):
            self._next()
            while not self._is("}"):
                if self._is(",") or self._kind == "newline":
                    self._next()
                else:
                    self._pair(path)
            self._next()
        else:
            while self._kind not in {"", "newline"} and not self._is(",]}"):
                self._next()

    def _array(self, path: Path) -> None:
        self._next()
        index = 0
        while not self._is("]"):
            if self._kind == "newline" or self._is(","):
                self._next()
                continue
            self._note((*path, index), self._line)
            self._value((*path, index))
            index += 1
        self._next()
