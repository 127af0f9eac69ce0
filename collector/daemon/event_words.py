"""An event in words for the log, and as a point to deliver."""

import logging
from collections import Counter
from collections.abc import Sequence

from collector.catalogue.xids import xid_of
from collector.model import GpuIdentity, Point
from collector.sources.events import GpuEvent

log = logging.getLogger(__name__)

MEASUREMENT = "event"
Told = tuple[GpuEvent, GpuIdentity | None]
"""An event, and the GPU where that is known."""


def log_events(told: Sequence[Told]) -> None:
    """One line for each GPU and code: a storm of one code is one line."""
    counts = Counter((_name(event, gpu), event.code) for event, gpu in told)
    for (name, code), times in counts.items():
        xid = xid_of(code)
        log.log(
            logging.ERROR if xid.fatal else logging.WARNING,
            "%s: XID %d%s, %s; %s",
            name,
            code,
            f" {times} times" if times > 1 else "",
            xid.meaning,
            xid.advice,
        )


def points_of(told: Sequence[Told]) -> list[Point]:
    """A point for each event, oldest first.

    Tags and time are a point's key: of two at the same time, one is moved by 1 ns.
    """
    used: set[tuple[str, int]] = set()
    points = []
    for event, gpu in sorted(told, key=lambda one: one[0].wall_ns):
        uuid = gpu.uuid if gpu is not None else ""
        wall_ns = event.wall_ns
        while (uuid, wall_ns) in used:
            wall_ns += 1
        used.add((uuid, wall_ns))
        fields: dict[str, float | int | str] = {
            "kind": event.kind,
            "code": event.code,
            "meaning": xid_of(event.code).meaning,
            "origin": event.origin,
        }
        if gpu is None and event.pci_address:
            fields["pci_address"] = event.pci_address
        tags = gpu.tags if gpu is not None else {}
        points.append(Point(measurement=MEASUREMENT, tags=tags, wall_ns=wall_ns, fields=fields))
    return points


def _name(event: GpuEvent, gpu: GpuIdentity | None) -> str:
    if gpu is not None:
        return f"GPU {gpu.index} ({gpu.uuid})"
    where = event.pci_address or event.uuid
    return f"the GPU at {where}, which the driver does not show" if where else "an unknown GPU"
