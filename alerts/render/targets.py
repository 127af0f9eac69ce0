"""Scrape targets: a node each, with the labels that say where it stands."""

import json
import re
from collections.abc import Iterable, Mapping

from collector.sitefile.model import Node, Site

_NODE_PORT = 9410
_HAS_PORT = re.compile(r":\d+$")

Group = tuple[list[str], Mapping[str, str]]
"""Addresses and their labels."""


def node_files(site: Site, nodes: Iterable[Node] | None = None) -> Mapping[str, str]:
    """File names and contents, one for each hall, so that a Prometheus may read some of them.

    Nodes in no hall are in `nodes.json`.

    Args:
        site: the topology.
        nodes: only these; None for all.
    """
    halls: dict[str, list[Node]] = {}
    for node in site.nodes.values() if nodes is None else nodes:
        rack = site.racks.get(node.rack)
        halls.setdefault(rack.hall if rack else "", []).append(node)
    return {
        f"nodes-{hall}.json" if hall else "nodes.json": node_list(site, held)
        for hall, held in sorted(halls.items())
    } or {"nodes.json": groups([])}


def node_list(site: Site, nodes: Iterable[Node]) -> str:
    """Nodes as targets, in one list."""
    return groups(([_address(node)], _labels(site, node)) for node in nodes)


def site_file(site: Site, daemons: Iterable[str]) -> str:
    """The site daemons as targets."""
    return groups([(list(daemons), {"site": site.name})])


def _address(node: Node) -> str:
    return node.address if _HAS_PORT.search(node.address) else f"{node.address}:{_NODE_PORT}"


def _labels(site: Site, node: Node) -> dict[str, str]:
    return place_labels(site, node.rack) | {"node": node.name}


def place_labels(site: Site, rack_id: str) -> dict[str, str]:
    """Where a rack stands, as labels; what is not known is absent."""
    rack = site.racks.get(rack_id)
    labels = {
        "site": site.name,
        "hall": rack.hall if rack else "",
        "row": rack.row if rack else "",
        "rack": rack_id,
    }
    return {name: value for name, value in labels.items() if value}


def groups(held: Iterable[Group]) -> str:
    """Targets as `file_sd` and `http_sd` read them; one group a line, so that a change shows."""
    lines = (json.dumps({"targets": targets, "labels": labels}) for targets, labels in held)
    return "[\n" + ",\n".join(lines) + "\n]\n"
