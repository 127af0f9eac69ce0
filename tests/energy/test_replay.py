"""Measured power, replayed: the published total, real gaps, and a driver against its meter."""

import csv
import gzip
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from collector.energy.account import Limits
from collector.energy.edges import SECOND_NS, Edges
from collector.energy.meter import Plan, ScopeMeter
from collector.energy.slots import power_stat
from collector.energy.windows import Closed
from collector.model import Energy
from tests.energy.rig import MS, check_windows, total_of

# Measured traces are not part of the repository: put them into ../shared/traces, or name their
# folder in TRACES.
TRACES = Path(os.environ.get("TRACES") or Path(__file__).parents[3] / "shared" / "traces")
NODE_CEILING_MW = 20_000_000
WH_MJ = 3_600_000

Samples = list[tuple[int, int]]


def rows(name: str) -> Iterator[list[str]]:
    """The rows of a trace, less its header; skips where there is no trace."""
    path = TRACES / name
    if not path.exists():
        pytest.skip(f"no {name} in {TRACES}; TRACES names the folder")
    with gzip.open(path, "rt") as file:
        reader = csv.reader(file)
        next(reader)
        yield from reader


def node_samples(name: str) -> dict[str, Samples]:
    """Samples of each node: nanoseconds of the wall clock, milliwatts."""
    found: dict[str, Samples] = {}
    for node, time_ms, watts in rows(name):
        found.setdefault(node, []).append((int(time_ms) * MS, round(float(watts) * 1000)))
    return found


def replay(samples: Samples, period_ns: int) -> tuple[ScopeMeter, list[Closed]]:
    """Meter the samples as if they came in now, by a meter without a counter."""
    now_ns = samples[0][0] - 1
    edges = Edges(now_ns, now_ns)
    plan = Plan(period_ns=period_ns, window_ns=10 * SECOND_NS, boot_id="")
    meter = ScopeMeter(edges, plan, Limits(ceiling_mw=NODE_CEILING_MW), expects_counter=False)
    closed: list[Closed] = []
    due, end_ns = 0, max(at for at, _ in samples)
    while now_ns < end_ns:
        now_ns += 5 * SECOND_NS
        batch_from = due
        while due < len(samples) and samples[due][0] <= now_ns:
            due += 1
        meter.add_samples(samples[batch_from:due])
        edges.refresh(now_ns, now_ns)
        closed += meter.advance(now_ns)
    closed += meter.finish(now_ns)
    check_windows(closed, Energy())
    return meter, closed


def test_64_nodes_reproduce_the_published_energy() -> None:
    """MLPerf Training v4.0, GPT-3 on 64 nodes: 415.22 kWh by its publisher."""
    total = Energy()
    for samples in node_samples("mlperf-v4.0-gpt3-64-nodes-ac.csv.gz").values():
        _, closed = replay(samples, 2 * SECOND_NS)
        total += total_of(closed)
        assert all(window.covered_ns == window.end_ns - window.start_ns for window in closed)
    assert total.counter_mj == total.estimated_mj == 0  # no two readings are over 2.6 s apart
    assert total.total_mj / WH_MJ == pytest.approx(415_220, rel=0.0002)


def test_what_is_missing_of_a_node_is_bridged_and_marked() -> None:
    """A tenth of the readings gone, a minute at a time: under 1 % off, and all of it is marked."""
    samples = node_samples("mlperf-v4.0-gpt3-64-nodes-ac.csv.gz")["node_1"]
    left = [sample for i, sample in enumerate(samples) if i % 300 < 270]
    _, whole = replay(samples, 2 * SECOND_NS)
    _, closed = replay(left, 2 * SECOND_NS)
    apart = [b - a for (a, _), (b, _) in pairwise(left)]
    blind = [apart_ns for apart_ns in apart if apart_ns > 6 * SECOND_NS]
    assert len(blind) >= 4
    assert sum(blind) == sum(w.end_ns - w.start_ns - w.covered_ns for w in closed)
    assert sum(blind) == sum(w.end_ns - w.start_ns for w in closed if w.gap)
    marked = sum(w.energy.estimated_mj for w in closed)
    assert marked == sum(w.energy.total_mj for w in closed if w.gap)
    found, true = total_of(closed).total_mj, total_of(whole).total_mj
    assert found == pytest.approx(true, rel=0.01)
    low = sum(w.energy.total_mj if w.low_mj is None else w.low_mj for w in closed)
    high = sum(w.energy.total_mj if w.high_mj is None else w.high_mj for w in closed)
    assert low <= true <= high


def test_gaps_with_bursts_behind_them_give_no_spike() -> None:
    (samples,) = node_samples("mlperf-v4.0-llama2-lora-1-node-ac-gaps.csv.gz").values()
    meter, closed = replay(samples, 2 * SECOND_NS)
    peak_mw = max(power for _, power in samples)
    for window in closed:
        mean_mw = window.energy.total_mj * SECOND_NS / (window.end_ns - window.start_ns)
        assert mean_mw <= peak_mw * 1.0001
    for slot in meter.slots.closed:
        stat = power_stat([slot], None)
        assert stat is None or stat.mean <= peak_mw / 1000
    for (left_ns, _), (right_ns, _) in pairwise(samples):
        if right_ns - left_ns > 10 * SECOND_NS:
            inside = [w for w in closed if w.start_ns < right_ns and left_ns < w.end_ns]
            assert any(w.gap and w.covered_ns == 0 and w.energy.estimated_mj for w in inside)


def test_an_a100_agrees_with_its_meter_once_its_gain_is_known() -> None:
    """SC'24: after gain and offset of the board, from both levels of the step, 0.2 % remains.

    One step up and one down fall anywhere between two readings of 100 ms: up to 0.7 % either way
    for a single run; over all phases of sampling that cancels.
    """
    meter = [(float(at), float(watts)) for at, watts in rows("sc24-a100-step-meter.csv.gz")]
    driver = [(float(at), float(now)) for at, _, now in rows("sc24-a100-step-nvml.csv.gz")]

    def true_joules(start_ms: float, end_ms: float) -> float:
        inside = [sample for sample in meter if start_ms <= sample[0] <= end_ms]
        pairs = pairwise(inside)
        return sum((b[0] - a[0]) * (a[1] + b[1]) / 2000 for a, b in pairs)

    def level(start_ms: float, end_ms: float) -> tuple[float, float]:
        said = [watts for at, watts in driver if start_ms <= at <= end_ms]
        return sum(said) / len(said), true_joules(start_ms, end_ms) * 1000 / (end_ms - start_ms)

    (high, true_high), (low, true_low) = level(2500, 6500), level(9000, 13500)
    gain = (true_high - true_low) / (high - low)
    offset = true_high - gain * high
    errors = []
    for phase_ms in range(100, 200, 5):
        samples, row = [], 0
        for at_ms in range(phase_ms, 14_000, 100):
            while driver[row + 1][0] <= at_ms:
                row += 1
            watts = gain * driver[row][1] + offset
            samples.append((10**15 + at_ms * MS, round(watts * 1000)))
        _, closed = replay(samples, 100 * MS)
        found = total_of(closed).total_mj / 1000
        start_ms, end_ms = ((at - 10**15) / MS for at in (closed[0].start_ns, closed[-1].end_ns))
        errors.append(found / true_joules(start_ms, end_ms) - 1)
    assert max(map(abs, errors)) < 0.007
    assert abs(sum(errors) / len(errors)) < 0.002
