"""GPM: means between two samples, none at first, none after a failure, never a zero for one."""

import math
from typing import Any

import pytest

from collector.sources.nvml.readers import UnsupportedError
from collector.sources.nvml.readers.gpm import UNITS, Gpm
from collector.sources.protocol import GpuLostError, SourceError
from tests.nvml.readers.stand_in import GPU_LOST, NO_PERMISSION, StandIn, fills


class _Samples:
    """Takes samples, and gives their order back as values."""

    def __init__(self) -> None:
        self.allocated = 0
        self.taken: list[int] = []
        self.asked: list[tuple[int, int]] = []
        self.code = 0
        self.broken: dict[int, tuple[int, float]] = {}

    def alloc(self, output: Any) -> int:
        self.allocated += 1
        pointer = type(output._obj)
        import ctypes  # noqa: PLC0415 - for the cast alone

        output._obj.contents = ctypes.cast(self.allocated * 4096, pointer).contents
        return 0

    def sample(self, _handle: int, pointer: Any) -> int:
        self.taken.append(_address(pointer))
        return self.code

    def get(self, question: Any) -> int:
        asked = question._obj
        self.asked.append((_address(asked.sample1), _address(asked.sample2)))
        assert asked.numMetrics == len(UNITS)
        for metric in asked.metrics[: asked.numMetrics]:
            metric.nvmlReturn, metric.value = self.broken.get(metric.metricId, (0, 42.0))
        return 0


def _address(pointer: Any) -> int:
    import ctypes  # noqa: PLC0415 - for the cast alone

    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


@pytest.fixture
def samples() -> _Samples:
    return _Samples()


@pytest.fixture
def door(samples: _Samples) -> StandIn:
    return StandIn(
        functions={
            "nvmlGpmQueryDeviceSupport": fills(isSupportedDevice=1),
            "nvmlGpmSampleAlloc": samples.alloc,
            "nvmlGpmSampleGet": samples.sample,
            "nvmlGpmMetricsGet": samples.get,
        }
    )


def test_values_are_between_two_reads(door: StandIn, samples: _Samples) -> None:
    reader = Gpm(door, 0)
    assert reader.read().values == {}
    for _ in range(3):
        assert reader.read().values[""] == {(unit,): 0.42 for unit in UNITS}
    older, newer = zip(*samples.asked, strict=True)
    assert older == tuple(samples.taken[:3])
    assert newer == tuple(samples.taken[1:])
    assert samples.allocated == 2


def test_a_part_that_fails_is_absent(door: StandIn, samples: _Samples) -> None:
    samples.broken = {5: (3, 0.0), 10: (0, math.nan)}
    reader = Gpm(door, 0)
    reader.read()
    found = reader.read()
    assert ("tensor",) not in found.values[""]
    assert ("dram",) not in found.values[""]
    assert found.values[""]["sm",] == 0.42
    assert found.failed[""] in {"not_supported", "sentinel"}


def test_after_a_failure_there_is_no_mean_over_the_gap(door: StandIn, samples: _Samples) -> None:
    reader = Gpm(door, 0)
    reader.read()
    samples.code = NO_PERMISSION
    with pytest.raises(SourceError) as caught:
        reader.read()
    assert caught.value.word == "no_permission"
    samples.code = 0
    assert reader.read().values == {}
    assert reader.read().values[""]["sm",] == 0.42
    samples.code = GPU_LOST
    with pytest.raises(GpuLostError):
        reader.read()


@pytest.mark.parametrize("missing", ["nvmlGpmQueryDeviceSupport", "nvmlGpmMetricsGet"])
def test_a_driver_without_it(door: StandIn, missing: str) -> None:
    del door.functions[missing]
    with pytest.raises(UnsupportedError):
        Gpm(door, 0)


def test_a_gpu_without_it(door: StandIn) -> None:
    door.functions["nvmlGpmQueryDeviceSupport"] = fills(isSupportedDevice=0)
    with pytest.raises(UnsupportedError):
        Gpm(door, 0)
    door.functions["nvmlGpmQueryDeviceSupport"] = fills(25)
    with pytest.raises(UnsupportedError):
        Gpm(door, 0)
