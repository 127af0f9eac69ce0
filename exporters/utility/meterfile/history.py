"""The demand of earlier bills from a file: `month,kw,kw_off_peak`."""

import re
from decimal import Decimal
from pathlib import Path

from collector.shown import quoted, shown
from exporters.utility.meterfile.table import number, read_table
from exporters.utility.tariff.errors import ReadingsError
from exporters.utility.tariff.period import Month
from exporters.utility.tariff.readings import MonthDemand, shortened

_COLUMNS = ("month", "kw", "kw_off_peak", "lagging_percent", "leading_percent")


def read_history(path: Path) -> list[MonthDemand]:
    """Read the demand of earlier bills.

    The columns are `month` (2027-10), `kw` (highest demand in bands that count), and perhaps
    `kw_off_peak`, `lagging_percent` and `leading_percent` (power factors).

    Raises:
        ReadingsError: what is wrong, with lines.
    """
    table = read_table(path)
    names = [re.sub(r"[\s-]", "_", name).lower() for name in table.header]
    if "month" not in names or "kw" not in names:
        raise ReadingsError(
            f"{table.name}, line {table.header_line}: the header must have {', '.join(_COLUMNS)}; "
            "month and kw are needed"
        )
    for name in names:
        if name.startswith("kw") and name not in _COLUMNS:
            raise ReadingsError(
                f"{table.name}, line {table.header_line}: {quoted(name)} is no column; there are "
                f"{', '.join(_COLUMNS)}"
            )
    columns = [names.index(name) if name in names else -1 for name in _COLUMNS]
    found: dict[Month, MonthDemand] = {}
    problems: list[str] = []
    for line, cells in table.cells(columns):
        try:
            entry = _entry(*cells)
            if entry.month in found:
                raise ValueError(f"{entry.month} stands twice")  # noqa: TRY301 - told with its line
            found[entry.month] = entry
        except ValueError as error:
            problems.append(f"{table.name}, line {line}: {error}")
    if problems:
        raise ReadingsError(shortened(problems))
    return [found[month] for month in sorted(found)]


def _entry(month: str, kw: str, off_peak: str, lagging: str, leading: str) -> MonthDemand:
    return MonthDemand(
        month=Month.parse(month),
        kw=_positive(kw),
        kw_off_peak=_positive(off_peak) if off_peak else None,
        lagging_percent=_percent(lagging),
        leading_percent=_percent(leading),
    )


def _positive(text: str) -> Decimal:
    found = number(text)
    if found < 0:
        raise ValueError(f"{shown(text)} kW cannot be")
    return found


def _percent(text: str) -> Decimal | None:
    if not text:
        return None
    found = number(text)
    if not 1 < found <= 100:  # noqa: PLR2004 - per cent, not a share
        raise ValueError(f"a power factor of {shown(text)} %: allowed are 1 to 100")
    return found
