"""The page's JSON."""

import json
from dataclasses import replace
from time import perf_counter
from typing import Any

import pytest

from collector.catalogue import Values
from collector.model import EnergySource, Fault, GpuSnapshot, Tick
from exporters.page import live
from exporters.page.live import LiveView
from tests.page.made_up import SECOND_NS, WALL_NS, eight, gpu, identity, node, values, with_sick


def shown(*gpus: GpuSnapshot) -> dict[str, Any]:
    view = LiveView()
    view.update(Tick.of(node(0, gpus)))
    return dict(json.loads(view.payload(history=False)))


def shown_with(values: Values) -> dict[str, Any]:
    return shown(replace(gpu(), values=values))


def test_a_busy_gpu() -> None:
    data = shown(replace(gpu(), values=values(612.44), today_mj=3_600_000_123))
    assert data["gpus"] == [
        {
            "index": 0,
            "uuid": "GPU-00000000",
            "model": "NVIDIA H200",
            "driver_version": "570.86.15",
            "up": True,
            "power_watts": 612.4,
            "module_power_watts": None,
            "power_limit_watts": 700.0,
            "temperature_celsius": 54.0,
            "memory_temperature_celsius": 61.0,
            "slowdown_celsius": 92.0,
            "memory_limit_celsius": 95.0,
            "margin_celsius": 38.0,
            "utilization_ratio": 0.98,
            "sm_clock_hertz": 1_980e6,
            "memory_used_bytes": 129_171_980_288.0,
            "memory_total_bytes": 150_754_820_096.0,
            "clock_events": ["power_cap"],
            "energy_today_joules": 3_600_000.123,
            "energy_source": "counter",
            "coverage_ratio": 1.0,
        }
    ]


def test_what_is_not_reported_is_null() -> None:
    data = shown(GpuSnapshot(gpu=identity(), up=True, values={}))
    known = {"index", "uuid", "model", "driver_version", "up"}
    assert {key for key, value in data["gpus"][0].items() if value is not None} == known
    assert data["power_watts"] == data["power_limit_watts"] == {"value": None, "gpus": 0}
    assert data["energy_today_joules"] == {"value": None, "gpus": 0}


def test_clock_events_that_are_known_to_be_none_are_not_absent() -> None:
    assert shown_with({"gpu_clock_event_active": {("idle",): 0.0}})["gpus"][0]["clock_events"] == []


def test_a_module_is_shown_beside_its_gpu_and_not_added() -> None:
    data = shown_with({"gpu_power_watts": {("gpu",): 900.0, ("module",): 1100.0}})
    assert data["gpus"][0]["module_power_watts"] == 1100.0
    assert data["power_watts"] == {"value": 900.0, "gpus": 1}


def test_a_sick_gpu_is_in_no_sum_and_says_how_many_are() -> None:
    view = LiveView()
    view.update(Tick.of(with_sick(300)))
    data = json.loads(view.payload(history=False))
    assert [gpu["up"] for gpu in data["gpus"]].count(False) == 1
    assert data["gpus"][3]["power_watts"] is None
    assert data["power_watts"]["gpus"] == data["power_limit_watts"]["gpus"] == 7
    assert data["power_limit_watts"]["value"] == 7 * 700
    assert data["energy_today_joules"]["gpus"] == 8
    assert data["faults"][0]["part"] == "gpu 3"
    assert data["faults"][0]["since_ms"] == (WALL_NS + 240 * SECOND_NS) // 1_000_000


def test_a_value_that_is_no_number_makes_no_broken_json() -> None:
    data = shown_with({"gpu_power_watts": {("gpu",): float("nan")}})
    assert data["gpus"][0]["power_watts"] is None


def test_the_source_and_the_words_of_a_fault_pass_through() -> None:
    view = LiveView(power_hz=100)
    fault = Fault(part="ledger", problem="The disk is full.", action="Free some.", since_wall_ns=0)
    integrated = replace(gpu(), source=EnergySource.INTEGRATED)
    view.update(Tick.of(node(gpus=(integrated,), faults=(fault,))))
    data = json.loads(view.payload(history=False))
    assert data["gpus"][0]["energy_source"] == "integrated"
    assert data["power_hz"] == 100
    expected = {"part": "ledger", "problem": "The disk is full.", "action": "Free some."}
    assert data["faults"] == [{**expected, "since_ms": 0}]


def test_history_is_whole_or_its_last_seconds() -> None:
    view = LiveView(history_seconds=60)
    for second in range(100):
        view.update(Tick.of(eight(second)))
    whole = json.loads(view.payload(history=True))
    tail = json.loads(view.payload(history=False))
    assert whole["history_seconds"] == whole["history"]["seconds"] == 60
    assert [len(row) for row in whole["history"]["watts"]] == [60] * 8
    assert whole["history"]["end_second"] == tail["history"]["end_second"]
    for row, last in zip(whole["history"]["watts"], tail["history"]["watts"], strict=True):
        assert row[-live.TAIL_SECONDS :] == last
    expected = [round(float(gpu(2, second).history_watts or 0), 1) for second in range(40, 100)]
    assert whole["history"]["watts"][2] == pytest.approx(expected, abs=0.11)


def test_rows_of_history_follow_the_gpus() -> None:
    view = LiveView()
    view.update(Tick.of(node(0, (gpu(0, 0), gpu(1, 0)))))
    view.update(Tick.of(node(1, (gpu(1, 1), gpu(0, 1)))))
    data = json.loads(view.payload(history=False))
    newest = [row[-1] for row in data["history"]["watts"]]
    assert newest == pytest.approx([gpu(1, 1).history_watts, gpu(0, 1).history_watts], abs=0.1)


def test_before_the_first_snapshot_there_is_nothing() -> None:
    assert LiveView().payload(history=True) == b"null"


def test_a_history_too_short_for_its_own_tail_is_refused() -> None:
    with pytest.raises(ValueError, match="5 is the least"):
        LiveView(history_seconds=4)


def test_it_renders_once_for_each_update_and_only_when_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []
    dumps = json.dumps

    def counted(*args: Any, **kwargs: Any) -> str:
        calls.append(1)
        return dumps(*args, **kwargs)

    monkeypatch.setattr(json, "dumps", counted)
    view = LiveView()
    for second in range(3):
        view.update(Tick.of(eight(second)))
    assert not calls
    first = [view.payload(history=True), view.payload(history=False)]
    assert [view.payload(history=True), view.payload(history=False)] == first
    assert len(calls) == 2
    view.update(Tick.of(eight(3)))
    assert view.payload(history=False) != first[1]
    assert len(calls) == 3


def test_an_update_costs_the_same_however_long_the_history() -> None:
    def cost(history_seconds: int) -> float:
        view = LiveView(history_seconds=history_seconds)
        snapshots = [eight(second) for second in range(200)]
        view.update(Tick.of(snapshots[0]))
        best = float("inf")
        for _ in range(5):
            began = perf_counter()
            for snapshot in snapshots[1:]:
                view.update(Tick.of(snapshot))
            best = min(best, perf_counter() - began)
            view = LiveView(history_seconds=history_seconds)
            view.update(Tick.of(snapshots[0]))
        return best

    assert cost(100_000) < 10 * cost(300)
