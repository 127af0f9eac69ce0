"""GPM: metrics between two samples."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.fake_nvml import ERROR_NO_PERMISSION, FakeNvml, MigDevice
from tests.fake_nvml_tests.helpers import pynvml
from tests.fake_nvml_tests.machines import machine
from tests.fake_nvml_tests.reads import gpm_metrics, gpm_samples

SM, TENSOR, DRAM = 2, 5, 10


def release(*samples: Any) -> None:
    for sample in samples:
        pynvml.nvmlGpmSampleFree(sample)


def test_metrics_are_set_live(fake: FakeNvml, nvml: list[Any]) -> None:
    assert pynvml.nvmlGpmQueryDeviceSupport(nvml[0]).isSupportedDevice == 1
    samples = gpm_samples(nvml[0])
    assert fake.gpm_samples_open == 2
    assert gpm_metrics(samples, SM, DRAM, 400) == [(0, 95.0), (0, 60.0), (3, 0.0)]
    fake.gpu(0).set_gpm(SM, 12.5)
    for sample in samples:
        pynvml.nvmlGpmSampleGet(nvml[0], sample)
    assert gpm_metrics(samples, SM) == [(0, 12.5)]
    fake.gpu(0).fail_gpm(SM, ERROR_NO_PERMISSION)
    assert gpm_metrics(samples, SM, DRAM) == [(ERROR_NO_PERMISSION, 0.0), (0, 60.0)]
    fake.gpu(0).fail_gpm(SM, None)
    assert gpm_metrics(samples, SM) == [(0, 12.5)]
    release(*samples)
    assert fake.gpm_samples_open == 0


def test_a_change_in_between_shows_by_its_time(fake: FakeNvml, nvml: list[Any]) -> None:
    gpu = fake.gpu(0)
    gpu.set_gpm(SM, 100.0)
    first, second = pynvml.nvmlGpmSampleAlloc(), pynvml.nvmlGpmSampleAlloc()
    began = [time.monotonic()]
    pynvml.nvmlGpmSampleGet(nvml[0], first)
    began.append(time.monotonic())
    time.sleep(0.02)
    changed = [time.monotonic()]
    gpu.set_gpm(SM, 0.0)
    changed.append(time.monotonic())
    time.sleep(0.01)
    ended = [time.monotonic()]
    pynvml.nvmlGpmSampleGet(nvml[0], second)
    ended.append(time.monotonic())
    ((code, mean),) = gpm_metrics((first, second), SM)
    assert code == 0
    least = (changed[0] - began[1]) / (ended[1] - began[1])
    most = (changed[1] - began[0]) / (ended[0] - began[0])
    assert 100 * least - 1e-6 <= mean <= 100 * most + 1e-6
    release(first, second)


def test_samples_must_fit(nvml: list[Any]) -> None:
    first, second = gpm_samples(nvml[0])
    others = gpm_samples(nvml[1])
    empty = pynvml.nvmlGpmSampleAlloc()
    for pair in ((second, first), (first, first), (first, others[1]), (first, empty)):
        with pytest.raises(pynvml.NVMLError_InvalidArgument):
            gpm_metrics(pair, SM)
    get = pynvml.c_nvmlGpmMetricsGet_t()
    get.sample1, get.sample2 = first, second
    with pytest.raises(pynvml.NVMLError) as caught:
        pynvml.nvmlGpmMetricsGet(get)  # without a version
    assert caught.value.value == pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH
    release(first, second, *others, empty)


def test_a_board_without_it(tmp_path: Path, library_path: Path) -> None:
    with machine(tmp_path, library_path, "A100", 1) as (fake, (handle,)):
        assert pynvml.nvmlGpmQueryDeviceSupport(handle).isSupportedDevice == 0
        sample = pynvml.nvmlGpmSampleAlloc()
        with pytest.raises(pynvml.NVMLError_NotSupported):
            pynvml.nvmlGpmSampleGet(handle, sample)
        fake.gpu(0).is_gpm_supported = 1
        pynvml.nvmlGpmSampleGet(handle, sample)
        release(sample)


def test_of_a_gpu_instance(fake: FakeNvml, nvml: list[Any]) -> None:
    gpu = fake.gpu(0)
    gpu.add_mig(0, MigDevice("1c.3g.40gb", 2, 0, 1 << 30, 14, 3, 1))
    gpu.add_mig(1, MigDevice("1c.3g.40gb", 2, 1, 1 << 30, 14, 3, 1))
    gpu.set_gpm(SM, 33.0, mig=1)
    samples = pynvml.nvmlGpmSampleAlloc(), pynvml.nvmlGpmSampleAlloc()
    for sample in samples:
        pynvml.nvmlGpmMigSampleGet(nvml[0], 2, sample)
    assert gpm_metrics(samples, SM, TENSOR) == [(0, 33.0), (3, 0.0)]
    pynvml.nvmlGpmSampleGet(nvml[0], samples[1])
    with pytest.raises(pynvml.NVMLError_InvalidArgument):
        gpm_metrics(samples, SM)  # one of an instance, one of the whole
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlGpmMigSampleGet(nvml[0], 5, samples[0])
    release(*samples)
