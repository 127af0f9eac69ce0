"""Recorded series of a fleet over a range of time, a list of values each: for backfill.

Names and labels are those of `alerts/rules/recording.yml`; a value is the mean over the step before
its time, as the average of what the rule would have recorded.
"""

from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import add, sub

from benchmarks.fleet.facility import Facility
from benchmarks.fleet.fleet import Fleet
from benchmarks.fleet.machines import Load, RackLoad, gpu_load
from benchmarks.fleet.scenario import Event, EventKind
from benchmarks.fleet.targets import place
from collector.site.state import SiteState
from collector.sitefile.model import Level, Role

_UNREACHABLE = frozenset({EventKind.NODE_DOWN, EventKind.NODE_MISSING, EventKind.RACK_MAINTENANCE})
_LEVELS = ("rack", "row", "hall", "site")
_PUE = {"15m": 900.0, "1d": 86_400.0}


@dataclass(frozen=True, slots=True)
class Column:
    """One series: values at the range's times; None where there is none."""

    name: str
    labels: Mapping[str, str]
    values: Sequence[float | None]


class Racks:
    """Power of racks, rows, halls and the site.

    Args:
        fleet: the fleet.
        times: ascending, evenly apart.
    """

    def __init__(self, fleet: Fleet, times: Sequence[float]) -> None:
        self._fleet = fleet
        self._times = times
        self._step = times[1] - times[0]
        self._grid = (times[0] - self._step, *times)
        self._kept: dict[int, tuple[array[float], array[float]]] = {}

    def columns(self, names: Collection[str] | None = None) -> Iterator[Column]:
        """The series, those of racks first.

        Args:
            names: only these; None for all.
        """
        sums: dict[tuple[str, tuple[str, ...]], list[float]] = {}
        counts: dict[tuple[str, ...], tuple[list[float], int]] = {}
        for rack in self._fleet.racks.values():
            labels = place(self._fleet.site, rack.machines[0].node)
            gpus = Load()
            for machine in rack.machines:
                for index in range(len(machine.boards)):
                    gpus.add_all(gpu_load(machine, index))
            up = self._answering(rack)
            for what, load in (("gpu", gpus), ("host", rack.load)):
                if names is not None and not any(_OF[what](name) for name in names):
                    continue
                watts = self._means(load)
                for level in _LEVELS:
                    key = (what, _labels(labels, level))
                    before = sums.get(key)
                    sums[key] = (
                        watts
                        if before is None
                        else [a + b for a, b in zip(before, watts, strict=True)]
                    )
            for level in _LEVELS:
                so_far, nodes = counts.get(_labels(labels, level), ([0.0] * len(up), 0))
                total = list(map(add, so_far, up))
                counts[_labels(labels, level)] = (total, nodes + len(rack.machines))
        yield from self._named(sums, counts, names)

    def _named(
        self,
        sums: Mapping[tuple[str, tuple[str, ...]], list[float]],
        counts: Mapping[tuple[str, ...], tuple[list[float], int]],
        names: Collection[str] | None,
    ) -> Iterator[Column]:
        gpus = max(len(m.boards) for m in self._fleet.machines.values())
        for (what, key), watts in sums.items():
            level, labels = _LEVELS[4 - len(key)], dict(zip(_ORDER, key, strict=False))
            for name, values in (
                *self._power(what, level, watts),
                *self._energy(what, level, watts),
            ):
                if names is None or name in names:
                    yield Column(name, labels, values)
        for key, (up, nodes) in counts.items():
            level, labels = _LEVELS[4 - len(key)], dict(zip(_ORDER, key, strict=False))
            heard = [one / nodes for one in up]
            it = "site:it_power_watts" if level == "site" else f"{level}:host_input_power_watts"
            for name, values in (
                (f"{level}:nodes_up:sum", up),
                (f"{level}:nodes:count", [float(nodes)] * len(up)),
                (f"{level}:gpus_expected:sum", [float(nodes * gpus)] * len(up)),
                (f"{level}:gpus_reporting:sum", [one * gpus for one in up]),
                (f"{level}:gpu_power_watts:coverage_ratio", heard),
                (f"{it}:coverage_ratio", heard),
            ):
                if names is None or name in names:
                    yield Column(name, labels, values)

    def _power(
        self, what: str, level: str, watts: list[float]
    ) -> Iterator[tuple[str, Sequence[float | None]]]:
        if what == "gpu":
            yield f"{level}:gpu_power_watts:sum", watts
            yield f"{level}:gpu_energy_watts:rate5m", watts
        else:
            it = "site:it_power_watts" if level == "site" else f"{level}:host_input_power_watts"
            yield f"{it}:sum", watts
            yield f"{level}:host_input_energy_watts:rate5m", watts

    def _energy(
        self, what: str, level: str, watts: list[float]
    ) -> Iterator[tuple[str, Sequence[float | None]]]:
        base = "gpu_energy_joules" if what == "gpu" else "host_input_energy_joules"
        joules = list(accumulate((one * self._step for one in watts), initial=0.0))
        for span, seconds in (("1h", 3600.0), ("1d", 86_400.0)):
            back = round(seconds / self._step)
            values: list[float | None] = [None] * min(back, len(watts))
            values += map(sub, joules[back + 1 :], joules[1:])
            yield f"{level}:{base}:increase{span}", values

    def _means(self, load: Load) -> list[float]:
        """Mean power of a load over each step."""
        total = [0.0] * len(self._times)
        for course, (on_watts, work_watts) in load.terms.items():
            kept = self._kept.get(id(course))
            if kept is None:
                doings = [course.at(at_s) for at_s in self._grid]
                kept = self._kept[id(course)] = (
                    array("d", [(b.on - a.on) / self._step for a, b in pairwise(doings)]),
                    array("d", [(b.done - a.done) / self._step for a, b in pairwise(doings)]),
                )
            on, work = kept
            both = zip(total, on, work, strict=True)
            total = [watts + on_watts * a + work_watts * b for watts, a, b in both]
        return total

    def _answering(self, rack: RackLoad) -> list[float]:
        """How many of a rack's nodes answer at each time."""
        away: list[Event] = [
            event
            for machine in rack.machines
            for event in machine.events
            if event.kind in _UNREACHABLE
        ]
        count = float(len(rack.machines))
        if not away:
            return [count] * len(self._times)
        return [count - sum(event.during(at_s) for event in away) for at_s in self._times]


_OF: Mapping[str, Callable[[str], bool]] = {
    "gpu": lambda name: ":gpu_" in name,
    "host": lambda name: ":host_" in name or ":it_" in name,
}
"""Which names are made of which power."""
_ORDER = ("site", "hall", "row", "rack")


def _labels(labels: Mapping[str, str], level: str) -> tuple[str, ...]:
    """The values of a level's labels, the site's first."""
    return tuple(labels.get(name, "") for name in _ORDER[: 4 - _LEVELS.index(level)])


def branch_columns(
    fleet: Fleet, times: Sequence[float], names: Collection[str] | None = None
) -> Iterator[Column]:
    """The series of the site daemon as the rules record them: branches, meters, PUE.

    Args:
        fleet: the fleet.
        times: ascending, evenly apart.
        names: only these; None for all.
    """
    step = times[1] - times[0]
    facility = Facility(fleet, seconds=step)
    site = fleet.site
    shown = [b for b in site.branches.values() if b.level is not Level.BUSWAY]
    watts: dict[str, list[float]] = {branch: [] for branch in site.branches}
    meters: dict[str, list[float | None]] = {meter: [] for meter in site.meters}
    for at_s in times:
        now = facility.branch_watts(at_s)
        for branch, column in watts.items():
            column.append(now[branch])
        spoken = facility.meter_watts(at_s)
        for meter, series in meters.items():
            series.append(spoken.get(meter))
    limits, budgets = _stated(fleet)
    found: list[Column] = []
    for one in shown:
        labels = {"site": site.name, "branch": one.id, "level": one.level.value, "rack": one.rack}
        column = watts[one.id]
        found.append(Column("branch:site_power_watts:best", labels, column))
        ones = [1.0] * len(times)
        found.append(Column("branch:site_power_coverage_ratio:max", labels, ones))
        if one.id in limits:
            values = [limits[one.id]] * len(times)
            found.append(Column("branch:site_power_limit_watts:best", labels, values))
        if one.id in budgets:
            budget = [budgets[one.id]] * len(times)
            found.append(Column("branch:site_power_budget_watts:best", labels, budget))
    for spec in site.meters.values():
        labels = {"site": site.name, "meter": spec.id, "role": spec.role.value}
        found.append(Column("meter:site_meter_power_watts:best", labels, meters[spec.id]))
    found += _pue(fleet, meters, step)
    yield from (column for column in found if names is None or column.name in names)


def _stated(fleet: Fleet) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Limits and budgets of the branches as the site daemon shows them."""
    now_ns = round(fleet.origin_s * 1e9)
    values = SiteState(fleet.site).values(now_ns, now_ns)
    limits, budgets = (
        {labels[0]: watts for labels, watts in values.get(name, {}).items()}
        for name in ("site_power_limit_watts", "site_power_budget_watts")
    )
    return limits, budgets


def _pue(
    fleet: Fleet, meters: Mapping[str, Sequence[float | None]], step: float
) -> Iterator[Column]:
    sums = []
    for role in (Role.UTILITY, Role.IT):
        of_role = [meters[m.id] for m in fleet.site.meters.values() if m.role is role]
        if not of_role:
            return
        watts = [sum(one or 0.0 for one in row) for row in zip(*of_role, strict=True)]
        sums.append(list(accumulate(watts, initial=0.0)))
    for window, seconds in _PUE.items():
        back = max(1, round(seconds / step))
        values: list[float | None] = [None] * min(back, len(sums[0]) - 1)
        for at in range(back + 1, len(sums[0])):
            utility, it = (one[at] - one[at - back] for one in sums)
            values.append(utility / it if it else None)
        yield Column("site:pue_ratio:max", {"site": fleet.site.name, "window": window}, values)
