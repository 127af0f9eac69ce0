"""The compose file's configuration on the real servers: broker, facility, site, Prometheus."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.daemon import Labels, parse_metrics
from tests.mqtt.broker import MOSQUITTO, needs_mosquitto
from tests.packaging.compose import FOLDER, outside, services
from tests.servers.process import ServerProcess, fetched, free_port, program

BROKER_PORT = 1883
"""The one of mosquitto.conf, which is used as it stands."""


def listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def wait_for_whole_feed(url: str, seconds: float = 40) -> dict[str, dict[Labels, float]]:
    """Wait until the site's feed is known in full. Returns all metrics."""
    end = time.monotonic() + seconds
    while True:
        found = parse_metrics(fetched(f"{url}/metrics").decode())
        if of_feed(found, "site_power_coverage_ratio") == 1:
            return found
        assert time.monotonic() < end, found.get("site_power_coverage_ratio")
        time.sleep(0.3)


def of_feed(metrics: dict[str, dict[Labels, float]], name: str) -> float | None:
    series = metrics.get(name, {})
    return next((value for key, value in series.items() if ("branch", "grid") in key), None)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[None]:
    if listens(BROKER_PORT):
        pytest.skip(f"port {BROKER_PORT} is taken")
    # It gives up root for a user that must read the file.
    config = tmp_path / "mosquitto.conf"
    shutil.copy(FOLDER / "mosquitto.conf", config)
    tmp_path.chmod(0o755)
    process = subprocess.Popen(
        [str(MOSQUITTO), "-c", str(config)], cwd=tmp_path, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 10
        while not listens(BROKER_PORT):
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


@needs_mosquitto
@pytest.mark.usefixtures("broker")
def test_the_facilitys_meters_reach_the_site_over_the_broker(tmp_path: Path) -> None:
    service = services()["site"]
    port = free_port()
    config = tmp_path / "site-daemon.toml"
    text = outside(service, (FOLDER / "site-daemon.toml").read_text(encoding="utf-8"))
    nobody = f"127.0.0.1:{free_port()}"
    hosts = {"prometheus:9090": nobody, "influxdb:8086": nobody, '"mosquitto"': '"127.0.0.1"'}
    for name, address in hosts.items():
        assert name in text
        text = text.replace(name, address)
    config.write_text(text, encoding="utf-8")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("WATTKEEPER_")},
        **service["environment"],
        "WATTKEEPER_PROMETHEUS__LISTEN": f"127.0.0.1:{port}",
        "WATTKEEPER_LEDGER__PATH": str(tmp_path / "site.sqlite3"),
    }
    _, script, *_ = services()["facility"]["entrypoint"]
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as running, (tmp_path / "log").open("wb") as log:
        for command in (
            [sys.executable, outside(services()["facility"], script), "127.0.0.1", "1883"],
            [sys.executable, "-m", "collector", "site", "--config", str(config)],
        ):
            process = running.enter_context(
                subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            )
            running.callback(process.kill)
        end = time.monotonic() + 30
        while not listens(port):
            assert time.monotonic() < end, (tmp_path / "log").read_text()
            time.sleep(0.2)
        metrics = wait_for_whole_feed(url)
    power = of_feed(metrics, "site_power_watts")
    assert power is not None
    assert 100_000 < power < 640_000
    good = metrics["site_meter_good"]
    assert good[frozenset({("meter", "grid-border")})] == 1
    assert metrics["site_contract_power_watts"]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the service `render` writes, by its own command line."""
    out = tmp_path_factory.mktemp("rendered")
    service = services()["render"]
    words = [word.replace("/var/lib/wattkeeper/rendered", str(out)) for word in service["command"]]
    subprocess.run(
        [sys.executable, "-m", "collector", *(outside(service, word) for word in words)],
        capture_output=True,
        check=True,
    )
    return out


@pytest.mark.parametrize(
    "command",
    [
        ("promtool", "check", "config", "prometheus.yml"),
        ("amtool", "check-config", "alertmanager.yml"),
    ],
    ids=lambda command: command[0],
)
def test_their_own_tools_take_what_is_rendered(rendered: Path, command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [program(command[0]), *command[1:-1], str(rendered / command[-1])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_real_prometheus_runs_with_it(rendered: Path, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        program("prometheus"),
        f"--config.file={rendered / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    # Those of the compose file that do not name a place there.
    named = ("--config.file", "--storage.tsdb.path")
    command += [word for word in services()["prometheus"]["command"] if not word.startswith(named)]
    with ServerProcess(command, f"{url}/-/ready", tmp_path):
        rules = json.loads(fetched(f"{url}/api/v1/rules"))["data"]["groups"]
        assert len(rules) > 10
        found = json.loads(fetched(f"{url}/api/v1/status/config"))["data"]["yaml"]
        for job in ("wattkeeper-node", "wattkeeper-site"):
            assert f"job_name: {job}" in found
        end = time.monotonic() + 20
        while True:
            targets = json.loads(fetched(f"{url}/api/v1/targets"))["data"]["activeTargets"]
            if {one["labels"].get("node") for one in targets} >= {"node-1", "node-2"}:
                break
            assert time.monotonic() < end
            time.sleep(0.2)
