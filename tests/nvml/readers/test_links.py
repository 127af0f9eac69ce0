"""NVLink, NVLink-C2C and PCIe: states, sums, and counters that cannot be believed."""

import pytest

from collector.sources.nvml.readers import UnsupportedError
from collector.sources.nvml.readers.c2c import C2c
from collector.sources.nvml.readers.nvlink import ERROR_TYPES, NvlinkErrors, NvlinkLinks
from collector.sources.nvml.readers.nvlink_each import NvlinkEach
from collector.sources.nvml.readers.pcie import PcieBytes
from collector.sources.protocol import GpuLostError
from tests.nvml.readers.stand_in import (
    ALL_LINKS,
    GPU_LOST,
    NO_PERMISSION,
    UINT,
    UNSUPPORTED,
    Field,
    StandIn,
    writes,
)

_COUNT, _STATE = 91, 165


def _links(*states: int) -> StandIn:
    door = StandIn({(_COUNT, 0): Field(len(states), UINT)})
    door.fields |= {(_STATE, link): Field(state, UINT) for link, state in enumerate(states)}
    return door


def test_links_by_state_with_one_call() -> None:
    door = _links(1, 0, 2, 3, 1)
    reader = NvlinkLinks(door, 0)
    before = sum(door.calls.values())
    assert reader.read().values[""] == {("up",): 3.0, ("down",): 1.0, ("disabled",): 1.0}
    assert sum(door.calls.values()) == before + 1


def test_a_link_that_is_not_offered_is_disabled() -> None:
    door = _links(1, 1)
    door.fields[_STATE, 1].code = UNSUPPORTED
    assert NvlinkLinks(door, 0).read().values[""]["disabled",] == 1.0


def test_no_count_of_links_is_made_up_when_one_fails() -> None:
    door = _links(1, 1)
    reader = NvlinkLinks(door, 0)
    door.fields[_STATE, 1].code = NO_PERMISSION
    found = reader.read()
    assert found.values == {}
    assert found.failed == {"": "no_permission"}


def test_an_older_driver_is_asked_link_by_link() -> None:
    door = StandIn({(_COUNT, 0): Field(3, UINT)})
    states = {0: 1, 1: 0}

    def state(_handle: int, link: int, output: object) -> int:
        output._obj.value = states.get(link, 9)  # type: ignore[attr-defined]
        return 0 if link in states else UNSUPPORTED

    door.functions["nvmlDeviceGetNvLinkState"] = state
    assert NvlinkLinks(door, 0).read().values[""] == {
        ("up",): 1.0,
        ("down",): 1.0,
        ("disabled",): 1.0,
    }
    states.clear()
    door.functions["nvmlDeviceGetNvLinkState"] = writes(1, code=GPU_LOST)
    with pytest.raises(GpuLostError):
        NvlinkLinks(door, 0)


@pytest.mark.parametrize("door", [StandIn(), _links(), StandIn({(_COUNT, 0): Field(99, UINT)})])
def test_a_gpu_without_links(door: StandIn) -> None:
    for reader in (NvlinkLinks, NvlinkErrors, NvlinkEach):
        with pytest.raises(UnsupportedError):
            reader(door, 0)


def test_errors_of_each_generation() -> None:
    fifth = StandIn({(206, ALL_LINKS): Field(4), (221, ALL_LINKS): Field(5)})
    assert NvlinkErrors(fifth, 0).read().values[""] == {
        ("malformed_packet",): 4.0,
        ("symbol",): 5.0,
    }
    fourth = StandIn({(161, ALL_LINKS): Field(1), (163, ALL_LINKS): Field(2)})
    assert NvlinkErrors(fourth, 0).read().values[""] == {("replay",): 1.0, ("crc",): 2.0}
    third = StandIn({(52, 0): Field(1), (38, 0): Field(2), (160, 0): Field(3)})
    assert NvlinkErrors(third, 0).read().values[""] == {
        ("replay",): 1.0,
        ("crc_flit",): 2.0,
        ("ecc_data",): 3.0,
    }
    assert {"replay", "crc_flit", "crc", "symbol"} <= set(ERROR_TYPES)


def test_errors_by_link_are_added_up_and_no_sum_is_short() -> None:
    door = _links(1, 1)
    door.fields |= {(161, 0): Field(2), (161, 1): Field(3), (163, 0): Field(1), (163, 1): Field(1)}
    reader = NvlinkErrors(door, 0)
    assert reader.read().values[""] == {("replay",): 5.0, ("crc",): 2.0}
    door.fields[161, 1].code = NO_PERMISSION
    found = reader.read()
    assert found.values[""] == {("crc",): 2.0}
    assert found.failed == {"": "no_permission"}


def test_each_link() -> None:
    door = _links(1, 0)
    door.fields |= {(138, 0): Field(3), (139, 0): Field(4), (161, 1): Field(7)}
    reader = NvlinkEach(door, 0)
    assert reader.outputs == {"up", "bytes", "errors"}
    assert reader.read().values == {
        "up": {("0",): 1.0, ("1",): 0.0},
        "bytes": {("0", "tx"): 3072.0, ("0", "rx"): 4096.0},
        "errors": {("1", "replay"): 7.0},
    }
    assert NvlinkEach(_links(1), 0).outputs == {"up"}


def test_c2c() -> None:
    door = StandIn({(170, 0): Field(2, UINT), (171, 0): Field(1, UINT), (171, 1): Field(0, UINT)})
    assert C2c(door, 0).outputs == {"links"}
    door.fields |= {(232, 0): Field(1), (232, 1): Field(2)}
    reader = C2c(door, 0)
    assert reader.read().values == {
        "links": {("up",): 1.0, ("down",): 1.0},
        "errors": {("replay",): 3.0},
    }
    door.fields[232, 1].code = NO_PERMISSION
    assert reader.read().failed == {"errors": "no_permission"}
    with pytest.raises(UnsupportedError):
        C2c(StandIn({(170, 0): Field(0, UINT)}), 0)


def test_pcie_bytes_go_on() -> None:
    door = StandIn({(197, 0): Field(2**33), (198, 0): Field(5)})
    reader = PcieBytes(door, 0)
    assert reader.read().values[""] == {("tx",): 2.0**33, ("rx",): 5.0}
    door.fields[197, 0].value = 10  # the driver was reloaded: no wrap, for it was larger
    assert reader.read().values[""]["tx",] == 10.0


def test_a_narrow_count_of_bytes_is_no_counter() -> None:
    with pytest.raises(UnsupportedError, match="32 bits"):
        PcieBytes(StandIn({(197, 0): Field(1, UINT), (198, 0): Field(1, UINT)}), 0)
    door = StandIn({(197, 0): Field(4_000_000_000), (198, 0): Field(1)})
    reader = PcieBytes(door, 0)
    assert reader.read().values[""]["tx",] == 4e9
    door.fields[197, 0].value = 1000
    assert reader.read().failed == {"": "wrapped"}
    door.fields[197, 0].value = 2000
    assert reader.read().values == {}


def test_bytes_that_may_not_be_read_are_an_error_not_a_narrow_count() -> None:
    door = StandIn({(197, 0): Field(code=NO_PERMISSION), (198, 0): Field(code=NO_PERMISSION)})
    reader = PcieBytes(door, 0)
    found = reader.read()
    assert (found.values, found.failed) == ({"": {}}, {"": "no_permission"})
