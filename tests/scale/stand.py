"""Rendered layouts on real servers of this machine, over a simulated fleet, at a faster pace."""

import json
import re
import time
import urllib.parse
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from benchmarks.fleet.targets import SITE_PATH, node_path
from tests.servers.process import ServerProcess, fetched, free_port, program

Labels = frozenset[tuple[str, str]]
Series = tuple[str, Labels]

PATIENCE_SECONDS = 150.0
"""How long is waited, on a busy machine, for what takes some seconds."""
PACE_SECONDS = 3
"""Between scrapes, and between evaluations."""
_WAIT = re.compile(r"^(\s*for:) .*$", re.MULTILINE)
_GROUP_WAIT = re.compile('group_wait: "5s"')
_INTERVAL = re.compile(
    r"^(\s*(?:interval|scrape_interval|scrape_timeout|evaluation_interval):) .*$"
)


def faster(out: Path) -> None:
    """Scrape and evaluate every 3 s; alerts fire as soon as they hold and are told at once."""
    for path in out.rglob("*.yml"):
        lines = path.read_text().splitlines()
        text = "\n".join(_INTERVAL.sub(rf"\1 {PACE_SECONDS}s", line) for line in lines)
        path.write_text(_GROUP_WAIT.sub('group_wait: "1s"', _WAIT.sub(r"\1 1s", text)) + "\n")


def simulated(out: Path, address: str) -> None:
    """Let rendered targets lead to the fleet simulator, which serves all nodes on one port."""
    for path in (*out.rglob("targets/nodes*.json"), *out.rglob("http_sd/nodes.json")):
        groups = json.loads(path.read_text())
        for group in groups:
            group["labels"]["__metrics_path__"] = node_path(group["labels"]["node"])
            group["labels"]["instance"] = group["targets"][0]
            group["targets"] = [address]
        path.write_text(json.dumps(groups))
    for path in (*out.rglob("targets/site.json"), *out.rglob("http_sd/site.json")):
        groups = json.loads(path.read_text())
        for group in groups:
            group["labels"] |= {"__metrics_path__": SITE_PATH, "instance": group["targets"][0]}
            group["targets"] = [address]
        path.write_text(json.dumps(groups))


class Prometheus(ServerProcess):
    """A Prometheus with a rendered configuration.

    Args:
        configuration: its `prometheus.yml`.
        folder: for its data.
        port: where it listens.
    """

    def __init__(self, configuration: Path, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        command = [
            program("prometheus"),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-lifecycle",
            "--rules.alert.resend-delay=2s",
        ]
        super().__init__(command, f"{self.url}/-/ready", folder)

    def ask(self, query: str) -> dict[Series, float]:
        """An instant query."""
        return ask(self.url, query)

    def alerts(self) -> list[Mapping[str, str]]:
        """Labels of all alerts that fire."""
        found = json.loads(fetched(f"{self.url}/api/v1/alerts"))["data"]["alerts"]
        return [one["labels"] for one in found if one["state"] == "firing"]


class Alertmanager(ServerProcess):
    """An Alertmanager of a cluster.

    Args:
        configuration: its `alertmanager.yml`.
        folder: for its data.
        port: where it listens.
        cluster_port: where it listens for its peers.
        peer_port: where another one does; 0 for none.
    """

    def __init__(
        self, configuration: Path, folder: Path, port: int, cluster_port: int, peer_port: int = 0
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        command = [
            program("prometheus-alertmanager"),
            f"--config.file={configuration}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            f"--cluster.listen-address=127.0.0.1:{cluster_port}",
            "--cluster.settle-timeout=2s",
            "--cluster.peer-timeout=3s",
        ]
        command += [f"--cluster.peer=127.0.0.1:{peer_port}"] if peer_port else []
        super().__init__(command, f"{self.url}/-/ready", folder)

    def peers(self) -> int:
        """Members of its cluster, itself included."""
        status = json.loads(fetched(f"{self.url}/api/v2/status"))
        return len(status["cluster"].get("peers", ()))


class Victoria(ServerProcess):
    """A VictoriaMetrics that keeps one sample of a series in each 3 s.

    Args:
        folder: for its data.
        port: where it listens.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        command = [
            program("victoria-metrics"),
            f"-storageDataPath={folder / 'data'}",
            f"-httpListenAddr=127.0.0.1:{port}",
            "-retentionPeriod=1",
            f"-dedup.minScrapeInterval={PACE_SECONDS}s",
            "-search.latencyOffset=1s",
        ]
        super().__init__(command, f"{self.url}/health", folder)

    def ask(self, query: str) -> dict[Series, float]:
        """An instant query."""
        return ask(self.url, query)

    def samples(self, selector: str) -> list[list[int]]:
        """Times of the samples of each series, in milliseconds."""
        fetched(f"{self.url}/internal/force_flush")
        asked = urllib.parse.urlencode({"match[]": selector, "reduce_mem_usage": "0"})
        lines = fetched(f"{self.url}/api/v1/export?{asked}").splitlines()
        found: dict[str, list[int]] = {}
        for line in lines:
            series = json.loads(line)
            key = json.dumps(series["metric"], sort_keys=True)
            found.setdefault(key, []).extend(series["timestamps"])
        return [sorted(times) for times in found.values()]


def ask(url: str, query: str) -> dict[Series, float]:
    """An instant query of a server that speaks Prometheus' API: values by name and labels."""
    asked = urllib.parse.urlencode({"query": query}).encode()
    answer: Any = json.loads(fetched(f"{url}/api/v1/query", asked))
    found = {}
    for one in answer["data"]["result"]:
        labels = dict(one["metric"])
        name = labels.pop("__name__", "")
        found[(name, frozenset(labels.items()))] = float(one["value"][1])
    return found


def ports(count: int) -> list[int]:
    """Different ports that nobody listens on now."""
    found: dict[int, None] = {}
    while len(found) < count:
        found[free_port()] = None
    return list(found)


def wait_for_none(find: Callable[[], Collection[object]], what: str) -> None:
    """Wait until nothing is found.

    Raises:
        AssertionError: something still is; it says some of it.
    """
    found: Collection[object] = ()
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        found = find()
        if not found:
            return
        time.sleep(0.5)
    raise AssertionError(f"{what}: {len(found)}, such as {list(found)[:5]}")


def wait(condition: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until it holds.

    Raises:
        AssertionError: it does not in that time.
    """
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"after {seconds:.0f} s still not: {what}"
        time.sleep(0.3)
