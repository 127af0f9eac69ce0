"""What the site daemon says of itself, and of the two ways to know IT power."""

import platform
from collections.abc import Mapping

from collector import __version__
from collector.catalogue import Labels, Values
from collector.daemon.it_power import ItPower
from collector.energy.edges import SECOND_NS
from collector.ledger import LedgerStatus
from collector.site.state import SiteState
from collector.sources.meters.listener import ListenerStatus

Found = dict[str, dict[Labels, float]]


def own_site_values(
    ledger: LedgerStatus,
    *,
    listener: ListenerStatus | None,
    rejected: Mapping[str, int],
    windows: int,
    faults: int,
    differences: int,
) -> Found:
    """The daemon's own series, by metric name and labels."""
    values: Found = {
        "wattkeeper_build_info": {(__version__, platform.python_version()): 1.0},
        "wattkeeper_windows_total": {(): float(windows)},
        "wattkeeper_ledger_up": {(): float(ledger.up)},
        "wattkeeper_ledger_waiting_windows": {(): float(ledger.waiting_windows)},
        "wattkeeper_ledger_dropped_windows_total": {(): float(ledger.dropped_windows)},
        "wattkeeper_faults": {(): float(faults)},
        "wattkeeper_site_tree_differences": {(): float(differences)},
    }
    if ledger.last_commit_wall_ns is not None:
        values["wattkeeper_ledger_last_commit_timestamp_seconds"] = {
            (): ledger.last_commit_wall_ns / SECOND_NS
        }
    if ledger.last_commit_seconds is not None:
        values["wattkeeper_ledger_commit_seconds"] = {(): ledger.last_commit_seconds}
    if listener is not None:
        values["wattkeeper_meters_connected"] = {(): float(listener.connected)}
        values["wattkeeper_meter_messages_total"] = {(): float(listener.received_total)}
        values["wattkeeper_meter_rejected_total"] = {
            (reason,): float(count) for reason, count in rejected.items()
        }
    return values


def it_values(state: SiteState, nodes: ItPower | None, values: Values) -> Found:
    """IT power by the nodes beside IT power by the meters, and their ratio.

    Args:
        state: the site, which knows its IT meters.
        nodes: what Prometheus adds up; None where it is not asked or does not answer.
        values: the site's values of now.
    """
    found: Found = {}
    wanted = state.kpis.meters.it
    powers = {
        labels[0]: watts for labels, watts in values.get("site_meter_power_watts", {}).items()
    }
    known = [powers[meter] for meter in wanted if meter in powers]
    watts: dict[Labels, float] = {}
    coverage: dict[Labels, float] = {}
    if wanted:
        coverage["meters",] = len(known) / len(wanted)
    if known:
        watts["meters",] = sum(known)
    if nodes is not None:
        watts["nodes",] = nodes.watts
        if nodes.coverage_ratio is not None:
            coverage["nodes",] = nodes.coverage_ratio
        # A part of either side says nothing about the other.
        whole = len(known) == len(wanted) and nodes.coverage_ratio == 1.0
        if whole and watts.get(("meters",)):
            found["site_it_agreement_ratio"] = {(): nodes.watts / watts["meters",]}
    if watts:
        found["site_it_power_watts"] = watts
    if coverage:
        found["site_it_coverage_ratio"] = coverage
    return found
