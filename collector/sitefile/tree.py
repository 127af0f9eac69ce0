"""Walking the electrical tree. It must be without cycles, as a checked site's is."""

from collections.abc import Mapping
from graphlib import TopologicalSorter

from collector.sitefile.model import Branch, Level


def above(branches: Mapping[str, Branch], branch_id: str) -> tuple[str, ...]:
    """The ids of all that feeds a branch, nearest first, each once, without itself.

    Args:
        branches: the tree, by id; a parent that is not in it is left out.
        branch_id: where to begin.
    """
    found: dict[str, None] = {}
    level = branches[branch_id].parents
    while level:
        known = [parent for parent in level if parent in branches and parent not in found]
        found.update(dict.fromkeys(known))
        level = tuple(up for parent in known for up in branches[parent].parents)
    return tuple(found)


def children(branches: Mapping[str, Branch]) -> Mapping[str, tuple[str, ...]]:
    """What each branch feeds directly, by id; every branch is a key."""
    below: dict[str, list[str]] = {branch_id: [] for branch_id in branches}
    for branch in branches.values():
        for parent in branch.parents:
            if parent in below:
                below[parent].append(branch.id)
    return {branch_id: tuple(ids) for branch_id, ids in below.items()}


def in_order(branches: Mapping[str, Branch]) -> Mapping[str, Branch]:
    """The same branches, parents before children, racks last."""
    parents = {branch.id: branch.parents for branch in branches.values()}
    order = [one for one in TopologicalSorter(parents).static_order() if one in branches]
    order.sort(key=lambda one: branches[one].level is Level.RACK)
    return {one: branches[one] for one in order}
