"""Whether A and B are really two: what looks redundant and is not. All warnings."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from collector.sitefile.draft import Draft
from collector.sitefile.model import Level
from collector.sitefile.problems import Problems
from collector.sitefile.tree import above

_SIDES = 2


def check_redundancy(draft: Draft, problems: Problems) -> None:
    """The two ways to a rack have nothing in common, and nobody is alone in a group."""
    feeds = [one.id for one in draft.branches.values() if one.level is Level.FEED]
    # All racks of a site with one feed hang on it: that is no mistake in the file.
    ignored = feeds if len(feeds) == 1 else []
    for rack in draft.racks.values():
        if len(rack.branches) == _SIDES and (text := _shared(draft, rack.branches, ignored)):
            problems.warn(draft.where("rack", rack.id, "branches"), text, rack.id)
    groups: dict[str, list[str]] = defaultdict(list)
    for branch in draft.branches.values():
        if branch.redundancy_group:
            groups[branch.redundancy_group].append(branch.id)
    for group, members in groups.items():
        if len(members) == 1:
            problems.warn(
                draft.where("branch", members[0], "redundancy_group"),
                f'nothing else is in the group "{group}", so nothing stands in for it',
                members[0],
            )


def _shared(draft: Draft, sides: Sequence[str], ignored: Collection[str]) -> str:
    """What takes both ways with it when it fails, in words; empty if nothing does."""
    branches = draft.branches
    way_a, way_b = ((side, *above(branches, side)) for side in sides)
    common = [one for one in way_a if one in way_b and one not in ignored]
    if common:
        return f'not redundant: both branches hang on "{common[0]}"'
    groups_a, groups_b = (
        {branches[one].redundancy_group for one in way} - {""} for way in (way_a, way_b)
    )
    if not groups_a & groups_b:
        return (
            "nothing on its two ways has a redundancy_group in common, so it cannot be told "
            "whether one side carries the load of both"
        )
    return ""
