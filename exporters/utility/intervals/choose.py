"""Which of a site's meters are billed: each kilowatt-hour through one of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from collector.sitefile.model import MeterSpec, Role, Site
from collector.sitefile.tree import above
from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.quality import Quality
from exporters.utility.intervals.series import Series

_ABOVE_RATING = 1.25
_ABOVE_CONTRACT = 2.0


@dataclass(frozen=True, slots=True)
class Choice:
    """The meters that are billed, and what was left out and why, in words."""

    meters: tuple[str, ...]
    notes: tuple[str, ...]


def candidates(site: Site) -> tuple[MeterSpec, ...]:
    """The meters at the utility's border that keep registers.

    Raises:
        IntervalError: there is none.
    """
    found = tuple(
        meter for meter in site.meters.values() if meter.role is Role.UTILITY and meter.register
    )
    if not found:
        raise IntervalError(
            f"site {site.name}: no meter has `role = 'utility'` and `register = true`; a report "
            "needs one in the site file, or --readings"
        )
    return found


def ceiling_watts(site: Site, meter: MeterSpec) -> float | None:
    """More than this cannot flow through a meter; None when nothing tells."""
    branch = site.branches[meter.branch]
    known = [
        factor * watts
        for factor, watts in (
            (_ABOVE_RATING, branch.rating_watts),
            (_ABOVE_CONTRACT, branch.contract_watts),
        )
        if watts is not None
    ]
    return min(known, default=None)


def choose(site: Site, series: Mapping[str, Series]) -> Choice:
    """Choose by what the meters have: fewest gaps, then fewest estimates, then the site file.

    Two that measure the same are not added: one is chosen, the other is named. A meter of a whole
    branch goes before those of its sides, one nearer to the utility before one below it.

    Args:
        site: the site.
        series: the candidates' quarter-hours, by id.
    """
    specs = [meter for meter in candidates(site) if meter.id in series]
    notes: list[str] = []
    places: dict[tuple[str, str], list[MeterSpec]] = {}
    for meter in specs:
        places.setdefault((meter.branch, meter.side), []).append(meter)
    chosen: dict[tuple[str, str], MeterSpec] = {}
    for place, meters in places.items():
        best = min(meters, key=lambda meter: _faults(series[meter.id]))
        chosen[place] = best
        notes += [
            f"meters {best.id} and {other.id} both measure {best.branch}: {best.id} is "
            f"used ({_why(series[best.id])}), {other.id} is not ({_why(series[other.id])})"
            for other in meters
            if other is not best
        ]
    kept: list[str] = []
    for (branch, side), meter in chosen.items():
        over = [(up, "") for up in above(site.branches, branch)]
        covering = [(branch, ""), *over] if side else over
        if upper := next((chosen[place] for place in covering if place in chosen), None):
            notes.append(f"meter {meter.id} is not used: what it measures is in {upper.id} as well")
        else:
            kept.append(meter.id)
    return Choice(tuple(kept), tuple(notes))


def _faults(series: Series) -> tuple[int, int]:
    counts = series.counts()
    better = counts.get(Quality.VALIDATED.name.lower(), 0) + counts.get(Quality.RAW.name.lower(), 0)
    return counts.get(Quality.MISSING.name.lower(), 0), len(series.grid) - better


def _why(series: Series) -> str:
    missing, other = _faults(series)
    return f"{missing} quarter-hours missing, {other - missing} estimated or derived"
