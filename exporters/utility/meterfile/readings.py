"""Readings of 15 minutes from a file: `start,kwh`, or the form of KEPCO's customer pages."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from collector.shown import quoted, shown
from exporters.utility.meterfile.meters import check_one_meter
from exporters.utility.meterfile.moment import YEARS, moment
from exporters.utility.meterfile.table import MOST_KWH, Table, number, read_table
from exporters.utility.tariff.errors import ReadingsError
from exporters.utility.tariff.readings import SLOT, Interval, shortened

_LABEL = re.compile(r"(\d{4})[-./]?(\d{2})[-./]?(\d{2})[ T]*(\d{2}):?(\d{2})(?::?00)?", re.ASCII)
_MIDNIGHT = 24


def read_readings(
    path: Path, zone: ZoneInfo, *, multiplier: Decimal = Decimal(1)
) -> list[Interval]:
    """Read a file of 15-minute readings.

    Two forms are known, by their header:

    - `start,kwh`, and perhaps `lagging_kvarh` and `leading_kvarh`: `start` is the beginning, in
      ISO 8601 with an offset.
    - KEPCO's: the time in 검침일 (or 일시) is the END of the interval, 00:15 to 24:00; the energy
      is in 순방향 유효전력량(kWh) or 사용량(kWh); perhaps 지상 and 진상 무효전력량.

    Args:
        path: the file, in UTF-8 or CP949 (EUC-KR).
        zone: the time zone of KEPCO's form.
        multiplier: what the meter's readings are to be multiplied with.

    Raises:
        ReadingsError: what is wrong, with lines; several meters or customers. Gaps and order are
            looked at when a bill is made.
    """
    table = read_table(path)
    columns, start_of = _form(table, zone)
    found: list[Interval] = []
    customers: list[str] = []
    problems: list[str] = []
    for line, (when, kwh, lagging, leading, meter, customer) in table.cells(columns):
        if not kwh:
            continue  # no reading: a gap, found when the bill is made
        try:
            found.append(
                Interval(
                    start_of(when),
                    _energy(kwh, multiplier),
                    _energy(lagging, multiplier) if lagging else None,
                    _energy(leading, multiplier) if leading else None,
                    line,
                    meter,
                )
            )
            customers.append(customer)
        except ValueError as error:
            problems.append(f"{table.name}, line {line}: {error}")
    if problems:
        raise ReadingsError(shortened(problems))
    if not found:
        raise ReadingsError(f"{table.name}: it has no readings")
    check_one_meter(table.name, found, customers)
    return found


def _energy(text: str, multiplier: Decimal) -> Decimal:
    found = number(text) * multiplier
    if abs(found) > MOST_KWH:
        raise ValueError(f"{shown(text)} times {multiplier} is more than a quarter-hour can have")
    return found


def _form(table: Table, zone: ZoneInfo) -> tuple[tuple[int, ...], Callable[[str], datetime]]:
    names = [re.sub(r"\s", "", name).lower() for name in table.header]
    if "start" in names and "kwh" in names:
        own = ("start", "kwh", "lagging_kvarh", "leading_kvarh", "meter", "customer")
        return tuple(names.index(name) if name in names else -1 for name in own), _own_start
    when = _find(names, "검침일", "일시", "측정일시")
    energy = _find(names, "순방향유효전력량", "유효전력량", "사용량(kwh)", "사용전력량")
    if when >= 0 and energy >= 0:
        others = ("지상무효전력량", "진상무효전력량", "계기번호", "고객번호")
        return (
            when,
            energy,
            *(_find(names, each) for each in others),
        ), lambda text: _end_label(text, zone) - SLOT
    header = quoted(",".join(table.header), 80)
    raise ReadingsError(
        f"{table.name}, line {table.header_line}: no known form: {header}; "
        "the header must have start and kwh, or KEPCO's 검침일 and 순방향 유효전력량(KWH)"
    )


def _find(names: list[str], *wanted: str) -> int:
    return next((n for want in wanted for n, name in enumerate(names) if want in name), -1)


def _own_start(text: str) -> datetime:
    return moment(text, "2027-11-01T00:15:00+09:00")


def _end_label(text: str, zone: ZoneInfo) -> datetime:
    """KEPCO's label: the end of the interval; the last of a day is 24:00."""
    parts = _LABEL.fullmatch(text)
    if parts is None or int(parts[1]) not in YEARS:
        raise ValueError(f"{quoted(text)} is no time; KEPCO writes 2027-11-01 00:15")
    year, month, day, hour, minute = map(int, parts.groups())
    midnight = hour == _MIDNIGHT and minute == 0
    try:
        end = datetime(year, month, day, 0 if midnight else hour, minute, tzinfo=zone)
    except ValueError:
        raise ValueError(f"{quoted(text)} is no time") from None
    return end + timedelta(days=1) if midnight else end
