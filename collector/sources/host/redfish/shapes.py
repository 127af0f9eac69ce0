"""What Redfish resources say of power. Nothing in them is trusted to have the right type.

Property names are those of DMTF's schemas: EnvironmentMetrics 1.3, Sensor 1.9, PowerSupplyMetrics
1.1, and the deprecated Power 1.7 (all in DSP8010).
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

Resource = Mapping[str, Any]

MOST_WATTS: Final = 1_000_000
_MOST_LETTERS: Final = 64
_MOST_SUPPLIES: Final = 96
"""Of one node. Each name is looked for among those before it."""
_TOTAL = re.compile(
    r"(power)?(chassis|system|systemboard|sysboard|sys|node|server|platform)?"
    r"(total|input|totalinput)?(power|pwr)(consumption|consumed|input|total)?"
)
_NOT_ALL = {
    "CPU",
    "CPUSubsystem",
    "GPU",
    "GPUSubsystem",
    "Memory",
    "MemorySubsystem",
    "Accelerator",
}
_WHOLE = {"Chassis", "Intake", "PowerSupply", "PowerSubsystem", "SystemBoard", "ComputeBay"}


def milliwatts(value: object) -> int | None:
    """A reading in watts as milliwatts; None for null, other types, and what cannot be."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value <= MOST_WATTS:  # nor is NaN
        return None
    return round(value * 1000)


def inside(resource: object, *names: str) -> object:
    """What stands at a path of property names; None where there is none."""
    for name in names:
        if not isinstance(resource, Mapping):
            return None
        resource = resource.get(name)
    return resource


def text(resource: object, *names: str) -> str:
    """A text at a path of property names; empty where there is none."""
    found = inside(resource, *names)
    return found if isinstance(found, str) else ""


def items(resource: object, *names: str) -> Sequence[Resource]:
    """The objects of an array at a path of property names."""
    found = inside(resource, *names)
    if not isinstance(found, list):
        return ()
    return [item for item in found if isinstance(item, Mapping)]


def link(resource: object, *names: str) -> str:
    """The address that a navigation property leads to; empty where there is none."""
    return text(resource, *names, "@odata.id")


def links(resource: object, *names: str) -> Sequence[str]:
    """The addresses in an array of links."""
    return [address for item in items(resource, *names) if (address := link(item))]


def last_part(address: str) -> str:
    """The last part of an address: the name of a resource that does not tell its own."""
    return address.rstrip("/").rpartition("/")[2]


def name_of(resource: Resource, address: str = "") -> str:
    """A resource's own name, which stays; it becomes a label, so it is short and plain."""
    found = text(resource, "Id") or text(resource, "MemberId") or last_part(address)
    return "".join(letter if letter.isprintable() else "_" for letter in found[:_MOST_LETTERS])


def unique(name: str, taken: Collection[str]) -> str:
    """The name, told apart from those that are taken."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def environment_power(resource: Resource) -> int | None:
    """EnvironmentMetrics: what the resource draws, in milliwatts."""
    return milliwatts(inside(resource, "PowerWatts", "Reading"))


def sensor_power(resource: Resource) -> int | None:
    """A Sensor of power for the whole of its chassis, in milliwatts."""
    if text(resource, "ReadingType") != "Power" or text(resource, "PhysicalContext") in _NOT_ALL:
        return None
    if text(resource, "ReadingUnits") not in {"W", "Watts", ""}:
        return None
    return milliwatts(inside(resource, "Reading"))


def names_total(address: str) -> bool:
    """Whether a sensor's address promises the power of the whole chassis."""
    letters = re.sub(r"[^a-z]", "", last_part(address).lower())
    return letters not in {"power", "pwr"} and _TOTAL.fullmatch(letters) is not None


def supply_input(resource: Resource) -> int | None:
    """PowerSupplyMetrics: what goes into a power supply, in milliwatts."""
    return milliwatts(inside(resource, "InputPowerWatts", "Reading"))


def legacy_power(resource: Resource) -> int | None:
    """The deprecated Power: what the chassis consumes, in milliwatts.

    Of several controls the one for the chassis counts, or the first, if it does not say that it is
    for a part only. One without a reading is not stood in for by another.
    """
    controls = items(resource, "PowerControl")
    for control in controls:
        if text(control, "PhysicalContext") == "Chassis":
            return milliwatts(control.get("PowerConsumedWatts"))
    if controls and (text(controls[0], "PhysicalContext") or "Chassis") in _WHOLE:
        return milliwatts(controls[0].get("PowerConsumedWatts"))
    return None


def legacy_supplies(resource: Resource) -> Iterator[tuple[str, Resource]]:
    """The deprecated Power: its supplies by name."""
    taken: set[str] = set()
    for position, supply in enumerate(items(resource, "PowerSupplies")[:_MOST_SUPPLIES]):
        name = unique(name_of(supply) or str(position), taken)
        taken.add(name)
        yield name, supply


def legacy_supply_input(resource: Resource, name: str) -> int | None:
    """The deprecated Power: what goes into one supply, in milliwatts."""
    for found, supply in legacy_supplies(resource):
        if found == name:
            return milliwatts(supply.get("PowerInputWatts"))
    return None


def is_absent(resource: Resource) -> bool:
    """Whether a resource is an empty bay."""
    return text(resource, "Status", "State") == "Absent"


def is_dc(supply: Resource) -> bool:
    """Whether a supply is fed with direct current."""
    kind = text(supply, "PowerSupplyType") or text(supply, "InputNominalVoltageType")
    return kind == "DC" or kind.startswith("DC")
