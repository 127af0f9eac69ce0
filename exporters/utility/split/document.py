"""A split as plain values for `report.json`, and as `split.csv`."""

import csv
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

from exporters.utility.split.values import Cut, Share, Split

_WH_PER_KWH = 1000
_GRAMS_PER_KG = 1000
HEADER = (
    "cut", "kind", "name", "nodes", "it_kwh", "energy_kwh", "cost", "carbon_kg", "coverage_ratio"
)  # fmt: skip


def money(amount: int, digits: int) -> Decimal:
    """An amount of the smallest unit, in the currency."""
    return Decimal(amount).scaleb(-digits)


def split_document(found: Split | None, why_not: str = "") -> dict[str, Any] | None:
    """A split as plain values.

    Args:
        found: the split; None when there is none.
        why_not: why there is none; empty when none was asked for.
    """
    if found is None:
        return {"missing": why_not} if why_not else None
    return {
        "rule": found.rule,
        "server": found.server,
        "currency": found.currency,
        "energy_kwh": Decimal(found.energy_wh) / _WH_PER_KWH,
        "cost": money(found.cost, found.cost_digits),
        "carbon_kg": _kg(found.carbon_g),
        "it_meters_kwh": None
        if found.it_meters_wh is None
        else Decimal(found.it_meters_wh) / _WH_PER_KWH,
        "nodes_kwh": Decimal(found.nodes_wh) / _WH_PER_KWH,
        "coverage_ratio": Decimal(str(round(found.coverage_ratio, 6))),
        "notes": list(found.notes),
        "cuts": {
            cut.value: [_share(each, found.cost_digits) for each in shares]
            for cut, shares in found.cuts.items()
        },
    }


def split_csv(found: Split) -> str:
    """Every line of every cut; never add two cuts."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(_rows(found))
    return text.getvalue()


def _rows(found: Split) -> Iterator[tuple[str, ...]]:
    for cut in Cut:
        for each in found.cuts[cut]:
            values = _share(each, found.cost_digits)
            yield (
                cut.value,
                *("" if values[key] is None else f"{values[key]}" for key in HEADER[1:]),
            )


def _share(each: Share, digits: int) -> dict[str, Any]:
    return {
        "kind": each.kind.value,
        "name": each.name,
        "nodes": each.nodes,
        "it_kwh": Decimal(each.it_wh) / _WH_PER_KWH,
        "energy_kwh": Decimal(each.energy_wh) / _WH_PER_KWH,
        "cost": money(each.cost, digits),
        "carbon_kg": _kg(each.carbon_g),
        "coverage_ratio": None
        if each.coverage_ratio is None
        else Decimal(str(round(each.coverage_ratio, 6))),
    }


def _kg(grams: int | None) -> Decimal | None:
    return None if grams is None else Decimal(grams) / _GRAMS_PER_KG
