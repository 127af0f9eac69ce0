"""The buffer of power samples."""

import itertools
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fake_nvml import FakeNvml, Group, Square
from tests.fake_nvml_tests.helpers import MILLISECOND, pynvml
from tests.fake_nvml_tests.machines import machine

TOTAL = pynvml.NVML_TOTAL_POWER_SAMPLES


def test_samples_of_a_board_with_a_buffer(tmp_path: Path, library_path: Path) -> None:
    """Every 20 ms, far finer than 10 Hz, and each the mean since the one before."""
    with machine(tmp_path, library_path, "T4", 1) as (fake, (handle,)):
        gpu = fake.gpu(0)
        gpu.set_waveform(Square(70 * MILLISECOND, 20_000, 66_000, 30 * MILLISECOND))
        time.sleep(0.15)
        kind, samples = pynvml.nvmlDeviceGetSamples(handle, TOTAL, 0)
        assert (kind, len(samples)) == (1, 120)
        assert {b.timeStamp - a.timeStamp for a, b in itertools.pairwise(samples)} <= {
            19_999,
            20_000,
            20_001,
        }
        offset = int(fake.state.wall_offset_nanoseconds)
        period = gpu.sample_period_nanoseconds
        for sample in samples:
            about = sample.timeStamp * 1000 - offset
            first = gpu.epoch_nanoseconds
            at = first + round((about - first) / period) * period
            assert sample.sampleValue.uiVal == gpu.expected_sample_milliwatts(at)
        assert len({sample.sampleValue.uiVal for sample in samples}) > 2


def test_nothing_is_given_twice_or_left_out(fake: FakeNvml, nvml: list[Any]) -> None:
    gpu = fake.gpu(0)
    gpu.set_unsupported(Group.SAMPLES, value=False)
    gpu.sample_period_nanoseconds = 2 * MILLISECOND
    _, samples = pynvml.nvmlDeviceGetSamples(nvml[0], TOTAL, 0)
    stamps = [sample.timeStamp for sample in samples]
    for _ in range(10):
        time.sleep(0.003)
        try:
            _, more = pynvml.nvmlDeviceGetSamples(nvml[0], TOTAL, stamps[-1])
        except pynvml.NVMLError_NotFound:  # none since
            continue
        stamps += [sample.timeStamp for sample in more]
    assert {b - a for a, b in itertools.pairwise(stamps)} <= {1_999, 2_000, 2_001}


def test_samples_of_the_module(tmp_path: Path, library_path: Path) -> None:
    with machine(tmp_path, library_path, "GB200", 1) as (fake, (handle,)):
        fake.gpu(0).set_unsupported(Group.SAMPLES, value=False)
        _, samples = pynvml.nvmlDeviceGetSamples(handle, pynvml.NVML_MODULE_POWER_SAMPLES, 0)
        assert {s.sampleValue.uiVal for s in samples} == {1_100_000 * 1050 // 1000 + 120_000}
        with pytest.raises(pynvml.NVMLError_NotSupported):
            pynvml.nvmlDeviceGetSamples(handle, pynvml.NVML_GPU_UTILIZATION_SAMPLES, 0)
