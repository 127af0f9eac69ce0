"""Finds where a service tells power, once; then only those resources are read.

For the node as a whole, the first of these that has a reading: EnvironmentMetrics, a Sensor, the
metrics of each power supply in PowerSubsystem, the deprecated Power and then its supplies. So no
watt is read twice. Beside it, what the modules and CPUs inside draw. GPUs are left out: their
driver is asked directly, and far more often.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from collector.sources.host.protocol import HostSourceError, NothingHereError, Scope
from collector.sources.host.redfish.chassis import Chassis, Role, nodes
from collector.sources.host.redfish.client import ROOT
from collector.sources.host.redfish.shapes import (
    Resource,
    environment_power,
    is_absent,
    is_dc,
    last_part,
    legacy_power,
    legacy_supplies,
    legacy_supply_input,
    link,
    links,
    name_of,
    names_total,
    sensor_power,
    supply_input,
    text,
    unique,
)

log = logging.getLogger(__name__)

Get = Callable[[str], Awaitable[Resource]]

_MOST_MEMBERS = 96
_MOST_PAGES = 16
_MOST_SENSORS = 8
_HOLES = {"not_found", "forbidden", "invalid", "too_large", "server_error", "refused"}
"""Errors of one resource; with any other, the service as a whole is not well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One value that is read again and again.

    Attributes:
        address: the resource.
        scope: what it covers.
        device: its name.
        via: the kind of the resource.
        pick: takes milliwatts out of the resource; None where it has none.
        may_be_zero: a spare supply draws nothing, a node never does.
    """

    address: str
    scope: Scope
    device: str
    via: str
    pick: Callable[[Resource], int | None]
    may_be_zero: bool = False

    def read(self, resource: Resource) -> int | None:
        """The value in milliwatts; None where there is none that can be believed."""
        found = self.pick(resource)
        return None if found == 0 and not self.may_be_zero else found


class Finder:
    """Looks through a service.

    Args:
        get: fetches a resource.
    """

    def __init__(self, get: Get) -> None:
        self._get = get

    async def find(self) -> list[Probe]:
        """All values that are to be read.

        Raises:
            NothingHereError: the service tells no power.
            HostSourceError: the service is not well.
        """
        root = await self._get(ROOT)
        chassis = [
            Chassis(address=address, resource=resource)
            for address, resource in await self._members(link(root, "Chassis"))
        ]
        probes = await self._node(chassis)
        probes += await self._boards(chassis)
        probes += await self._processors(link(root, "Systems"))
        if not probes:
            raise NothingHereError(
                f"the service tells no power: {len(chassis)} chassis, none with a reading"
            )
        return probes

    async def _node(self, found: Sequence[Chassis]) -> list[Probe]:
        ways = (self._environment, self._sensors, self._supplies, self._legacy)
        for chassis in nodes(found):
            scope = await self._input_scope(chassis)
            for way in ways:
                if probes := await way(chassis, scope):
                    return probes
        return []

    async def _environment(self, chassis: Chassis, scope: Scope) -> list[Probe]:
        probe = Probe(
            address=link(chassis.resource, "EnvironmentMetrics"),
            scope=scope,
            device=chassis.name,
            via="EnvironmentMetrics",
            pick=environment_power,
        )
        return [probe] if await self._answers(probe) else []

    async def _sensors(self, chassis: Chassis, scope: Scope) -> list[Probe]:
        addresses = await self._addresses(link(chassis.resource, "Sensors"))
        for address in [found for found in addresses if names_total(found)][:_MOST_SENSORS]:
            probe = Probe(
                address=address,
                scope=scope,
                device=chassis.name,
                via="Sensors",
                pick=sensor_power,
            )
            if await self._answers(probe):
                return [probe]
        return []

    async def _supplies(self, chassis: Chassis, scope: Scope) -> list[Probe]:
        """One for each supply that is there; a supply without a reading makes the sum unknown."""
        subsystem = await self._there(link(chassis.resource, "PowerSubsystem"))
        probes: list[Probe] = []
        answers = 0
        for address, supply in await self._members(link(subsystem, "PowerSupplies")):
            probe = Probe(
                address=link(supply, "Metrics") or address,
                scope=scope,
                device=unique(name_of(supply, address), [probe.device for probe in probes]),
                via="PowerSubsystem",
                pick=supply_input,
                may_be_zero=True,
            )
            answered = await self._answers(probe)
            # Some services call every bay empty, so a reading says more than the state.
            if answered or not is_absent(supply):
                probes.append(probe)
                answers += answered
        return probes if answers else []

    async def _legacy(self, chassis: Chassis, scope: Scope) -> list[Probe]:
        address = link(chassis.resource, "Power")
        whole = Probe(
            address=address, scope=scope, device=chassis.name, via="Power", pick=legacy_power
        )
        if await self._answers(whole):
            return [whole]
        supplies = [
            Probe(
                address=address,
                scope=scope,
                device=name,
                via="Power",
                pick=partial(legacy_supply_input, name=name),
                may_be_zero=True,
            )
            for name, supply in legacy_supplies(await self._there(address))
            if not is_absent(supply)
        ]
        return supplies if any([await self._answers(probe) for probe in supplies]) else []

    async def _boards(self, found: Sequence[Chassis]) -> list[Probe]:
        """Modules, and the board that carries the accelerators."""
        probes = []
        for chassis in found:
            address = link(chassis.resource, "EnvironmentMetrics")
            if chassis.role is Role.MODULE:
                scope = Scope.MODULE
            elif chassis.role is Role.BASEBOARD:
                # On some boards it is the sum of the GPUs, which are measured already.
                source = text(await self._there(address), "PowerWatts", "DataSourceUri")
                if "gpu" in last_part(source).lower():
                    continue
                scope = Scope.BASEBOARD
            else:
                continue
            probe = Probe(
                address=address,
                scope=scope,
                device=chassis.name,
                via="EnvironmentMetrics",
                pick=environment_power,
            )
            if await self._answers(probe):
                probes.append(probe)
        return probes

    async def _processors(self, systems: str) -> list[Probe]:
        """CPUs, each once: a baseboard's system shows those of the machine a second time."""
        probes: dict[str, Probe] = {}
        for _, system in await self._members(systems):
            for address, processor in await self._members(link(system, "Processors")):
                device = name_of(processor, address)
                if text(processor, "ProcessorType") != "CPU" or device in probes:
                    continue
                probe = Probe(
                    address=link(processor, "EnvironmentMetrics"),
                    scope=Scope.CPU,
                    device=device,
                    via="EnvironmentMetrics",
                    pick=environment_power,
                )
                if await self._answers(probe):
                    probes[device] = probe
        return list(probes.values())

    async def _input_scope(self, chassis: Chassis) -> Scope:
        """AC, unless the service says that there are no supplies, or that direct current comes."""
        subsystem = await self._there(link(chassis.resource, "PowerSubsystem"))
        address = link(subsystem, "PowerSupplies")
        if address and await self._there(address):
            supplies = [supply for _, supply in await self._members(address)]
        else:
            power = await self._there(link(chassis.resource, "Power"))
            if "PowerSupplies" not in power:
                return Scope.AC_INPUT
            supplies = [supply for _, supply in legacy_supplies(power)]
        return Scope.DC_NODE if all(map(is_dc, supplies)) else Scope.AC_INPUT

    async def _answers(self, probe: Probe) -> bool:
        return probe.read(await self._there(probe.address)) is not None

    async def _there(self, address: str) -> Resource:
        """A resource; empty where there is none, or this one is broken."""
        if not address:
            return {}
        try:
            return await self._get(address)
        except HostSourceError as error:
            if error.word not in _HOLES:
                raise
            log.debug("%s", error)
            return {}

    async def _members(self, address: str) -> list[tuple[str, Resource]]:
        """The members of a collection that can be read."""
        members = (await self._addresses(address))[:_MOST_MEMBERS]
        found = [(member, await self._there(member)) for member in members]
        return [(member, resource) for member, resource in found if resource]

    async def _addresses(self, address: str) -> list[str]:
        found: dict[str, None] = {}
        for _ in range(_MOST_PAGES):
            page = await self._there(address)
            found |= dict.fromkeys(links(page, "Members"))
            address = text(page, "Members@odata.nextLink")
            if not address:
                break
        return list(found)
