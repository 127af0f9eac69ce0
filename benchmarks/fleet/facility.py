"""What the facility's meters see of a fleet: every branch of the tree, with losses and cooling."""

from collections.abc import Mapping
from itertools import chain

from benchmarks.fleet.fleet import Fleet
from benchmarks.fleet.scenario import EventKind
from collector.sitefile.model import Level, Role

LOSS = {Level.UPS: 0.035, Level.SUBSTATION: 0.008}
"""Share that a branch of a level takes for itself of what it passes on; guesses of usual size."""
_LOSS = 0.002
COOLING_RATIO = 0.10
COOLING_RACK_WATTS = 500.0
"""Cooling draws this share of IT power, and this for each rack. Guesses."""
_COOLING_LEFT = 0.2


class Facility:
    """The electrical tree above a fleet.

    Args:
        fleet: what it feeds.
        seconds: over which meters average.
    """

    def __init__(self, fleet: Fleet, *, seconds: float = 1.0) -> None:
        self.fleet = fleet
        self._seconds = seconds
        branches = fleet.site.branches
        self._ids = tuple(branches)
        self._feeds = {branch.id: branch.parents for branch in branches.values() if branch.parents}
        self._racks = {branch.id: branch.rack for branch in branches.values() if branch.rack}
        self._pass = {branch.id: 1 + LOSS.get(branch.level, _LOSS) for branch in branches.values()}
        self._cooling = self._cooling_groups()

    def branch_watts(self, at_s: float) -> Mapping[str, float]:
        """Mean power of every branch: what it gives to what is below it."""
        return self._solve(at_s)[0]

    def meter_watts(self, at_s: float) -> Mapping[str, float]:
        """Power by every meter that speaks at an instant."""
        silent = {
            event.meter
            for event in self.fleet.events
            if event.kind is EventKind.METER_SILENT and event.during(at_s)
        }
        watts, sides = self._solve(at_s)
        found = {}
        for meter in self.fleet.site.meters.values():
            if meter.id in silent or meter.role is Role.GENERATION:
                continue
            side = sides.get((meter.branch, meter.side), 0.0)
            found[meter.id] = side if meter.side else watts[meter.branch]
        return found

    def coolant_celsius(self, at_s: float) -> Mapping[str, tuple[float, float]]:
        """By meter of a rack, the temperatures of its coolant: supply and return."""
        fleet, found = self.fleet, {}
        excess: dict[str, float] = {}
        for meter in fleet.site.meters.values():
            rack = fleet.racks.get(self._racks.get(meter.branch, ""))
            if rack is None or meter.side:
                continue
            hall = rack.rack.hall
            if hall not in excess:
                excess[hall] = fleet.excess_celsius(hall, at_s)
            supply = fleet.model.inlet_celsius - 4 + excess[hall]
            full = rack.rack.limit_watts or 130_000.0
            found[meter.id] = (supply, supply + 12 * rack.watts(at_s) / full)
        return found

    def _solve(self, at_s: float) -> tuple[dict[str, float], dict[tuple[str, str], float]]:
        """Power of every branch, and what those with several parents draw from each."""
        racks = self.fleet.rack_means(at_s, self._seconds)
        dead = self._dead(at_s)
        watts = dict.fromkeys(self._ids, 0.0)
        sides: dict[tuple[str, str], float] = {}
        for branch, rack in self._racks.items():
            if branch not in dead:
                watts[branch] = racks.get(rack, 0.0)
        for group, cooled in self._cooling.items():
            alive = [branch for branch in group if branch not in dead]
            for branch in alive:
                watts[branch] = self._cooling_watts(cooled, racks, at_s) / len(alive)
        for branch in reversed(self._ids):
            drawn = watts[branch]
            if branch not in self._racks:
                drawn *= self._pass[branch]
            parents = [one for one in self._feeds.get(branch, ()) if one not in dead]
            for parent in parents:
                sides[branch, parent] = drawn / len(parents)
                watts[parent] += drawn / len(parents)
        return watts, sides

    def _dead(self, at_s: float) -> frozenset[str]:
        """Branches that carry nothing: those that failed, and those that hang on them alone."""
        failed = {
            event.branch
            for event in self.fleet.events
            if event.kind is EventKind.FEED_LOST and event.during(at_s)
        }
        if failed:
            for branch in self._ids:
                parents = self._feeds.get(branch, ())
                if parents and all(parent in failed for parent in parents):
                    failed.add(branch)
        return frozenset(failed)

    def _cooling_watts(
        self, cooled: tuple[str, ...], racks: Mapping[str, float], at_s: float
    ) -> float:
        total = 0.0
        for rack in cooled:
            mine = COOLING_RATIO * racks.get(rack, 0.0) + COOLING_RACK_WATTS
            hall = self.fleet.site.racks[rack].hall
            total += mine * (_COOLING_LEFT if self._uncooled(hall, at_s) else 1.0)
        return total

    def _uncooled(self, hall: str, at_s: float) -> bool:
        return any(
            event.kind is EventKind.COOLING_LOST and event.hall == hall and event.during(at_s)
            for event in self.fleet.events
        )

    def _cooling_groups(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        """Branches that cool the same racks, A and B, and those racks."""
        site = self.fleet.site
        below: dict[str, set[str]] = {one: set() for one in self._ids}
        for branch in reversed(self._ids):
            if branch in self._racks:
                below[branch].add(self._racks[branch])
            for parent in self._feeds.get(branch, ()):
                below[parent] |= below[branch]
        groups: dict[frozenset[str], list[str]] = {}
        cooling = (m.branch for m in site.meters.values() if m.role is Role.COOLING)
        for branch in dict.fromkeys(cooling):
            if below[branch]:
                continue  # not a branch of cooling alone
            above = chain.from_iterable(self._above(branch))
            racks = next((below[one] for one in above if below[one]), set())
            groups.setdefault(frozenset(racks & self.fleet.racks.keys()), []).append(branch)
        return {tuple(found): tuple(sorted(racks)) for racks, found in groups.items()}

    def _above(self, branch: str) -> list[tuple[str, ...]]:
        """Its parents, their parents, and so on."""
        levels = []
        parents = self._feeds.get(branch, ())
        while parents:
            levels.append(parents)
            parents = tuple(dict.fromkeys(p for one in parents for p in self._feeds.get(one, ())))
        return levels
