"""Nothing that a service says may be taken for power that is none, or end the program."""

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collector.sources.host.redfish.chassis import Chassis, nodes
from collector.sources.host.redfish.shapes import (
    environment_power,
    is_absent,
    is_dc,
    legacy_power,
    legacy_supplies,
    legacy_supply_input,
    links,
    milliwatts,
    name_of,
    names_total,
    sensor_power,
    supply_input,
)

WORDS = """PowerWatts Reading PowerControl PowerConsumedWatts PhysicalContext PowerSupplies MemberId
    Id PowerInputWatts InputPowerWatts ReadingType ReadingUnits Status State Members @odata.id Links
    ComputerSystems ContainedBy Contains ChassisType PowerSupplyType Name"""
NAMES = WORDS.split()
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["Power", "W", "Chassis", "CPU", "Absent", "DC", "Enclosure", "/a"])
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=30,
)
resources = st.dictionaries(st.sampled_from(NAMES), json_values, max_size=8)


@given(json_values)
def test_power_is_a_finite_number_that_can_be(value: object) -> None:
    found = milliwatts(value)
    if found is not None:
        assert isinstance(value, int | float)
        assert not isinstance(value, bool)
        assert math.isclose(found, value * 1000, abs_tol=0.5)
        assert 0 <= found <= 10**9


@given(resources)
def test_no_resource_is_too_odd(resource: dict[str, Any]) -> None:
    for pick in (environment_power, sensor_power, supply_input, legacy_power):
        found = pick(resource)
        assert found is None or 0 <= found <= 10**9
    for name, supply in legacy_supplies(resource):
        assert name
        legacy_supply_input(resource, name)
        is_dc(supply)
    assert all(isinstance(address, str) for address in links(resource, "Members"))
    is_absent(resource)
    assert isinstance(name_of(resource, "/x/y"), str)


@given(st.lists(resources, max_size=5))
def test_no_chassis_is_too_odd(found: list[dict[str, Any]]) -> None:
    chassis = [Chassis(address=f"/c/{i}", resource=one) for i, one in enumerate(found)]
    chosen = nodes(chassis)
    assert len(set(map(id, chosen))) == len(chosen) <= len(chassis)


def test_names_that_promise_the_whole_and_those_that_do_not() -> None:
    whole = """SystemBoardPwrConsumption power_total_power TotalPower Chassis_0_TotalPower_0
        total_power SysPower System_Power_Consumption node_power Input_Power ServerPower"""
    parts = """CPU1Power power_p0_power HGX_Chassis_0_TotalGPU_Power_0 PS1_Input_Power Power power
        MemPower TotalFanPower PowerLimit Chassis_0_Inlet_Temp PDB_0_HSC_0_Pwr_0 GPU_Total_Power"""
    assert [name for name in whole.split() if not names_total(f"/s/{name}")] == []
    assert [name for name in parts.split() if names_total(f"/s/{name}")] == []
