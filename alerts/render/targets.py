"""Scrape targets: a node each, with the labels that say where it stands."""

import json
import re
from collections.abc import Iterable, Mapping

from collector.sitefile.model import Node, Site

_NODE_PORT = 9410
_HAS_PORT = re.compile(r":\d+$")


def node_files(site: Site) -> Mapping[str, str]:
    """File names and contents, one for each hall, so that a Prometheus may read some of them.

    Nodes in no hall are in `nodes.json`.
    """
    halls: dict[str, list[Node]] = {}
    for node in site.nodes.values():
        rack = site.racks.get(node.rack)
        halls.setdefault(rack.hall if rack else "", []).append(node)
    return {
        f"nodes-{hall}.json" if hall else "nodes.json": _groups(
            ([_address(node)], _labels(site, node)) for node in nodes
        )
        for hall, nodes in sorted(halls.items())
    } or {"nodes.json": _groups([])}


def site_file(site: Site, daemons: Iterable[str]) -> str:
    """The site daemons as targets."""
    return _groups([(list(daemons), {"site": site.name})])


def _address(node: Node) -> str:
    return node.address if _HAS_PORT.search(node.address) else f"{node.address}:{_NODE_PORT}"


def _labels(site: Site, node: Node) -> dict[str, str]:
    rack = site.racks.get(node.rack)
    labels = {
        "site": site.name,
        "hall": rack.hall if rack else "",
        "row": rack.row if rack else "",
        "rack": node.rack,
        "node": node.name,
    }
    return {name: value for name, value in labels.items() if value}


def _groups(groups: Iterable[tuple[list[str], dict[str, str]]]) -> str:
    """One group a line, so that a change shows as one line."""
    lines = (json.dumps({"targets": targets, "labels": labels}) for targets, labels in groups)
    return "[\n" + ",\n".join(lines) + "\n]\n"
