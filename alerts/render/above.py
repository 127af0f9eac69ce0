"""Rules that are made for one site's global Prometheus: how many nodes there are, and replicas."""

import json
from collections.abc import Iterable

from alerts.render.divide import by_place
from alerts.render.rulefile import RuleText
from alerts.render.targets import place_labels
from alerts.render.text import Value, block
from collector.sitefile.model import Site

COUNTED = "rack:nodes:count"
"""How many nodes each rack has: at a shard by its targets, above the shards by the site file."""


def node_counts(site: Site) -> str:
    """How many nodes each rack has, by the site file.

    So the nodes of a shard that does not answer are still expected, and totals know what they miss.
    """
    lines = [
        "# How many nodes each rack has, by the site file.",
        "groups:",
        "  - name: wattkeeper-node-counts",
        "    interval: 15s",
        "    rules:",
    ]
    for held in by_place(site).values():
        for rack, nodes in held.items():
            rule = {
                "record": COUNTED,
                "labels": place_labels(site, rack),
                "expr": f"vector({len(nodes)})",
            }
            lines.append(f"      - {json.dumps(rule)}")  # JSON is YAML, too: one line a rack
    return "\n".join(lines) + "\n"


def replica_rules(recorded: Iterable[RuleText]) -> str:
    """Of two replicas of a shard, one value.

    The larger one: a server that just started has seen less, and has added up less. Where a rule
    takes the smallest of many, the smaller one.

    Args:
        recorded: the rules of a shard; only what is federated is used.
    """
    names = dict.fromkeys(rule.name for rule in recorded if rule.level in {"rack", "part"})
    rules: list[Value] = [
        {
            "record": name,
            "expr": f"{'min' if name.endswith(':min') else 'max'} "
            f"without (replica) (replica_{name})",
        }
        for name in names
        if name != COUNTED
    ]
    groups: Value = [{"name": "wattkeeper-replicas", "interval": "5s", "rules": rules}]
    head = "# Of two replicas of a shard, one value."
    return "\n".join([head, *block({"groups": groups})]) + "\n"
