"""MIG instances: found each time anew, and never the power of the GPU again."""

from typing import Any

import pytest

from collector.sources.nvml.readers import UnsupportedError
from collector.sources.nvml.readers.mig import Mig
from collector.sources.protocol import SourceError
from tests.nvml.readers.stand_in import NO_PERMISSION, NOT_FOUND, StandIn, writes

_GIB = 2**30


def _text(texts: dict[int, str]) -> Any:
    def answer(handle: Any, buffer: Any, size: int) -> int:
        assert size == len(buffer)
        buffer.value = texts[handle.value].encode()
        return 0

    return answer


def _number(numbers: dict[int, int]) -> Any:
    def answer(handle: Any, output: Any) -> int:
        output._obj.value = numbers[handle.value]
        return 0

    return answer


def _memory(code: int = 0) -> Any:
    def answer(_handle: Any, output: Any) -> int:
        memory = output._obj
        memory.used, memory.free, memory.total = 1 * _GIB, 9 * _GIB, 10 * _GIB
        return code

    return answer


@pytest.fixture
def door() -> StandIn:
    """Two instances at places 0 and 2 of seven."""
    places = {0: 0x111, 2: 0x222}

    def by_index(_handle: int, index: int, output: Any) -> int:
        output._obj.value = places.get(index)
        return 0 if index in places else NOT_FOUND

    return StandIn(
        functions={
            "nvmlDeviceGetMigMode": writes(1, 1),
            "nvmlDeviceGetMaxMigDeviceCount": writes(7),
            "nvmlDeviceGetMigDeviceHandleByIndex": by_index,
            "nvmlDeviceGetUUID": _text({0x111: "MIG-a", 0x222: "MIG-b"}),
            "nvmlDeviceGetName": _text(
                {0x111: "NVIDIA A100-SXM4-80GB MIG 1g.10gb", 0x222: "NVIDIA H100 MIG 2g.20gb+me"}
            ),
            "nvmlDeviceGetGpuInstanceId": _number({0x111: 7, 0x222: 3}),
            "nvmlDeviceGetComputeInstanceId": _number({0x111: 0, 0x222: 1}),
            "nvmlDeviceGetMemoryInfo_v2": _memory(),
        }
    )


def test_instances_with_profile_and_ids(door: StandIn) -> None:
    reader = Mig(door, 0)
    assert reader.outputs == {"mode", "info", "memory", "total"}
    found = reader.read().values
    assert found["mode"] == {(): 1.0}
    assert found["info"] == {
        ("MIG-a", "1g.10gb", "7", "0"): 1.0,
        ("MIG-b", "2g.20gb+me", "3", "1"): 1.0,
    }
    assert found["memory"]["MIG-a", "used"] == 1.0 * _GIB
    assert found["total"]["MIG-b",] == 10.0 * _GIB
    assert reader.secrets() == (b"MIG-a", b"MIG-b")


def test_an_old_driver_has_memory_too(door: StandIn) -> None:
    door.functions["nvmlDeviceGetMemoryInfo"] = door.functions.pop("nvmlDeviceGetMemoryInfo_v2")
    assert Mig(door, 0).read().values["total"]["MIG-a",] == 10.0 * _GIB


def test_memory_that_may_not_be_read_leaves_the_rest(door: StandIn) -> None:
    door.functions["nvmlDeviceGetMemoryInfo_v2"] = _memory(NO_PERMISSION)
    found = Mig(door, 0).read()
    assert found.failed == {"memory": "no_permission"}
    assert len(found.values["info"]) == 2
    assert found.values["memory"] == {}


def test_mig_switched_off_and_on_again(door: StandIn) -> None:
    reader = Mig(door, 0)
    reader.read()
    reader._ask_mode = writes(0, 0)
    assert reader.read().values == {"mode": {(): 0.0}}
    assert reader.outputs == {"mode"}
    reader._ask_mode = writes(1, 1)
    assert len(reader.read().values["info"]) == 2


def test_a_gpu_without_mig_and_one_that_refuses(door: StandIn) -> None:
    for functions in ({}, {"nvmlDeviceGetMigMode": writes(0, 0, code=3)}):
        with pytest.raises(UnsupportedError):
            Mig(StandIn(functions=functions), 0)
    door.functions["nvmlDeviceGetMaxMigDeviceCount"] = writes(0, code=NO_PERMISSION)
    with pytest.raises(SourceError):
        Mig(door, 0).read()
