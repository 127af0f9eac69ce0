"""What is found in services of different machines, and what is read from it."""

from collections.abc import Sequence
from typing import Any

import pytest

from collector.sources.host.best import best_input
from collector.sources.host.protocol import HostReading, HostSourceError, NothingHereError
from collector.sources.host.redfish.options import RedfishOptions
from collector.sources.host.redfish.source import RedfishSource
from tests.host.bmc import Bmc, serving
from tests.host.services import service

C = "/redfish/v1/Chassis"
SERVER = f"{C}/System.Embedded.1"
SUPPLIES = f"{SERVER}/PowerSubsystem/PowerSupplies"


async def found(resources: dict[str, dict[str, Any]]) -> Sequence[HostReading]:
    """What is read after everything was looked for."""
    async with serving(Bmc(resources)) as bmc:
        source = RedfishSource(RedfishOptions(url=bmc.url))
        try:
            await source.open()
            return await source.read()
        finally:
            await source.close()


def shown(readings: Sequence[HostReading]) -> dict[tuple[str, str, str], int | str | None]:
    return {(r.scope, r.device, r.via): r.error or r.milliwatts for r in readings}


async def test_an_old_server_has_only_the_old_resource() -> None:
    assert shown(await found(service("old-server"))) == {("ac_input", "1", "Power"): 344_000}


async def test_a_tray_on_a_busbar_its_modules_and_its_cpus() -> None:
    readings = await found(service("hgx-tray"))
    assert shown(readings) == {
        ("dc_node", "Chassis_0", "EnvironmentMetrics"): 5_213_250,
        ("module", "HGX_ProcessorModule_0", "EnvironmentMetrics"): 2_480_000,
        ("module", "HGX_ProcessorModule_1", "EnvironmentMetrics"): 2_481_000,
        ("cpu", "CPU_0", "EnvironmentMetrics"): 231_500,
        ("cpu", "CPU_1", "EnvironmentMetrics"): 229_000,
    }
    best = best_input(readings)
    assert best is not None
    assert (best.scope, best.milliwatts) == ("dc_node", 5_213_250)


async def test_gpus_are_left_to_their_driver() -> None:
    """Neither one by one, nor as the baseboard's sum of them, nor asked for again and again."""
    async with serving(Bmc(service("hgx-tray"))) as bmc:
        source = RedfishSource(RedfishOptions(url=bmc.url))
        await source.open()
        bmc.asked.clear()
        await source.read()
        await source.close()
    assert len(bmc.asked) == 5
    assert not [address for address, _ in bmc.asked if "GPU" in address or "HGX_Chassis" in address]


async def test_a_baseboard_that_measures_itself_is_a_scope_of_its_own() -> None:
    resources = service("hgx-tray")
    metrics = resources[f"{C}/HGX_Chassis_0/EnvironmentMetrics"]
    metrics["PowerWatts"] = {"Reading": 6100.5}
    readings = shown(await found(resources))
    assert readings["baseboard", "HGX_Chassis_0", "EnvironmentMetrics"] == 6_100_500


async def test_sensors_of_openbmc() -> None:
    assert shown(await found(service("openbmc"))) == {("ac_input", "chassis", "Sensors"): 232_000}


async def test_the_ways_follow_each_other_and_never_two_at_once() -> None:
    resources = service("rack-server")
    node = ("ac_input", "System.Embedded.1")
    assert shown(await found(resources)) == {(*node, "EnvironmentMetrics"): 421_000}
    resources[f"{SERVER}/EnvironmentMetrics"]["PowerWatts"]["Reading"] = None
    assert shown(await found(resources)) == {(*node, "Sensors"): 419_500}
    resources[f"{SERVER}/Sensors/SystemBoardPwrConsumption"]["Reading"] = None
    assert shown(await found(resources)) == {
        ("ac_input", "PSU.Slot.1", "PowerSubsystem"): 215_500,
        ("ac_input", "PSU.Slot.2", "PowerSubsystem"): 204_000,
    }
    for number in (1, 2):
        del resources[f"{SUPPLIES}/PSU.Slot.{number}/Metrics"]
    assert shown(await found(resources)) == {(*node, "Power"): 418_000}
    resources[f"{SERVER}/Power"]["PowerControl"][0]["PowerConsumedWatts"] = None
    assert shown(await found(resources)) == {
        ("ac_input", "PSU.Slot.1", "Power"): 214_000,
        ("ac_input", "PSU.Slot.2", "Power"): 203_000,
    }
    for supply in resources[f"{SERVER}/Power"]["PowerSupplies"]:
        del supply["PowerInputWatts"]
    with pytest.raises(NothingHereError, match="tells no power"):
        await found(resources)


async def test_a_supply_without_a_reading_makes_the_sum_unknown() -> None:
    resources = supplies_only()
    resources[f"{SUPPLIES}/PSU.Slot.2/Metrics"]["InputPowerWatts"]["Reading"] = None
    readings = await found(resources)
    assert shown(readings) == {
        ("ac_input", "PSU.Slot.1", "PowerSubsystem"): 215_500,
        ("ac_input", "PSU.Slot.2", "PowerSubsystem"): "no_reading",
    }
    assert best_input(readings) is None


async def test_a_spare_supply_at_nothing_is_part_of_the_sum() -> None:
    resources = supplies_only()
    resources[f"{SUPPLIES}/PSU.Slot.2/Metrics"]["InputPowerWatts"]["Reading"] = 0
    best = best_input(await found(resources))
    assert best is not None
    assert best.milliwatts == 215_500


async def test_an_empty_bay_is_no_supply_but_a_reading_says_more_than_the_state() -> None:
    resources = supplies_only()
    for number in (1, 2):  # as services do that call every bay empty
        resources[f"{SUPPLIES}/PSU.Slot.{number}"]["Status"]["State"] = "Absent"
    assert len(await found(resources)) == 2
    del resources[f"{SUPPLIES}/PSU.Slot.2/Metrics"]
    best = best_input(await found(resources))
    assert best is not None
    assert best.devices == ("PSU.Slot.1",)


def supplies_only() -> dict[str, dict[str, Any]]:
    resources = service("rack-server")
    for name in ("EnvironmentMetrics", "Sensors", "Power"):
        del resources[SERVER][name]
    return resources


async def test_supplies_of_one_name_are_told_apart() -> None:
    """Taken for one, they would show a part for the whole."""
    resources = supplies_only()
    for number in (1, 2):
        resources[f"{SUPPLIES}/PSU.Slot.{number}"]["Id"] = "PSU"
    best = best_input(await found(resources))
    assert best is not None
    assert (best.devices, best.milliwatts) == (("PSU", "PSU-2"), 419_500)
    resources = service("rack-server")
    for name in ("EnvironmentMetrics", "Sensors", "PowerSubsystem"):
        del resources[SERVER][name]
    power = resources[f"{SERVER}/Power"]
    power["PowerControl"] = []
    for supply in power["PowerSupplies"]:
        supply["MemberId"] = "0"
    best = best_input(await found(resources))
    assert best is not None
    assert (best.devices, best.milliwatts) == (("0", "0-2"), 417_000)


async def test_names_are_short_and_plain() -> None:
    resources = service("old-server")
    resources[f"{C}/1"]["Id"] = "a\n\x00" + "b" * 1000
    (reading,) = await found(resources)
    assert reading.device == "a__" + "b" * 61


async def test_a_node_at_nothing_is_a_node_without_a_reading() -> None:
    resources = service("old-server")
    resources[f"{C}/1/Power"]["PowerControl"][0]["PowerConsumedWatts"] = 0
    with pytest.raises(NothingHereError):
        await found(resources)


async def test_what_a_maker_adds_is_not_taken_for_the_power_now() -> None:
    """A tray whose power stands in properties that no standard knows, as an average at that."""
    resources = service("hgx-tray")
    del resources[f"{C}/Chassis_0"]["EnvironmentMetrics"]
    scopes = {reading.scope for reading in await found(resources)}
    assert scopes == {"module", "cpu"}


async def test_direct_current_supplies_are_no_ac_input() -> None:
    resources = service("rack-server")
    for number in (1, 2):
        resources[f"{SUPPLIES}/PSU.Slot.{number}"]["PowerSupplyType"] = "DC"
    assert [reading.scope for reading in await found(resources)] == ["dc_node"]


async def test_an_enclosure_of_several_nodes_is_not_this_node() -> None:
    resources = service("old-server")
    chassis = resources[f"{C}/1"]
    chassis["ChassisType"] = "Enclosure"
    assert len(await found(resources)) == 1
    systems = [{"@odata.id": f"/redfish/v1/Systems/{n}"} for n in (1, 2)]
    chassis["Links"]["ComputerSystems"] = systems
    with pytest.raises(NothingHereError):
        await found(resources)


async def test_a_part_for_the_cpu_does_not_stand_for_the_chassis() -> None:
    resources = service("old-server")
    power = resources[f"{C}/1/Power"]
    cpu = {"PhysicalContext": "CPU", "PowerConsumedWatts": 120}
    power["PowerControl"] = [cpu, {"PhysicalContext": "Chassis", "PowerConsumedWatts": 512.5}]
    assert [reading.milliwatts for reading in await found(resources)] == [512_500]
    power["PowerControl"] = [cpu, {"PhysicalContext": "Chassis", "PowerConsumedWatts": None}]
    with pytest.raises(NothingHereError):
        await found(resources)
    power["PowerControl"] = [cpu]
    with pytest.raises(NothingHereError):
        await found(resources)


async def test_collections_may_have_pages() -> None:
    resources = service("old-server")
    resources[C] = {"Members": [], "Members@odata.nextLink": f"{C}/more"}
    resources[f"{C}/more"] = {"Members": [{"@odata.id": f"{C}/1"}]}
    assert len(await found(resources)) == 1
    resources[f"{C}/more"]["Members@odata.nextLink"] = f"{C}/more"  # in circles
    assert len(await found(resources)) == 1


@pytest.mark.parametrize(
    "wrong",
    [None, [], {}, "x", 7, True, [None], [{"@odata.id": 7}], {"@odata.id": None}],
    ids=repr,
)
async def test_wrong_types_are_holes(wrong: object) -> None:
    """Whatever is wrong with one resource, nothing fails but what hangs on it."""
    for name in ("EnvironmentMetrics", "Sensors", "PowerSubsystem", "Links", "Id", "ChassisType"):
        resources = service("rack-server")
        resources[SERVER][name] = wrong
        assert await found(resources), name
    for address in list(service("rack-server")):
        for name in ("PowerWatts", "PowerSupplies", "Members", "PowerControl"):
            resources = service("rack-server")
            if name in resources[address]:
                resources[address][name] = wrong
                await either(resources)


async def either(resources: dict[str, dict[str, Any]]) -> None:
    """It is found, or there is nothing; nothing else."""
    try:
        await found(resources)
    except NothingHereError:
        return


@pytest.mark.parametrize("value", ["421", True, -1, 1e9, [421], {"Reading": 421}])
async def test_a_reading_that_is_none_leads_to_the_next_way(value: object) -> None:
    resources = service("rack-server")
    resources[f"{SERVER}/EnvironmentMetrics"]["PowerWatts"]["Reading"] = value
    assert [reading.via for reading in await found(resources)] == ["Sensors"]


async def test_a_resource_that_vanishes_is_absent_while_the_others_go_on() -> None:
    async with serving(Bmc(service("hgx-tray"))) as bmc:
        source = RedfishSource(RedfishOptions(url=bmc.url))
        await source.open()
        del bmc.resources[f"{C}/HGX_ProcessorModule_1/EnvironmentMetrics"]
        bmc.resources[f"{C}/Chassis_0/EnvironmentMetrics"]["PowerWatts"]["Reading"] = None
        by_device = {reading.device: reading for reading in await source.read()}
        assert by_device["HGX_ProcessorModule_1"].error == "gone"
        assert by_device["Chassis_0"].error == "no_reading"
        assert by_device["HGX_ProcessorModule_0"].milliwatts == 2_480_000
        bmc.resources.clear()
        with pytest.raises(HostSourceError, match="404"):
            await source.read()
        await source.close()
