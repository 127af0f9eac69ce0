"""An event in words for the log, and as a point to deliver."""

import logging
from collections import Counter
from collections.abc import Sequence

from collector.catalogue.xids import xid_of
from collector.logs.sparing import Sparing
from collector.model import GpuIdentity, Point
from collector.sources.events import GpuEvent

log = logging.getLogger(__name__)

MEASUREMENT = "event"
_QUIET_SECONDS = 60.0
Told = tuple[GpuEvent, GpuIdentity | None]
"""An event, and the GPU where that is known."""


class EventLines:
    """One line for each GPU and code, and at most one a minute: all of them are in the counts."""

    def __init__(self) -> None:
        self._sparing = Sparing(_QUIET_SECONDS)

    def tell(self, told: Sequence[Told]) -> None:
        """Log what happened."""
        counts = Counter((_name(event, gpu), gpu, event.code) for event, gpu in told)
        for (name, gpu, code), count in counts.items():
            times = self._sparing.times((name, code), count)
            if not times:
                continue
            xid = xid_of(code)
            known = {} if gpu is None else gpu.tags
            log.log(
                logging.ERROR if xid.fatal else logging.WARNING,
                "%s: XID %d%s, %s; %s",
                name,
                code,
                f" {times} times" if times > 1 else "",
                xid.meaning,
                xid.advice,
                extra={"xid": code, **known},
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
