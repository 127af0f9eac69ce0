"""What a Prometheus needs to scrape a simulated site: targets by file, and a configuration."""

import json
from collections.abc import Iterable
from pathlib import Path

from collector.sitefile.model import Node, Site

RULES = Path(__file__).resolve().parents[2] / "alerts" / "rules"
_CONFIGURATION = """\
global:
  scrape_interval: {interval}
  scrape_timeout: {timeout}
  evaluation_interval: {interval}
  external_labels: {{site: {site}}}

rule_files:
{rules}
scrape_configs:
  - job_name: wattkeeper-node
    sample_limit: 50000
    file_sd_configs:
      - files: [targets/nodes*.json]

  - job_name: wattkeeper-site
    file_sd_configs:
      - files: [targets/site.json]
"""
_GROUP = 500
"""Nodes in a file: one that is reread is not large."""


def node_path(node: str) -> str:
    """Where a node's metrics are in the simulator."""
    return f"/nodes/{node}/metrics"


SITE_PATH = "/site/metrics"


def place(site: Site, node: Node) -> dict[str, str]:
    """The target labels of a node."""
    rack = site.racks[node.rack]
    labels = {
        "site": site.name,
        "hall": rack.hall,
        "row": rack.row,
        "rack": node.rack,
        "node": node.name,
    }
    return {name: value for name, value in labels.items() if value}


def write_targets(
    site: Site,
    folder: Path,
    address: str,
    *,
    nodes: Iterable[str] | None = None,
    rules: Path | None = RULES,
    seconds: int = 15,
) -> Path:
    """Write `prometheus.yml` and the targets beside it.

    Args:
        site: the topology.
        folder: where to; made if need be, and what is left of earlier targets is removed.
        address: HOST:PORT of the simulator; the nodes' own addresses become `instance`.
        nodes: only these; None for all.
        rules: a folder of rules to load; None for none.
        seconds: between scrapes, and between evaluations of rules that do not say.

    Returns:
        The configuration.
    """
    chosen = site.nodes.values() if nodes is None else [site.nodes[name] for name in nodes]
    groups = [
        {
            "targets": [address],
            "labels": {
                "__metrics_path__": node_path(node.name),
                "instance": node.address,
                **place(site, node),
            },
        }
        for node in chosen
    ]
    targets = folder / "targets"
    targets.mkdir(parents=True, exist_ok=True)
    for old in targets.glob("nodes*.json"):
        old.unlink()
    for number, first in enumerate(range(0, len(groups), _GROUP)):
        path = targets / f"nodes-{number:03}.json"
        path.write_text(json.dumps(groups[first : first + _GROUP], indent=0), encoding="utf-8")
    daemon = {"__metrics_path__": SITE_PATH, "instance": f"{site.name}:9411", "site": site.name}
    (targets / "site.json").write_text(
        json.dumps([{"targets": [address], "labels": daemon}], indent=1), encoding="utf-8"
    )
    configuration = folder / "prometheus.yml"
    configuration.write_text(
        _CONFIGURATION.format(
            interval=f"{seconds}s",
            timeout=f"{min(seconds, 10)}s",
            site=json.dumps(site.name),
            rules="" if rules is None else f"  - {json.dumps(str(rules / '*.yml'))}\n",
        ).replace("rule_files:\n\n", "\n"),
        encoding="utf-8",
    )
    return configuration
