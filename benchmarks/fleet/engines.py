"""The engines that a simulated site loads: Prometheus with our rules, or vmagent and its store."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fleet.usage import Usage
from tests.servers.process import ServerProcess, free_port

_ITSELF = """

  - job_name: prometheus
    scrape_interval: 5s
    static_configs:
      - targets: ["127.0.0.1:{port}"]
"""


@dataclass(frozen=True, slots=True)
class Engine:
    """What runs, and where it answers.

    Attributes:
        url: of the store's API.
        usage: what each of its processes uses, by name.
        data: its folder.
        rules: whether it evaluates our rules.
    """

    url: str
    usage: dict[str, Usage]
    data: Path
    rules: bool


@contextmanager
def prometheus(folder: Path) -> Iterator[Engine]:
    """A Prometheus on the configuration in a folder.

    Args:
        folder: holds prometheus.yml; its data go there, too.
    """
    port = free_port()
    config = folder / "with-itself.yml"
    config.write_text(
        (folder / "prometheus.yml").read_text(encoding="utf-8").rstrip()
        + _ITSELF.format(port=port),
        encoding="utf-8",
    )
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=1y",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with _running(command, f"http://127.0.0.1:{port}/-/ready", folder / "prometheus") as usage:
        yield Engine(f"http://127.0.0.1:{port}", {"Prometheus": usage}, folder / "data", rules=True)


@contextmanager
def victoriametrics(folder: Path) -> Iterator[Engine]:
    """A vmagent on the same scrape configuration, which writes to a VictoriaMetrics.

    Args:
        folder: holds prometheus.yml; its data go there, too.
    """
    text = (folder / "prometheus.yml").read_text(encoding="utf-8")
    scrapes = re.sub(r"rule_files:\n(?:\s+- .*\n)+", "", text)
    (folder / "scrape.yml").write_text(scrapes, encoding="utf-8")
    store, agent = free_port(), free_port()
    url = f"http://127.0.0.1:{store}"
    with ExitStack() as stack:
        usage = {
            "VictoriaMetrics": stack.enter_context(
                _running(
                    [
                        "victoria-metrics",
                        f"-storageDataPath={folder / 'data'}",
                        f"-httpListenAddr=127.0.0.1:{store}",
                        "-retentionPeriod=1",
                        "-search.latencyOffset=1s",
                        "-search.maxUniqueTimeseries=10000000",
                    ],
                    f"{url}/health",
                    folder / "store",
                )
            ),
            "vmagent": stack.enter_context(
                _running(
                    [
                        "vmagent",
                        f"-promscrape.config={folder / 'scrape.yml'}",
                        "-promscrape.config.strictParse=false",
                        f"-remoteWrite.url={url}/api/v1/write",
                        f"-remoteWrite.tmpDataPath={folder / 'queue'}",
                        f"-httpListenAddr=127.0.0.1:{agent}",
                    ],
                    f"http://127.0.0.1:{agent}/health",
                    folder / "agent",
                )
            ),
        }
        yield Engine(url, usage, folder / "data", rules=False)


@contextmanager
def _running(command: list[str], ready_url: str, folder: Path) -> Iterator[Usage]:
    with ServerProcess(command, ready_url, folder):
        yield Usage(_pid_of(command))


def _pid_of(command: list[str]) -> int:
    """The process with these arguments.

    Raises:
        RuntimeError: there is none.
    """
    wanted = [argument.encode() for argument in command[1:]]
    until = time.monotonic() + 5
    while time.monotonic() < until:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if path.read_bytes().split(b"\0")[1:-1] == wanted:
                    return int(path.parent.name)
            except OSError:
                continue
        time.sleep(0.1)
    raise RuntimeError(f"{command[0]} is not running")
