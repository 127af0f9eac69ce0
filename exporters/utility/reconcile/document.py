"""A comparison as plain values, and as a table for people."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from exporters.utility.reconcile.values import BillComparison, ReadingsComparison, Reconciliation
from exporters.utility.tariff.money import plain

_SHOWN = 200
_TOLD = 10


def reconciliation_document(found: Reconciliation) -> dict[str, Any]:
    """For `report.json`; null where nothing was given. The first 200 quarter-hours are told."""
    return {
        "readings": _readings(found.readings) if found.readings else None,
        "bill": _bill(found.bill) if found.bill else None,
    }


def _readings(found: ReadingsComparison) -> dict[str, Any]:
    return {
        "file": found.name,
        "ours_kwh": _kwh(found.ours_wh),
        "theirs_kwh": _kwh(found.theirs_wh),
        "difference_kwh": _kwh(found.difference_wh),
        "compared": found.compared,
        "alike": found.alike,
        "tolerance_kwh": _kwh(found.tolerance_wh),
        "within_tolerance_kwh": _kwh(found.alike_wh),
        "shift_minutes": found.shift_quarters * 15,
        "ratio": found.ratio,
        "parts": [
            {
                "cause": part.cause.value,
                "readings": part.quarters,
                "difference_kwh": _kwh(part.difference_wh),
                "text": part.text,
            }
            for part in found.parts
        ],
        "differences": [
            {
                "start": each.start.isoformat(),
                "ours_kwh": _kwh(each.ours_wh),
                "theirs_kwh": _kwh(each.theirs_wh),
                "cause": each.cause.value,
                "line": each.line or None,
            }
            for each in found.differences[:_SHOWN]
        ],
        "differences_count": len(found.differences),
    }


def _bill(found: BillComparison) -> dict[str, Any]:
    return {
        "file": found.name,
        "currency": found.currency,
        "lines": [
            {
                "id": line.id,
                "ours": line.ours,
                "theirs": line.theirs,
                "difference": line.difference,
                "text": line.text,
                "line": line.line or None,
            }
            for line in found.lines
        ],
    }


def reconciliation_text(report: Mapping[str, Any]) -> str:
    """The part `reconciliation` of a report's document as tables; empty without any."""
    rows = [*_readings_rows(report["readings"]), *_bill_rows(report["bill"])]
    return "\n".join(rows) + "\n" if rows else ""


def _readings_rows(found: Mapping[str, Any] | None) -> Iterator[str]:
    if found is None:
        return
    yield f"  readings beside {found['file']} (kWh)"
    for name, key in (
        ("ours", "ours_kwh"),
        ("theirs", "theirs_kwh"),
        ("ours - theirs", "difference_kwh"),
        ("within the tolerance", "within_tolerance_kwh"),
    ):
        yield f"    {name:<26} {_plain(found[key]):>18}"
    for part in found["parts"]:
        yield (
            f"    {part['cause']:<26} {_plain(part['difference_kwh']):>18}  "
            f"{part['readings']} quarter-hours: {part['text']}"
        )
    yield f"    {found['alike']} of {found['compared']} quarter-hours agree"
    for each in found["differences"][:_TOLD]:
        line = f", line {each['line']}" if each["line"] else ""
        yield (
            f"    {each['start']}: {_plain(each['ours_kwh'])} ours, "
            f"{_plain(each['theirs_kwh'])} theirs{line}: {each['cause']}"
        )
    if found["differences_count"] > _TOLD:
        yield f"    and {found['differences_count'] - _TOLD} more"


def _bill_rows(found: Mapping[str, Any] | None) -> Iterator[str]:
    if found is None:
        return
    yield f"  bill beside {found['file']} ({found['currency']})"
    yield f"    {'line':<26} {'ours':>18} {'theirs':>18} {'difference':>14}"
    for line in found["lines"]:
        yield (
            f"    {line['id']:<26} {_plain(line['ours']):>18} {_plain(line['theirs']):>18} "
            f"{_plain(line['difference']):>14}  {line['text']}"
        )


def _kwh(watt_hours: int | None) -> Decimal | None:
    return None if watt_hours is None else Decimal(watt_hours) / 1000


def _plain(number: Decimal | None) -> str:
    return "-" if number is None else plain(number)
