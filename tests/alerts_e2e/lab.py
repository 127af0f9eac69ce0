"""A small site of real daemons, watched by a real Prometheus and a real Alertmanager."""

import json
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.alerts_e2e.desk import PAGERDUTY, Desk
from tests.alerts_e2e.meters import Meters
from tests.e2e.daemon import Daemon, free_port
from tests.e2e.site import SiteDaemon, write_site
from tests.fake_nvml import FakeNvml, build
from tests.mqtt.broker import Broker

NEEDED = ("prometheus", "prometheus-alertmanager", "mosquitto", "gcc")
NODES = {
    "xid": 2,
    "slow": 12,
    "rack": 2,
    "memory": 2,
    "lost": 2,
    "hung": 2,
    "bare": 2,
    "outbox": 12,
    "dead": 2,
}
"""Nodes by what happens to them, and how many GPUs they have. Each has a rack of its own."""
WELL = ("well-1", "well-2")
WELL_GPUS = 16
_AT_A_TIME = 4
_ALL = NODES | dict.fromkeys(WELL, WELL_GPUS)

Edit = Callable[[Path], None]


@dataclass(slots=True)
class Lab:
    """All that runs.

    Attributes:
        desk: who is told.
        meters: the building's.
        fakes: the GPUs, by node.
        daemons: the nodes' daemons, by node.
        prometheus, alertmanager: HOST:PORT.
    """

    desk: Desk
    meters: Meters
    fakes: dict[str, FakeNvml]
    daemons: dict[str, Daemon]
    prometheus: str
    alertmanager: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Ask Prometheus."""
        asked = urllib.parse.urlencode({"query": expression})
        answer = get(f"http://{self.prometheus}/api/v1/query?{asked}")
        return list(json.loads(answer)["data"]["result"])

    def firing(self) -> set[str]:
        """Names of the alerts that fire now."""
        found = self.query('ALERTS{alertstate="firing",alertname!="Watchdog"}')
        return {one["metric"]["alertname"] for one in found}


def get(url: str) -> str:
    """GET."""
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - http of this machine
        return str(response.read().decode())


def wait(condition: Callable[[], object], what: str, seconds: float) -> None:
    """Wait until it holds.

    Raises:
        AssertionError: it does not in that time.
    """
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"after {seconds} s still not: {what}"
        time.sleep(0.2)


def missing() -> list[str]:
    """Programs that the lab needs and that are not here."""
    return [
        name for name in NEEDED if not shutil.which(name) and not shutil.which(f"/usr/sbin/{name}")
    ]


@contextmanager
def lab(folder: Path, edit: Edit | None = None) -> Iterator[Lab]:
    """Start everything; all of it ends with the block.

    Args:
        folder: for all files.
        edit: changes what was rendered before it is used; None to use it as it is.
    """
    with ExitStack() as stack:
        desk = stack.enter_context(Desk())
        (folder / "broker").mkdir()
        broker = Broker(folder / "broker").start()
        stack.callback(broker.kill)
        library = build(folder)
        fakes: dict[str, FakeNvml] = {}
        daemons: dict[str, Daemon] = {}
        for name, gpus in _ALL.items():
            place = folder / name
            place.mkdir()
            fakes[name] = stack.enter_context(
                FakeNvml(place, gpus=gpus, library_path=library, identity_seed=name)
            )
            settings = _settings(name, gpus, desk, place)
            daemons[name] = Daemon(place, fakes[name].environment(), **settings)
        site = _site(folder, daemons, desk)
        meters = stack.enter_context(Meters(broker.port))
        place = folder / "site"
        place.mkdir()
        daemon = SiteDaemon(place, site, broker.port, WINDOW__SECONDS=1)
        _start(stack, (*daemons.values(), daemon))
        prometheus, alertmanager = (f"127.0.0.1:{free_port()}" for _ in range(2))
        out = folder / "rendered"
        render(site, out, f"127.0.0.1:{daemon.port}", prometheus, alertmanager)
        if edit is not None:
            edit(out)
        for command in _commands(out, folder, prometheus, alertmanager):
            stack.enter_context(_running(command, folder))
        made = Lab(desk, meters, fakes, daemons, prometheus, alertmanager)
        wait(lambda: _ready(made), "Prometheus reads everybody", 60)
        yield made


def _start(stack: ExitStack, daemons: Iterable[Daemon]) -> None:
    """Start all, some at a time."""

    def start(daemon: Daemon) -> None:
        daemon.start()

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        begun = []
        for daemon in daemons:
            stack.push(daemon)
            begun.append(pool.submit(start, daemon))
        for one in begun:
            one.result()


def render(site: Path, out: Path, daemon: str, prometheus: str, alertmanager: str) -> None:
    """`wattkeeper render`, as a person calls it."""
    subprocess.run(
        [
            *(sys.executable, "-m", "collector", "render", "--site", site, "--out", out),
            *("--site-daemon", daemon, "--prometheus", prometheus, "--alertmanager", alertmanager),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )


def _settings(name: str, gpus: int, desk: Desk, place: Path) -> dict[str, object]:
    settings: dict[str, object] = {
        "NODE__NAME": name,
        "HOST__EXPECTED_GPUS": gpus,
        "HOST__SYSFS_ROOT": place,
    }
    if name == "outbox":
        settings |= {
            "WINDOW__SECONDS": 1,
            "INFLUXDB__URL": desk.url(""),
            "INFLUXDB__ORG": "o",
            "INFLUXDB__BUCKET": "b",
            "INFLUXDB__BATCH_SECONDS": 1,
            "INFLUXDB__OUTBOX_BYTES": 1_000_000,
        }
    return settings


def _site(folder: Path, daemons: dict[str, Daemon], desk: Desk) -> Path:
    (folder / "pager.key").write_text("0123456789abcdef0123456789abcdef\n")
    text = f"""
[[receiver]]
name = "pager"
kind = "pagerduty"
secret_file = "pager.key"
url = "{desk.url(PAGERDUTY)}"

[[receiver]]
name = "queue"
kind = "webhook"
url = "{desk.url("/queue")}"

[[receiver]]
name = "deadman"
kind = "webhook"
url = "{desk.url("/deadman")}"

[[team]]
name = "energy"
receivers = {{ page = ["pager"], ticket = ["queue"] }}
"""
    for name, daemon in daemons.items():
        text += f'[[rack]]\nid = "k-{name}"\nhall = "h1"\nrow = "r1"\nbranches = ["ups-a"]\n'
        text += f'[[node]]\nname = "{name}"\nrack = "k-{name}"\n'
        text += f'address = "127.0.0.1:{daemon.port}"\n'
    path = write_site(folder, text)
    budget = 'contract_watts = "1 MW"\nbudget_watts = "300 kW"'
    path.write_text(path.read_text().replace('contract_watts = "1 MW"', budget))
    return path


def _commands(out: Path, folder: Path, prometheus: str, alertmanager: str) -> list[list[str]]:
    return [
        [
            "prometheus-alertmanager",
            f"--config.file={out / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={alertmanager}",
            "--cluster.listen-address=",
        ],
        [
            "prometheus",
            f"--config.file={out / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address={prometheus}",
            "--rules.alert.resend-delay=5s",
        ],
    ]


@contextmanager
def _running(command: list[str], folder: Path) -> Iterator[None]:
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _ready(made: Lab) -> bool:
    try:
        up = made.query('count(up{job=~"wattkeeper-.*"} == 1)')
        return bool(up) and float(up[0]["value"][1]) == len(_ALL) + 1 and not made.firing()
    except OSError:
        return False
