"""A CSV file as rows with line numbers, in the encodings that such files come in."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from io import StringIO
from pathlib import Path

from collector.shown import quoted
from exporters.utility.tariff.errors import ReadingsError

_ENCODINGS = ("utf-8-sig", "cp949")
"""cp949 holds all of EUC-KR."""
_MOST_BYTES = 64 << 20
_MOST_LINES = 1_000_000
"""Of one meter: 28 years of quarter-hours."""
_WIDE = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows, each with its line; cells are stripped of spaces and quotes."""

    name: str
    header: tuple[str, ...]
    header_line: int
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    def cells(self, columns: Sequence[int]) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Some columns of each row; a row that is too short has empty cells."""
        for line, row in self.rows:
            yield line, tuple(row[n] if 0 <= n < len(row) else "" for n in columns)


def read_table(path: Path) -> Table:
    """Read a CSV file.

    Raises:
        ReadingsError: it is not there, in no known encoding, empty, or too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ReadingsError(f"{path}: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise ReadingsError(f"{path.name}: it is larger than {_MOST_BYTES >> 20} MiB")
    text = _decoded(path.name, content)
    quote = "'" if '"' not in text and "'" in text else '"'
    lines = csv.reader(StringIO(text, newline=""), quotechar=quote, skipinitialspace=True)
    rows: list[tuple[int, tuple[str, ...]]] = []
    try:
        for row in lines:
            cells = tuple(cell.strip().strip("'\"").strip() for cell in row)
            if any(cells):
                rows.append((lines.line_num, cells))
            if lines.line_num > _MOST_LINES:
                raise ReadingsError(f"{path.name}: it has more than {_MOST_LINES:,} lines")
    except csv.Error as error:
        raise ReadingsError(f"{path.name}, line {lines.line_num}: {error}") from None
    if not rows:
        raise ReadingsError(f"{path.name}: it is empty")
    (line, header), *rest = rows
    return Table(path.name, header, line, tuple(rest))


def _decoded(name: str, content: bytes) -> str:
    if content.startswith(_WIDE) or b"\0" in content:
        raise ReadingsError(f"{name}: it is not in UTF-8 or CP949 (EUC-KR); save it as one of them")
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    line = 1 + content[: _first_bad(content)].count(b"\n")
    raise ReadingsError(
        f"{name}, line {line}: it is neither UTF-8 nor CP949 (EUC-KR); save it as one of them"
    )


def _first_bad(content: bytes) -> int:
    try:
        content.decode(_ENCODINGS[-1])
    except UnicodeDecodeError as error:
        return error.start
    return 0


MOST_KWH = 10**9
"""In a quarter-hour: four terawatts. Its millijoules still fit 64 bits."""
_DIGITS = 15
"""No energy, power or amount has more of them, before or after the point."""


def number(text: str) -> Decimal:
    """A number as people write it, thousands apart or not.

    Raises:
        ValueError: it is none.
    """
    try:
        found = Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise ValueError(f"{quoted(text)} is no number") from None
    if not found.is_finite() or abs(found.adjusted()) > _DIGITS:
        raise ValueError(f"{quoted(text)} is no number")
    return found
