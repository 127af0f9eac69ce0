"""The README of a layout with more than one server: the commands that start them."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from alerts.render.divide import divide
from alerts.render.layouts import paired, shard_addresses
from alerts.render.options import Layout, Options
from alerts.render.source import guide
from collector.sitefile.model import Site

_CLUSTER_PORT = 9094
_MEASURED_NODES = 5_000
"""What one Prometheus was measured with (docs/scale.md)."""
_RETENTION_DAYS = 15
_SHARD_RETENTION_DAYS = 7
_SCRAPE_SECONDS = 15
"""As in prometheus.yml: of two samples within this time, VictoriaMetrics keeps the last."""


def readme(site: Site, options: Options) -> str:
    """The commands for a site's servers; empty for a single one."""
    if options.layout is Layout.SINGLE:
        return ""
    count = len(site.nodes)
    words = {
        "SITE": site.name,
        "NODES": f"{count:,} node{'' if count == 1 else 's'}",
        "ALERTMANAGERS": _each(options.alertmanagers, lambda at: _alertmanager(at, options)),
        "LONG_TERM": _long_term(options),
        "HTTP_SD": _http_sd(options),
    }
    if options.layout is Layout.VMAGENT:
        words |= _vm_words(site, options)
    else:
        words |= _prometheus_words(site, options)
    return guide(str(options.layout), words)


def scale_notes(site: Site, options: Options) -> Iterator[str]:
    """What a person should know about a layout, a sentence each."""
    if options.layout is Layout.SINGLE:
        return
    if len(options.alertmanagers) == 1:
        yield "one Alertmanager is no cluster: give --alertmanager once for each of two or three"
    if options.layout is Layout.SHARDS:
        largest = max(divide(site, options.shard_nodes).shards, key=lambda one: len(one.nodes))
        if len(largest.nodes) > _MEASURED_NODES:
            yield (
                f"shard {largest.name} has {len(largest.nodes):,} nodes, more than the "
                f"{_MEASURED_NODES:,} that one Prometheus was measured with: "
                f"--shard-nodes {_MEASURED_NODES} divides it"
            )


def _prometheus_words(site: Site, options: Options) -> Mapping[str, str]:
    replicas = ("-a", "-b") if options.twin else ("",)
    folder = "global/" if options.layout is Layout.SHARDS else ""
    commands = (
        f"# {address}\n" + _prometheus(f"{folder}prometheus{name}.yml", _RETENTION_DAYS)
        for name, address in zip(replicas, options.servers, strict=True)
    )
    words = {"PROMETHEUS": "\n".join(commands)}
    if options.layout is Layout.SHARDS:
        shards = divide(site, options.shard_nodes).shards
        file = f"shards/FOLDER/prometheus{'-a' if paired(options) else ''}.yml"
        words |= {
            "SHARD_COUNT": str(len(shards)),
            "SHARDS": "\n".join(
                f"| `shards/{shard.name}` | {len(shard.nodes):,} "
                f"| {', '.join(hall or 'none' for hall in shard.halls)} "
                f"| {', '.join(f'`{address}`' for _, address in shard_addresses(shard, options))} |"
                for shard in shards
            ),
            "SHARD_COMMAND": _prometheus(file, _SHARD_RETENTION_DAYS)
            + ("\n# and on its twin with prometheus-b.yml" if paired(options) else ""),
        }
    return words


def _vm_words(site: Site, options: Options) -> Mapping[str, str]:
    members = len(options.vmagents)
    stores = [url.removesuffix("/api/v1/write") for url in options.remote_write]
    writes = "".join(f" \\\n  -remoteWrite.url={url}" for url in options.remote_write)
    notified = "".join(f" \\\n  -notifier.url=http://{at}" for at in options.alertmanagers)
    numbered = dict(zip(options.vmagents, range(members), strict=False))
    store = stores[0]
    return {
        "STORE": store,
        "VICTORIA": _each(stores, lambda _: _victoria()),
        "VMAGENTS": _each(
            numbered,
            lambda at: (
                "vmagent -promscrape.config=vmagent.yml -remoteWrite.tmpDataPath=vmagent-data \\\n"
                f"  -promscrape.cluster.membersCount={members} "
                f"-promscrape.cluster.memberNum={numbered[at]}{writes}"
            ),
        ),
        "VMALERTS": _each(
            options.vmalerts,
            lambda _: (
                f"vmalert -rule='rules/*.yml' -evaluationInterval={_SCRAPE_SECONDS}s \\\n"
                f"  -external.label=site={site.name} -disableAlertgroupLabel \\\n"
                f"  -datasource.url={store} -remoteWrite.url={store} -remoteRead.url={store} \\\n"
                f"  -remoteWrite.flushInterval=1s{notified}"
            ),
        ),
    }


def _prometheus(file: str, days: int) -> str:
    return (
        f"prometheus --config.file={file} --storage.tsdb.path=/var/lib/prometheus \\\n"
        f"  --storage.tsdb.retention.time={days}d --web.enable-lifecycle "
        "--rules.alert.resend-delay=5s"
    )


def _alertmanager(address: str, options: Options) -> str:
    host, _, port = address.rpartition(":")
    peers = "".join(
        f" \\\n  --cluster.peer={other.rpartition(':')[0]}:{_CLUSTER_PORT}"
        for other in options.alertmanagers
        if other != address
    )
    return (
        "alertmanager --config.file=alertmanager.yml --storage.path=/var/lib/alertmanager \\\n"
        f"  --web.listen-address=:{port} --cluster.listen-address=0.0.0.0:{_CLUSTER_PORT}{peers}"
        if peers
        else f"alertmanager --config.file=alertmanager.yml --web.listen-address=:{port}  # {host}"
    )


def _victoria() -> str:
    return (
        "victoria-metrics -storageDataPath=/var/lib/victoria-metrics -retentionPeriod=100d \\\n"
        f"  -dedup.minScrapeInterval={_SCRAPE_SECONDS}s -search.latencyOffset=5s \\\n"
        "  -search.maxUniqueTimeseries=5000000"
    )


def _long_term(options: Options) -> str:
    if not options.remote_write:
        return ""
    at = ", ".join(f"`{url}`" for url in options.remote_write)
    return (
        f"\n## Long-term storage\n\nPrometheus writes to {at}. Both of a pair write the same "
        "series; of two\nsamples within a scrape interval VictoriaMetrics keeps one:\n\n"
        "```\nvictoria-metrics -storageDataPath=/var/lib/victoria-metrics -retentionPeriod=3y \\\n"
        f"  -dedup.minScrapeInterval={_SCRAPE_SECONDS}s\n```\n"
    )


def _http_sd(options: Options) -> str:
    if not options.http_sd:
        return ""
    return (
        f"\n## Targets over HTTP\n\nServe this folder at `{options.http_sd}`: any server of static "
        "files does that calls `.json` files\n`application/json`. Prometheus asks every 30 "
        "seconds. While the server is away the last targets\nstay; a Prometheus that starts then "
        "has none (NodesAbsent). The files in `targets/` know no such gap.\n"
    )


def _each(addresses: Iterable[str], command: Callable[[str], str]) -> str:
    return "\n".join(f"# {address}\n{command(address)}" for address in addresses)
