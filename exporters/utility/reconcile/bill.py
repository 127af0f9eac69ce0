"""The shadow bill beside the real one, line by line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from collector.shown import quoted
from exporters.utility.intervals.errors import IntervalError
from exporters.utility.meterfile.table import number, read_table
from exporters.utility.reconcile.values import BillComparison, LineComparison
from exporters.utility.tariff.bill import Bill, Kind, Line
from exporters.utility.tariff.errors import ReadingsError
from exporters.utility.tariff.money import plain
from exporters.utility.tariff.readings import shortened

TOTAL, BEFORE = "total", "before_levies"
_KOREAN: Mapping[str, tuple[str, ...]] = {
    "기본요금": ("base",),
    "전력량요금": ("energy_*",),
    "사용량요금": ("energy_*",),
    "경부하": ("energy_off_peak",),
    "중간부하": ("energy_mid",),
    "최대부하": ("energy_peak",),
    "역률요금": ("power_factor",),
    "기후환경요금": ("adder_climate",),
    "연료비조정액": ("adder_fuel",),
    "연료비조정요금": ("adder_fuel",),
    "초과사용부가금": ("excess",),
    "전기요금계": (BEFORE,),
    "부가가치세": ("vat",),
    "부가세": ("vat",),
    "전력기금": ("fund",),
    "전력산업기반기금": ("fund",),
    "원단위절사": ("cut",),
    "절사": ("cut",),
    "할인": ("discount_*",),
    "청구금액": (TOTAL,),
    "청구요금": (TOTAL,),
    "합계": (TOTAL,),
}
"""KEPCO's names of lines; `*` is every line that begins so."""
_NAMES = ("id", "line", "항목", "구분", "요금항목")
_LONGEST_NAME = 200
_AMOUNTS = ("amount", "금액", "금액(원)", "요금", "요금(원)")


@dataclass(frozen=True, slots=True)
class _Theirs:
    name: str
    ids: tuple[str, ...]
    amount: Decimal
    line: int


def compare_bill(bills: Sequence[Bill], path: Path) -> BillComparison:
    """Compare with a file of the real bill: `id,amount`, or KEPCO's names of lines and 금액.

    Args:
        bills: ours; several months are added up.
        path: theirs.

    Raises:
        IntervalError: what is wrong with their file, with lines.
    """
    ours = _ours(bills)
    theirs = _read(path, ours)
    left = dict(ours)
    lines: list[LineComparison] = []
    for each in theirs:
        matched = [name for name in each.ids if name in ours]
        amount = sum((ours[name] for name in matched), Decimal(0)) if matched else None
        for name in matched:
            left.pop(name, None)
        lines.append(
            LineComparison(
                id=each.name if each.name in each.ids else f"{each.name} ({', '.join(each.ids)})",
                ours=amount,
                theirs=each.amount,
                text=_text(amount, each.amount, bills, matched),
                line=each.line,
            )
        )
    named = {name for each in theirs for name in each.ids}
    lines += [
        LineComparison(id=name, ours=amount, theirs=None, text="their file has no such line")
        for name, amount in left.items()
        if name not in named and name not in (TOTAL, BEFORE) and amount
    ]
    last = [line for line in lines if line.id.startswith(TOTAL) or f"({TOTAL})" in line.id]
    first = [line for line in lines if line not in last]
    return BillComparison(name=path.name, currency=bills[0].currency, lines=(*first, *last))


def _ours(bills: Sequence[Bill]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in (line for bill in bills for line in bill.lines):
        found[line.id] = found.get(line.id, Decimal(0)) + line.amount
    found[BEFORE] = sum((bill.before_levies for bill in bills), Decimal(0))
    found[TOTAL] = sum((bill.total for bill in bills), Decimal(0))
    return found


def _read(path: Path, ours: Mapping[str, Decimal]) -> list[_Theirs]:
    try:
        table = read_table(path)
    except ReadingsError as error:
        raise IntervalError(str(error)) from None
    header = [re.sub(r"\s", "", name).lower() for name in table.header]
    name_at = next((header.index(name) for name in _NAMES if name in header), -1)
    amount_at = next((header.index(name) for name in _AMOUNTS if name in header), -1)
    if name_at < 0 or amount_at < 0:
        raise IntervalError(
            f"{table.name}, line {table.header_line}: the header must be id,amount (or 항목,금액)"
        )
    found: list[_Theirs] = []
    lines: dict[str, int] = {}
    problems: list[str] = []
    for line, (name, amount) in table.cells((name_at, amount_at)):
        try:
            if len(name) > _LONGEST_NAME or not name.isprintable():
                raise ValueError(f"{quoted(name)} is no name of a line")  # noqa: TRY301 - likewise
            each = _Theirs(name, _ids(name, ours), number(amount.removesuffix("원")), line)
            if again := next((lines[one] for one in each.ids if one in lines), 0):
                raise ValueError(f"{quoted(name)} stands in line {again} already")  # noqa: TRY301 - told with its line
            lines |= dict.fromkeys(each.ids, line)
            found.append(each)
        except ValueError as error:
            problems.append(f"{table.name}, line {line}: {error}")
    if problems:
        raise IntervalError(shortened(problems))
    return found


def _ids(name: str, ours: Mapping[str, Decimal]) -> tuple[str, ...]:
    """Our lines of a name of theirs."""
    text = re.sub(r"\s", "", name)
    if text in ours:
        return (text,)
    wanted = _KOREAN.get(text)
    if wanted is None:
        return (text,)  # nothing of ours: told as such
    found: list[str] = []
    for one in wanted:
        if one.endswith("*"):
            found += [each for each in ours if each.startswith(one[:-1])]
        else:
            found.append(one)
    return tuple(found) or wanted


def _text(
    ours: Decimal | None, theirs: Decimal, bills: Sequence[Bill], matched: Sequence[str]
) -> str:
    if ours is None:
        return "we have no such line"
    if ours == theirs:
        return "the same"
    found = [line for bill in bills for line in bill.lines if line.id in matched]
    text = f"{plain(abs(ours - theirs))} {'more' if ours > theirs else 'less'} than theirs"
    if theirs:
        text += f" ({float((ours - theirs) / theirs):+.2%})"
    if implied := _implied(found, theirs):
        text += f"; {implied}"
    assumed = next((line.assumed for line in found if line.assumed), "")
    return f"{text}; ours is assumed: {assumed}" if assumed else text


def _implied(found: Sequence[Line], theirs: Decimal) -> str:
    """What quantity their amount stands for at our rate."""
    line = found[0] if len(found) == 1 else None
    if line is None or line.kind is not Kind.CHARGE or not line.rate or line.quantity is None:
        return ""
    quantity = (theirs / line.rate).quantize(Decimal("0.1"))
    return (
        f"theirs is {plain(quantity)} {line.unit} at our rate of {plain(line.rate)}, ours "
        f"{plain(line.quantity)}"
    )
