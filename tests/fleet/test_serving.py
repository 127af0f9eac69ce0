"""The simulator as others use it: served, scraped by a real Prometheus, published to a broker."""

import asyncio
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import aiomqtt
import pytest

from benchmarks.fleet import Event, EventKind, Fleet, write_targets
from benchmarks.fleet.bms import Bms
from benchmarks.fleet.facility import Facility
from benchmarks.fleet.running import Options, running
from benchmarks.fleet.site_side import SiteSide
from collector.sitefile.compare import compare
from collector.sitefile.model import Site
from collector.sources.meters.dsx import DsxDecoder
from collector.sources.meters.inbox import MeterInbox
from collector.sources.meters.reading import MeterReading, Quantity
from collector.sources.meters.values import SourceClock
from tests.e2e.daemon import parse_metrics
from tests.fleet.conftest import NOW_S, ORIGIN_S, ROOT
from tests.servers.process import ServerProcess, fetched, free_port, program

NODE = "h01r01k1n01"
SITE_FILE = ROOT / "deploy" / "sites" / "accelerator-centre.toml"


def ask(port: int, query: str) -> dict[str, float]:
    """An instant query: value by the node, or by whatever label there is."""
    arguments = urllib.parse.urlencode({"query": query})
    answer = json.loads(fetched(f"http://127.0.0.1:{port}/api/v1/query?{arguments}"))
    return {
        one["metric"].get("node", "/".join(sorted(one["metric"].values()))): float(one["value"][1])
        for one in answer["data"]["result"]
    }


def wait_for(port: int, query: str, wanted: dict[str, float], seconds: float = 30) -> None:
    found: dict[str, float] = {}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = ask(port, query)
        if found == wanted:
            return
        time.sleep(0.3)
    raise AssertionError(f"{query}: {found}, not {wanted}")


def test_a_prometheus_scrapes_it(site: Site, tmp_path: Path) -> None:
    fleet = Fleet(site, nodes=18)
    port = free_port()
    with running(fleet) as simulator:
        configuration = write_targets(
            site, tmp_path, simulator.address, nodes=fleet.machines, rules=None, seconds=1
        )
        prometheus = ServerProcess(
            [
                program("prometheus"),
                f"--config.file={configuration}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            f"http://127.0.0.1:{port}/-/ready",
            tmp_path / "log",
        )
        with prometheus:
            wait_for(port, 'count(up{job="wattkeeper-node"} == 1)', {"": 18.0})
            now_s = time.time()
            simulator.apply(Event(kind=EventKind.NODE_DOWN, node=NODE, begin_s=now_s))
            wait_for(port, 'up{job="wattkeeper-node"} == 0', {NODE: 0.0})
            labels = '{rack="h01r01k1",row="r01",hall="h01",site="accelerator-centre"}'
            wait_for(port, f"count(gpu_up{labels})", {"": 68.0})
            wait_for(port, 'sum(up{job="wattkeeper-site"})', {"": 1.0})
            which = "{scope='gpu',gpu='2',node='h01r01k1n05'}"
            counted = ask(port, f"gpu_energy_joules_total{which}")["h01r01k1n05"]
            at_s = ask(port, f"timestamp(gpu_energy_joules_total{which})")["h01r01k1n05"]
            early, late = (fleet.gpu_joules("h01r01k1n05", 2, at_s + by_s) for by_s in (-3, 3))
            assert early <= counted <= late


def test_one_connection_carries_many_requests(fleet: Fleet) -> None:
    options = Options(site_daemon=False)
    with running(fleet, options, clock=lambda: NOW_S) as simulator:
        host, _, port = simulator.address.rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        for node in (NODE, "h01r01k1n02"):
            connection.request("GET", f"/nodes/{node}/metrics")
            answer = connection.getresponse()
            assert answer.status == 200
            found = parse_metrics(answer.read().decode())
            energy = [
                v for k, v in found["gpu_energy_joules_total"].items() if ("scope", "gpu") in k
            ]
            truth = sum(fleet.gpu_joules(node, gpu, NOW_S) for gpu in range(4))
            assert sum(energy) == pytest.approx(truth)
        connection.request("GET", "/nodes/none/metrics")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (404, b"nothing is here\n")
        connection.request("GET", "/sd/nodes")
        groups = json.loads(connection.getresponse().read())
        assert len(groups) == 144
        assert groups[0]["targets"] == [simulator.address]
        assert groups[0]["labels"]["__metrics_path__"] == f"/nodes/{NODE}/metrics"
        connection.request("POST", "/site/metrics")
        assert connection.getresponse().status == 405
        connection.close()


def test_a_node_that_is_away_closes_the_connection(fleet: Fleet) -> None:
    with running(fleet, Options(site_daemon=False), clock=lambda: NOW_S) as simulator:
        simulator.apply(Event(kind=EventKind.NODE_MISSING, node=NODE, begin_s=NOW_S))
        with pytest.raises((urllib.error.URLError, ConnectionError)):
            urllib.request.urlopen(simulator.node_url(NODE), timeout=5)  # noqa: S310 - the test's own


def test_a_port_that_is_taken_is_said(fleet: Fleet) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        options = Options(port=taken.getsockname()[1], site_daemon=False)
        with pytest.raises(OSError, match="use"), running(fleet, options):
            pass


def test_the_site_daemon_shows_what_the_meters_measure(fleet: Fleet) -> None:
    side = SiteSide(fleet, NOW_S - 3600)
    side.warm_up(NOW_S)
    found = side.snapshot(NOW_S).site
    truth = Facility(fleet, seconds=2.0)
    for branch, watts in truth.branch_watts(NOW_S).items():
        shown = [v for k, v in found["site_power_watts"].items() if k[0] == branch]
        limit = 0.01 if "busway" in branch or "ups" in branch else 0.06  # what meters do not see
        assert shown == [pytest.approx(watts, rel=limit, abs=1)], branch
    assert 1.1 < found["site_pue_ratio"]["15m",] < 1.3
    assert found["site_it_agreement_ratio"][()] == pytest.approx(0.94, abs=0.06)
    assert set(found["site_power_coverage_ratio"].values()) == {1.0}


def test_the_decoder_understands_what_is_published(fleet: Fleet) -> None:
    bms = Bms(fleet, period_seconds=1.0)
    dsx = DsxDecoder(fleet.site.meters.values(), SourceClock(0))
    inbox = MeterInbox([dsx])
    readings: list[MeterReading] = []
    at_ns = round(NOW_S * 1e9)
    messages = [(*one, True) for one in bms.metadata()]
    messages += [(*one, False) for one in (bms.heartbeat(NOW_S), *bms.values(NOW_S))]
    for topic, payload, retain in messages:
        readings += inbox.receive(
            topic, payload.encode(), retain=retain, received_ns=at_ns, wall_ns=at_ns
        )
    assert not inbox.rejected
    found = {one.meter: one.value for one in readings if one.quantity is Quantity.POWER}
    truth = Facility(fleet).meter_watts(NOW_S)
    assert found == {meter: pytest.approx(watts, abs=1) for meter, watts in truth.items()}
    assert not compare(fleet.site, dsx.tree)
    assert list(bms.values(NOW_S)) == []  # nothing changed
    assert len(list(bms.values(NOW_S + 101))) >= len(truth)


async def test_meters_are_published_to_a_broker(fleet: Fleet, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "m.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    broker = await asyncio.create_subprocess_exec(
        program("mosquitto"), "-c", str(tmp_path / "m.conf"), stderr=asyncio.subprocess.DEVNULL
    )
    await asyncio.sleep(0.5)
    publishing = asyncio.create_task(Bms(fleet).publish("127.0.0.1", port, time.time))
    wanted = {
        "BMS/v1/PUB/Value/PowerMeter/ActivePower/plant/grid-border",
        "BMS/v1/PUB/Metadata/Rack/RackPower/plant/h01r01k1",
    }
    try:
        async with aiomqtt.Client("127.0.0.1", port) as client, asyncio.timeout(20):
            await client.subscribe("BMS/v1/PUB/#")
            async for message in client.messages:
                wanted.discard(str(message.topic))
                if not wanted:
                    break
    finally:
        publishing.cancel()
        broker.terminate()
        await broker.wait()


def test_the_command(tmp_path: Path) -> None:
    scenario, folder = tmp_path / "s.toml", tmp_path / "sd"
    event = f'[[event]]\nkind = "gpu_lost"\nat_seconds = -5\nnode = "{NODE}"\ngpu = 1\n'
    scenario.write_text(event)
    command = [sys.executable, "-m", "benchmarks.fleet_simulator", "--site", str(SITE_FILE)]
    with subprocess.Popen(
        [*command, "--nodes=18", "--port=0", f"--sd={folder}", f"--scenario={scenario}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said.startswith("18 nodes, 72 GPUs, 1 racks of accelerator-centre at http://")
            address = said.split("http://")[1].split("/")[0]
            found = parse_metrics(fetched(f"http://{address}/nodes/{NODE}/metrics").decode())
            assert sorted(found["gpu_up"].values()) == [0, 1, 1, 1]
            checked = subprocess.run(
                [program("promtool"), "check", "config", f"{folder / 'prometheus.yml'}"],
                capture_output=True,
                text=True,
                check=False,
            )
            assert checked.returncode == 0, checked.stderr
            targets = json.loads((folder / "targets/nodes-000.json").read_text())
            assert len(targets) == 18
            assert targets[0]["targets"] == [address]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--site", "none.toml"], "none.toml"),
        (["--site", str(SITE_FILE), "--mqtt", "nowhere"], "--mqtt is HOST:PORT"),
        (["--site", str(SITE_FILE), "--scenario", "none.toml"], "none.toml"),
    ],
)
def test_a_mistake_of_the_user_is_said_in_a_line(more: list[str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fleet_simulator", *more],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_origin_is_kept(site: Site) -> None:
    assert Fleet(site, origin_s=ORIGIN_S).origin_s == ORIGIN_S
