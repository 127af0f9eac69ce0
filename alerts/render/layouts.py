"""What each layout consists of: which servers, and which files each of them reads."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from alerts.render.above import node_counts, replica_rules
from alerts.render.divide import Division, Shard, divide
from alerts.render.options import Layout, Options
from alerts.render.rulefile import parse
from alerts.render.server import (
    Server,
    monitoring,
    node_job,
    of_site,
    prometheus_yml,
    shard_job,
    site_job,
)
from alerts.render.source import (
    SOURCE,
    addressed,
    rule_texts,
    scale_rules,
    without_keep_firing,
)
from alerts.render.split import for_global, for_shard
from alerts.render.targets import Group, groups, node_files, node_list, site_file
from alerts.render.text import block, fill
from collector.sitefile.model import Node, Site

_REPLICAS = ("a", "b")
_ENERGY = "(gpu|host_input)_energy_joules_total"
"""What reports by node and tenant are made from."""
_ABOVE = "(row|hall|site|branch|group|meter):.+|site_.+|ALERTS"

Files = Iterator[tuple[str, str]]
"""Names relative to the folder, and texts."""


def servers(site: Site, options: Options) -> Files:
    """The files of all servers of a layout."""
    match options.layout:
        case Layout.SINGLE | Layout.PAIR:
            yield from _whole(site, options)
        case Layout.SHARDS:
            yield from _shards(site, options, divide(site, options.shard_nodes))
        case Layout.VMAGENT:
            yield from _vmagent(site, options)


def shard_addresses(shard: Shard, options: Options) -> list[tuple[str, str]]:
    """Where the Prometheus of a shard listens: replica, empty where there is one, and HOST:PORT."""
    replicas = _REPLICAS if paired(options) else ("",)
    address = options.shard_address.replace("{shard}", shard.name)
    return [(replica, address.replace("{replica}", replica)) for replica in replicas]


def paired(options: Options) -> bool:
    """Whether each shard is two servers."""
    return "{replica}" in options.shard_address


def _whole(site: Site, options: Options) -> Files:
    """One Prometheus that scrapes all, or two alike."""
    base = _http(options, "")
    server = Server(
        labels={"site": site.name},
        jobs=[*node_job(base), "", *site_job(base)],
        watched={
            "prometheus": of_site(site, options.servers),
            "alertmanager": of_site(site, options.alertmanagers),
        },
    )
    yield from _configurations("", server, options, pair=bool(options.twin))
    yield from _targets(site, options, "", site.nodes.values(), daemons=True)
    names = ("servers",) if options.twin else ()
    yield from _rules("", site, [*rule_texts(), *scale_rules(*names)])


def _shards(site: Site, options: Options, division: Division) -> Files:
    for shard in division.shards:
        yield from _shard(site, options, shard, whole_halls=division.whole_halls)
    yield from _global(site, options, division)


def _shard(site: Site, options: Options, shard: Shard, *, whole_halls: bool) -> Files:
    folder = f"shards/{shard.name}/"
    labels = {"site": site.name, "shard": shard.name}
    itself = [(address, labels) for _, address in shard_addresses(shard, options)]
    server = Server(
        labels=labels,
        jobs=node_job(_http(options, folder)),
        watched={"prometheus": itself},
        long_term=f"rack:.+|{_ENERGY}",
    )
    yield from _configurations(folder, server, options, pair=paired(options))
    yield from _targets(site, options, folder, shard.nodes, daemons=False)
    kept = (
        (name, for_shard(parse(text), whole_halls=whole_halls).text())
        for name, text in rule_texts()
    )
    yield from _rules(folder, site, [*kept, *scale_rules("parts")])


def _global(site: Site, options: Options, division: Division) -> Files:
    folder = "global/"
    pairs = paired(options)
    federated: list[Group] = []
    watched = of_site(site, options.servers)
    for shard in division.shards:
        labels = {"site": site.name, "shard": shard.name}
        for replica, address in shard_addresses(shard, options):
            federated.append(([address], labels | ({"replica": replica} if replica else {})))
            watched.append((address, labels))
    server = Server(
        labels={"site": site.name},
        jobs=[*site_job(_http(options, folder)), *shard_job(pairs=pairs)],
        watched={
            "prometheus": watched,
            "alertmanager": of_site(site, options.alertmanagers),
        },
        long_term=_ABOVE,
    )
    yield from _configurations(folder, server, options, pair=bool(options.twin))
    yield f"{folder}targets/shards.json", groups(federated)
    yield from _targets(site, options, folder, (), daemons=True)
    above = list(scale_rules("parts", "servers", "site"))
    replaced = {rule.name for _, text in above for rule in parse(text).rules}
    kept = ((name, for_global(parse(text), replaced).text()) for name, text in rule_texts())
    yield from _rules(folder, site, [*kept, *above])
    yield f"{folder}rules/nodes.yml", node_counts(site)
    if pairs:
        of_shards = [rule for _, text in rule_texts() for rule in parse(text).rules]
        parts = [rule for _, text in scale_rules("parts") for rule in parse(text).rules]
        yield f"{folder}rules/replicas.yml", replica_rules([*of_shards, *parts])


def _vmagent(site: Site, options: Options) -> Files:
    base = _http(options, "")
    stores = [url.partition("://")[2].partition("/")[0] for url in options.remote_write]
    watched = {
        "victoria-metrics": stores,
        "vmagent": options.vmagents,
        "vmalert": options.vmalerts,
        "alertmanager": options.alertmanagers,
    }
    text = (SOURCE / "scale" / "vmagent.yml").read_text(encoding="utf-8")
    for name, lines in (
        ("site", block({"external_labels": {"site": site.name}})),
        ("jobs", [*node_job(base), "", *site_job(base)]),
        ("monitoring", monitoring({job: of_site(site, at) for job, at in watched.items()})),
    ):
        text = fill(text, name, lines)
    yield "vmagent.yml", text
    yield from _targets(site, options, "", site.nodes.values(), daemons=True)
    rules = [*rule_texts(), *scale_rules("servers", "victoria")]
    if options.old_vmalert:
        rules = [(name, without_keep_firing(text)) for name, text in rules]
    yield from _rules("", site, rules)


def _configurations(folder: str, server: Server, options: Options, *, pair: bool) -> Files:
    """One `prometheus.yml`, or two that differ in the label `replica` alone."""
    if not pair:
        yield f"{folder}prometheus.yml", prometheus_yml(server, options)
        return
    for replica in _REPLICAS:
        labels = {**server.labels, "replica": replica}
        yield (
            f"{folder}prometheus-{replica}.yml",
            prometheus_yml(replace(server, labels=labels), options),
        )


def _targets(
    site: Site, options: Options, folder: str, nodes: Iterable[Node], *, daemons: bool
) -> Files:
    held = list(nodes)
    if held or not folder:
        for name, text in node_files(site, held).items():
            yield f"{folder}targets/{name}", text
        if options.http_sd:
            yield f"{folder}http_sd/nodes.json", node_list(site, held)
    if daemons:
        yield f"{folder}targets/site.json", site_file(site, options.site_daemons)
        if options.http_sd:
            yield f"{folder}http_sd/site.json", site_file(site, options.site_daemons)


def _rules(folder: str, site: Site, texts: Iterable[tuple[str, str]]) -> Files:
    for name, text in texts:
        if text:
            yield f"{folder}rules/{name}", addressed(site, text)


def _http(options: Options, folder: str) -> str:
    return f"{options.http_sd.rstrip('/')}/{folder}http_sd" if options.http_sd else ""
