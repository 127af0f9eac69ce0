"""Teams, receivers and tenants: that what they name exists, and each node has one payer."""

from collections.abc import Collection, Iterator
from pathlib import Path

from collector.sitefile.draft import Draft
from collector.sitefile.problems import Problems

_OTHERS = 0o007


def check_people(draft: Draft, problems: Problems, folder: Path) -> None:
    """References of teams and tenants, and the permissions of secret files.

    Args:
        draft: what was read.
        problems: takes what is wrong.
        folder: what a relative path of a secret file is relative to.
    """
    halls = {rack.hall for rack in draft.racks.values() if rack.hall}
    for team in draft.teams.values():
        reference = _Reference(draft, problems, "team", team.name)
        reference.check("halls", "rack", "hall", team.halls, halls)
        reference.check("racks", "rack", "rack", team.racks, draft.racks)
        for names in team.receivers.values():
            reference.check("receivers", "receiver", "receiver", names, draft.receivers)
    for tenant in draft.tenants.values():
        reference = _Reference(draft, problems, "tenant", tenant.name)
        reference.check("nodes", "node", "node", tenant.nodes, draft.nodes)
        reference.check("racks", "rack", "rack", tenant.racks, draft.racks)
    for node in draft.nodes.values():
        if node.tenant:
            reference = _Reference(draft, problems, "node", node.name)
            reference.check("tenant", "tenant", "tenant", [node.tenant], draft.tenants)
    for receiver in draft.receivers.values():
        if receiver.secret_file and _readable_by_others(folder / receiver.secret_file):
            problems.warn(
                draft.where("receiver", receiver.name, "secret_file"),
                f"any user of this machine can read or change it: chmod o= {receiver.secret_file}",
                receiver.name,
            )


class _Reference:
    """Checks what one table names."""

    def __init__(self, draft: Draft, problems: Problems, kind: str, name: str) -> None:
        self._draft, self._problems, self._kind, self._name = draft, problems, kind, name

    def check(
        self, key: str, kind: str, word: str, names: Collection[str], known: Collection[str]
    ) -> None:
        """Note each name that is not known.

        Args:
            key: where the names stand.
            kind: the table that would make them known.
            word: what they are names of.
            names: what is named.
            known: what there is.
        """
        if kind in self._draft.unsure:
            return
        for name in names:
            if name not in known:
                where = self._draft.where(self._kind, self._name, key)
                self._problems.error(where, f"there is no such {word}", name, known)


def payers(draft: Draft, problems: Problems) -> dict[str, str]:
    """Who is charged for each node, by its name; a node that nobody is charged for is absent.

    What names the node goes before what names its rack. Two tenants by the same right are an error.
    """
    by_node = _claims(draft, problems, "nodes")
    by_rack = _claims(draft, problems, "racks")
    paid = {}
    for node in draft.nodes.values():
        named = by_node.get(node.name, "")
        if node.tenant and named and node.tenant != named:
            problems.error(
                draft.where("node", node.name, "tenant"),
                f'"{node.tenant}" here, but tenant "{named}" names this node too: '
                "its energy would be charged twice",
                node.name,
            )
        if tenant := node.tenant or named or by_rack.get(node.rack, ""):
            paid[node.name] = tenant
    return paid


def _claims(draft: Draft, problems: Problems, key: str) -> dict[str, str]:
    """By node or rack, the tenant that names it."""
    found: dict[str, str] = {}
    for tenant, name in _named(draft, key):
        first = found.setdefault(name, tenant)
        if first != tenant:
            problems.error(
                draft.where("tenant", tenant, key),
                f'"{name}" belongs to tenant "{first}" too: its energy would be charged twice',
                tenant,
            )
    return found


def _named(draft: Draft, key: str) -> Iterator[tuple[str, str]]:
    for tenant in draft.tenants.values():
        for name in tenant.nodes if key == "nodes" else tenant.racks:
            yield tenant.name, name


def _readable_by_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & _OTHERS)
    except (OSError, ValueError):  # not on this machine, or not for us: nothing to say
        return False
