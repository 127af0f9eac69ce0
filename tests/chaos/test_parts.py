"""The wall clock that can be stepped, the small disk, and the truth over resets."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.chaos.clock import WallClock
from benchmarks.chaos.disk import SmallDisk
from benchmarks.chaos.truth import Truth
from tests.fake_nvml import FakeNvml, Square

SECOND_NS = 1_000_000_000
CLOCKS = """
import datetime, sys, time
for line in sys.stdin:
    print(time.time_ns(), time.monotonic_ns(), datetime.datetime.now().timestamp(), flush=True)
"""


def test_a_step_moves_the_wall_clock_of_a_running_process_alone(tmp_path: Path) -> None:
    clock = WallClock(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", CLOCKS],
        env={**os.environ, **clock.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def off_seconds() -> list[float]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("\n")
            wall_ns, monotonic_ns, now = process.stdout.readline().split()
            return [
                (int(wall_ns) - time.time_ns()) / SECOND_NS,
                (int(monotonic_ns) - time.monotonic_ns()) / SECOND_NS,
                float(now) - time.time(),
            ]

        for steps, expected in (([], 0), ([3600], 3600), ([-3600, -90], -90)):
            for step in steps:
                clock.step(step)
            assert off_seconds() == pytest.approx([expected, 0, expected], abs=1)
        process.stdin.close()


def test_a_disk_stays_full_whatever_is_freed(tmp_path: Path) -> None:
    try:
        disk = SmallDisk(tmp_path / "disk", 1_000_000)
    except PermissionError as error:
        pytest.skip(str(error))
    try:
        there = disk.place / "there"
        there.write_bytes(bytes(200_000))
        disk.fill()
        more = disk.place / "more"
        full_since = 0
        for _ in range(100):
            there.unlink(missing_ok=True)
            more.unlink(missing_ok=True)  # or its own room would be written again and again
            time.sleep(0.05)
            try:
                more.write_bytes(bytes(100_000))
            except OSError:
                full_since += 1
                if full_since > 3:
                    break
        assert full_since > 3
        disk.empty()
        more.write_bytes(bytes(500_000))
    finally:
        disk.unmount()


def test_the_counters_steps_add_up_over_resets(tmp_path: Path) -> None:
    with FakeNvml(tmp_path, gpus=1) as fake:
        gpu = fake.gpu(0)
        gpu.set_waveform(Square(300_000_000, 100_000, 650_000, high_nanoseconds=120_000_000))
        truth = Truth(gpu)
        time.sleep(0.1)
        start_ns = time.monotonic_ns()
        first_mj = gpu.expected_counter_millijoules(start_ns)
        time.sleep(0.25)
        end_ns = time.monotonic_ns()
        counted_mj = gpu.expected_counter_millijoules(end_ns) - first_mj
        assert truth.counted_mj(start_ns, end_ns) == counted_mj
        assert truth.counted_exactly(counted_mj, start_ns, end_ns)
        assert not truth.counted_exactly(counted_mj + 1, start_ns, end_ns)
        truth.reset_counter()
        time.sleep(0.2)
        later_ns = time.monotonic_ns()
        since_mj = gpu.expected_counter_millijoules(later_ns)
        lost_mj = truth.used_mj(start_ns, later_ns) - truth.counted_mj(start_ns, later_ns)
        assert truth.resets == 1
        assert since_mj > 0
        assert truth.counted_mj(end_ns, later_ns) >= since_mj
        assert abs(lost_mj) <= 2 * 650_000 * gpu.counter_refresh_nanoseconds // SECOND_NS
