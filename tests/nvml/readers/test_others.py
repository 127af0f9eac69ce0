"""Recovery, fans, processes, workload profiles and power smoothing."""

import ctypes
from typing import Any

import pytest

from collector.sources.nvml.readers import UnsupportedError
from collector.sources.nvml.readers.fans import Fans
from collector.sources.nvml.readers.processes import Processes
from collector.sources.nvml.readers.recovery import RecoveryAction
from collector.sources.nvml.readers.smoothing import PowerSmoothing
from collector.sources.nvml.readers.workload import WorkloadProfiles
from collector.sources.protocol import SourceError
from tests.nvml.readers.stand_in import (
    INSUFFICIENT,
    NO_PERMISSION,
    UINT,
    UNSUPPORTED,
    Field,
    StandIn,
    writes,
)

_NO_INSTANCE = 0xFFFFFFFF
_NO_MEMORY = 2**64 - 1


@pytest.mark.parametrize(
    ("number", "series"),
    [
        (0, {("none",): 1.0}),
        (4, {("none",): 0.0, ("drain_and_reset",): 1.0}),
        (99, {("none",): 0.0, ("action_99",): 1.0}),
    ],
)
def test_the_action_that_is_due(number: int, series: dict[tuple[str, ...], float]) -> None:
    assert RecoveryAction(StandIn({(230, 0): Field(number, UINT)}), 0).read().values[""] == series


def test_no_action_is_not_none() -> None:
    door = StandIn({(230, 0): Field(0, UINT)})
    reader = RecoveryAction(door, 0)
    door.fields[230, 0].code = NO_PERMISSION
    assert reader.read().values == {}
    with pytest.raises(UnsupportedError):
        RecoveryAction(StandIn({(1, 0): Field()}), 0)


def test_fans() -> None:
    door = StandIn(functions={"nvmlDeviceGetNumFans": writes(2)})
    speeds = {0: (35, 0), 1: (70, 0)}

    def speed(_handle: int, fan: int, output: Any) -> int:
        output._obj.value, code = speeds[fan]
        return code

    door.functions["nvmlDeviceGetFanSpeed_v2"] = speed
    reader = Fans(door, 0)
    assert reader.read().values[""] == {("0",): 0.35, ("1",): 0.7}
    speeds[1] = (0, NO_PERMISSION)
    assert reader.read().values[""] == {("0",): 0.35}
    door.functions["nvmlDeviceGetNumFans"] = writes(0)
    with pytest.raises(UnsupportedError):
        Fans(door, 0)
    with pytest.raises(UnsupportedError):
        Fans(StandIn(), 0)


def _lists(*processes: tuple[int, int, int]) -> Any:
    def answer(_handle: int, count: Any, buffer: Any) -> int:
        room = count._obj.value
        count._obj.value = len(processes)
        if room < len(processes):
            return INSUFFICIENT
        for entry, (pid, used, instance) in zip(buffer, processes, strict=False):
            entry.pid, entry.usedGpuMemory = pid, used
            if hasattr(entry, "gpuInstanceId"):
                entry.gpuInstanceId = instance
        return 0

    return answer


def test_a_process_in_both_lists_counts_once() -> None:
    door = StandIn(
        functions={
            "nvmlDeviceGetComputeRunningProcesses_v3": _lists(
                (10, 4096, _NO_INSTANCE), (11, _NO_MEMORY, _NO_INSTANCE), (12, 512, 3)
            ),
            "nvmlDeviceGetGraphicsRunningProcesses_v2": _lists((10, 8192, _NO_INSTANCE)),
        }
    )
    found = Processes(door, 0).read().values
    assert found["count"] == {(): 3.0}
    assert found["memory"] == {("10", ""): 8192.0, ("12", "3"): 512.0}


def test_the_list_grows_and_an_old_driver_has_one_too() -> None:
    many = [(pid, 1, 0) for pid in range(500)]
    door = StandIn(functions={"nvmlDeviceGetComputeRunningProcesses": _lists(*many)})
    reader = Processes(door, 0)
    assert reader.read().values["count"] == {(): 500.0}
    assert reader.read().values["memory"]["7", ""] == 1.0
    asked = door.calls["nvmlDeviceGetComputeRunningProcesses"]
    reader.read()
    assert door.calls["nvmlDeviceGetComputeRunningProcesses"] == asked + 1


def test_processes_that_may_not_be_seen() -> None:
    door = StandIn(functions={"nvmlDeviceGetComputeRunningProcesses_v3": _lists()})
    reader = Processes(door, 0)
    assert reader.read().values["count"] == {(): 0.0}
    refused = StandIn(functions={"nvmlDeviceGetComputeRunningProcesses_v3": writes(code=4)})
    with pytest.raises(SourceError) as caught:
        Processes(refused, 0).read()
    assert caught.value.word == "no_permission"
    with pytest.raises(UnsupportedError):
        Processes(StandIn(), 0)


def test_profiles_that_are_asked_for_and_in_force() -> None:
    def answer(_handle: int, info: Any) -> int:
        info._obj.requestedProfilesMask.mask[0] = 1 << 7 | 1 << 2
        info._obj.enforcedProfilesMask.mask[0] = 1 << 2
        info._obj.enforcedProfilesMask.mask[7] = 1 << 30
        return 0

    door = StandIn(functions={"nvmlDeviceWorkloadPowerProfileGetCurrentProfiles": answer})
    assert WorkloadProfiles(door, 0).read().values[""] == {
        ("compute", "requested"): 1.0,
        ("compute", "enforced"): 1.0,
        ("llm_training", "requested"): 1.0,
        ("llm_training", "enforced"): 0.0,
        ("profile_254", "requested"): 0.0,
        ("profile_254", "enforced"): 1.0,
    }
    with pytest.raises(UnsupportedError):
        WorkloadProfiles(StandIn(), 0)


@pytest.mark.parametrize(("counters", "base"), [(251, 256), (269, 251), (None, 251)])
def test_power_smoothing_of_every_numbering(counters: int | None, base: int) -> None:
    door = StandIn()
    if counters is not None:
        door.fields |= {(counters + i, 0): Field(0) for i in range(3)}
    for place, value in {
        0: 1,
        2: 0,
        3: 1100,
        4: 400,
        7: 98,
        13: 2,
        15: 2**32 - 1,
        16: 9000,
    }.items():
        door.fields[base + place, 0] = Field(value, UINT)
    door.fields |= {
        (base + 10, 2): Field(5_000_000, UINT),
        (base + 11, 2): Field(4_000_000, UINT),
        (base + 10, 3): Field(1000, UINT),
    }
    reader = PowerSmoothing(door, 0)
    assert reader.outputs == {"state", "applied", "lifetime", "profile", "ramp"}
    assert reader.read().values == {
        "state": {("enabled",): 1.0, ("immediate_ramp_down",): 0.0},
        "applied": {("ceiling",): 1100.0, ("floor",): 400.0},
        "lifetime": {(): pytest.approx(0.98)},
        "profile": {(): 2.0},
        "ramp": {("override", "down"): 9.0, ("profile", "up"): 5000.0, ("profile", "down"): 4000.0},
    }
    door.fields[base + 13, 0].value = 3
    assert reader.read().values["ramp"]["profile", "up"] == 1.0


def test_smoothing_whose_place_is_not_known_is_not_guessed() -> None:
    with pytest.raises(UnsupportedError):
        PowerSmoothing(StandIn({(number, 0): Field(7, UINT) for number in range(251, 275)}), 0)
    refused = {(251 + i, 0): Field(0) for i in range(3)} | {(256, 0): Field(0, UINT, UNSUPPORTED)}
    with pytest.raises(UnsupportedError):
        PowerSmoothing(StandIn(refused), 0)


def test_a_list_entry_of_the_first_version_is_as_long_as_the_drivers() -> None:
    from collector.sources.nvml.readers.processes import _Plain  # noqa: PLC0415 - only here

    assert ctypes.sizeof(_Plain) == 16
