"""CSV files that people have of their meters and bills, and the journal of changes."""

import hashlib
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from exporters.utility.intervals.edits import read_edits
from exporters.utility.intervals.file_source import from_intervals
from exporters.utility.intervals.grid import Grid
from exporters.utility.intervals.journal import record, verify
from exporters.utility.intervals.registers import read_register_readings
from exporters.utility.meterfile import read_history, read_readings
from exporters.utility.reconcile.bill import compare_bill
from exporters.utility.tariff import Bill, BillingPeriod, Month, TariffError
from exporters.utility.tariff.readings import Interval, within
from tests.fuzz import json_changes, table_changes
from tests.fuzz.choices import Choices
from tests.fuzz.target import Target, folder, written
from tests.fuzz.words import checked

_SEOUL = ZoneInfo("Asia/Seoul")
_LINES = 12
"""So many problems of a file are told, each in a line."""
_PERIOD = BillingPeriod.of(Month(2027, 11))
_MOST_DIGITS = 40

_OWN = [
    ["start", "kwh", "lagging_kvarh", "leading_kvarh", "meter", "customer"],
    *(
        [f"2027-11-01T0{at // 4}:{at % 4 * 15:02}:00+09:00", "250.5", "10", "", "m1", "c1"]
        for at in range(8)
    ),
]
_KEPCO = [
    ["검침일", "순방향 유효전력량(KWH)", "지상무효전력량", "계기번호", "고객번호"],
    *([f"2027-11-01 0{at // 4}:{at % 4 * 15:02}", "250", "1", "7", "1"] for at in range(1, 8)),
    ["2027-11-01 24:00", "1,250", "", "7", "1"],
]
_HISTORY = [
    ["month", "kw", "kw_off_peak", "lagging_percent", "leading_percent"],
    ["2027-09", "1000", "900", "95", ""],
    ["2027-10", "1,100.5", "", "", "97"],
]
_EDITS = [
    ["meter", "start", "kwh", "reason", "user"],
    ["main", "2027-11-01T00:15:00+09:00", "250.125", "read by hand", "kim"],
    ["main", "2027-11-01T00:30:00+09:00", "", "broken", "kim"],
]
_REGISTERS = [
    ["meter", "time", "kwh", "new"],
    ["main", "2027-11-01T00:15:00+09:00", "1000", ""],
    ["main", "2027-12-01T00:00:00+09:00", "2000", ""],
    ["main", "2027-12-02T00:00:00+09:00", "5", "yes"],
]
_BILL = [["id", "amount"], ["base", "1000"], ["기본요금", "1,000원"], ["total", "5000"]]


@cache
def _grid() -> Grid:
    return Grid.of(date(2027, 11, 1), date(2027, 12, 1), _SEOUL)


def _fits(*numbers: Decimal | None) -> None:
    """Amounts that can be reckoned with."""
    for number in numbers:
        assert number is None or number.is_finite()
        assert number is None or abs(number.adjusted()) <= _MOST_DIGITS


def _intervals(path: Path) -> None:
    found = read_readings(path, _SEOUL, multiplier=Decimal(2))
    _used(found)


def _used(found: list[Interval]) -> None:
    for each in found:
        _fits(each.kwh, each.lagging_kvarh, each.leading_kvarh)
        assert each.start.tzinfo is not None
    within(found, _PERIOD, _SEOUL)
    raw = from_intervals("main", found, _grid())
    assert (raw.energy_mj >= 0).all()


def _history(path: Path) -> None:
    for each in read_history(path):
        _fits(each.kw, each.kw_off_peak, each.lagging_percent, each.leading_percent)
        assert math.isfinite(each.month.first.toordinal())


def _edits(path: Path) -> None:
    for each in read_edits(path, ("main",)):
        assert abs(each.start_s) < 10**12
        assert each.energy_mj is None or 0 <= each.energy_mj < 10**30


def _registers(path: Path) -> None:
    for readings in read_register_readings(path).values():
        assert all(0 <= each.energy_mj < 10**30 for each in readings)


def _bill(path: Path) -> None:
    line = SimpleNamespace(
        id="base",
        amount=Decimal(990),
        rate=Decimal("8.25"),
        quantity=Decimal(120),
        unit="kW",
        kind="charge",
        assumed="",
    )
    ours = SimpleNamespace(
        lines=(line,), before_levies=Decimal(990), total=Decimal(1000), currency="KRW"
    )
    found = compare_bill([cast("Bill", ours)], path)
    for each in found.lines:
        _fits(each.ours, each.theirs)
        assert each.text.isprintable()


def _make(tables: Any, choices: Choices) -> bytes:
    return table_changes.changed(choices.pick(tables), choices)


def _run(name: str, use: Callable[[Path], None], data: bytes) -> bool:
    try:
        use(written(f"{name}.csv", data))
    except TariffError as error:
        checked(error, lines=_LINES)
        return False
    return True


def _target(name: str, use: Callable[[Path], None], *tables: Any) -> Target:
    return Target(name=name, make=partial(_make, tables), run=partial(_run, name, use))


_AT = datetime(2027, 12, 1, tzinfo=UTC)
_ENTRY = {
    "at": _AT.isoformat(),
    "kind": "change",
    "meter": "main",
    "start": "2027-11-01T00:15:00+00:00",
    "before_mj": 1,
    "after_mj": 2,
    "quality_after": "edited",
    "rule": "edit",
    "reason": "r",
    "user": "u",
    "previous": "0" * 64,
}


def _journal(choices: Choices) -> bytes:
    """Lines whose hashes fit, so that what is odd in them is reached."""
    lines, last = b"", "0" * 64
    seen = {"kind": "edits", "file": "e", "lines": 1, "bytes": 3, "sha256": "x"}
    struck = choices.below(4)
    for at, kind in enumerate(({}, seen, {})):
        document = {**_ENTRY, **kind, "previous": last}
        plain = json_changes.dumped(document).encode()
        line = json_changes.changed(document, choices) if at == struck else plain
        line = line.replace(b"\n", b" ")
        last = hashlib.sha256(line).hexdigest()
        lines += line + b"\n"
    return lines


def _run_journal(data: bytes) -> bool:
    path = written("site.changes.jsonl", data)
    edits = written("site.edits.csv", b"meter\n")
    taken = False
    reads: tuple[Callable[[], int], ...] = (
        lambda: verify(path),
        lambda: record(path, (), _AT, edits),
    )
    for read in reads:
        try:
            taken = bool(read())
        except TariffError as error:
            checked(error)
    assert (folder() / "site.changes.jsonl").exists()
    return taken


TARGETS = (
    _target("readings", _intervals, _OWN, _KEPCO),
    _target("history", _history, _HISTORY),
    _target("edits", _edits, _EDITS),
    _target("registers", _registers, _REGISTERS),
    _target("bill", _bill, _BILL),
    Target(name="journal", make=_journal, run=_run_journal),
)
