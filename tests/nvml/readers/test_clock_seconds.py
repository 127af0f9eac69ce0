"""Seconds by reason: which field numbers hold, in which unit, and what if there are none."""

import pytest

from collector.sources.nvml.readers import UnsupportedError
from collector.sources.nvml.readers.clock_seconds import ClockEventSeconds
from collector.sources.nvml.readers.layout import clock_counter_fields, smoothing_base
from collector.sources.protocol import GpuLostError, SourceError
from tests.nvml.readers.stand_in import GPU_LOST, NO_PERMISSION, UINT, Field, StandIn, writes

_SECOND_NS = 1_000_000_000
_STATUS = "nvmlDeviceGetViolationStatus"
_POWER, _THERMAL, _SYNC = (74, 0), (75, 0), (76, 0)


def _status(spent_ns: dict[int, int], code: int = 0) -> object:
    def answer(_handle: int, policy: int, reference: object) -> int:
        reference._obj.violationTime = spent_ns.get(policy, 0)  # type: ignore[attr-defined]
        return code if policy in spent_ns else 3

    return answer


def _split(first: int, kind: int = 3) -> dict[tuple[int, int], Field]:
    return {(first + i, 0): Field((i + 1) * _SECOND_NS, kind) for i in range(3)}


@pytest.mark.parametrize(("first", "smoothing"), [(251, 256), (269, 251)])
def test_the_numbers_of_either_driver_are_found(first: int, smoothing: int) -> None:
    # The other place holds switches and rates of power smoothing: 32 bits.
    other = 269 if first == 251 else 251
    door = StandIn(_split(first) | _split(other, UINT))
    assert set(clock_counter_fields(door, 0).values()) == {first, first + 1, first + 2}
    assert smoothing_base(door, 0) == smoothing
    assert ClockEventSeconds(door, 0).read().values[""] == {
        ("software_thermal",): 1.0,
        ("hardware_thermal",): 2.0,
        ("power_brake",): 3.0,
    }


def test_of_two_places_that_look_alike_the_one_that_agrees_is_taken() -> None:
    same = _split(251) | _split(269)
    same[269, 0] = Field(7 * _SECOND_NS)
    assert not clock_counter_fields(StandIn(same), 0)
    same[_THERMAL] = Field(7 * _SECOND_NS)
    assert clock_counter_fields(StandIn(same), 0)["software_thermal"] == 269


def test_a_driver_that_does_not_split_says_thermal() -> None:
    door = StandIn({_POWER: Field(2 * _SECOND_NS), _THERMAL: Field(3 * _SECOND_NS)})
    seconds = ClockEventSeconds(door, 0).read().values[""]
    assert seconds == {("power_cap",): 2.0, ("thermal",): 3.0}
    door.fields |= _split(251)
    assert ("thermal",) not in ClockEventSeconds(door, 0).read().values[""]


@pytest.mark.parametrize("unit_ns", [1, 1000])
def test_the_unit_of_a_policy_is_found_by_the_clock(unit_ns: int) -> None:
    now_ns = [1_000 * _SECOND_NS]
    door = StandIn({_POWER: Field(5 * _SECOND_NS // unit_ns // 100_000)})
    door.functions["nvmlDeviceGetCurrentClocksThrottleReasons"] = writes(0x4)
    reader = ClockEventSeconds(door, 0, clock_ns=lambda: now_ns[0])
    seconds = reader.read().values[""]["power_cap",]
    for _ in range(3):
        now_ns[0] += 10 * _SECOND_NS
        door.fields[_POWER].value += 10 * _SECOND_NS // unit_ns
        seconds = reader.read().values[""]["power_cap",]
    assert seconds == pytest.approx(30.0, rel=1e-4)
    asked = door.calls["nvmlDeviceGetCurrentClocksThrottleReasons"]
    reader.read()
    assert door.calls["nvmlDeviceGetCurrentClocksThrottleReasons"] == asked


def test_an_old_driver_is_asked_by_function() -> None:
    door = StandIn(functions={_STATUS: _status({0: _SECOND_NS, 4: 2 * _SECOND_NS})})  # type: ignore[dict-item]
    assert ClockEventSeconds(door, 0).read().values[""] == {("power_cap",): 1.0, ("idle",): 2.0}
    door.functions[_STATUS] = _status({0: _SECOND_NS}, NO_PERMISSION)  # type: ignore[assignment]
    found = ClockEventSeconds(door, 0).read()
    assert (found.values[""], found.failed) == ({}, {"": "no_permission"})


def test_nothing_is_offered() -> None:
    with pytest.raises(UnsupportedError):
        ClockEventSeconds(StandIn(), 0)
    with pytest.raises(UnsupportedError):
        ClockEventSeconds(StandIn({(1, 0): Field()}), 0)


def test_a_sentinel_and_a_refusal_leave_a_reason_out() -> None:
    door = StandIn({_POWER: Field(_SECOND_NS), _SYNC: Field(_SECOND_NS)})
    reader = ClockEventSeconds(door, 0)
    door.fields[_POWER].value = 2**64 - 1
    found = reader.read()
    assert found.values[""] == {("sync_boost",): 1.0}
    assert found.failed == {"": "sentinel"}
    door.fields[_POWER].code = NO_PERMISSION
    assert reader.read().failed == {"": "no_permission"}


def test_a_failed_call_is_an_error() -> None:
    door = StandIn({_POWER: Field(1)})
    reader = ClockEventSeconds(door, 0)
    door.fields_code = NO_PERMISSION
    with pytest.raises(SourceError) as caught:
        reader.read()
    assert caught.value.word == "no_permission"
    door.fields_code = GPU_LOST
    with pytest.raises(GpuLostError):
        reader.read()
