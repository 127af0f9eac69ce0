"""Shards and one above them say and raise what one Prometheus over all nodes does."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from alerts.render import Layout, Options, render
from benchmarks.fleet import Event, EventKind, Fleet
from benchmarks.fleet.running import Options as FleetOptions
from benchmarks.fleet.running import running
from tests.scale.compare import ABOVE, Clock, differences, rates_differ
from tests.scale.places import SITE, three_halls
from tests.scale.stand import Prometheus, faster, ports, simulated, wait, wait_for_none

_NODES = 60


@dataclass(frozen=True, slots=True)
class Stand:
    """The same fleet, watched in two ways.

    Attributes:
        clock: the fleet's.
        single: one Prometheus over all nodes.
        shards: the first one has a twin, the second should.
        top: the one above the shards.
    """

    clock: Clock
    single: Prometheus
    shards: Mapping[str, Prometheus]
    top: Prometheus


def _happens(now_s: float) -> tuple[Event, ...]:
    begin_s = now_s - 60
    return (
        Event(kind=EventKind.NODE_MISSING, node="h1k1n1", begin_s=begin_s),
        Event(kind=EventKind.GPU_LOST, node="h1k2n3", begin_s=begin_s),
        Event(kind=EventKind.SENSOR_HUNG, node="h2k1n2", gpu=1, begin_s=begin_s),
        Event(kind=EventKind.XID, node="h1k3n1", xid=79, begin_s=begin_s),
        Event(kind=EventKind.XID, node="h2k2n1", xid=31, begin_s=begin_s),
        Event(kind=EventKind.RACK_MAINTENANCE, rack="h2k4", begin_s=begin_s),
        Event(kind=EventKind.OUTBOX_FULL, begin_s=now_s - 3_600),
        Event(kind=EventKind.COOLING_LOST, hall="h2", begin_s=now_s - 1_200),
    )


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """60 nodes in three halls: shards of 30, one above them, and one over all."""
    folder = tmp_path_factory.mktemp("shards")
    site, path = three_halls(folder)
    clock = Clock()
    fleet = Fleet(site)
    fleet.apply(*_happens(clock.begin_s))
    names = ("s01-a", "s01-b", "s02-a")
    one, above, unused, *others = ports(3 + len(names))
    places = dict(zip(names, others, strict=True)) | {"s02-b": unused}
    options = Options(
        layout=Layout.SHARDS,
        shard_nodes=30,
        shard_address="{shard}-{replica}:9090",
        prometheus=f"127.0.0.1:{above}",
    )
    many = folder / "many"
    render(site, path, folder / "one", replace(options, layout=Layout.SINGLE))
    render(site, path, many, options)
    table = many / "global" / "targets" / "shards.json"
    text = table.read_text()
    for name, port in places.items():
        text = text.replace(f"{name}:9090", f"127.0.0.1:{port}")
    table.write_text(text)
    with ExitStack() as stack:
        simulator = stack.enter_context(
            running(fleet, FleetOptions(history_seconds=300), clock=clock)
        )
        for name in ("one", "many"):
            faster(folder / name)
            simulated(folder / name, simulator.address)

        def start(configuration: Path, name: str, port: int) -> Prometheus:
            return stack.enter_context(Prometheus(configuration, folder / f"data-{name}", port))

        yield Stand(
            clock=clock,
            single=start(folder / "one" / "prometheus.yml", "one", one),
            shards={
                name: start(
                    many / "shards" / name[:3] / f"prometheus-{name[-1]}.yml", name, places[name]
                )
                for name in names
            },
            top=start(many / "global" / "prometheus.yml", "global", above),
        )


def _names(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, value) for key, value in labels.items() if key != "shard"))


def _alert_names(server: Prometheus) -> set[str]:
    return {labels["alertname"] for labels in server.alerts()}


@pytest.mark.timeout(400)
def test_every_series_above_racks_is_that_of_one_prometheus(stand: Stand) -> None:
    """Each row, hall, site, branch and meter: same names, labels and values, none twice."""
    wait(lambda: len(stand.single.ask(ABOVE)) > 250, "the rules of one Prometheus")
    wait_for_none(lambda: differences(stand.single, stand.top), "not the same")
    single = stand.single.ask(ABOVE)
    assert len({name for name, _ in single}) > 80
    power = single["site:gpu_power_watts:sum", frozenset({("site", SITE)})]
    assert power > 10_000
    for name in ("nodes_gpu_lost:count", "nodes_xid_fatal:count", "gpus_down:sum"):
        assert single[f"site:{name}", frozenset({("site", SITE)})] > 0, name
    assert stand.top.ask("site:outbox_bytes:sum > 0"), "parts are added up"


@pytest.mark.timeout(400)
def test_nothing_is_above_the_shards_but_sums(stand: Stand) -> None:
    assert not stand.top.ask('{__name__=~"gpu_.+|host_.+|gpu:.+|node:.+"}')
    racks = stand.top.ask('{__name__=~"rack:.+"}')
    assert len(racks) > 300
    names = {label for _, labels in racks for label, _ in labels}
    assert not names & {"shard", "job", "instance", "replica"}


@pytest.mark.timeout(400)
def test_each_alert_fires_at_one_place(stand: Stand) -> None:
    """What one Prometheus raises, the shards and the one above raise together, each once."""

    def raised(*servers: Prometheus) -> Counter[tuple[tuple[str, str], ...]]:
        every = (alert for server in servers for alert in server.alerts())
        return Counter(_names(one) for one in every if one["object"] != "monitoring")

    firsts = (stand.shards["s01-a"], stand.shards["s02-a"], stand.top)
    wait(lambda: raised(stand.single) == raised(*firsts), "the same alerts")
    names = {dict(labels)["alertname"] for labels in raised(stand.single)}
    assert names >= {"RackDown", "NodeDown", "GpuLost", "GpuXidFatal", "NodesDownMany"}


@pytest.mark.timeout(400)
def test_rates_are_those_of_one_prometheus(stand: Stand) -> None:
    stand.clock.let_go()
    wait_for_none(lambda: rates_differ(stand.single, stand.top), "not the same rates")
    wait(lambda: sum(stand.top.ask("site:gpu_energy_watts:rate5m").values()) > 0, "energy")
    wait_for_none(lambda: rates_differ(stand.single, stand.top), "not the same rates")
    assert stand.top.ask("site:late_ticks:ratio5m >= 0")


@pytest.mark.timeout(400)
def test_a_twin_that_dies_changes_nothing(stand: Stand) -> None:
    stand.shards["s01-a"].kill()
    wait(
        lambda: stand.top.ask('up{job="wattkeeper-shard",shard="s01",replica="a"} == 0'),
        "one of two is gone",
    )
    # Longer than scrapes and rules take together.
    until = time.monotonic() + 6
    while time.monotonic() < until:
        assert len(stand.top.ask("rack:nodes_up:sum")) == 10
        assert stand.top.ask("site:gpu_power_watts:coverage_ratio > 0.8")
        time.sleep(0.5)
    assert "ShardSilent" not in _alert_names(stand.top)
    assert "MonitoringServerDown" in _alert_names(stand.top)


@pytest.mark.timeout(400)
def test_a_shard_that_dies_is_missed_and_nothing_is_made_up(stand: Stand) -> None:
    """Its nodes are unknown, not silent: coverage falls, and one page says why."""
    before = sum(stand.top.ask("site:gpu_power_watts:sum").values())
    stand.shards["s02-a"].kill()
    wait(lambda: "ShardSilent" in _alert_names(stand.top), "a page")
    wait(lambda: stand.top.ask("site:gpu_power_watts:coverage_ratio < 0.7"), "coverage falls")
    after = sum(stand.top.ask("site:gpu_power_watts:sum").values())
    assert 0 < after < before
    assert sum(stand.top.ask("site:nodes:count").values()) == _NODES
    # Of the nodes that are heard, one is silent.
    wait(lambda: stand.top.ask("site:nodes_silent:ratio < 0.05"), "unheard is not silent")
    assert "SitePowerDropped" not in _alert_names(stand.top)
    wait(lambda: stand.top.ask("site:telemetry_error:ratio > 0.3"), "telemetry is missing")
