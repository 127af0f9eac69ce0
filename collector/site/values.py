"""The site_* metrics by name and label values. What is not known is absent."""

from collections.abc import Mapping
from math import inf

from collector.catalogue.types import Labels
from collector.site.budget import Budget, Grade
from collector.site.demand import Demand, DemandNow
from collector.site.kpi import WINDOWS, Kpis
from collector.site.latest import Latest
from collector.site.meter_account import MeterAccount
from collector.site.peaks import Peaks
from collector.site.quarters import SECOND_NS
from collector.site.tree import Tree
from collector.sitefile.model import Branch
from collector.sources.meters.reading import Quantity

Found = dict[str, dict[Labels, float]]
_SIDES = ((Quantity.SUPPLY_TEMPERATURE, "supply"), (Quantity.RETURN_TEMPERATURE, "return"))


class BudgetValues:
    """Values of every branch; label values and what never changes are made once.

    Args:
        tree: the site's.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._labels: list[Labels] = [
            (branch.id, branch.level.value, branch.rack) for branch in tree.branches
        ]
        planned = zip(self._labels, tree.planned_watts, strict=True)
        limits = zip(self._labels, tree.limits_watts, strict=True)
        self._fixed: Found = {
            "site_power_budget_watts": {
                labels: watts for labels, watts in planned if watts is not None
            },
            "site_power_limit_watts": {
                labels: watts for labels, watts in limits if watts is not None
            },
            "site_power_ramp_limit_watts": {
                (branch.id, f"{span}s"): watts
                for branch in tree.branches
                for span, watts in branch.ramp_limits_watts.items()
            },
            "site_contract_power_watts": {
                (branch.id,): branch.contract_watts
                for branch in tree.branches
                if branch.contract_watts is not None
            },
            "site_redundant_limit_watts": {
                (group,): watts
                for group, watts in zip(tree.groups, tree.group_limits_watts, strict=True)
                if watts is not None
            },
        }

    def put(self, budget: Budget, groups: Mapping[str, float], found: Found) -> None:
        """Add the values of a look at the tree.

        Args:
            budget: the look.
            groups: by redundancy group, its highest power of late.
            found: where to add them.
        """
        for name, series in self._fixed.items():
            if series:
                found[name] = dict(series)
        labels = self._labels
        found["site_power_watts"] = {
            label: watts
            for label, watts, grade in zip(labels, budget.low, budget.grade, strict=True)
            if grade != Grade.UNKNOWN
        }
        found["site_power_coverage_ratio"] = dict(zip(labels, budget.coverage, strict=True))
        found["site_power_headroom_watts"] = {
            label: watts
            for label, watts in zip(labels, budget.headroom, strict=True)
            if watts != inf
        }
        found["site_redundant_power_watts"] = {(group,): watts for group, watts in groups.items()}
        stranded = ((label, budget.stranded(i)) for i, label in enumerate(labels))
        found["site_power_stranded_watts"] = {
            label: watts for label, watts in stranded if watts is not None
        }
        for name in [name for name, series in found.items() if not series]:
            del found[name]


def demand_values(
    branch: Branch,
    demand: Demand,
    now: DemandNow | None,
    peaks: Peaks,
    at_ns: int,
    found: Found,
) -> None:
    """Add the values of one feed's demand.

    Args:
        branch: the feed.
        demand: its demand.
        now: its running interval; None before the first reading.
        peaks: its peaks.
        at_ns: now, by the meter's clock.
        found: where to add them.
    """
    key = branch.id

    def put(name: str, value: float | None, *labels: str) -> None:
        if value is not None:
            found.setdefault(name, {})[key, *labels] = value

    put("site_demand_target_watts", demand.target_watts)
    for period, by_band in (("month", peaks.month(at_ns)), ("year", peaks.year(at_ns))):
        for band, watts in by_band.items():
            put("site_demand_peak_watts", watts, period, band)
    if now is None:
        return
    put("site_demand_watts", now.so_far_watts, "so_far")
    if now.forecast is not None:
        put("site_demand_watts", now.forecast.watts, "forecast")
        put("site_demand_watts", now.forecast.low_watts, "forecast_low")
        put("site_demand_watts", now.forecast.high_watts, "forecast_high")
    if now.guard is not None:
        put("site_demand_watts", now.guard.allowed_watts, "allowed")
        put("site_demand_cut_watts", now.guard.cut_watts)
    if now.deadline_ns is not None:
        put("site_demand_cut_deadline_timestamp_seconds", now.deadline_ns / SECOND_NS)


def kpi_values(kpis: Kpis, end_ns: int, found: Found) -> None:
    """Add the key figures over the windows that end at an instant's quarter-hour."""
    meters = kpis.meters
    facility = meters.utility + meters.generation
    whole = bool(facility and meters.it)
    if whole:
        says = (str(meters.category), " ".join(facility), " ".join(meters.it))
        found["site_pue_info"] = {says: 1.0}

    def put(name: str, window: str, value: float | None) -> None:
        if value is not None:
            found.setdefault(name, {})[(window,)] = value

    for window in WINDOWS:
        pue = kpis.pue(window, end_ns)
        put("site_pue_ratio", window, pue.value)
        put("site_pue_coverage_ratio", window, pue.coverage_ratio if whole else None)
        put("site_cue_kilograms_per_kilowatt_hour", window, kpis.cue(window, end_ns).value)
        put("site_load_factor_ratio", window, kpis.load_factor(window, end_ns).value)


def meter_values(
    account: MeterAccount,
    latest: Latest,
    watts: float | None,
    now: tuple[int, int],
    kept_mj: int | None,
    found: Found,
) -> None:
    """Add the values of one meter.

    Args:
        account: its energy.
        latest: what it said last.
        watts: its power, where that is good and fresh.
        now: UTC and CLOCK_MONOTONIC, nanoseconds.
        kept_mj: its energy as far as it is on disk; None before the first commit.
        found: where to add them.
    """
    meter = account.meter
    age_seconds = latest.age_seconds(*now)
    if age_seconds is not None:
        found.setdefault("site_meter_age_seconds", {})[(meter.id,)] = age_seconds
    found.setdefault("site_meter_good", {})[(meter.id,)] = float(latest.good(*now))
    key = (meter.id, meter.role)
    if watts is not None:
        found.setdefault("site_meter_power_watts", {})[key] = watts
    if kept_mj is not None:
        found.setdefault("site_meter_energy_joules_total", {})[key] = kept_mj / 1000
    factor = latest.value(Quantity.POWER_FACTOR, *now)
    if factor is not None:
        found.setdefault("site_meter_power_factor_ratio", {})[key] = factor
    for quantity, side in _SIDES:
        celsius = latest.value(quantity, *now)
        if celsius is not None:
            temperatures = found.setdefault("site_coolant_temperature_celsius", {})
            temperatures[meter.id, side] = celsius
