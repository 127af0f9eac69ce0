"""The sum check: do quarter-hours add up to what the meter's register says, read by a person?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from collector.shown import shown
from exporters.utility.intervals.arrays import exact_sum
from exporters.utility.intervals.edits import millijoules, quarter
from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.quality import MJ_PER_WH, SLOT_SECONDS
from exporters.utility.intervals.rules import SUM, Limits
from exporters.utility.intervals.series import Series
from exporters.utility.intervals.values import Finding
from exporters.utility.meterfile.table import number, read_table
from exporters.utility.tariff.errors import ReadingsError
from exporters.utility.tariff.readings import shortened

_COLUMNS = ("meter", "time", "kwh", "new")
_NEEDED = 3
_YES = ("yes", "y", "true", "1")
_MJ_PER_KWH = 1000 * MJ_PER_WH
_LEAST_MJ = _MJ_PER_KWH
"""A register shows whole kilowatt-hours at best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReading:
    """A register as somebody read it.

    Attributes:
        at_s: when, UTC seconds, on a quarter-hour.
        energy_mj: what it showed, the multiplier in it.
        new: whether it is the first reading of another meter.
        line: where it stands in the file.
    """

    meter: str
    at_s: int
    energy_mj: int
    new: bool
    line: int


def read_register_readings(path: Path) -> Mapping[str, tuple[RegisterReading, ...]]:
    """Read `meter,time,kwh`, and perhaps `new`: `yes` at the first reading of a changed meter.

    Raises:
        IntervalError: what is wrong, with lines: a register that falls was changed or misread,
            and only a person can tell.
    """
    try:
        table = read_table(path)
    except ReadingsError as error:
        raise IntervalError(str(error)) from None
    names = [name.lower() for name in table.header]
    if any(name not in names for name in _COLUMNS[:_NEEDED]):
        raise IntervalError(
            f"{table.name}, line {table.header_line}: the header must be {','.join(_COLUMNS)}; "
            "new may be left out"
        )
    found: dict[str, list[RegisterReading]] = {}
    problems: list[str] = []
    for line, (meter, when, kwh, new) in table.cells(
        [names.index(name) if name in names else -1 for name in _COLUMNS]
    ):
        try:
            reading = RegisterReading(
                meter=meter,
                at_s=quarter(when),
                energy_mj=millijoules(number(kwh)),
                new=new.lower() in _YES,
                line=line,
            )
            before = found.setdefault(meter, [])
            _follows(before[-1] if before else None, reading)
            before.append(reading)
        except ValueError as error:
            problems.append(f"{table.name}, line {line}: {error}")
    if problems:
        raise IntervalError(shortened(problems))
    return {meter: tuple(readings) for meter, readings in found.items()}


def _follows(before: RegisterReading | None, reading: RegisterReading) -> None:
    if reading.energy_mj < 0:
        raise ValueError("a register below zero cannot be")
    if before is None or reading.new:
        return
    if reading.at_s <= before.at_s:
        raise ValueError(f"it is not later than line {before.line}")
    if reading.energy_mj < before.energy_mj:
        fell = (before.energy_mj - reading.energy_mj) / _MJ_PER_KWH
        raise ValueError(
            f"the register of {shown(reading.meter)} fell by {fell:,.0f} kWh since line "
            f"{before.line}: was the meter changed? Then add the old one's last reading, and "
            "the new one's first with `yes` in the column new"
        )


def sum_check(
    series: Series, readings: Sequence[RegisterReading], limits: Limits
) -> tuple[Finding, ...]:
    """Compare quarter-hours with what the register grew by, between each two readings."""
    found = []
    for first, second in pairwise(readings):
        low, high = ((each.at_s - series.grid.start_s) // SLOT_SECONDS for each in (first, second))
        if second.new or low < 0 or high > len(series.grid):
            continue
        part = slice(low, high)
        missing = int((~series.present[part]).sum())
        ours = exact_sum(series.energy_mj[part][series.present[part]])
        theirs = second.energy_mj - first.energy_mj
        allowed = max(round(theirs * limits.sum_ratio), _LEAST_MJ)
        if abs(ours - theirs) > allowed or missing:
            found.append(
                Finding(
                    meter=series.meter,
                    rule=SUM.id,
                    start=series.grid.local(low),
                    end=series.grid.local(high),
                    quarters=high - low,
                    text=_text(ours, theirs, missing),
                )
            )
    return tuple(found)


def _text(ours: int, theirs: int, missing: int) -> str:
    text = (
        f"{ours / _MJ_PER_KWH:,.1f} kWh in the intervals, {theirs / _MJ_PER_KWH:,.1f} by the "
        f"register: {(ours - theirs) / _MJ_PER_KWH:+,.1f}"
    )
    if missing:
        text += f"; {missing} quarter-hours are missing"
    elif ours and theirs:
        text += f", a ratio of {theirs / ours:.4f}"
    return text
