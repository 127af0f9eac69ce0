"""The sources of host power that a configuration asks for, and those that are always tried."""

from collections.abc import Iterator, Mapping
from zlib import crc32

from collector.config import Settings
from collector.config.settings import RedfishTable
from collector.daemon.faults import FaultBoard
from collector.daemon.host import HostWatch
from collector.energy.edges import Edges
from collector.energy.meter import Plan
from collector.ledger import AccountKey, AccountState
from collector.sources.host.hwmon import HwmonSource
from collector.sources.host.ipmi import IpmiSource
from collector.sources.host.protocol import HostSource
from collector.sources.host.rapl import RaplSource
from collector.sources.host.redfish.options import RedfishOptions


def host_watch(
    settings: Settings,
    plan: Plan,
    edges: Edges,
    accounts: Mapping[AccountKey, AccountState],
    faults: FaultBoard,
) -> HostWatch:
    """What reads the host's power on this node."""
    phase = crc32(f"host {settings.node.name}".encode()) / 2**32
    return HostWatch(host_sources(settings), plan, edges, accounts, faults, phase=phase)


def host_sources(settings: Settings) -> Iterator[tuple[HostSource, bool]]:
    """Each source, and whether the configuration asks for it."""
    table = settings.host
    yield HwmonSource(table.sysfs_root), False
    yield RaplSource(table.sysfs_root), False
    if table.redfish is not None:
        yield _redfish(table.redfish), True
    if table.ipmi is not None:
        yield IpmiSource(seconds=table.ipmi.seconds), True


def _redfish(table: RedfishTable) -> HostSource:
    # Its HTTP client is loaded only where it is wanted.
    from collector.sources.host.redfish.source import RedfishSource  # noqa: PLC0415

    return RedfishSource(
        RedfishOptions(
            url=table.url,
            username=table.username,
            password_file=table.password_file,
            ca_file=table.ca_file,
            seconds=table.seconds,
        )
    )
