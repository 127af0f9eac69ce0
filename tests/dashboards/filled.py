"""Two simulated sites in a real Prometheus and a real VictoriaMetrics, with a past of two months.

One site has trays of GB200, the other nodes of H200 and draws more than it may; some of their GPUs
and nodes are broken, and one node has everything that a node can have (`sick_node`). The present is
scraped and goes through the rules as they are shipped, but every 2 s.
"""

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fleet import Event, EventKind, Fleet, write_targets
from benchmarks.fleet.backfill import backfill_raw, create_blocks
from benchmarks.fleet.past import BLOCK_HOURS, joined, write_past
from benchmarks.fleet.running import Options, running
from benchmarks.fleet.targets import place
from collector.catalogue import BY_NAME
from collector.sitefile.load import load
from tests.dashboards import sick_node
from tests.servers.process import ServerProcess, free_port, program
from tests.servers.victoria import VictoriaMetrics

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DAY = 86_400
PAST_DAYS = 33
_ORIGIN_DAYS = 70
_SICK, _MUTE = "h01r01k2n02", "h01r01k1n08"
_RAW_NODE = "h01r01k1n01"
_RAW_STEP_SECONDS = 240.0
_TRAYS = 20
_CONFIGURATION = """\
global: {{scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s}}
rule_files: [{rules}/*.yml]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]
remote_write: [{{url: '{victoria}/api/v1/write'}}]
scrape_configs:
  - {{job_name: wattkeeper-node, file_sd_configs: [{{files: {nodes}}}]}}
  - {{job_name: wattkeeper-site, file_sd_configs: [{{files: {daemons}}}]}}
  - {{job_name: prometheus, static_configs: [{{targets: ['{prometheus}']}}]}}
  - {{job_name: alertmanager, static_configs: [{{targets: ['{alertmanager}']}}]}}
"""
_ALERTMANAGER = """\
route: {{receiver: nobody, group_wait: 1s, group_interval: 5s}}
receivers:
  - name: nobody
    webhook_configs: [{{url: 'http://127.0.0.1:{closed}/'}}]
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """What there is to ask.

    Attributes:
        prometheus, victoria: URLs.
        past_names: names of the series that have a past of `PAST_DAYS` days.
    """

    prometheus: str
    victoria: str
    past_names: frozenset[str]


def fleets(now_s: float) -> tuple[Fleet, Fleet]:
    """The two sites, and what is broken there."""
    origin_s = (now_s // DAY - _ORIGIN_DAYS) * DAY
    trays = Fleet(
        load(ROOT / "deploy" / "sites" / "accelerator-centre.toml"),
        nodes=_TRAYS,
        origin_s=origin_s,
    )
    servers = Fleet(load(HERE / "small-site.toml"), model="H200", gpus=8, origin_s=origin_s)
    kind, since = EventKind, now_s - 300
    trays.apply(
        Event(kind=kind.NODE_DOWN, node="h01r01k1n07", begin_s=since),
        Event(kind=kind.GPU_LOST, node="h01r01k1n03", gpu=1, begin_s=since),
        Event(kind=kind.SENSOR_HUNG, node="h01r01k1n04", gpu=2, begin_s=since),
        Event(kind=kind.XID, node="h01r01k1n05", gpu=0, xid=79, begin_s=now_s + 20),
    )
    servers.apply(Event(kind=kind.OVER_BUDGET, begin_s=since, watts=2_000))
    return trays, servers


@contextmanager
def filled(folder: Path) -> Iterator[Filled]:
    """Start it all; it ends with the block.

    Args:
        folder: for everything.
    """
    for name in ("prometheus", "promtool", "prometheus-alertmanager", "victoria-metrics"):
        program(name)
    now_s = time.time()
    trays, servers = fleets(now_s)
    past = _past(folder, (trays, servers), now_s)
    with ExitStack() as stack:
        victoria = stack.enter_context(VictoriaMetrics(folder / "victoria"))
        _import(victoria.url, past)
        options = Options(kept_days=PAST_DAYS)
        for name, fleet in (("trays", trays), ("servers", servers)):
            simulator = stack.enter_context(running(fleet, options))
            nodes = [one for one in fleet.machines if one not in {_SICK, _MUTE}]
            write_targets(fleet.site, folder / name, simulator.address, nodes=nodes)
        feed = next(iter(servers.site.branches))
        address = stack.enter_context(
            sick_node.serving(trays, _SICK, _MUTE, servers.site.name, feed)
        )
        _targets(folder / "sick", address, trays, servers)
        prometheus = stack.enter_context(_prometheus(folder, victoria.url, stack))
        names = set(re.findall(r"^([\w:]+)\{", past.read_text(), re.MULTILINE)) - set(BY_NAME)
        yield Filled(prometheus.url, victoria.url, frozenset(names - {"up"}))


def _targets(folder: Path, address: str, trays: Fleet, servers: Fleet) -> None:
    """Where the sick and the mute node are, and the second daemon of the site in need."""
    site = {"site": servers.site.name, "instance": "second:9411", "__metrics_path__": "/site"}
    mute = place(trays.site, trays.machines[_MUTE].node) | {"__metrics_path__": "/mute"}
    labels = {
        "nodes": place(trays.site, trays.machines[_SICK].node),
        "nodes-mute": mute,
        "site": site,
    }
    (folder / "targets").mkdir(parents=True)
    for name, own in labels.items():
        groups = [{"targets": [address], "labels": own}]
        (folder / "targets" / f"{name}.json").write_text(json.dumps(groups))


def _past(folder: Path, sites: tuple[Fleet, ...], now_s: float) -> Path:
    """The recorded series of two months, and all that one node said within a day."""
    end_s = now_s - 30
    files = []
    for number, fleet in enumerate(sites):
        files += write_past(fleet, folder / f"past-{number}", end_s, days=PAST_DAYS)
    files += backfill_raw(
        sites[0],
        folder / "raw",
        end_s - DAY,
        end_s,
        [_RAW_NODE],
        step_seconds=_RAW_STEP_SECONDS,
        names=tuple(BY_NAME),
    )
    past = joined(files, folder / "past.om")
    create_blocks([past], folder / "data", hours=BLOCK_HOURS)
    return past


def _import(victoria: str, past: Path) -> None:
    """The same for VictoriaMetrics, which counts time in milliseconds."""
    text = re.sub(r"(?m)^(\S.*) (\d+)$", r"\1 \g<2>000", past.read_text())
    request = urllib.request.Request(  # noqa: S310 - the test's own server
        f"{victoria}/api/v1/import/prometheus", text.encode()
    )
    urllib.request.urlopen(request, timeout=60).close()  # noqa: S310 - likewise


class _Prometheus(ServerProcess):
    """A Prometheus that knows its URL."""

    url: str


def _prometheus(folder: Path, victoria: str, stack: ExitStack) -> _Prometheus:
    rules = folder / "rules"
    rules.mkdir()
    for path in (ROOT / "alerts" / "rules").glob("*.yml"):
        text = re.sub(r"(?m)^(\s+interval:) \S+", r"\1 2s", path.read_text())
        (rules / path.name).write_text(text)
    ports = {name: f"127.0.0.1:{free_port()}" for name in ("prometheus", "alertmanager")}
    (folder / "am.yml").write_text(_ALERTMANAGER.format(closed=free_port()))
    stack.enter_context(
        ServerProcess(
            [
                program("prometheus-alertmanager"),
                f"--config.file={folder / 'am.yml'}",
                f"--storage.path={folder / 'am'}",
                f"--web.listen-address={ports['alertmanager']}",
                f"--cluster.listen-address=127.0.0.1:{free_port()}",
            ],
            f"http://{ports['alertmanager']}/-/ready",
            folder / "am-log",
        )
    )
    parts = ("trays", "servers", "sick")
    (folder / "p.yml").write_text(
        _CONFIGURATION.format(
            rules=rules,
            victoria=victoria,
            nodes=[f"{folder}/{one}/targets/nodes*.json" for one in parts],
            daemons=[f"{folder}/{one}/targets/site.json" for one in parts],
            **ports,
        )
    )
    command = [
        program("prometheus"),
        f"--config.file={folder / 'p.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=1y",
        f"--web.listen-address={ports['prometheus']}",
        "--rules.alert.resend-delay=2s",
    ]
    made = _Prometheus(command, f"http://{ports['prometheus']}/-/ready", folder / "prometheus")
    made.url = f"http://{ports['prometheus']}"
    return made
