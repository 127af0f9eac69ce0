"""The electrical tree as plain arrays: 40,000 branches are gone through at every look."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.sitefile.model import Branch, MeterSpec, Role, Site


@dataclass(frozen=True, slots=True)
class Tree:
    """A site's branches by number, parents before children; tuples are indexed by it.

    Attributes:
        ids: the branches' ids.
        branches: the branches.
        parents: by branch, its parents' numbers.
        children: by branch, how many children it has.
        limits_watts: what each may carry for long: the least of its derated rating, its
            contract and its rack's limit; None when none is stated.
        planned_watts: its budget, or else its children's; None when not stated.
        meters: by branch, its meters' ids, the one that wins first.
        sides: by branch with several parents, the meters of each parent's side.
        groups: the redundancy groups' names.
        members: by group, its members' numbers.
        group_limits_watts: by group, what the members that are left when the largest fails may
            carry; None when a limit is not stated.
    """

    ids: tuple[str, ...]
    branches: tuple[Branch, ...]
    parents: tuple[tuple[int, ...], ...]
    children: tuple[int, ...]
    limits_watts: tuple[float | None, ...]
    planned_watts: tuple[float | None, ...]
    meters: tuple[tuple[str, ...], ...]
    sides: tuple[tuple[tuple[str, ...], ...], ...]
    groups: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]
    group_limits_watts: tuple[float | None, ...]


def compile_tree(site: Site) -> Tree:
    """The tree of a site."""
    ids = tuple(site.branches)
    number = {branch: i for i, branch in enumerate(ids)}
    branches = tuple(site.branches.values())
    parents = tuple(tuple(number[parent] for parent in branch.parents) for branch in branches)
    children = [0] * len(ids)
    for mine in parents:
        for parent in mine:
            children[parent] += 1
    limits = tuple(_limit(site, branch) for branch in branches)
    ranked = _ranked(site)
    by_group: dict[str, list[int]] = {}
    for i, branch in enumerate(branches):
        if branch.redundancy_group:
            by_group.setdefault(branch.redundancy_group, []).append(i)
    return Tree(
        ids,
        branches,
        parents,
        tuple(children),
        limits,
        _planned(branches, parents),
        tuple(tuple(m.id for m in ranked.get(one, ()) if not m.side) for one in ids),
        tuple(_sides(branch, ranked.get(branch.id, ())) for branch in branches),
        tuple(by_group),
        tuple(tuple(members) for members in by_group.values()),
        tuple(_survivors([limits[i] for i in members]) for members in by_group.values()),
    )


def billed_by(site: Site, branch: Branch) -> str | None:
    """The utility's meter at a branch, one kept for the reports before others."""
    meters = [
        spec
        for spec in site.meters.values()
        if spec.branch == branch.id and spec.role is Role.UTILITY
    ]
    meters.sort(key=lambda spec: not spec.register)
    return meters[0].id if meters else None


def _limit(site: Site, branch: Branch) -> float | None:
    rack = site.racks.get(branch.rack)
    stated = (branch.limit_watts, branch.contract_watts, rack.limit_watts if rack else None)
    return min((watts for watts in stated if watts is not None), default=None)


def _ranked(site: Site) -> dict[str, list[MeterSpec]]:
    """By branch, the meters of its power: those kept for the reports first, then as in the file.

    What is generated at a branch is not drawn through it.
    """
    found: dict[str, list[MeterSpec]] = {}
    for meter in site.meters.values():
        if meter.role is not Role.GENERATION:
            found.setdefault(meter.branch, []).append(meter)
    for meters in found.values():
        meters.sort(key=lambda meter: not meter.register)
    return found


def _sides(branch: Branch, meters: Sequence[MeterSpec]) -> tuple[tuple[str, ...], ...]:
    sides = tuple(
        tuple(meter.id for meter in meters if meter.side == parent) for parent in branch.parents
    )
    return sides if any(sides) else ()


def _planned(
    branches: Sequence[Branch], parents: Sequence[Sequence[int]]
) -> tuple[float | None, ...]:
    sums: list[float | None] = [None] * len(branches)
    planned: list[float | None] = [None] * len(branches)
    for i in range(len(branches) - 1, -1, -1):
        budget = branches[i].budget_watts
        planned[i] = mine = sums[i] if budget is None else budget
        if mine is not None:
            for parent in parents[i]:
                sums[parent] = (sums[parent] or 0.0) + mine / len(parents[i])
    return tuple(planned)


def _survivors(limits: Sequence[float | None]) -> float | None:
    known = [watts for watts in limits if watts is not None]
    if len(known) < len(limits) or len(known) < 2:  # noqa: PLR2004 - one has nobody to stand in
        return None
    return sum(known) - max(known)
