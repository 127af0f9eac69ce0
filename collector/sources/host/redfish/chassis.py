"""Which chassis is which: a service shows everything that has a part number as a chassis."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from collector.sources.host.redfish.shapes import Resource, last_part, link, links, name_of, text

_MODULE = re.compile(r"processor_?module", re.IGNORECASE)
_BASEBOARD = re.compile(r"HGX_(Chassis|Baseboard)", re.IGNORECASE)
_PART = re.compile(
    r"(.*_)?(GPU|NVSwitch|NVLink|PCIe|FPGA|[EI]RoT|CPLD|NIC|CX|ConnectX|DIMM|CPU|Drive|PSU|"
    r"PowerSupply|Fan|Riser)[A-Za-z]*(_SXM)?_?\d*",
    re.IGNORECASE,
)
_SEVERAL = {"Enclosure", "Rack", "Row", "Pod", "Shelf", "Sidecar", "Zone"}
_NODE_TYPES = {"RackMount", "Blade", "Sled", "StandAlone"}
_PART_TYPES = {"Component", "Card", "Module", "StorageEnclosure", "Expansion"}


class Role(Enum):
    """What a chassis stands for."""

    NODE = auto()
    BASEBOARD = auto()
    MODULE = auto()
    PART = auto()
    """Something that is measured as a part of something else, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chassis:
    """A chassis that was looked at."""

    address: str
    resource: Resource

    @property
    def name(self) -> str:
        """Its name, which stays."""
        return name_of(self.resource, self.address)

    @property
    def role(self) -> Role:
        """What it stands for."""
        kind = text(self.resource, "ChassisType")
        if _MODULE.search(self.name):
            return Role.MODULE
        if _BASEBOARD.match(self.name):
            return Role.BASEBOARD
        if kind in _PART_TYPES or _PART.fullmatch(self.name) or self.name.startswith("HGX_"):
            return Role.PART
        return Role.NODE

    @property
    def systems(self) -> list[str]:
        """The computers in it, by address; a baseboard's own view of itself is none."""
        found = links(self.resource, "Links", "ComputerSystems")
        return [address for address in found if not _BASEBOARD.match(last_part(address))]


def nodes(found: Iterable[Chassis]) -> list[Chassis]:
    """Those that may be the whole node, the likeliest first.

    Not what is inside another of them, and not what holds several computers: that would be more
    than this node. Where none says that a computer is in it, only one that stands alone.
    """
    candidates = [chassis for chassis in found if chassis.role is Role.NODE]
    addresses = {chassis.address.rstrip("/") for chassis in candidates}
    whole = [
        chassis
        for chassis in candidates
        if link(chassis.resource, "Links", "ContainedBy").rstrip("/") not in addresses
        and not _holds_several(chassis)
    ]
    if len(whole) > 1:
        whole = [chassis for chassis in whole if chassis.systems]
    return sorted(whole, key=_order)


def _order(chassis: Chassis) -> tuple[bool, int, str]:
    inside = links(chassis.resource, "Links", "Contains")
    named_so = text(chassis.resource, "ChassisType") in _NODE_TYPES
    return not named_so, -len(inside), chassis.name


def _holds_several(chassis: Chassis) -> bool:
    return text(chassis.resource, "ChassisType") in _SEVERAL and len(chassis.systems) > 1
