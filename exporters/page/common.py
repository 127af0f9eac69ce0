"""What every page says: what is wrong, and what is delivered."""

from collections.abc import Iterable

from collector.catalogue import Values
from collector.model import Fault
from exporters.page.shape import DeliveryJson, FaultJson

NS_PER_MS = 1_000_000


def faults_json(faults: Iterable[Fault]) -> list[FaultJson]:
    """Faults as the pages show them."""
    return [
        FaultJson(
            part=fault.part,
            problem=fault.problem,
            action=fault.action,
            since_ms=fault.since_wall_ns // NS_PER_MS,
        )
        for fault in faults
    ]


def deliveries_json(daemon: Values) -> list[DeliveryJson]:
    """The push exporters, from the daemon's own values."""
    waiting = daemon.get("wattkeeper_outbox_rows", {})
    ages = daemon.get("wattkeeper_outbox_oldest_age_seconds", {})
    return [
        DeliveryJson(
            name=exporter[0],
            up=bool(up),
            waiting_rows=int(waiting.get(exporter, 0)),
            oldest_seconds=ages.get(exporter),
        )
        for exporter, up in daemon.get("wattkeeper_exporter_up", {}).items()
    ]
