"""A pair of Prometheus, a cluster of Alertmanagers, one long-term storage: everything once."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from alerts.render import Layout, Options, render
from benchmarks.fleet import Event, EventKind, Fleet
from benchmarks.fleet.running import Options as FleetOptions
from benchmarks.fleet.running import Simulator, running
from tests.scale.places import three_halls
from tests.scale.stand import (
    PACE_SECONDS,
    Alertmanager,
    Prometheus,
    Victoria,
    faster,
    ports,
    simulated,
    wait,
)
from tests.scale.webhook import Webhook, webhook

_LATER_SECONDS = 6
"""After that a second Alertmanager would have told it, too: group_wait and the peers' wait."""


@dataclass(frozen=True, slots=True)
class Stand:
    """All that runs."""

    simulator: Simulator
    desk: Webhook
    replicas: tuple[Prometheus, Prometheus]
    managers: tuple[Alertmanager, Alertmanager]
    victoria: Victoria


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Ten nodes of ten racks, and a pair."""
    folder = tmp_path_factory.mktemp("pair")
    one, two, left, right, left_cluster, right_cluster, storage = ports(7)
    with ExitStack() as stack:
        desk = stack.enter_context(webhook())
        site, path = three_halls(folder, nodes=1, webhook=desk.url)
        options = Options(
            layout=Layout.PAIR,
            prometheus=f"127.0.0.1:{one}",
            twin=f"127.0.0.1:{two}",
            alertmanagers=(f"127.0.0.1:{left}", f"127.0.0.1:{right}"),
            remote_write=(f"http://127.0.0.1:{storage}/api/v1/write",),
        )
        out = folder / "out"
        render(site, path, out, options)
        simulator = stack.enter_context(running(Fleet(site), FleetOptions(history_seconds=300)))
        faster(out)
        simulated(out, simulator.address)
        victoria = stack.enter_context(Victoria(folder / "victoria", storage))
        setup = out / "alertmanager.yml"
        managers = (
            Alertmanager(setup, folder / "left", left, left_cluster),
            Alertmanager(setup, folder / "right", right, right_cluster, left_cluster),
        )
        replicas = (
            Prometheus(out / "prometheus-a.yml", folder / "a", one),
            Prometheus(out / "prometheus-b.yml", folder / "b", two),
        )
        for server in (*managers, *replicas):
            stack.enter_context(server)
        wait(lambda: all(manager.peers() == 2 for manager in managers), "a cluster of two")
        up = "rack:nodes_up:sum == 1"
        wait(lambda: all(len(replica.ask(up)) == 10 for replica in replicas), "all nodes")
        yield Stand(simulator, desk, replicas, managers, victoria)


def _happens(stand: Stand, kind: EventKind, node: str) -> None:
    stand.simulator.apply(Event(kind=kind, node=node, begin_s=time.time()))


def _raises(server: Prometheus, name: str) -> bool:
    return any(labels["alertname"] == name for labels in server.alerts())


@pytest.mark.timeout(400)
def test_an_alert_of_both_replicas_is_told_once(stand: Stand) -> None:
    _happens(stand, EventKind.NODE_MISSING, "h1k1n1")
    wait(lambda: all(_raises(one, "RackDown") for one in stand.replicas), "both replicas raise it")
    wait(lambda: stand.desk.firing(alertname="RackDown", rack="h1k1"), "somebody is told")
    time.sleep(_LATER_SECONDS)
    assert len(stand.desk.firing(alertname="RackDown", rack="h1k1")) == 1


@pytest.mark.timeout(400)
def test_long_term_storage_has_each_series_once(stand: Stand) -> None:
    """Both replicas write; what is asked for shows no sign of it."""
    power = 'gpu_power_watts{node="h2k1n1",gpu="0",scope="gpu"}'
    wait(lambda: stand.victoria.ask(power), "samples arrive")
    assert not stand.victoria.ask('{replica!=""}')
    wait(lambda: len(stand.victoria.samples(power)[0]) > 5, "some scrapes")
    for replica in stand.replicas:
        assert sum(replica.ask("prometheus_remote_storage_samples_total > 100").values()) > 0
    (times,) = stand.victoria.samples(power)
    span_ms = times[-1] - times[0]
    assert len(times) <= span_ms / 1000 / PACE_SECONDS + 2
    total = sum(stand.victoria.ask("site:gpu_power_watts:sum").values())
    assert total == pytest.approx(
        sum(stand.replicas[0].ask("site:gpu_power_watts:sum").values()), rel=0.2
    )


@pytest.mark.timeout(400)
def test_half_of_each_pair_is_enough(stand: Stand) -> None:
    """One Prometheus and one Alertmanager die: the next alert is told, and told once."""
    stand.replicas[0].kill()
    stand.managers[0].kill()
    _happens(stand, EventKind.GPU_LOST, "h2k2n1")
    wait(lambda: stand.desk.firing(rack="h2k2"), "somebody is told")
    time.sleep(_LATER_SECONDS)
    assert len(stand.desk.firing(rack="h2k2")) == 1
    down = {
        labels["instance"]
        for labels in stand.replicas[1].alerts()
        if labels["alertname"] == "MonitoringServerDown"
    }
    assert down == {stand.replicas[0].url[7:], stand.managers[0].url[7:]}
