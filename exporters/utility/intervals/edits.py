"""What people set by hand: a file that grows, a line for each value, never a line less.

The ledger is its daemon's alone (an exclusive lock, one writer), and what a meter said stays what
it said. So edits lie beside it, in a CSV file that a person can read and keep in version control.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from collector.shown import quoted, shown
from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.quality import MJ_PER_WH, SLOT_SECONDS
from exporters.utility.meterfile.moment import moment
from exporters.utility.meterfile.table import MOST_KWH, number, read_table
from exporters.utility.tariff.errors import ReadingsError
from exporters.utility.tariff.readings import shortened

COLUMNS = ("meter", "start", "kwh", "reason", "user")
_MJ_PER_KWH = 1000 * MJ_PER_WH


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A value that a person set.

    Attributes:
        meter: whose.
        start_s: of which quarter-hour, UTC seconds.
        energy_mj: what it is to be; None to take the value out and put none in its place.
        reason: why.
        user: who says so.
        line: where it stands in the file.
    """

    meter: str
    start_s: int
    energy_mj: int | None
    reason: str
    user: str
    line: int


def millijoules(kwh: Decimal) -> int:
    """Kilowatt-hours as the nearest whole millijoules."""
    return round(kwh * _MJ_PER_KWH)


def read_edits(path: Path, meters: Collection[str]) -> tuple[Edit, ...]:
    """Read a file of edits: `meter,start,kwh,reason,user`; of two for one value the later holds.

    Args:
        path: the file, in UTF-8 or CP949.
        meters: every meter that there is.

    Raises:
        IntervalError: what is wrong, with lines.
    """
    try:
        table = read_table(path)
    except ReadingsError as error:
        raise IntervalError(str(error)) from None
    names = [name.lower() for name in table.header]
    if lost := [name for name in COLUMNS if name not in names]:
        raise IntervalError(
            f"{table.name}, line {table.header_line}: the column {', '.join(lost)} is missing; the "
            f"header must be {','.join(COLUMNS)}"
        )
    found: list[Edit] = []
    problems: list[str] = []
    for line, cells in table.cells([names.index(name) for name in COLUMNS]):
        try:
            found.append(_edit(line, *cells, meters=meters))
        except ValueError as error:
            problems.append(f"{table.name}, line {line}: {error}")
    if problems:
        raise IntervalError(shortened(problems))
    return tuple(found)


def _edit(
    line: int, meter: str, start: str, kwh: str, reason: str, user: str, *, meters: Collection[str]
) -> Edit:
    if meter not in meters:
        known = ", ".join(sorted(meters)[:10])
        raise ValueError(f"there is no meter {quoted(meter)}; there are {shown(known)}")
    if not reason or not user:
        raise ValueError("an edit needs a reason and a user")
    energy = None
    if kwh:
        amount = number(kwh)
        if not 0 <= amount <= MOST_KWH:
            raise ValueError(f"{shown(kwh)} kWh cannot be")
        energy = millijoules(amount)
    return Edit(
        meter=meter,
        start_s=quarter(start),
        energy_mj=energy,
        reason=reason,
        user=user,
        line=line,
    )


def quarter(text: str) -> int:
    """The UTC seconds of a quarter-hour's beginning.

    Raises:
        ValueError: it is no time, has no offset, or is on no quarter-hour.
    """
    at = moment(text, "2027-11-01T00:15+09:00")
    if at.timestamp() % SLOT_SECONDS:
        raise ValueError(f"{quoted(text)} is not on a quarter-hour")
    return int(at.timestamp())
