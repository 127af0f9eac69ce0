"""Which source tells best what the node draws from outside.

`ac_input` comes before `dc_node`: where a node has power supplies of its own, what goes into them
is what the site pays for. A node on a busbar has no AC input, and its DC input is all there is;
the loss of the rack's power shelves is then measured by their own meters.

Of one scope, Redfish comes first: it names what it measures, in watts of any resolution. IPMI's
DCMI has one number of whole watts, often the same sensor seen through an older door. An ACPI meter
comes last: it is mostly the management controller's number again, averaged over an interval that
nobody documents, and not labelled.

CPUs, memory and modules are parts of the node. They are never added up to stand for it: fans,
network cards, disks and conversion losses would be missing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from collector.sources.host.protocol import HostReading, Scope

RANKING: tuple[tuple[Scope, str], ...] = (
    (Scope.AC_INPUT, "redfish"),
    (Scope.AC_INPUT, "ipmi"),
    (Scope.AC_INPUT, "hwmon"),
    (Scope.DC_NODE, "redfish"),
)
"""Scope and source, best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInput:
    """What the node draws.

    Attributes:
        milliwatts: all its supplies together.
        monotonic_ns: when; the mean where several were read.
        source: who says it.
        scope: what it covers: `ac_input` or `dc_node`.
        devices: what was added up, by name.
    """

    milliwatts: int
    monotonic_ns: int
    source: str
    scope: str
    devices: tuple[str, ...]


def best_input(readings: Iterable[HostReading]) -> NodeInput | None:
    """The node's input power by the best source that is whole; None when none is.

    Several devices of one source and scope are power supplies and are added. Where one of them
    did not answer, that source has no say at all: the sum of the others is not the node's.

    Args:
        readings: the latest of every sensor, also of those that did not answer.
    """
    groups: dict[tuple[str, str], dict[str, HostReading]] = {}
    for reading in readings:
        groups.setdefault((reading.scope, reading.source), {})[reading.device] = reading
    for rank in RANKING:
        devices = groups.get(rank, {})
        powers = [reading.milliwatts for reading in devices.values() if not reading.error]
        known = [power for power in powers if power is not None]
        # All supplies of a node at nothing is a controller that has nothing to say.
        if len(known) == len(devices) and sum(known) > 0:
            times = [reading.monotonic_ns for reading in devices.values()]
            return NodeInput(
                milliwatts=sum(known),
                monotonic_ns=sum(times) // len(times),
                source=rank[1],
                scope=rank[0],
                devices=tuple(sorted(devices)),
            )
    return None
