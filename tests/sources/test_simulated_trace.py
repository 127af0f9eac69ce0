"""Replay of measured power: energy to the millijoule, gaps as gaps, and errors for people."""

import gzip
import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.check.plain import read_all
from collector.sources.protocol import SourceError
from collector.sources.simulated import SimulatedGpu, TraceError
from collector.sources.simulated.trace import load_trace
from tests.sources.simulated_rig import START_NS, SetClock, open_source, power_at

# Measured traces are not part of the repository: put them into ../shared/traces, or name their
# folder in TRACES.
TRACES = Path(os.environ.get("TRACES") or Path(__file__).parents[3] / "shared" / "traces")
MS_NS = 1_000_000
needs_traces = pytest.mark.skipif(
    not TRACES.is_dir(), reason="no measured traces; TRACES names their folder"
)

steps_ms = st.lists(st.integers(1, 400), min_size=1, max_size=15)
milliwatts = st.lists(st.integers(0, 900_000), min_size=16, max_size=16)
same_folder = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def replay(path: Path, *, gpus: int = 1) -> tuple[SetClock, list[SimulatedGpu]]:
    clock = SetClock()
    return clock, open_source(clock, gpus=gpus, trace=path)


def trapezoid_mj(points: list[tuple[int, int]]) -> float:
    """Energy of (milliseconds, milliwatts), linear between points, in millijoules."""
    pairs = pairwise(points)
    return sum((b_ms - a_ms) * (a_mw + b_mw) / 2000 for (a_ms, a_mw), (b_ms, b_mw) in pairs)


@same_folder
@given(steps_ms, milliwatts, st.integers(-(10**12), 10**12))
def test_energy_of_loops_is_the_trapezoid_of_the_file(
    tmp_path: Path, steps: list[int], powers: list[int], begin_ms: int
) -> None:
    points = [(begin_ms, powers[0])]
    for step, power in zip(steps, powers[1:], strict=False):
        points.append((points[-1][0] + step, power))
    rows = "".join(f"{time_ms},{power / 1000:.3f}\n" for time_ms, power in points)
    clock, (gpu,) = replay(write(tmp_path / "t.csv", "time_ms,watts\n" + rows))
    # 20 loops of whole milliseconds are whole refreshes, whatever the length of one.
    loops_ms = 20 * (points[-1][0] - points[0][0])
    end_ns = START_NS + loops_ms * MS_NS
    assert gpu.true_energy_mj(end_ns) == pytest.approx(20 * trapezoid_mj(points), abs=1)
    clock.now_ns = end_ns
    counter = gpu.read(slow=False).counter
    assert counter is not None
    assert counter.millijoules == gpu.true_energy_mj(end_ns)
    assert max(gpu.signal.second(0)) <= max(powers)


def test_power_is_linear_between_points_and_loops(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "time_ms,watts\n0,100\n1000,200\n2000,200\n")
    clock, (gpu,) = replay(path)
    powers = power_at(clock, gpu, range(150))
    assert powers[:50] == [100_000 + 2000 * place + 1000 for place in range(50)]
    assert powers[50:100] == [200_000] * 50
    assert powers[100:] == powers[:50]


def test_each_gpu_of_one_series_lags_and_draws_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "time_ms,watts\n0,100\n1000,200\n2000,100\n")
    clock, gpus = replay(path, gpus=3)
    first, second, third = (power_at(clock, gpu, range(100)) for gpu in gpus)
    assert second[5:] == first[:-5]
    assert third[10:] == first[:-10]
    assert sum(first) == sum(second) == sum(third)


def test_nodes_are_dealt_round_robin_and_together(tmp_path: Path) -> None:
    rows = "node,time_ms,watts\na,0,100\nb,0,300\na,1000,100\nb,1000,300\n"
    clock, gpus = replay(write(tmp_path / "t.csv", rows), gpus=3)
    assert [power_at(clock, gpu, range(1)) for gpu in gpus] == [[100_000], [300_000], [100_000]]


def test_a_gap_has_no_readings_but_the_counter_runs_on(tmp_path: Path) -> None:
    rows = "".join(
        f"{time_ms},100\n" for time_ms in [*range(0, 2001, 100), *range(5000, 7001, 100)]
    )
    clock, (gpu,) = replay(write(tmp_path / "t.csv", "time_ms,watts\n" + rows))
    assert power_at(clock, gpu, range(99, 100)) == [100_000]
    with pytest.raises(SourceError) as caught:
        power_at(clock, gpu, range(100, 101))
    assert caught.value.word == "no_data"
    reading = gpu.read(slow=False)
    assert reading.failed == {"gpu_power_average_watts": "no_data"}
    assert "gpu_power_average_watts" not in reading.values
    with pytest.raises(SourceError):
        power_at(clock, gpu, range(249, 250))
    assert power_at(clock, gpu, range(250, 251)) == [100_000]
    assert gpu.true_energy_mj(START_NS + 7000 * MS_NS) == 700_000


def test_uneven_polling_within_a_tenth_of_a_second_is_no_gap(tmp_path: Path) -> None:
    rows = "".join(f"{time_ms},100\n" for time_ms in [*range(0, 100, 7), 190, *range(291, 400, 7)])
    clock, (gpu,) = replay(write(tmp_path / "t.csv", "time_ms,watts\n" + rows))
    assert power_at(clock, gpu, range(9)) == [100_000] * 9
    with pytest.raises(SourceError):
        power_at(clock, gpu, range(10, 11))


def test_times_are_sorted_and_duplicates_dropped(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.csv", "time_ms,watts\n0,100\n500,300\n1000,200\n")
    mixed = write(tmp_path / "b.csv", "time_ms,watts\n1000,200\n0,100\n500,300\n\n0,999\n")
    assert load_trace(plain) == load_trace(mixed)


def test_instant_power_is_taken_where_there_are_no_watts(tmp_path: Path) -> None:
    text = "time_ms,power_average_watts,power_instant_watts\n-2.5,1,100\n1000,2,100\n"
    path = tmp_path / "t.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(text)
    clock, (gpu,) = replay(path)
    assert power_at(clock, gpu, range(1)) == [100_000]


def test_limits_follow_a_peak_above_the_model(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "time_ms,watts\n0,100\n1000,7142.3\n")
    clock, (gpu,) = replay(path)
    assert gpu.power_limit_watts == 7143
    clock.set_refresh(100_000)
    values = read_all(gpu).values
    assert values["gpu_power_limit_watts"]["enforced",] == 7143
    assert values["gpu_temperature_celsius"]["gpu",] < 87


HEADER = "time_ms,watts\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: expected the header time_ms,watts .*found an empty line"),
        ("time,power\n1,2\n", "line 1: expected the header .*found time,power"),
        (HEADER, "holds no readings"),
        (HEADER + "0,1\n5,x\n", "line 3: watts is 'x', which is not a number"),
        (HEADER + "0,1\n5,\n", "line 3: watts is '', which is not a number"),
        (HEADER + "0,1\n5,nan\n", "line 3: watts is 'nan', which is not a number"),
        (HEADER + "0,1\nsoon,5\n", "line 3: time_ms is 'soon', which is not a number"),
        (HEADER + "0,1\n5,-1\n", "line 3: watts is -1; allowed is 0 to"),
        (HEADER + "0,1\n5e15,1\n", "line 3: time_ms is 5e15; allowed is"),
        (HEADER + "0,1\n5\n", "line 3: 1 columns, the header has 2"),
        (HEADER + "0,1\n0,2\n", "only one time; two are needed"),
        ("node," + HEADER + "a,0,1\na,1,1\nb,0,1\n", "of node b have only one time"),
        (HEADER + "0,9e7\n1e9,9e7\n", "more than 1.2 MWh"),
        (HEADER + '0,1\n5,"1\n' + "x" * 140_000, "line .*field larger"),
    ],
)
def test_a_bad_file_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path / "bad.csv", text)
    with pytest.raises(TraceError, match=said) as caught:
        replay(path)
    assert str(path) in str(caught.value)
    assert caught.value.word == "trace"


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"gone\.csv: the trace cannot be read: No such file"):
        load_trace(tmp_path / "gone.csv")
    with pytest.raises(TraceError, match="Is a directory"):
        load_trace(tmp_path)
    whole = gzip.compress((HEADER + "0,1\n1,1\n" * 500).encode())
    for content in (b"not gzip", whole[:-20], whole[:12] + bytes(40)):
        (tmp_path / "cut.csv.gz").write_bytes(content)
        with pytest.raises(TraceError, match="not a whole gzip file"):
            load_trace(tmp_path / "cut.csv.gz")
    (tmp_path / "binary.csv").write_bytes(b"time_ms,watts\n0,\xff\n")
    with pytest.raises(TraceError, match="not text"):
        load_trace(tmp_path / "binary.csv")


@needs_traces
def test_the_published_energy_of_64_nodes_comes_out() -> None:
    nodes = load_trace(TRACES / "mlperf-v4.0-gpt3-64-nodes-ac.csv.gz")
    assert len(nodes) == 64
    total_kwh = sum(node.areas[-1] for node in nodes) / 2 / 3.6e15
    assert total_kwh == pytest.approx(415.22, rel=0.0002)


@needs_traces
def test_a_measured_node_replays_with_its_gaps() -> None:
    path = TRACES / "mlperf-v4.0-llama2-lora-1-node-ac-gaps.csv.gz"
    (series,) = load_trace(path)
    clock, (gpu,) = replay(path)
    length_us = series.times_us[-1]
    expected_mj = series.areas[-1] / 2e6
    assert gpu.true_energy_mj(START_NS + length_us * 1000) == pytest.approx(expected_mj, rel=1e-5)
    missing = 0
    for refresh in range(0, length_us // 20_000, 50):
        try:
            power_at(clock, gpu, range(refresh, refresh + 1))
        except SourceError:
            missing += 1
    assert 0 < missing < length_us / 1e6 / 2


@needs_traces
@pytest.mark.parametrize("board", ["a100", "3090"])
def test_what_a_driver_reported_replays(board: str) -> None:
    clock, (gpu,) = replay(TRACES / f"sc24-{board}-step-nvml.csv.gz")
    powers = power_at(clock, gpu, range(200))
    assert 20_000 < min(powers) < max(powers) < 500_000
