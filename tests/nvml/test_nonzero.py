"""Sensors whose 0 says that there is none: neither the daemon nor `check` shows it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pynvml
import pytest

from collector.sources.nvml import NvmlSource
from collector.sources.nvml.gpu import NvmlGpu
from collector.sources.nvml.spec import CallSpec, parse
from tests.fake_nvml import FakeNvml, build

TEMPERATURE, LIMIT = "gpu_temperature_celsius", "gpu_temperature_limit_celsius"


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeNvml]:
    library = build(tmp_path / "lib")
    with FakeNvml(tmp_path / "fake", gpus=1, profile="H200", library_path=library) as running:
        yield running
    with contextlib.suppress(pynvml.NVMLError):
        while True:
            pynvml.nvmlShutdown()


def opened(fake: FakeNvml) -> NvmlGpu:
    fake.load_in_process()
    source = NvmlSource()
    source.open()
    return source.discover()[0]


def test_the_word_stands_after_the_unit_of_a_call_too() -> None:
    text = "call nvmlDeviceGetTemperatureThreshold(NVML_TEMPERATURE_THRESHOLD_MEM_MAX) C nonzero"
    assert parse(text) == CallSpec(
        "nvmlDeviceGetTemperatureThreshold", (2,), "", 0, 1.0, nonzero=True
    )


def test_a_board_without_the_sensor_is_not_at_zero_degrees(fake: FakeNvml) -> None:
    fake.gpu(0).memory_temperature_celsius = 0
    fake.gpu(0).memory_max_celsius = 0
    gpu = opened(fake)
    assert set(gpu.read(slow=False).values[TEMPERATURE]) == {("gpu",)}
    assert set(gpu.read(slow=True).values[LIMIT]) == {("shutdown",), ("slowdown",), ("gpu_max",)}
    answers = {
        (answer.metric, answer.labels): answer for answer in gpu.survey().ask(lambda _: None)
    }
    for metric, labels in ((TEMPERATURE, ("memory",)), (LIMIT, ("memory_max",))):
        answer = answers[metric, labels]
        assert (answer.offered, answer.value, answer.error) == (False, None, "no_sensor"), metric


def test_one_that_is_there_is_shown(fake: FakeNvml) -> None:
    gpu = opened(fake)
    assert gpu.read(slow=False).values[TEMPERATURE]["memory",] > 0
    assert gpu.read(slow=True).values[LIMIT]["memory_max",] > 0
