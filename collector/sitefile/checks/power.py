"""Power figures that do not fit together, or that are probably in another unit. All warnings."""

from collections import defaultdict
from collections.abc import Mapping
from math import inf

from collector.sitefile.draft import Draft
from collector.sitefile.model import Branch, Level, Role
from collector.sitefile.problems import Problems
from collector.sitefile.quantities import shown_watts
from collector.sitefile.tree import in_order

_LEAST_WATTS = 1e3
_MOST_RACK_WATTS = 1e6
_MOST_WATTS = 1e10
_SLACK = 1 + 1e-9
"""What adding many figures may be off."""


def check_power(draft: Draft, problems: Problems) -> None:
    """Ratings, budgets, contracts and targets against each other."""
    for branch in draft.branches.values():
        _check_unit(branch, draft, problems)
        _check_against_parents(branch, draft, problems)
        limit = branch.limit_watts
        if branch.budget_watts and limit and branch.budget_watts > limit * _SLACK:
            problems.warn(
                draft.where_branch(branch, "budget_watts"),
                f"{shown_watts(branch.budget_watts)} is more than it may carry for long, "
                f"{shown_watts(limit)}",
                branch.id,
            )
    _check_sums(draft, problems)
    _check_groups(draft, problems)
    _check_billing(draft, problems)
    contract = sum(branch.contract_watts or 0 for branch in draft.branches.values())
    target = draft.demand_target_watts
    if target and contract and target > contract:
        problems.warn(
            ("site", "demand_target_watts"),
            f"{shown_watts(target)} is more than the contract allows, {shown_watts(contract)}",
        )


def _check_billing(draft: Draft, problems: Problems) -> None:
    """What a contract is held against, and what becomes of it at a restart."""
    billing = {m.branch: m for m in draft.meters.values() if m.role is Role.UTILITY}
    billing |= {m.branch: m for m in draft.meters.values() if m.role is Role.UTILITY and m.register}
    contracts = [one for one in draft.branches.values() if one.contract_watts is not None]
    for branch in contracts:
        meter = billing.get(branch.id)
        if meter is None:
            problems.warn(
                draft.where_branch(branch, "contract_watts"),
                'has a contract and no meter with role = "utility": its demand is not followed',
                branch.id,
            )
        elif not meter.register:
            problems.warn(
                draft.where_branch(branch, "contract_watts"),
                f'its meter "{meter.id}" has register = false: peaks are forgotten at a restart, '
                "and no report can be made",
                branch.id,
            )
    if draft.demand_target_watts and len([one for one in contracts if one.id in billing]) > 1:
        problems.warn(
            ("site", "demand_target_watts"),
            "several branches have a contract: each is held against its own, and this is not used",
        )


def _check_unit(branch: Branch, draft: Draft, problems: Problems) -> None:
    most = _MOST_RACK_WATTS if branch.level is Level.RACK else _MOST_WATTS
    for key in ("rating_watts", "budget_watts", "contract_watts"):
        watts = getattr(branch, key)
        if watts is not None and not _LEAST_WATTS <= watts <= most:
            little = watts < _LEAST_WATTS
            problems.warn(
                draft.where_branch(branch, key),
                f"{shown_watts(watts)} is very {'little' if little else 'much'} for a "
                f"{branch.level.value}: a number without a unit is in watts",
                branch.id,
            )


def _check_against_parents(branch: Branch, draft: Draft, problems: Problems) -> None:
    for parent_id in branch.parents:
        parent = draft.branches[parent_id]
        if (
            branch.rating_watts
            and parent.rating_watts
            and branch.rating_watts > parent.rating_watts
        ):
            problems.warn(
                draft.where_branch(branch, "rating_watts"),
                f"rated {shown_watts(branch.rating_watts)}, above what feeds it: "
                f'"{parent.id}" is rated {shown_watts(parent.rating_watts)}',
                branch.id,
            )


def _check_sums(draft: Draft, problems: Problems) -> None:
    """What is planned below a branch against what the branch may carry."""
    for branch_id, total in _below(draft.branches).items():
        branch = draft.branches[branch_id]
        bounds = {
            "budget": branch.budget_watts,
            "limit": branch.limit_watts,
            "contract": branch.contract_watts,
        }
        stated = ((watts, name) for name, watts in bounds.items() if watts is not None)
        bound, name = min(stated, default=(inf, ""))
        if total > bound * _SLACK:
            problems.warn(
                draft.where_branch(branch, "rating_watts" if name == "limit" else f"{name}_watts"),
                f"oversubscribed: the budgets below add up to {shown_watts(total)}, "
                f"{total / bound:.2f} times its {name} of {shown_watts(bound)}",
                branch.id,
            )


def _check_groups(draft: Draft, problems: Problems) -> None:
    """What is planned for A and B together against what is left when the larger one fails."""
    below = _below(draft.branches)
    groups: dict[str, list[Branch]] = defaultdict(list)
    for branch in draft.branches.values():
        groups[branch.redundancy_group].append(branch)
    for group, members in groups.items():
        limits = [branch.limit_watts for branch in members if branch.limit_watts is not None]
        if not group or len(members) == 1 or len(limits) < len(members):
            continue
        left = sum(limits) - max(limits)
        total = sum(
            below.get(branch.id, 0.0) if branch.budget_watts is None else branch.budget_watts
            for branch in members
        )
        if total > left * _SLACK:
            problems.warn(
                draft.where_branch(members[0], "rating_watts"),
                f"not redundant under load: {shown_watts(total)} is planned for all of this group, "
                f"{total / left:.2f} times what is left when the largest fails, "
                f"{shown_watts(left)}",
                group,
            )


def _below(branches: Mapping[str, Branch]) -> Mapping[str, float]:
    """By branch, what is planned below it; what has no plan is absent.

    A branch's plan is its budget, or else what is planned below it. That of a load that two
    branches feed is half on each.
    """
    sums: dict[str, float] = {}
    for branch in reversed(list(in_order(branches).values())):
        plan = sums.get(branch.id) if branch.budget_watts is None else branch.budget_watts
        if plan is not None:
            for parent in branch.parents:
                sums[parent] = sums.get(parent, 0.0) + plan / len(branch.parents)
    return sums
