"""Bills as a document: `report.json`."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from exporters.utility.tariff.bill import Bill, Kind, Line
from exporters.utility.tariff.price import missing_hours

FORMAT = "wattkeeper-report/1"


def document(
    period: str, bills: Sequence[Bill], what_if: Mapping[str, Sequence[Bill]] | None = None
) -> dict[str, Any]:
    """A report on a month, or on several with each month's own.

    Args:
        period: as it was asked for.
        bills: one for each month, in order.
        what_if: the same months by other tariffs.
    """
    one = _one(bills[0]) if len(bills) == 1 else _several(bills)
    total = sum((bill.total for bill in bills), Decimal(0))
    head = {
        "format": FORMAT,
        "period": period,
        "start": bills[0].period.start.isoformat(),
        "end": bills[-1].period.last.isoformat(),
    }
    return {
        **head,
        **one,
        "what_if": [
            {
                "tariff": name,
                "name": others[0].stretches[0].tariff.name,
                "before_levies": sum((bill.before_levies for bill in others), Decimal(0)),
                "total": sum((bill.total for bill in others), Decimal(0)),
                "difference": sum((bill.total for bill in others), Decimal(0)) - total,
            }
            for name, others in (what_if or {}).items()
        ],
    }


def as_json(report: Mapping[str, Any]) -> str:
    """A document as JSON. Whole numbers are written without a point."""
    return json.dumps(report, ensure_ascii=False, indent=2, default=_number) + "\n"


def _number(value: object) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is nothing that a report holds")
    return int(value) if value == value.to_integral_value() else float(value)


def _one(bill: Bill) -> dict[str, Any]:
    return {
        **_who(bill),
        "energy_kwh": bill.energy_kwh,
        "energy_kwh_total": sum(bill.energy_kwh.values(), Decimal(0)),
        "hours": bill.hours,
        "missing_hours": missing_hours(bill.gaps),
        "gaps": _gaps(bill),
        **_demand(bill),
        "bill": {
            "currency": bill.currency,
            "lines": [_line(line) for line in bill.lines],
            "before_levies": bill.before_levies,
            "total": bill.total,
        },
        "notes": list(bill.notes),
    }


def _several(bills: Sequence[Bill]) -> dict[str, Any]:
    highest = max(bills, key=lambda bill: bill.billing_demand_kw or Decimal(0))
    energy = _sums([bill.energy_kwh for bill in bills])
    return {
        **_who(bills[-1]),
        "files": _all_files(bills),
        "energy_kwh": energy,
        "energy_kwh_total": sum(energy.values(), Decimal(0)),
        "hours": _sums([bill.hours for bill in bills]),
        "missing_hours": missing_hours(gap for bill in bills for gap in bill.gaps),
        "gaps": [gap for bill in bills for gap in _gaps(bill)],
        **_demand(highest),
        "bill": {
            "currency": bills[0].currency,
            "lines": _added(bills),
            "before_levies": sum((bill.before_levies for bill in bills), Decimal(0)),
            "total": sum((bill.total for bill in bills), Decimal(0)),
        },
        "notes": list(dict.fromkeys(note for bill in bills for note in bill.notes)),
        "months": [
            {
                "period": str(bill.period.month),
                "start": bill.period.start.isoformat(),
                "end": bill.period.last.isoformat(),
                **_one(bill),
            }
            for bill in bills
        ],
    }


def _who(bill: Bill) -> dict[str, Any]:
    meta = bill.stretches[-1].tariff.meta
    return {
        "tariff": bill.tariff_id,
        "tariff_name": bill.stretches[-1].tariff.name,
        "verified": all(stretch.tariff.meta.verified for stretch in bill.stretches),
        "unverified": list(meta.unverified),
        "files": _files(bill),
    }


def _files(bill: Bill) -> list[dict[str, Any]]:
    return [
        {
            "name": file.name,
            "sha256": file.sha256,
            "from": stretch.start.isoformat(),
            "days": stretch.days,
        }
        for stretch in bill.stretches
        for file in stretch.tariff.files
    ]


def _all_files(bills: Sequence[Bill]) -> list[dict[str, Any]]:
    """Each file once, with all its days."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for file in (file for bill in bills for file in _files(bill)):
        known = found.setdefault((file["name"], file["sha256"]), {**file, "days": 0})
        known["days"] += file["days"]
    return list(found.values())


def _demand(bill: Bill) -> dict[str, Any]:
    return {
        "billing_demand_kw": bill.billing_demand_kw,
        "billing_demand_from": bill.billing_demand_from,
        "demand": [
            {
                "id": each.id,
                "billed_kw": each.billed_kw,
                "billed_from": each.billed_from,
                "measured_kw": each.measured_kw,
                "measured_at": each.measured_at,
            }
            for each in bill.demands
        ],
        "highest_kw": bill.highest_kw,
        "lagging_percent": bill.lagging_percent,
        "leading_percent": bill.leading_percent,
    }


def _gaps(bill: Bill) -> list[dict[str, Any]]:
    return [
        {
            "start": gap.start.isoformat(),
            "end": gap.end.isoformat(),
            "readings": gap.quarters,
            "after_line": gap.after_line or None,
        }
        for gap in bill.gaps
    ]


def _line(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "kind": line.kind.value,
        "quantity": line.quantity,
        "unit": line.unit,
        "rate": line.rate,
        "amount": line.amount,
        "formula": line.formula,
        "assumed": bool(line.assumed),
        "note": line.assumed or None,
    }


def _added(bills: Sequence[Bill]) -> list[dict[str, Any]]:
    """Lines of several months by id; the months themselves say how each came about."""
    found: dict[str, dict[str, Any]] = {}
    ids: list[str] = []
    for bill in bills:
        place = 0
        for line in bill.lines:
            if line.id not in ids:
                ids.insert(place, line.id)
            place = ids.index(line.id) + 1
            entry = found.setdefault(
                line.id,
                {
                    "id": line.id,
                    "kind": line.kind.value,
                    "quantity": None,
                    "unit": line.unit,
                    "rate": None,
                    "amount": Decimal(0),
                    "formula": "sum of the months",
                    "assumed": False,
                    "note": None,
                },
            )
            entry["amount"] += line.amount
            entry["assumed"] = entry["assumed"] or bool(line.assumed)
            entry["note"] = entry["note"] or line.assumed or None
            if line.unit == "kWh" and line.quantity is not None:
                entry["quantity"] = (entry["quantity"] or Decimal(0)) + line.quantity
    order = list(Kind)
    return sorted((found[each] for each in ids), key=lambda entry: order.index(Kind(entry["kind"])))


def _sums(parts: Sequence[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, Decimal(0)) + value
    return total
