"""What the billed energy emitted, by dated factors, in whole grams."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise

from collector.sitefile.model import EmissionFactor
from exporters.utility.intervals.series import Series
from exporters.utility.report.values import Carbon, CarbonPart


def carbon(series: Series, factors: Sequence[EmissionFactor]) -> tuple[Carbon, ...]:
    """Multiply each day's energy with the factor of that day.

    Factors of different names are different ways to count, and are never added.

    Args:
        series: what was billed.
        factors: from the site file.
    """
    names = dict.fromkeys(factor.name for factor in factors)
    return tuple(_one(series, name, [f for f in factors if f.name == name]) for name in names)


def _one(series: Series, name: str, factors: Sequence[EmissionFactor]) -> Carbon:
    grid, watt_hours = series.grid, series.watt_hours
    ordered = sorted(factors, key=lambda factor: factor.valid_from)
    ends = [*(later.valid_from for _, later in pairwise(ordered)), date.max]
    parts = []
    for factor, until in zip(ordered, ends, strict=True):
        start, end = max(factor.valid_from, grid.first), min(until, grid.end)
        if start >= end:
            continue
        energy = int(watt_hours[grid.span(start, end)].sum())
        kg_per_kwh = Decimal(str(factor.kg_per_kwh))  # equals grams per watt-hour
        parts.append(
            CarbonPart(
                valid_from=factor.valid_from,
                kg_per_kwh=kg_per_kwh,
                source=factor.source,
                start=start,
                end=end,
                energy_wh=energy,
                grams=int((energy * kg_per_kwh).to_integral_value(ROUND_HALF_EVEN)),
            )
        )
    before = min(ordered[0].valid_from, grid.end)
    without = int(watt_hours[grid.span(grid.first, before)].sum()) if before > grid.first else 0
    return Carbon(name=name, parts=tuple(parts), without_wh=without)
