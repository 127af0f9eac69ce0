"""Power of every branch against what it may carry, along the whole path upward.

A branch's power is its own meter's, if that is good. Else it is the sum of its children's; where
one of them is not known the sum is the least that it can be, and the limits say the most. Missing
readings widen the answer; they never count as zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import inf

from collector.site.tree import Tree


class Grade(IntEnum):
    """How a branch's power is known, best first."""

    MEASURED = 0
    """Its own meter, or the meters of its sides."""
    SUMMED = 1
    """The sum of its children, all of them known."""
    ATTRIBUTED = 2
    """In that sum are loads with two feeds and one meter: half of each is put down to a feed."""
    PARTIAL = 3
    """Something below is not known: the power is the least that it can be."""
    UNKNOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchPower:
    """What is known of one branch now, in watts.

    Attributes:
        watts: its power; the least that it can be where the grade is `PARTIAL`; None when nothing
            is known.
        low_watts: the least that it can be.
        high_watts: the most; None when there is no telling.
        coverage_ratio: the share of what lies below it that is known, 0 to 1.
        grade: how it is known.
        headroom_watts: how much more it may draw: the least along the path up, reckoned with the
            most that may be drawn now; below 0 when too much is; None when no limit is stated.
        stranded_watts: what its budget grants but a limit on the path, or the partner that must
            stand in, does not let it have; None when that is not known.
    """

    watts: float | None
    low_watts: float
    high_watts: float | None
    coverage_ratio: float
    grade: Grade
    headroom_watts: float | None
    stranded_watts: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPower:
    """A redundancy group now: what its members draw together against what is left of it.

    Attributes:
        watts: A and B at the same time; None when one is not known.
        high_watts: the most that it can be; None when there is no telling.
        limit_watts: what the others may carry when the largest fails; None when not stated.
    """

    watts: float | None
    high_watts: float | None
    limit_watts: float | None


class Budget:
    """The tree at one instant.

    Args:
        tree: the site's.
        watts: by meter, the power of those that are good and fresh.
    """

    def __init__(self, tree: Tree, watts: Mapping[str, float]) -> None:
        self.tree = tree
        size = len(tree.ids)
        self.low = [0.0] * size
        self.high = [0.0] * size
        """`inf` when there is no telling."""
        self.coverage = [0.0] * size
        self.grade = [0] * size
        self.headroom: list[float] = [inf] * size
        """`inf` when no limit is stated on the path, or power has no upper bound."""
        self._sum_up(watts)
        self.groups = [self._group(members, i) for i, members in enumerate(tree.members)]
        self._look_down()

    def branch(self, number: int) -> BranchPower:
        """One branch, by its number in the tree."""
        grade, high = Grade(self.grade[number]), self.high[number]
        headroom = self.headroom[number]
        return BranchPower(
            watts=None if grade is Grade.UNKNOWN else self.low[number],
            low_watts=self.low[number],
            high_watts=None if high == inf else high,
            coverage_ratio=self.coverage[number],
            grade=grade,
            headroom_watts=None if headroom == inf else headroom,
            stranded_watts=self.stranded(number),
        )

    def stranded(self, number: int) -> float | None:
        """Budget that a branch cannot have, in watts; None when that is not known."""
        planned, headroom = self.tree.planned_watts[number], self.headroom[number]
        if planned is None or headroom == inf:
            return None
        return max(planned - max(self.high[number] + headroom, 0.0), 0.0)

    def _sum_up(self, watts: Mapping[str, float]) -> None:
        """From the leaves to the feeds: each branch is complete when its turn comes."""
        tree = self.tree
        low, high, coverage, grades = self.low, self.high, self.coverage, self.grade
        limits, children, sides = tree.limits_watts, tree.children, tree.sides
        metered = [_first(meters, watts) for meters in tree.meters]
        for i in range(len(low) - 1, -1, -1):
            own = metered[i]
            if sides[i] and self._by_side(i, own, watts):
                continue
            if own is not None:
                low[i] = high[i] = own
                coverage[i], grade = 1.0, 0
            elif not children[i]:
                limit = limits[i]
                high[i] = inf if limit is None else limit
                grade = 4
            else:
                grade = self._from_children(i)
            grades[i] = grade
            mine = tree.parents[i]
            if len(mine) == 1:
                up = mine[0]
                low[up] += low[i]
                high[up] += high[i]
                coverage[up] += coverage[i]
                grades[up] = max(grades[up], grade)
            elif mine:
                self._halve(i, mine)

    def _halve(self, i: int, parents: Sequence[int]) -> None:
        """Put a load with several feeds and no meter on each down to them in equal parts."""
        share = 1 / len(parents)
        for up in parents:
            self.low[up] += self.low[i] * share
            self.high[up] += self.high[i] * share
            self.coverage[up] += self.coverage[i]
            self.grade[up] = max(self.grade[up], self.grade[i], Grade.ATTRIBUTED)

    def _from_children(self, i: int) -> int:
        """A branch without a good meter; its children's sums are in its place already."""
        share = self.coverage[i] / self.tree.children[i]
        self.coverage[i] = share
        if share >= 1:
            self.coverage[i] = 1.0
            return min(max(self.grade[i], Grade.SUMMED), Grade.ATTRIBUTED)
        limit = self.tree.limits_watts[i]
        if limit is not None and limit < self.high[i]:
            self.high[i] = max(limit, self.low[i])
        return Grade.PARTIAL if share > 0 else Grade.UNKNOWN

    def _by_side(self, i: int, own: float | None, watts: Mapping[str, float]) -> bool:
        """A branch with a meter on each side; False when no side's meter answers."""
        tree = self.tree
        found = [_first(meters, watts) for meters in tree.sides[i]]
        known = [power for power in found if power is not None]
        if not known:
            return False
        blind = len(found) - len(known)
        metered = sum(known)
        limit = tree.limits_watts[i]
        least, most, sure = 0.0, inf if limit is None else max(limit - metered, 0.0), 0.0
        if own is not None and blind:  # the whole is metered: the rest is the other sides'
            least = most = max(own - metered, 0.0) / blind
            sure = 1.0
        self.low[i] = metered + least * blind
        self.high[i] = metered + (least * blind if sure else most if blind else 0.0)
        self.coverage[i] = (len(known) + sure * blind) / len(found)
        self.grade[i] = Grade.PARTIAL if blind and not sure else Grade.MEASURED
        for up, power in zip(tree.parents[i], found, strict=True):
            self.low[up] += least if power is None else power
            self.high[up] += most if power is None else power
            self.coverage[up] += sure if power is None else 1.0
            self.grade[up] = max(self.grade[up], self.grade[i])
        return True

    def _group(self, members: Sequence[int], number: int) -> GroupPower:
        known = all(self.grade[i] < Grade.PARTIAL for i in members)
        high = sum(self.high[i] for i in members)
        return GroupPower(
            watts=sum(self.low[i] for i in members) if known else None,
            high_watts=None if high == inf else high,
            limit_watts=self.tree.group_limits_watts[number],
        )

    def _look_down(self) -> None:
        """From the feeds to the leaves: the least headroom along the path up."""
        tree, high, headroom = self.tree, self.high, self.headroom
        for group, members in zip(self.groups, tree.members, strict=True):
            if group.limit_watts is not None and group.high_watts is not None:
                for i in members:
                    headroom[i] = min(headroom[i], group.limit_watts - group.high_watts)
        for i, limit in enumerate(tree.limits_watts):
            least = headroom[i]
            if limit is not None and limit - high[i] < least:
                least = limit - high[i]
            for up in tree.parents[i]:
                least = min(least, headroom[up])
            headroom[i] = least


def _first(meters: Sequence[str], watts: Mapping[str, float]) -> float | None:
    """What the first meter says of those that say anything."""
    for meter in meters:
        power = watts.get(meter)
        if power is not None:
            return power
    return None
