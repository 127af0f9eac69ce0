"""The highest power of redundancy groups, all of their sides at the same time."""

from collections.abc import Mapping, Sequence

from collector.site.budget import Budget
from collector.site.quarters import MINUTE_NS


class GroupPeaks:
    """Remembers a minute of looks, that no scrape misses the highest.

    It is the highest of the sums, never the sum of the highest.

    Args:
        groups: their names, as in the tree.
    """

    def __init__(self, groups: Sequence[str]) -> None:
        self._looks: dict[str, list[tuple[int, float]]] = {group: [] for group in groups}

    def add(self, budget: Budget, monotonic_ns: int) -> None:
        """Take note of a look at the tree."""
        for (name, looks), group in zip(self._looks.items(), budget.groups, strict=True):
            if group.watts is not None:
                looks.append((monotonic_ns, group.watts))
            since_ns = monotonic_ns - MINUTE_NS
            self._looks[name] = [look for look in looks if look[0] >= since_ns]

    def highest(self, monotonic_ns: int) -> Mapping[str, float]:
        """By group, the highest of the last minute, in watts; those that are not known lack."""
        since_ns = monotonic_ns - MINUTE_NS
        recent = {
            name: [watts for at_ns, watts in looks if at_ns >= since_ns]
            for name, looks in self._looks.items()
        }
        return {name: max(watts) for name, watts in recent.items() if watts}
