"""vmagents, VictoriaMetrics and vmalert say what one Prometheus says.

Takes two minutes: `WK_SCALE=1 .venv/bin/pytest tests/scale/test_vmagent_live.py`.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest

from alerts.render import Layout, Options, render
from benchmarks.fleet import Event, EventKind, Fleet
from benchmarks.fleet.running import Options as FleetOptions
from benchmarks.fleet.running import running
from tests.scale.compare import ABOVE, Clock, differences
from tests.scale.places import three_halls
from tests.scale.stand import (
    Alertmanager,
    Prometheus,
    Victoria,
    faster,
    ports,
    simulated,
    wait,
    wait_for_none,
)
from tests.scale.webhook import Webhook, webhook
from tests.servers.process import ServerProcess, program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.environ.get("WK_SCALE") != "1", reason="takes two minutes: WK_SCALE=1"),
]


@dataclass(frozen=True, slots=True)
class Stand:
    """The same fleet, watched in two ways."""

    clock: Clock
    desk: Webhook
    single: Prometheus
    victoria: Victoria


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """60 nodes: two vmagents, VictoriaMetrics and vmalert; and one Prometheus beside them."""
    folder = tmp_path_factory.mktemp("vmagent")
    one, storage, vmalert, manager, cluster, *vmagents = ports(7)
    with ExitStack() as stack:
        desk = stack.enter_context(webhook())
        site, path = three_halls(folder, webhook=desk.url)
        clock = Clock()
        fleet = Fleet(site)
        begin_s = clock.begin_s - 60
        fleet.apply(
            Event(kind=EventKind.NODE_MISSING, node="h1k1n1", begin_s=begin_s),
            Event(kind=EventKind.GPU_LOST, node="h1k2n3", begin_s=begin_s),
            Event(kind=EventKind.XID, node="h1k3n1", xid=79, begin_s=begin_s),
        )
        store = f"http://127.0.0.1:{storage}"
        options = Options(
            layout=Layout.VMAGENT,
            alertmanagers=(f"127.0.0.1:{manager}",),
            remote_write=(f"{store}/api/v1/write",),
            vmagents=tuple(f"127.0.0.1:{port}" for port in vmagents),
            vmalerts=(f"127.0.0.1:{vmalert}",),
            old_vmalert=True,
        )
        many = folder / "many"
        render(site, path, folder / "one", replace(options, layout=Layout.SINGLE, remote_write=()))
        render(site, path, many, options)
        simulator = stack.enter_context(
            running(fleet, FleetOptions(history_seconds=300), clock=clock)
        )
        for name in ("one", "many"):
            faster(folder / name)
            simulated(folder / name, simulator.address)
        victoria = stack.enter_context(Victoria(folder / "victoria", storage))
        stack.enter_context(
            Alertmanager(many / "alertmanager.yml", folder / "manager", manager, cluster)
        )
        for number, port in enumerate(vmagents):
            command = [
                program("vmagent"),
                f"-promscrape.config={many / 'vmagent.yml'}",
                f"-remoteWrite.url={store}/api/v1/write",
                f"-remoteWrite.tmpDataPath={folder / f'buffer-{number}'}",
                f"-promscrape.cluster.membersCount={len(vmagents)}",
                f"-promscrape.cluster.memberNum={number}",
                f"-httpListenAddr=127.0.0.1:{port}",
            ]
            ready = f"http://127.0.0.1:{port}/health"
            stack.enter_context(ServerProcess(command, ready, folder / f"vmagent-{number}"))
        command = [
            program("vmalert"),
            f"-rule={many}/rules/*.yml",
            f"-datasource.url={store}",
            f"-remoteWrite.url={store}",
            f"-remoteRead.url={store}",
            "-remoteWrite.flushInterval=500ms",
            f"-notifier.url=http://127.0.0.1:{manager}",
            f"-external.label=site={site.name}",
            "-disableAlertgroupLabel",
            f"-httpListenAddr=127.0.0.1:{vmalert}",
        ]
        ready = f"http://127.0.0.1:{vmalert}/health"
        stack.enter_context(ServerProcess(command, ready, folder / "vmalert"))
        single = Prometheus(folder / "one" / "prometheus.yml", folder / "data-one", one)
        stack.enter_context(single)
        yield Stand(clock, desk, single, victoria)


def test_every_series_above_racks_is_that_of_prometheus(stand: Stand) -> None:
    wait(lambda: len(stand.single.ask(ABOVE)) > 250, "rules of Prometheus")
    wait_for_none(lambda: differences(stand.single, stand.victoria), "not the same")


def test_each_target_is_scraped_once(stand: Stand) -> None:
    assert len(stand.victoria.ask('up{job="wattkeeper-node"}')) == 60
    counted = stand.victoria.ask('sum(count_over_time(up{node="h1k1n2"}[30s]))')
    assert sum(counted.values()) <= 11


def test_alerts_are_told(stand: Stand) -> None:
    wait(lambda: stand.desk.firing(alertname="GpuLost", node="h1k2n3"), "somebody is told")
    wait(lambda: stand.desk.firing(alertname="NodeDown", node="h1k1n1"), "somebody is told")
    time.sleep(5)
    assert len(stand.desk.firing(alertname="GpuLost", node="h1k2n3")) == 1
