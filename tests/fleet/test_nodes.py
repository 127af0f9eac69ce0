"""What a simulated node shows, and what becomes of it when things happen."""

from typing import Any

import pytest

from benchmarks.fleet import Event, EventKind, Fleet
from benchmarks.fleet.exposition import Exposition
from benchmarks.fleet.node_values import NodeTruth
from collector.model import Snapshot
from exporters.prometheus.text import TextWriter
from tests.e2e.daemon import parse_metrics
from tests.fleet.conftest import NOW_S

NODE = "h01r01k1n02"


def shown(fleet: Fleet, at_s: float, node: str = NODE) -> Snapshot:
    return NodeTruth(fleet).show(node, at_s).snapshot


def value(snapshot: Snapshot, name: str, *labels: str, gpu: int | None = None) -> float | None:
    values = snapshot.gpus[gpu].values if gpu is not None else {**snapshot.host, **snapshot.daemon}
    return values.get(name, {}).get(labels)


@pytest.mark.parametrize("kind", [None, EventKind.GPU_LOST, EventKind.XID, EventKind.OUTBOX_FULL])
def test_the_fast_text_says_what_the_daemons_writer_says(
    fleet: Fleet, kind: EventKind | None
) -> None:
    if kind is not None:
        fleet.apply(Event(kind=kind, node=NODE, gpu=2, xid=48, begin_s=NOW_S))
    truth, exposition = NodeTruth(fleet), Exposition()
    for node in ("h01r01k1n01", NODE, "h01r02k4n18"):
        for at_s in (NOW_S + 1, NOW_S + 77.25):
            one = truth.show(node, at_s)
            expected = TextWriter().write(one.snapshot).decode()
            fast = exposition.write(one, NOW_S - 500).decode()
            assert [line.rpartition(" ")[0] for line in expected.splitlines()] == [
                line.rpartition(" ")[0] for line in fast.splitlines()[: expected.count("\n")]
            ]
            found, wanted = parse_metrics(fast), parse_metrics(expected)
            assert {name: found[name] for name in wanted} == wanted
            assert found["process_start_time_seconds"][frozenset()] == NOW_S - 500


def test_values_agree_with_the_truth(fleet: Fleet) -> None:
    at_s = NOW_S + 40
    snapshot = shown(fleet, at_s)
    for gpu in range(4):
        joules = fleet.gpu_joules(NODE, gpu, at_s)
        assert value(snapshot, "gpu_energy_joules_total", "gpu", gpu=gpu) == pytest.approx(joules)
        assert value(snapshot, "gpu_power_watts", "gpu", gpu=gpu) == pytest.approx(
            fleet.gpu_watts(NODE, gpu, at_s)
        )
        window = snapshot.gpus[gpu].values["gpu_power_window_watts"]
        mean = (joules - fleet.gpu_joules(NODE, gpu, at_s - 30)) / 30
        assert window["gpu", "mean"] == pytest.approx(mean)
        low, high = window["gpu", "min"], window["gpu", "max"]
        assert low - 1e-6 <= mean <= high + 1e-6 <= fleet.model.limit_mw / 1000 + 1e-3
    modules = sum(
        watts
        for labels, watts in snapshot.host["host_power_watts"].items()
        if labels[:2] == ("hwmon", "module")
    )
    node = value(snapshot, "host_input_power_watts")
    assert node is not None
    assert node == pytest.approx(modules * 1.08 + 500)


def test_temperature_follows_power(fleet: Fleet) -> None:
    pairs = []
    for second in range(0, 20_000, 50):
        snapshot = shown(fleet, NOW_S + second)
        celsius = snapshot.gpus[0].values["gpu_temperature_celsius"]["gpu",]
        pairs.append((snapshot.gpus[0].values["gpu_power_window_watts"]["gpu", "mean"], celsius))
    pairs.sort()
    tenth = len(pairs) // 10
    cold = sum(celsius for _, celsius in pairs[:tenth]) / tenth
    warm = sum(celsius for _, celsius in pairs[-tenth:]) / tenth
    assert warm > cold + 5
    assert all(35 <= celsius <= 68 for _, celsius in pairs)


def test_a_lost_gpu(fleet: Fleet) -> None:
    fleet.apply(
        Event(kind=EventKind.GPU_LOST, node=NODE, gpu=1, begin_s=NOW_S, end_s=NOW_S + 60),
        Event(kind=EventKind.XID, node=NODE, gpu=1, xid=79, begin_s=NOW_S),
    )
    snapshot = shown(fleet, NOW_S + 10)
    assert value(snapshot, "gpu_up", gpu=1) == 0
    assert value(snapshot, "gpu_power_watts", "gpu", gpu=1) is None
    assert value(snapshot, "gpu_xid_errors_total", "79", gpu=1) == 1
    assert value(snapshot, "gpu_xid_last_seen_timestamp_seconds", "79", gpu=1) == NOW_S
    assert value(snapshot, "gpu_xid_errors_total", "79", gpu=0) == 0
    assert value(snapshot, "host_gpus_visible") == 3
    assert value(snapshot, "host_gpus_expected") == 4
    assert value(shown(fleet, NOW_S + 61), "gpu_up", gpu=1) == 1


def test_a_hung_sensor_hides_a_gpu_that_works_on(fleet: Fleet) -> None:
    before = shown(fleet, NOW_S - 1)
    fleet.apply(
        Event(kind=EventKind.SENSOR_HUNG, node=NODE, gpu=3, begin_s=NOW_S, end_s=NOW_S + 100)
    )
    during, after = shown(fleet, NOW_S + 50), shown(fleet, NOW_S + 101)
    assert value(during, "gpu_energy_joules_total", "gpu", gpu=3) is None
    assert value(during, "gpu_sample_age_seconds", "power", gpu=3) == 50
    assert value(during, "host_gpus_visible") == 4
    joules = [value(one, "gpu_energy_joules_total", "gpu", gpu=3) for one in (before, after)]
    assert joules[0] is not None
    assert joules[1] is not None
    truth = fleet.gpu_joules(NODE, 3, NOW_S + 101) - fleet.gpu_joules(NODE, 3, NOW_S - 1)
    assert joules[1] - joules[0] == pytest.approx(truth, abs=0.01)


@pytest.mark.parametrize(
    "kind", [EventKind.NODE_DOWN, EventKind.NODE_MISSING, EventKind.DAEMON_RESTART]
)
def test_a_node_that_is_away(fleet: Fleet, kind: EventKind) -> None:
    fleet.apply(Event(kind=kind, node=NODE, begin_s=NOW_S, end_s=NOW_S + 30))
    truth, machine = NodeTruth(fleet), fleet.machines[NODE]
    assert truth.answers(machine, NOW_S - 1)
    assert not truth.answers(machine, NOW_S + 5)
    assert truth.answers(machine, NOW_S + 30)
    before, after = shown(fleet, NOW_S - 1), shown(fleet, NOW_S + 40)
    total = [value(one, "gpu_energy_joules_total", "gpu", gpu=0) or 0 for one in (before, after)]
    assert (total[1] > total[0]) is (kind is not EventKind.NODE_DOWN)
    ticks = [value(one, "wattkeeper_ticks_total", "power") or 0 for one in (before, after)]
    began_anew = kind is not EventKind.NODE_MISSING
    assert (ticks[1] < ticks[0]) is began_anew
    assert (truth.started_s(machine, NOW_S + 40) == NOW_S + 30) is began_anew


def test_heat_is_shown(fleet: Fleet) -> None:
    fleet.apply(Event(kind=EventKind.COOLING_LOST, hall="h01", begin_s=NOW_S))
    seen: list[Any] = [shown(fleet, NOW_S + second).gpus[0].values for second in (0, 1000)]
    assert seen[1]["gpu_clock_event_active"]["software_thermal",] == 1
    assert seen[1]["gpu_clock_event_seconds_total"]["software_thermal",] > 400
    assert seen[1]["gpu_temperature_celsius"]["gpu",] > seen[0]["gpu_temperature_celsius"]["gpu",]
    assert seen[1]["gpu_clock_hertz"]["sm",] < 0.9 * seen[1]["gpu_clock_max_hertz"]["sm",]


def test_a_full_outbox(fleet: Fleet) -> None:
    fleet.apply(Event(kind=EventKind.OUTBOX_FULL, node=NODE, begin_s=NOW_S))
    full, other = shown(fleet, NOW_S + 100), shown(fleet, NOW_S + 100, "h01r01k1n03")
    assert value(full, "wattkeeper_exporter_up", "influxdb") == 0
    assert value(full, "wattkeeper_outbox_bytes", "influxdb") == 1e9
    assert value(full, "wattkeeper_dropped_total", "influxdb") == 220
    assert value(other, "wattkeeper_exporter_up", "influxdb") == 1
