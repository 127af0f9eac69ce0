"""The electrical tree: everything hangs on a feed, and nothing feeds itself."""

from collections.abc import Iterator, Sequence

from collector.sitefile.draft import Draft
from collector.sitefile.model import Branch, Level
from collector.sitefile.problems import Problems
from collector.sitefile.tree import in_order

DEEPEST = 32
"""Branches above one another: far more than there are, few enough to walk up quickly."""


def check_tree(draft: Draft, problems: Problems) -> None:
    """Parents exist, feeds are at the top and nowhere else, there is no cycle."""
    known = [one.id for one in draft.branches.values() if one.level is not Level.RACK]
    for branch in draft.branches.values():
        _check_parents(branch, draft, problems, known)
        if branch.contract_watts is not None and branch.level is not Level.FEED:
            problems.error(
                draft.where_branch(branch, "contract_watts"),
                f"a contract is with the utility, so only a feed has one; this is a "
                f"{branch.level.value}",
                branch.id,
            )
    for cycle in _cycles(draft):
        problems.error(
            draft.where_branch(draft.branches[cycle[0]], "parents"),
            f"feeds itself: {' -> '.join([*cycle, cycle[0]])} (each is fed by the next)",
        )
    if not problems.failed:
        _check_depth(draft, problems)
    if not draft.branches:
        problems.warn((), "there is no [[branch]]: nothing of this site has a budget")


def _check_parents(branch: Branch, draft: Draft, problems: Problems, known: Sequence[str]) -> None:
    where = draft.where_branch(branch, "parents")
    if branch.level is Level.FEED and branch.parents:
        problems.error(where, "a feed is the top: it has no parent", branch.id)
    if not branch.parents and branch.level is Level.RACK:
        problems.warn(
            where,
            "no branch feeds it, so its power is in no budget: name one, or A and B",
            branch.id,
        )
    elif not branch.parents and branch.level is not Level.FEED:
        problems.error(where, "reaches no feed: name the branch that feeds it", branch.id)
    for parent in branch.parents:
        if parent in draft.racks:
            problems.error(where, f'"{parent}" is a rack: racks feed no branches', branch.id)
        elif parent not in draft.branches and "branch" not in draft.unsure:
            problems.error(where, "there is no such branch", parent, known)


def _check_depth(draft: Draft, problems: Problems) -> None:
    depths: dict[str, int] = {}
    for branch in in_order(draft.branches).values():
        depth = 1 + max((depths[parent] for parent in branch.parents), default=0)
        depths[branch.id] = depth
        if depth == DEEPEST + 1:
            text = f"more than {DEEPEST} branches above one another; real trees have about six"
            problems.error(draft.where_branch(branch, "parents"), text, branch.id)


def _cycles(draft: Draft) -> Iterator[list[str]]:
    """Each cycle once. Only racks have two parents, and a rack is no parent: one way leads up."""
    done: set[str] = set()
    for branch_id, branch in draft.branches.items():
        if branch.level is Level.RACK:
            continue
        way: dict[str, None] = {}
        at = branch_id
        while at in draft.branches and at not in draft.racks and at not in done and at not in way:
            way[at] = None
            at = next(iter(draft.branches[at].parents), "")
        if at in way:
            ids = list(way)
            yield ids[ids.index(at) :]
        done.update(way)
