"""The powers of a site's branches, and the most that they can be where not all is known."""

from collections.abc import Mapping

from collector.catalogue import Labels, Values
from collector.sitefile.model import Role, Site
from collector.sitefile.tree import children
from exporters.page.site.shape import PowerJson
from exporters.page.site.values import value

_WHOLE = 1 - 1e-9
"""A sum of shares may miss 1 by its rounding."""


class Layout:
    """What of a site never changes: label values, what feeds what, which meters measure what.

    Args:
        site: what the site file says.
    """

    def __init__(self, site: Site) -> None:
        self.branches = site.branches
        self.children: Mapping[str, tuple[str, ...]] = children(site.branches)
        self.labels: dict[str, Labels] = {
            branch.id: (branch.id, branch.level.value, branch.rack)
            for branch in site.branches.values()
        }
        self.tops = tuple(branch.id for branch in site.branches.values() if not branch.parents)
        self.meters: dict[str, list[Labels]] = {}
        self.sided: set[str] = set()
        for meter in site.meters.values():
            if meter.role is Role.GENERATION:  # what is made is not drawn
                continue
            self.meters.setdefault(meter.branch, []).append((meter.id, meter.role.value))
            if meter.side:
                self.sided.add(meter.branch)


class Powers:
    """The powers of one instant.

    Args:
        layout: the site's.
        values: its values.
    """

    def __init__(self, layout: Layout, values: Values) -> None:
        self.layout = layout
        self.values = values
        self._most: dict[str, float | None] = {}

    def watts(self, branch: str) -> float | None:
        """Power of a branch; where not all of it is known, the least that it can be."""
        return value(self.values, "site_power_watts", self.layout.labels[branch])

    def limit(self, branch: str) -> float | None:
        """What a branch may carry for long, in watts."""
        return value(self.values, "site_power_limit_watts", self.layout.labels[branch])

    def headroom(self, branch: str) -> float | None:
        """The least headroom along the path up, in watts."""
        return value(self.values, "site_power_headroom_watts", self.layout.labels[branch])

    def coverage(self, branch: str) -> float | None:
        """The share of what lies below a branch that is known."""
        return value(self.values, "site_power_coverage_ratio", self.layout.labels[branch], 6)

    def is_whole(self, branch: str) -> bool:
        """Whether all of a branch's power is known."""
        coverage = self.coverage(branch)
        return coverage is not None and coverage >= _WHOLE

    def at_most(self, branch: str) -> float | None:
        """The most that a branch can draw, in watts; None when there is no telling.

        What is not known is held to be within its limit, as the budget does. The budget's own upper
        bound u is seen in the headroom, which is at most limit - u.
        """
        if branch not in self._most:
            self._most[branch] = self._bound(branch)
        return self._most[branch]

    def json(self, branch: str) -> PowerJson:
        """Power, its upper bound where it is needed, and coverage."""
        return PowerJson(
            watts=self.watts(branch),
            at_most_watts=None if self.is_whole(branch) else self.at_most(branch),
            coverage_ratio=self.coverage(branch),
        )

    def is_metered(self, branch: str) -> bool:
        """Whether a meter of its own, or of one of its sides, tells its power."""
        known = self.values.get("site_meter_power_watts", {})
        return any(labels in known for labels in self.layout.meters.get(branch, ()))

    def _bound(self, branch: str) -> float | None:
        watts = self.watts(branch)
        if watts is not None and self.is_whole(branch):
            return watts
        bounds = [
            bound
            for bound in (self._by_limit(branch), self._by_children(branch))
            if bound is not None
        ]
        return max(min(bounds), watts or 0.0) if bounds else None

    def _by_limit(self, branch: str) -> float | None:
        limit = self.limit(branch)
        return None if limit is None else min(limit, limit - (self.headroom(branch) or 0.0))

    def _by_children(self, branch: str) -> float | None:
        total = 0.0
        for child in self.layout.children[branch]:
            most = self.at_most(child)
            if most is None:
                return None
            parents = len(self.layout.branches[child].parents)
            # Loads with two feeds and one meter count half in each, as they do in the budget.
            total += most if child in self.layout.sided else most / parents
        return total if self.layout.children[branch] else None
