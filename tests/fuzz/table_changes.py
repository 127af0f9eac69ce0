"""Changes a good CSV file into others."""

from collections.abc import Sequence

from tests.fuzz import byte_changes, odd
from tests.fuzz.choices import Choices

_CELLS = (*odd.NUMBERS, *odd.TIMES, *odd.WORDS)
_ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "cp949", "utf-16", "latin-1")
_ENDS = ("\n", "\n", "\n", "\r\n", "\r", "\x85", "\n\n")


def changed(rows: Sequence[Sequence[str]], choices: Choices) -> bytes:
    """The table with some cells, rows, columns or bytes changed."""
    table = [list(row) for row in rows]
    for _ in range(choices.count()):
        _change(table, choices)
    comma = choices.pick((",",) * 12 + (";", "\t", ", ", "|"))
    text = choices.pick(_ENDS).join(comma.join(row) for row in table)
    data = text.encode(choices.pick(_ENCODINGS), "replace")
    return byte_changes.changed(data, choices) if choices.seldom(8) else data


def _change(table: list[list[str]], choices: Choices) -> None:
    at = choices.below(len(table))
    row = table[at]
    match choices.below(9):
        case 0 | 1 | 2 | 3 if row:
            row[choices.below(len(row))] = choices.pick(_CELLS)
        case 4:
            table.insert(choices.below(len(table) + 1), list(row))
        case 5:
            other = choices.below(len(table))
            table[at], table[other] = table[other], table[at]
        case 6 if row:
            del row[choices.below(len(row))]
        case 7:
            row.insert(choices.below(len(row) + 1), choices.pick(_CELLS))
        case _:
            cell = choices.below(max(len(row), 1))
            row[cell : cell + 1] = [f'"{choices.pick(_CELLS)}']
