"""A site in a few lines, for people who want to see that the file says what they mean."""

from collections import Counter
from collections.abc import Iterable, Iterator

from collector.sitefile.model import Branch, Level, Site
from collector.sitefile.quantities import shown_watts


def describe(site: Site) -> str:
    """Levels, racks, nodes, meters and limits of a site, a line for each; ends with a newline.

    Sums leave out what has no figure, and say of how many they are.
    """
    rows = [("site", f"{site.name}, {site.zone.key}"), *_power(site), *_levels(site), *_rest(site)]
    width = max(len(name) for name, _ in rows)
    return "".join(f"{name:<{width}}  {text}\n" for name, text in rows)


def _power(site: Site) -> Iterator[tuple[str, str]]:
    contracts = [one for one in site.branches.values() if one.contract_watts is not None]
    if contracts:
        yield (
            "contract",
            ", ".join(f"{one.id} {shown_watts(one.contract_watts or 0)}" for one in contracts),
        )
    if site.demand_target_watts is not None:
        yield "demand target", f"{shown_watts(site.demand_target_watts)} in a 15-minute interval"
    yield "tariff", site.tariff or "none: nothing is priced"


def _levels(site: Site) -> Iterator[tuple[str, str]]:
    for level in Level:
        branches = [one for one in site.branches.values() if one.level is level]
        if branches and level is not Level.RACK:
            yield level.value, f"{len(branches)}{_limits(branches)}"


def _limits(branches: list[Branch]) -> str:
    """What each may carry for long: the range, and how many have no figure."""
    limits = sorted(one.limit_watts for one in branches if one.limit_watts is not None)
    if not limits:
        return ", no rating"
    low, high = shown_watts(limits[0]), shown_watts(limits[-1])
    each = low if low == high else f"{low} to {high}"
    missing = len(branches) - len(limits)
    return f", limit {each}" + (f" each, {missing} without a rating" if missing else " each")


def _rest(site: Site) -> Iterator[tuple[str, str]]:
    racks = site.racks.values()
    halls = len({rack.hall for rack in racks if rack.hall})
    rows = len({(rack.hall, rack.row) for rack in racks if rack.row})
    place = f" in {_many(halls, 'hall')}, {_many(rows, 'row')}" if halls else ""
    yield "racks", f"{len(racks)}{place}"
    if racks:
        yield "rack limits", _sum(one.limit_watts for one in racks)
        budgets = (one.budget_watts for one in site.branches.values() if one.rack)
        yield "rack budgets", _sum(budgets)
        known = [rack.gpus for rack in racks if rack.gpus is not None]
        yield "GPUs", f"{sum(known):,}{_of(len(known), len(racks))}"
    yield "nodes", f"{len(site.nodes):,}"
    roles = Counter(meter.role.value for meter in site.meters.values())
    text = ", ".join(f"{role} {count}" for role, count in sorted(roles.items()))
    yield "meters", f"{len(site.meters):,}" + (f": {text}" if text else "")
    yield (
        "people",
        f"teams {len(site.teams)}, receivers {len(site.receivers)}, tenants {len(site.tenants)}",
    )
    yield "warnings", str(len(site.warnings))


def _sum(figures: Iterable[float | None]) -> str:
    every = list(figures)
    known = [watts for watts in every if watts is not None]
    return f"{shown_watts(sum(known))} together{_of(len(known), len(every))}" if known else "none"


def _of(known: int, every: int) -> str:
    return "" if known == every else f" (stated for {known} of {every} racks)"


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
