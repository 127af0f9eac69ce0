"""The `prometheus.yml` of one server."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alerts.render.options import Options
from alerts.render.source import SOURCE
from alerts.render.text import Value, block, fill
from collector.sitefile.model import Site

_REFRESH = "30s"
_QUEUE: Value = {"capacity": 30_000, "max_samples_per_send": 10_000, "max_shards": 30}
"""Of remote write. VictoriaMetrics asks for sends of 10,000 from servers like these, and Prometheus
for a capacity of 3 to 10 times that (prometheus.io/docs/practices/remote_write,
docs.victoriametrics.com/victoriametrics/data-ingestion/prometheus)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What differs between the Prometheus of a site.

    Attributes:
        labels: its external labels.
        jobs: lines of YAML: whom it scrapes.
        watched: servers of the monitoring by job, each an address and its labels.
        long_term: which names go to long-term storage; empty for all.
    """

    labels: Mapping[str, str]
    jobs: Sequence[str]
    watched: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]]
    long_term: str = ""


def prometheus_yml(server: Server, options: Options) -> str:
    """Write it."""
    text = (SOURCE / "prometheus.yml").read_text(encoding="utf-8")
    managers: Value = [{"targets": list(options.alertmanagers)}]
    for name, lines in (
        ("site", block({"external_labels": server.labels})),
        ("alertmanagers", block(managers)),
        ("jobs", server.jobs),
        ("monitoring", monitoring(server.watched)),
        ("long_term", _long_term(server, options)),
    ):
        text = fill(text, name, lines)
    return text.rstrip() + "\n"


def node_job(http_sd: str = "") -> list[str]:
    """Scrapes the nodes, from files beside the configuration or from a URL."""
    job: dict[str, Value] = {"job_name": "wattkeeper-node", "sample_limit": 50_000}
    return _job(job, "targets/nodes*.json", http_sd and f"{http_sd}/nodes.json")


def site_job(http_sd: str = "") -> list[str]:
    """Scrapes the site daemons, from a file or from a URL."""
    return _job(
        {"job_name": "wattkeeper-site"}, "targets/site.json", http_sd and f"{http_sd}/site.json"
    )


def shard_job(*, pairs: bool) -> list[str]:
    """Takes over from the shards what is added up there.

    Args:
        pairs: whether each shard is two servers, of which rules then take the better.
    """
    text = (SOURCE / "scale" / "shard-job.yml").read_text(encoding="utf-8")
    renamed: Value = {
        "source_labels": ["__name__"],
        "regex": "(rack|part):(.+)",
        "target_label": "__name__",
        "replacement": "replica_$1:$2",
    }
    return ["", *fill(text, "replicas", block([renamed]) if pairs else []).splitlines()]


def monitoring(
    watched: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]],
) -> list[str]:
    """Jobs for the servers of the monitoring itself; those of like labels are one group."""
    lines: list[str] = []
    for job, servers in watched.items():
        groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for address, labels in servers:
            groups.setdefault(tuple(labels.items()), []).append(address)
        configs: Value = [
            {"targets": addresses, "labels": dict(labels)} for labels, addresses in groups.items()
        ]
        lines += block([{"job_name": job, "static_configs": configs}])
    return lines


def of_site(site: Site, addresses: Iterable[str]) -> list[tuple[str, Mapping[str, str]]]:
    """Servers that are the whole site's."""
    return [(address, {"site": site.name}) for address in addresses]


def _job(job: Mapping[str, Value], files: str, url: str) -> list[str]:
    found: Mapping[str, Value] = (
        {"http_sd_configs": [{"url": url, "refresh_interval": _REFRESH}]}
        if url
        else {"file_sd_configs": [{"files": [files]}]}
    )
    return block([{**job, **found}])


def _long_term(server: Server, options: Options) -> list[str]:
    """Remote write. Replicas write the same series: the storage keeps one of two samples."""
    if not options.remote_write:
        return []
    kept: list[Value] = []
    if server.long_term:
        kept = [{"source_labels": ["__name__"], "regex": server.long_term, "action": "keep"}]
    relabel: list[Value] = [*kept, {"regex": "replica|shard", "action": "labeldrop"}]
    writes: list[Value] = [
        {"url": url, "queue_config": _QUEUE, "write_relabel_configs": relabel}
        for url in options.remote_write
    ]
    return block({"remote_write": writes})
