"""Reading a file of measured power, to be replayed."""

import csv
import gzip
import math
import zlib
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

from collector.shown import quoted, shown
from collector.sources.protocol import SourceError
from collector.sources.simulated.series import Series, make_series

_POWER_COLUMNS: Final = ("watts", "power_instant_watts")
_MOST_MS: Final = 9e12  # a year far off, yet exact in microseconds
_MOST_WATTS: Final = 1e8
_MOST_LINES: Final = 10_000_000  # a day of one GPU at 100 Hz is 8.64 million
_LONGEST_LINE: Final = 200_000
_MOST_NODES: Final = 1000
_LONGEST_NAME: Final = 253


class TraceError(SourceError):
    """A trace file cannot be used. The text names the file, and the line where there is one."""

    word = "trace"


class _Points:
    """One node's points while the file is being read."""

    __slots__ = ("powers_mw", "times_us")

    def __init__(self) -> None:
        self.times_us = array("q")
        self.powers_mw = array("q")


def load_trace(path: Path) -> list[Series]:
    """Read a trace: `time_ms,watts`, or `node,time_ms,watts`; CSV, gzip-compressed if `.gz`.

    Where there is no column `watts`, `power_instant_watts` is taken; other columns are ignored.

    Returns:
        One series for each node, in the order of the file.

    Raises:
        TraceError: the file is missing, is not such a file, or a line of it makes no sense.
    """
    nodes: dict[str, _Points] = {}
    try:
        with _open(path) as file:
            _read_points(path, file, nodes)
    except UnicodeDecodeError as error:
        raise TraceError(f"{path}: not text (byte {error.start}); a trace is CSV.") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise TraceError(f"{path}: not a whole gzip file: {error}.") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise TraceError(f"{path}: the trace cannot be read: {reason}.") from error
    if not nodes:
        raise TraceError(f"{path}: the trace holds no readings below its header.")
    return [_finish(path, node, points) for node, points in nodes.items()]


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _read_points(path: Path, file: TextIO, nodes: dict[str, _Points]) -> None:
    reader = csv.reader(_lines(path, file))
    try:
        header = [cell.strip() for cell in next(reader, [])]
        node_at, time_at, power_at = _columns(path, header)
        for row in _rows(reader):
            where = f"{path}, line {reader.line_num}"
            if len(row) != len(header):
                raise TraceError(f"{where}: {len(row)} columns, the header has {len(header)}.")
            time_ms = _number(where, "time_ms", row[time_at], -_MOST_MS, _MOST_MS)
            watts = _number(where, header[power_at], row[power_at], 0, _MOST_WATTS)
            node = row[node_at].strip() if node_at is not None else ""
            if len(node) > _LONGEST_NAME or len(nodes) > _MOST_NODES:
                raise TraceError(f"{where}: allowed are {_MOST_NODES} nodes with short names.")
            points = nodes.setdefault(node, _Points())
            points.times_us.append(round(time_ms * 1000))
            points.powers_mw.append(round(watts * 1000))
    except csv.Error as error:
        raise TraceError(f"{path}, line {reader.line_num}: {error}.") from error


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    """The lines, as long as there are not too many: little may unpack to a lot."""
    for number in range(1, _MOST_LINES + 1):
        line = file.readline(_LONGEST_LINE)
        if not line:
            return
        if len(line) == _LONGEST_LINE:
            raise TraceError(f"{path}, line {number}: {_LONGEST_LINE:,} characters or more.")
        yield line
    raise TraceError(f"{path}: more than {_MOST_LINES:,} lines; use a shorter trace.")


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    return (row for row in reader if row)


def _columns(path: Path, header: Sequence[str]) -> tuple[int | None, int, int]:
    """Positions of the node (or None), the time and the power."""
    power = next((name for name in _POWER_COLUMNS if name in header), None)
    if "time_ms" not in header or power is None:
        found = shown(",".join(header)) or "an empty line"
        raise TraceError(
            f"{path}, line 1: expected the header time_ms,watts or node,time_ms,watts;"
            f" found {found}."
        )
    node = header.index("node") if "node" in header else None
    return node, header.index("time_ms"), header.index(power)


def _number(where: str, column: str, text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise TraceError(f"{where}: {column} is {quoted(text)}, which is not a number.")
    if not least <= value <= most:
        raise TraceError(f"{where}: {column} is {shown(text)}; allowed is {least:g} to {most:g}.")
    return value


def _finish(path: Path, node: str, points: _Points) -> Series:
    of = f" of node {shown(node)}" if node else ""
    try:
        return make_series(points.times_us, points.powers_mw)
    except ValueError as error:
        raise TraceError(f"{path}: the readings{of} have only one time; two are needed.") from error
    except OverflowError as error:
        raise TraceError(
            f"{path}: the readings{of} add up to more than 1.2 MWh; use a shorter trace."
        ) from error
