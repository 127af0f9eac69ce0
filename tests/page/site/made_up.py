"""Snapshots of sites for the page's tests, made up and the same every time.

The tree's values come from the real budget over made-up meters; the rest is written down.
"""

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

from collector.catalogue import Labels, Values
from collector.model import Fault, Snapshot
from collector.site.budget import Budget
from collector.site.tree import compile_tree
from collector.site.values import BudgetValues
from collector.sitefile import load
from collector.sitefile.model import Site
from collector.sitefile.tree import children

ROOT = Path(__file__).resolve().parents[3]
SECOND_NS = 1_000_000_000
QUARTER_NS = 900 * SECOND_NS
WALL_NS = 1_790_000_100 * SECOND_NS // QUARTER_NS * QUARTER_NS
"""A quarter-hour's edge."""
BOOT_NS = 50_000 * SECOND_NS

Found = dict[str, dict[Labels, float]]


@cache
def centre() -> Site:
    """The accelerator centre: eight racks on two sides, one feed."""
    return load(ROOT / "deploy/sites/accelerator-centre.toml")


@cache
def gigawatt() -> Site:
    """The largest of the example sites."""
    return load(ROOT / "deploy/sites/computing-centre-phase-4.toml")


def metered(site: Site, share: float = 0.7) -> dict[str, float]:
    """Power by meter, as it adds up where each load draws a share of its rack's limit."""
    below = children(site.branches)
    watts: dict[str, float] = {}
    for branch in reversed(tuple(site.branches.values())):
        rack = site.racks.get(branch.rack)
        limit = (rack.limit_watts if rack else branch.limit_watts) or 0.0
        fed = [watts[one] / len(site.branches[one].parents) for one in below[branch.id]]
        watts[branch.id] = sum(fed) if fed else limit * share
    return {meter.id: watts[meter.branch] for meter in site.meters.values()}


def values(site: Site, powers: Mapping[str, float], *, good: Collection[str] = ()) -> Found:
    """The values of a site with these meters; all others never said a word.

    Args:
        site: the site.
        powers: by meter, in watts.
        good: meters that say something else than power.
    """
    tree = compile_tree(site)
    budget = Budget(tree, powers)
    groups = {
        name: group.watts
        for name, group in zip(tree.groups, budget.groups, strict=True)
        if group.watts is not None
    }
    found: Found = {}
    BudgetValues(tree).put(budget, groups, found)
    spoken = [*powers, *good]
    return found | {
        "site_meter_good": {(meter,): float(meter in spoken) for meter in site.meters},
        "site_meter_age_seconds": {(meter,): 3.2 for meter in spoken},
        "site_meter_power_watts": {
            (meter, site.meters[meter].role.value): watts for meter, watts in powers.items()
        },
    }


def demand(feed: str, target: float, watts: float, *, cut: float = 0.0) -> Found:
    """A feed's running quarter-hour, at an even power."""
    return {
        "site_demand_target_watts": {(feed,): target},
        "site_demand_watts": {
            (feed, "so_far"): watts,
            (feed, "forecast"): watts,
            (feed, "forecast_low"): watts * 0.97,
            (feed, "forecast_high"): watts * 1.03,
            (feed, "allowed"): watts - cut if cut else target * 1.1,
        },
        "site_demand_cut_watts": {(feed,): cut},
        "site_demand_peak_watts": {
            (feed, "month", "off_peak"): watts * 0.98,
            (feed, "month", "on_peak"): watts * 1.01,
            (feed, "year", "on_peak"): watts * 1.04,
        },
        "site_power_ramp_watts": {(feed, "1s"): watts * 0.02, (feed, "60s"): watts * 0.05},
    }


def figures() -> Found:
    """Key figures of the shorter windows; too little is known of the longer ones."""
    return {
        "site_pue_ratio": {("15m",): 1.2034, ("1d",): 1.1987},
        "site_pue_coverage_ratio": {
            ("15m",): 1.0,
            ("1d",): 0.9896,
            ("30d",): 0.41,
            ("365d",): 0.03,
        },
        "site_load_factor_ratio": {("15m",): 1.0, ("1d",): 0.913},
    }


def well(site: Site, share: float = 0.7) -> Found:
    """A site of which everything is known, with one feed's demand."""
    powers = metered(site, share)
    found = values(site, powers) | figures()
    for branch in site.branches.values():
        if branch.contract_watts is not None:
            watts = found["site_power_watts"][branch.id, branch.level.value, branch.rack]
            found |= demand(branch.id, branch.contract_watts * 0.97, watts)
    return found


def snapshot(found: Values, second: float = 400.0, faults: tuple[Fault, ...] = ()) -> Snapshot:
    """A site so many seconds into a quarter-hour."""
    return Snapshot(
        node="site-daemon",
        version="0.1.0",
        wall_ns=WALL_NS + round(second * SECOND_NS),
        monotonic_ns=BOOT_NS + round(second * SECOND_NS),
        simulated=True,
        gpus=(),
        daemon={"wattkeeper_exporter_up": {("influxdb",): 1.0}},
        site=found,
        faults=faults,
    )


def troubled(second: float) -> Snapshot:
    """The centre with a rack over its limit, one whose meters are silent, and a cut to be made."""
    site = centre()
    powers = metered(site, 0.93)
    powers["h01r01k1-power"] = 137_500.0
    del powers["h01r02k3-power"], powers["h01r02-ups-a-output"]
    found = values(site, powers) | figures()
    feed, watts = "grid", 1_190_000.0
    used = watts * min(second, 200) + 1_330_000.0 * max(0.0, second - 200)
    found |= demand(feed, 1_268_000.0, watts, cut=140_000.0)
    found["site_demand_watts"] = {
        (feed, "so_far"): used / second,
        (feed, "forecast"): 1_310_000.0,
        (feed, "forecast_low"): 1_295_000.0,
        (feed, "forecast_high"): 1_331_000.0,
        (feed, "allowed"): 1_190_000.0,
    }
    deadline = WALL_NS / SECOND_NS + 640
    found["site_demand_cut_deadline_timestamp_seconds"] = {(feed,): deadline}
    found["site_meter_age_seconds"]["h01r02k3-power",] = 1_843.0
    found["site_coolant_temperature_celsius"] = {
        (f"h01r01k{rack}-power", side): celsius + 0.2 * rack
        for rack in range(1, 5)
        for side, celsius in (("supply", 32.0), ("return", 42.5))
        if (rack, side) != (4, "return")
    }
    fault = Fault(
        part="silent meters",
        problem="2 of 15 meters have no good, fresh reading: h01r02-ups-a-output, h01r02k3-power",
        action="look at the facility's publisher",
        since_wall_ns=WALL_NS - 300 * SECOND_NS,
    )
    return snapshot(found, second, (fault,))
