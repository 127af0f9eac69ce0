"""What the call-by-call survey asks the driver, and how often."""

from collections import Counter
from typing import Any

import pytest

from collector.catalogue import CATALOGUE
from collector.check.survey import Surveyed
from collector.sources.nvml import NvmlSource
from collector.sources.nvml.capture import Survey
from collector.sources.nvml.library import Function
from collector.sources.protocol import GpuLostError
from tests.captures import fake_path
from tests.replay import ReplayDoor, read_capture

_GPU_LOST = 15


class _CountingDoor(ReplayDoor):
    """Counts calls by function; may say that the GPU is lost."""

    def __init__(self, name: str) -> None:
        super().__init__(read_capture(fake_path(name)))
        self.calls: Counter[str] = Counter()
        self.lost = False

    def function(self, name: str) -> Function | None:
        """A function that is counted."""
        function = super().function(name)
        if function is None:
            return None

        def counted(*parameters: Any) -> int:
            self.calls[name] += 1
            return _GPU_LOST if self.lost else function(*parameters)

        return counted


def _survey(name: str) -> tuple[_CountingDoor, Survey]:
    door = _CountingDoor(name)
    door.open()
    return door, Survey(door, door.handle(0), CATALOGUE)


def test_all_alternatives_are_asked_once_and_later_only_those_in_use() -> None:
    door, survey = _survey("gb200")
    told: list[str] = []
    first = survey.ask(told.append)
    assert door.calls["nvmlDeviceGetPowerUsage"] == 1
    assert door.calls["nvmlDeviceGetMemoryInfo_v2"] == 1
    assert set(door.calls) <= set(told)
    assert survey.ask(told.append) != []
    assert door.calls["nvmlDeviceGetPowerUsage"] == 1
    assert door.calls["nvmlDeviceGetMemoryInfo_v2"] == 2
    assert [(one.metric, one.labels, one.value) for one in first] == [
        (one.metric, one.labels, one.value) for one in survey.ask(told.append)
    ]


def test_a_second_way_is_taken_where_the_first_is_missing() -> None:
    _, survey = _survey("a100-driver-470")
    answers = {(one.metric, one.labels): one for one in survey.ask(lambda _: None)}
    used = answers["gpu_memory_bytes", ("used",)]
    assert used.way == "call nvmlDeviceGetMemoryInfo().used"
    assert used.short == "MemoryInfo.used"
    assert used.offered
    reserved = answers["gpu_memory_bytes", ("reserved",)]
    assert (reserved.offered, reserved.value) == (False, None)
    assert reserved.error == "function_not_found"


def test_the_counter_is_read_alone() -> None:
    door, survey = _survey("h200")
    survey.ask(lambda _: None)
    before = door.calls.total()
    reading = survey.counter()
    assert reading is not None
    assert reading.millijoules == 123_456_789_000
    assert door.calls.total() == before + 1


def test_a_lost_gpu_ends_the_survey() -> None:
    door, survey = _survey("h200")
    survey.ask(lambda _: None)
    door.lost = True
    with pytest.raises(GpuLostError):
        survey.ask(lambda _: None)
    with pytest.raises(GpuLostError):
        survey.counter()


def test_nvml_offers_what_a_check_looks_for() -> None:
    source = NvmlSource(door=_CountingDoor("h200"))
    source.open()
    assert source.count() == 2
    assert isinstance(source.gpu(1), Surveyed)
