"""Racks and nodes: that each is somewhere, and none is read twice."""

from collector.sitefile.draft import Draft
from collector.sitefile.problems import Problems


def check_places(draft: Draft, problems: Problems) -> None:
    """Nodes are in racks that exist, and no two have one address."""
    seen: dict[str, str] = {}
    for node in draft.nodes.values():
        if not node.rack:
            problems.warn(
                draft.where("node", node.name, "rack"),
                "is in no rack, so its power is in no rack's budget",
                node.name,
            )
        elif node.rack not in draft.racks and "rack" not in draft.unsure:
            problems.error(
                draft.where("node", node.name, "rack"),
                "there is no such rack",
                node.rack,
                draft.racks,
            )
        first = seen.setdefault(node.address, node.name)
        if first != node.name:
            problems.error(
                draft.where("node", node.name, "address"),
                f'"{node.address}" is the address of "{first}" too: its energy would count twice',
                node.name,
            )
