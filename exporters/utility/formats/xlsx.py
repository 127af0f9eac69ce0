"""The report as a workbook for the accountant: sums are formulas, so that they can be followed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from exporters.utility.formats.content import Content
from exporters.utility.intervals.quality import Quality
from exporters.utility.intervals.series import Series

_BOLD = Font(bold=True)
_AMOUNT, _ENERGY, _TIME = "#,##0", "#,##0.000", "yyyy-mm-dd hh:mm"
_MOST_ROWS = 1_000_000
"""Excel has 1,048,576 rows; more quarter-hours go into the other forms."""

_Cell = str | int | float | Decimal | datetime | None
_Row = Sequence[_Cell]


class _Formula(str):
    """A text that is to be worked out; any other that begins with `=` is a text."""

    __slots__ = ()


def write_xlsx(content: Content, stream: BinaryIO) -> None:
    """Write the workbook: summary, bill, intervals, gaps, changes, reconciliation, sources.

    Times are local; a column has their offset. Text of people stays text, whatever it begins with.
    """
    document = content.document()
    book = Workbook(write_only=True)
    _sheet(book, "summary", (28, 60), _summary(content, document))
    _sheet(book, "bill", (10, 30, 16, 8, 14, 20, 18, 80, 12), _bill(document))
    _sheet(book, "intervals", (20, 18, 18, 10, 14, 10, 16), _intervals(content))
    _sheet(book, "gaps", (20, 22, 22, 10, 18), _gaps(document))
    _sheet(book, "findings", (20, 20, 26, 26, 10, 80), _findings(document))
    _sheet(book, "changes", (20, 26, 14, 14, 14, 16, 20, 60, 16), _changes(content))
    _sheet(book, "reconciliation", (28, 20, 20, 20, 60), _reconciliation(document))
    _sheet(book, "sources", (44, 70, 14, 8), _sources(content, document))
    book.save(stream)


def _sheet(book: Workbook, title: str, widths: Sequence[int], rows: Iterator[_Row]) -> None:
    sheet: Any = book.create_sheet(title)  # the stubs do not know a write-only sheet's columns
    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "A2"
    for number, row in enumerate(rows):
        sheet.append([_cell(sheet, value, bold=number == 0) for value in row])


def _cell(sheet: Any, value: _Cell, *, bold: bool) -> Any:
    if value is None:
        return None
    if isinstance(value, str) and not isinstance(value, _Formula):
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
        cell.data_type = "s"
    else:
        cell = WriteOnlyCell(sheet, float(value) if isinstance(value, Decimal) else value)
        whole = isinstance(value, str) or (not isinstance(value, datetime) and value % 1 == 0)
        cell.number_format = _AMOUNT if whole else _ENERGY
        if isinstance(value, datetime):
            cell.number_format = _TIME
    if bold:
        cell.font = _BOLD
    return cell


def _summary(content: Content, document: Mapping[str, Any]) -> Iterator[_Row]:
    metering = content.metering
    yield "Energy report", content.period
    yield "site", metering.site
    yield "from", document["start"]
    yield "to (included)", document["end"]
    yield "tariff", f"{document['tariff']} ({document['tariff_name']})"
    yield "tariff verified", "yes" if document["verified"] else "no"
    yield "energy by the intervals (kWh)", document["metering"]["billed"]["energy_kwh"]
    yield "of it estimated or edited (kWh)", document["metering"]["billed"]["estimated_kwh"]
    yield "energy billed (kWh)", document["energy_kwh_total"]
    for band, kwh in document["energy_kwh"].items():
        yield f"  {band} (kWh)", kwh
    yield "billing demand (kW)", document["billing_demand_kw"]
    yield "demand billed from", document["billing_demand_from"]
    yield "highest 15 minutes (kW)", document["highest_kw"]
    yield "hours missing", document["missing_hours"]
    yield f"total ({content.currency})", document["bill"]["total"]
    yield "made at", content.made_at.isoformat(timespec="seconds")
    for note in (*metering.notes, *document["notes"]):
        yield "note", note


def _bill(document: Mapping[str, Any]) -> Iterator[_Row]:
    yield (
        "month", "line", "quantity", "unit", "rate", "quantity x rate", "amount", "how", "assumed",
    )  # fmt: skip
    row, sums = 1, []
    for month in document.get("months", [document]):
        first = row + 1
        for line in month["bill"]["lines"]:
            row += 1
            both = line["quantity"] is not None and line["rate"] is not None
            yield (
                month["period"],
                line["id"],
                line["quantity"],
                line["unit"],
                line["rate"],
                _Formula(f"=C{row}*E{row}") if both else None,
                line["amount"],
                line["formula"],
                "yes" if line["assumed"] else None,
            )
        row += 1
        sums.append(row)
        yield (
            month["period"],
            "total",
            None,
            None,
            None,
            None,
            _Formula(f"=SUM(G{first}:G{row - 1})"),
        )
    if len(sums) > 1:
        row += 1
        cells = "+".join(f"G{each}" for each in sums)
        yield document["period"], "total", None, None, None, None, _Formula(f"={cells}")
    total = document["bill"]["total"]
    yield (
        "check", "difference to the report", None, None, None, None,
        _Formula(f"=G{row}-{total:f}"), "0 when nothing was altered", None,
    )  # fmt: skip


def _intervals(content: Content) -> Iterator[_Row]:
    yield "meter", "start (local)", "end (local)", "offset", "kWh", "ESPI code", "quality"
    written = 0
    for series in _all(content):
        present, codes = series.present.tolist(), series.quality.tolist()
        for index, watt_hours in enumerate(series.watt_hours.tolist()):
            if not present[index]:
                continue
            written += 1
            if written > _MOST_ROWS:
                yield "more than a sheet can hold: see the other forms", None
                return
            start, end = series.grid.local(index), series.grid.local(index + 1)
            yield (
                series.meter,
                start.replace(tzinfo=None),
                end.replace(tzinfo=None),
                f"{start:%z}",
                watt_hours / 1000,
                codes[index],
                Quality(codes[index]).name.lower(),
            )


def _all(content: Content) -> list[Series]:
    return [checked.series for checked in content.metering.meters.values()]


def _gaps(document: Mapping[str, Any]) -> Iterator[_Row]:
    yield "meter", "from", "to", "readings", "kWh counted in part (in no total)"
    for meter in document["metering"]["meters"]:
        for gap in meter["gaps"]:
            counted = gap["counted_in_part_kwh"]
            yield meter["meter"], gap["start"], gap["end"], gap["readings"], counted


def _findings(document: Mapping[str, Any]) -> Iterator[_Row]:
    yield "meter", "rule", "from", "to", "readings", "what"
    for meter in document["metering"]["meters"]:
        for each in meter["findings"]:
            yield (
                meter["meter"],
                each["rule"],
                each["start"],
                each["end"],
                each["readings"],
                each["text"],
            )


def _changes(content: Content) -> Iterator[_Row]:
    yield "meter", "start", "found kWh", "found", "now kWh", "now", "rule", "why", "who"
    zone = content.metering.grid.zone
    for change in content.metering.changes:
        before, after = (
            None if each is None else each / 3_600_000_000
            for each in (change.before_mj, change.after_mj)
        )
        yield (
            change.meter,
            datetime.fromtimestamp(change.start_s, zone).isoformat(),
            before,
            change.before.name.lower(),
            after,
            change.after.name.lower(),
            change.rule,
            change.reason,
            change.user,
        )


def _reconciliation(document: Mapping[str, Any]) -> Iterator[_Row]:
    yield "what", "ours", "theirs", "ours - theirs", "why"
    readings, bill = (document["reconciliation"][key] for key in ("readings", "bill"))
    if readings:
        yield (
            "energy (kWh)",
            readings["ours_kwh"],
            readings["theirs_kwh"],
            readings["difference_kwh"],
        )
        for part in readings["parts"]:
            yield f"  {part['cause']}", None, None, part["difference_kwh"], part["text"]
    for line in bill["lines"] if bill else ():
        yield line["id"], line["ours"], line["theirs"], line["difference"], line["text"]


def _sources(content: Content, document: Mapping[str, Any]) -> Iterator[_Row]:
    yield "source", "what", "from", "days"
    yield "readings", content.metering.source, None, None
    for file in document["files"]:
        yield file["name"], f"sha256 {file['sha256']}", file["from"], file["days"]
    for text in document["unverified"]:
        yield "not verified", text, None, None
