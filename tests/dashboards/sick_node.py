"""A node that has everything: every metric of the catalogue, and something wrong with all of it.

The simulator's nodes are well and have what their boards have; panels of errors, of what is off by
default and of what only other boards offer would stay empty without this one. Beside it a second
site daemon, which has a deadline for a cut and meters that it cannot understand, and a node that
answers, but tells neither what it draws from outside nor any temperature.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import time

from benchmarks.fleet import Fleet
from benchmarks.fleet.node_values import NodeTruth
from collector.catalogue import CATALOGUE, Kind, Labels, Metric, Subject
from collector.catalogue.types import ANY
from collector.model import Snapshot
from collector.summary.conditions import conditions
from collector.summary.gauges import gauges
from collector.summary.node import SUMMED_REASONS
from exporters.prometheus.text import TextWriter

Series = dict[str, dict[Labels, float]]
_BEGAN_S = time() - 60
_GAUGES: Series = {
    "gpu_row_remap_pending": {(): 1},
    "gpu_row_remap_failure": {(): 1},
    "gpu_nvlink_links": {("up",): 16, ("down",): 2},
    "gpu_pcie_link_generation": {(): 3},
    "gpu_pcie_link_generation_max": {(): 5},
    "gpu_pcie_link_width": {(): 8},
    "gpu_pcie_link_width_max": {(): 16},
    "gpu_utilization_ratio": {("sm",): 0.9},
    "gpu_energy_counter_ratio": {(): 0.8},
    "gpu_persistence_mode": {(): 0},
    "gpu_power_coverage_ratio": {(): 0.7},
}
"""By metric and labels, what a well board would not say."""
_MUTE = {"gpu_temperature_celsius", "gpu_temperature_margin_celsius"}
_ERRORS: tuple[Labels, ...] = (("ecc_uncorrected",), ("nvlink",), ("pcie_replay",))
_HOT = ("power_brake", "software_thermal", "hardware_thermal")
_SLOWED = ("software_thermal", "hardware_thermal", "power_brake", "hardware_slowdown")


def _labels(metric: Metric) -> set[Labels]:
    """All label values that a metric may have; those that only a source knows are made up."""
    known = {labels for reads in metric.reads.values() for labels in reads} - {ANY}
    return known | set(metric.initial) or {("1",) * len(metric.labels)}


def _made_up(metric: Metric) -> dict[Labels, float]:
    value = 10 * (time() - _BEGAN_S) if metric.kind is Kind.COUNTER else 1.0
    return dict.fromkeys(_labels(metric), value)


def _with_all(values: Series, subject: Subject) -> Series:
    """Values, and every other metric of their subject; counters of trouble grow."""
    found = dict(values)
    for metric in CATALOGUE:
        if metric.subject is not subject or metric.name == "wattkeeper_build_info":
            continue
        trouble = "error" in metric.key or metric.key in {
            *("gpu_energy_resets", "gpu_energy_refusals", "gpu_pcie_replays", "gpu_row_remaps"),
            *("wattkeeper_late_ticks", "wattkeeper_dropped", "wattkeeper_quarantined"),
        }
        if metric.name not in found or (trouble and metric.kind is Kind.COUNTER):
            found[metric.name] = _made_up(metric) | {
                labels: 10 * (time() - _BEGAN_S) for labels in found.get(metric.name, {})
            }
    return found


def sick(snapshot: Snapshot) -> Snapshot:
    """The same node, with everything, and sick."""
    now_s = time()
    gpus = []
    for shown in snapshot.gpus:
        values = _with_all({name: dict(of) for name, of in shown.values.items()}, Subject.GPU)
        values |= {name: {**values[name], **of} for name, of in _GAUGES.items()}
        for name in ("gpu_clock_event_active", "gpu_clock_event_seconds_total"):
            spent = 1.0 if name.endswith("active") else (now_s - _BEGAN_S) / 2
            values[name] |= {(reason,): spent for reason in _SLOWED}
        values["gpu_xid_last_seen_timestamp_seconds"] = {("79",): now_s - 30, ("13",): now_s - 40}
        values["gpu_xid_errors_total"] = {("79",): 1.0, ("13",): 3.0}
        values["gpu_recovery_action"] = {("none",): 0.0, ("gpu_reset",): 1.0}
        values["gpu_condition"] = conditions(values)
        values["gpu_recent_errors"] = dict.fromkeys(_ERRORS, 500.0)
        values["gpu_recent_clock_event_ratio"] = {
            (reason,): min((now_s - _BEGAN_S) / 600, 1.0) for reason in _HOT
        }
        gpus.append(replace(shown, values=values))
    daemon = _with_all({name: dict(of) for name, of in snapshot.daemon.items()}, Subject.DAEMON)
    lane: Labels = ("influxdb",)
    daemon |= {
        "wattkeeper_exporter_up": {lane: 0.0},
        "wattkeeper_recent_lost_rows": {(*lane, "dropped"): 300.0, (*lane, "quarantined"): 2.0},
        "wattkeeper_outbox_rows": {lane: 9e5},
        "wattkeeper_outbox_bytes": {lane: 7e8},
        "wattkeeper_outbox_oldest_age_seconds": {lane: 4e4},
    }
    host = _with_all({name: dict(of) for name, of in snapshot.host.items()}, Subject.HOST)
    host |= gauges(gpus)
    host["host_gpus_expected"] = {(): len(gpus) + 1.0}
    host["host_gpu_clock_event_seconds_total"] = dict.fromkeys(
        SUMMED_REASONS, (now_s - _BEGAN_S) / 2
    )
    return replace(snapshot, gpus=tuple(gpus), daemon=daemon, host=host)


def mute(snapshot: Snapshot) -> Snapshot:
    """The same node without its power from outside and without temperatures."""
    gpus = [
        replace(shown, values={name: of for name, of in shown.values.items() if name not in _MUTE})
        for shown in snapshot.gpus
    ]
    host: Series = {**gauges(gpus), "host_gpus_expected": {(): float(len(gpus))}}
    return replace(snapshot, gpus=tuple(gpus), host=host)


def in_need(site: str, feed: str) -> Snapshot:
    """A site daemon's word on a feed that must be cut within two minutes."""
    now_s = time()
    return Snapshot(
        node=site,
        version="",
        wall_ns=0,
        monotonic_ns=0,
        simulated=True,
        gpus=(),
        daemon={"wattkeeper_meter_rejected_total": {("unmapped",): 10 * (now_s - _BEGAN_S)}},
        site={
            "site_power_coverage_ratio": {(feed, "feed", ""): 1.0},
            "site_demand_cut_deadline_timestamp_seconds": {(feed,): now_s + 120},
        },
    )


@contextmanager
def serving(fleet: Fleet, node: str, silent: str, site: str, feed: str) -> Iterator[str]:
    """Serve one of a fleet's nodes as a sick one at /metrics, and others beside it.

    Args:
        fleet: of the nodes.
        node: the sick one.
        silent: one that keeps most to itself, at /mute.
        site: the site in need, at /site.
        feed: its feed.

    Yields:
        HOST:PORT.
    """
    truth, writer = NodeTruth(fleet), TextWriter()

    def snapshot(path: str) -> Snapshot:
        if path.startswith("/site"):
            return in_need(site, feed)
        if path.startswith("/mute"):
            return mute(truth.show(silent, time()).snapshot)
        return sick(truth.show(node, time()).snapshot)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = writer.write(snapshot(self.path))
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
