"""The fabric in words, how long it has been so, and where the GPU sits."""

import ctypes
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.sources.nvml.readers import UnsupportedError
from collector.sources.nvml.readers.fabric import Fabric
from collector.sources.nvml.readers.fabric_health import conditions
from collector.sources.nvml.readers.platform import Platform
from collector.sources.protocol import SourceError
from tests.nvml.readers.stand_in import (
    NO_PERMISSION,
    UNSUPPORTED,
    VERSION_MISMATCH,
    StandIn,
    fills,
)

_UUID = (ctypes.c_uint8 * 16)(*range(16))
_NAME = "00010203-0405-0607-0809-0a0b0c0d0e0f"
_V, _OLD = "nvmlDeviceGetGpuFabricInfoV", "nvmlDeviceGetGpuFabricInfo"
_SECOND_NS = 1_000_000_000


def _info(**members: Any) -> Callable[..., int]:
    said: dict[str, Any] = {"clusterUuid": _UUID, "cliqueId": 5, "state": 3, "status": 0}
    return fills(**(said | members))


def test_all_of_the_newest_version() -> None:
    # Bandwidth degraded, route healthy, partition missing, manager connected.
    mask = 1 | 2 << 4 | 4 << 8 | 2 << 12 | 1 << 14
    reader = Fabric(StandIn(functions={_V: _info(healthMask=mask, healthSummary=2)}), 0)
    assert reader.outputs == {"info", "state_seconds", "condition", "health_seconds"}
    found = reader.read().values
    assert found["info"] == {(_NAME, "5", "completed"): 1.0}
    assert found["condition"] == {
        ("degraded_bandwidth",): 1.0,
        ("route_unhealthy",): 0.0,
        ("partition_not_assigned",): 1.0,
        ("manager_disconnected",): 0.0,
        ("incorrect_configuration",): 1.0,
        ("no_partition",): 1.0,
    }
    assert list(found["health_seconds"]) == [("unhealthy",)]
    assert reader.secrets() == (bytes(range(16)),)


def test_older_versions_tell_less() -> None:
    def second(*parameters: Any) -> int:
        if hasattr(parameters[1]._obj, "healthSummary"):
            return VERSION_MISMATCH
        return _info(healthMask=1)(*parameters)

    assert Fabric(StandIn(functions={_V: second}), 0).outputs == {
        "info",
        "state_seconds",
        "condition",
    }
    assert Fabric(StandIn(functions={_OLD: _info()}), 0).outputs == {"info", "state_seconds"}


@pytest.mark.parametrize(
    "functions", [{}, {_V: fills(UNSUPPORTED)}, {_V: _info(state=0)}, {_OLD: fills(25)}]
)
def test_a_gpu_without_a_fabric(functions: dict[str, Callable[..., int]]) -> None:
    with pytest.raises(UnsupportedError):
        Fabric(StandIn(functions=functions), 0)


def test_time_in_state_starts_anew_with_the_state() -> None:
    now_ns = [7 * _SECOND_NS]
    door = StandIn(functions={_V: _info(state=2)})
    reader = Fabric(door, 0, clock_ns=lambda: now_ns[0])
    assert reader.read().values["state_seconds"] == {("in_progress",): 0.0}
    now_ns[0] += 90 * _SECOND_NS + 1
    assert reader.read().values["state_seconds"] == {("in_progress",): 90.0}
    door.functions[_V] = _info(state=3, status=999)
    reader._invoke = lambda: _fill(reader, state=3, status=999)
    found = reader.read().values
    assert found["state_seconds"] == {("failed",): 0.0}
    assert next(iter(found["info"]))[2] == "failed"


def _fill(reader: Fabric, **members: int) -> int:
    for name, value in members.items():
        setattr(reader._info, name, value)
    return 0


def test_a_refusal_is_an_error() -> None:
    reader = Fabric(StandIn(functions={_V: _info()}), 0)
    reader._invoke = lambda: NO_PERMISSION
    with pytest.raises(SourceError) as caught:
        reader.read()
    assert caught.value.word == "no_permission"


@given(st.integers(0, 2**32 - 1))
def test_any_mask_is_words(mask: int) -> None:
    found = conditions(mask)
    assert all(name == name.lower() and " " not in name for name in found)
    assert conditions(0) == {}


def test_platform_of_either_version() -> None:
    members: dict[str, Any] = {
        "chassisSerialNumber": b"1821224150042",
        "ibGuid": b"\xf1" * 16,
        "slotNumber": bytes([0xC8]),
        "trayIndex": bytes([6]),
        "hostId": bytes([1]),
        "moduleId": bytes([3]),
    }
    reader = Platform(StandIn(functions={"nvmlDeviceGetPlatformInfo": fills(**members)}), 0)
    assert reader.read().values[""] == {("1821224150042", "200", "6", "1", "3"): 1.0}
    assert b"1821224150042" in reader.secrets()
    older: dict[str, Any] = {
        "rackGuid": b"rack-9",
        "chassisPhysicalSlotNumber": b"\x02",
        "computeSlotIndex": b"\x00",
        "nodeIndex": b"\x04",
        "moduleId": b"\x01",
    }
    reader = Platform(StandIn(functions={"nvmlDeviceGetPlatformInfo": fills(**older)}), 0)
    assert reader.read().values[""] == {("rack-9", "2", "0", "4", "1"): 1.0}
    with pytest.raises(UnsupportedError):
        Platform(StandIn(), 0)


def test_a_fabric_that_may_not_be_seen_is_refused_each_time() -> None:
    reader = Fabric(StandIn(functions={_V: fills(NO_PERMISSION)}), 0)
    assert reader.outputs == {"info", "state_seconds"}
    with pytest.raises(SourceError, match="no_permission"):
        reader.read()
