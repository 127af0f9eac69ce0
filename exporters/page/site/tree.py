"""The electrical tree: which of its branches are sent, and what is said of each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import nsmallest
from typing import Literal

from exporters.page.site.powers import Layout, Powers
from exporters.page.site.shape import BranchJson, HiddenJson, State, TreeJson
from exporters.page.site.values import value

MOST_BRANCHES = 300
NEAR_RATIO = 0.9
"""From here on a power is near its limit."""
_UPPER_SHARE = 2
"""Levels from the top are sent whole while they take no more than one in so many rows."""
_ORDER: Mapping[State, int] = {
    "over": 0,
    "near": 1,
    "unplanned": 2,
    "partial": 3,
    "unknown": 4,
    "well": 5,
}
_SAME_WATTS = 2.0
"""Rounded powers that differ by less are the same."""

Standing = tuple[State, float | None]
"""How a branch stands, and its power over its limit."""
Rank = tuple[int, float, int]
"""How bad: the state, how full (the fuller the less), the place in the file."""


class TreeView:
    """Chooses and describes branches.

    Args:
        layout: the site's.
        most: so many branches are sent at most.
    """

    def __init__(self, layout: Layout, most: int = MOST_BRANCHES) -> None:
        self._layout = layout
        self._most = most
        self._upper = self._upper_levels()

    def render(self, powers: Powers) -> TreeJson:
        """The tree now."""
        standing = {one: _standing(powers, one) for one in self._layout.branches}
        ranks = {
            one: (_ORDER[state], -(ratio or 0.0), place)
            for place, (one, (state, ratio)) in enumerate(standing.items())
        }
        chosen = self._chosen(ranks)
        counted = Counter(state for state, _ in standing.values())
        return TreeJson(
            total=len(standing),
            states={state: counted[state] for state in _ORDER},
            branches=[
                self._branch(powers, one, standing, chosen)
                for one in sorted(chosen, key=lambda one: ranks[one][::2])
            ],
        )

    def _upper_levels(self) -> frozenset[str]:
        level = list(self._layout.tops)
        found: set[str] = set()
        while level and len(found) + len(level) <= self._most // _UPPER_SHARE:
            found.update(level)
            below = (one for up in level for one in self._layout.children[up])
            level = [one for one in dict.fromkeys(below) if one not in found]
        return frozenset(found)

    def _chosen(self, ranks: Mapping[str, Rank]) -> set[str]:
        """The upper levels and the worst, each with all that feeds it."""
        chosen = set(self._upper)
        for one in nsmallest(self._most, ranks, key=ranks.__getitem__):
            path = self._path(one, chosen)
            if len(chosen) + len(path) > self._most:
                break
            chosen |= path
        return chosen

    def _path(self, one: str, known: set[str]) -> set[str]:
        """A branch and what feeds it, but for those that are known."""
        path, queue = set[str](), [one]
        while queue:
            at = queue.pop()
            if at not in known and at not in path:
                path.add(at)
                queue += self._layout.branches[at].parents
        return path

    def _branch(
        self,
        powers: Powers,
        one: str,
        standing: Mapping[str, Standing],
        chosen: set[str],
    ) -> BranchJson:
        branch, labels = self._layout.branches[one], self._layout.labels[one]
        known = powers.json(one)
        below = [low for low in self._layout.children[one] if low not in chosen]
        return BranchJson(
            id=one,
            level=branch.level.value,
            parents=list(branch.parents),
            state=standing[one][0],
            power=known,
            source=_source(powers, one),
            limit_watts=powers.limit(one),
            budget_watts=value(powers.values, "site_power_budget_watts", labels),
            headroom_watts=powers.headroom(one),
            limited_by=self._limited_by(powers, one),
            stranded_watts=value(powers.values, "site_power_stranded_watts", labels),
            hidden=_hidden(below, standing),
        )

    def _limited_by(self, powers: Powers, one: str) -> str | None:
        """Who leaves a branch less headroom than it has by itself; None when it is itself."""
        headroom = powers.headroom(one)
        if headroom is None:
            return None
        at = self._layout.branches[one]
        while True:
            limit, most = powers.limit(at.id), powers.at_most(at.id)
            if limit is not None and most is not None and _same(limit - most, headroom):
                return None if at.id == one else at.id
            above = [up for up in at.parents if _same(powers.headroom(up), headroom)]
            if not above:  # neither itself nor what feeds it: its partner, which it stands in for
                return at.redundancy_group or None
            at = self._layout.branches[above[0]]


def _standing(powers: Powers, one: str) -> Standing:
    watts, limit = powers.watts(one), powers.limit(one)
    if watts is None:
        return "unknown", None
    ratio = watts / limit if limit else None
    if limit is not None and watts > limit:
        return "over", ratio
    if ratio is not None and ratio >= NEAR_RATIO:
        return "near", ratio
    budget = value(powers.values, "site_power_budget_watts", powers.layout.labels[one])
    if budget is not None and watts > budget:
        return "unplanned", ratio
    return "well" if powers.is_whole(one) else "partial", ratio


def _source(powers: Powers, one: str) -> Literal["meter", "sum"] | None:
    if powers.watts(one) is None:
        return None
    return "meter" if powers.is_metered(one) else "sum"


def _same(one: float | None, other: float) -> bool:
    return one is not None and abs(one - other) < _SAME_WATTS


def _hidden(ids: Sequence[str], standing: Mapping[str, Standing]) -> HiddenJson | None:
    if not ids:
        return None
    ratios = [ratio for one in ids if (ratio := standing[one][1]) is not None]
    return HiddenJson(
        count=len(ids),
        unknown=sum(standing[one][0] in {"partial", "unknown"} for one in ids),
        highest_ratio=round(max(ratios), 4) if ratios else None,
    )
