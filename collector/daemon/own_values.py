"""What the daemon says of itself: its own series."""

import platform
from collections.abc import Iterable

from collector import __version__
from collector.catalogue import Labels
from collector.daemon.watched import WatchedGpu
from collector.energy.edges import SECOND_NS
from collector.ledger import LedgerStatus


def own_values(
    gpus: Iterable[WatchedGpu],
    ledger: LedgerStatus,
    *,
    windows: int,
    clock_steps: int,
    faults: int,
    now_ns: int,
    wall_ns: int,
) -> dict[str, dict[Labels, float]]:
    """The daemon's series, by metric name and labels."""
    ticks: dict[Labels, float] = {}
    delayed: dict[Labels, float] = {}
    late: dict[Labels, float] = {}
    reads: dict[Labels, float] = {}
    read_seconds: dict[Labels, float] = {}
    good_ns: dict[str, int] = {}
    dropped = 0
    for watched in gpus:
        worker = watched.worker
        for thread, ticker in (
            ("power", worker.power_ticker),
            ("telemetry", worker.telemetry.ticker),
            ("slow", worker.slow.ticker),
        ):
            _add(ticks, thread, ticker.ticks)
            _add(delayed, thread, ticker.delayed)
            _add(late, thread, ticker.late + ticker.skipped)
        for sensor, count in watched.sensors.reads.items():
            _add(reads, sensor, count)
            _add(read_seconds, sensor, watched.sensors.read_ns[sensor] / SECOND_NS)
        for sensor, at_ns in watched.last_good_ns.items():
            good_ns[sensor] = min(at_ns, good_ns.get(sensor, at_ns))
        if worker.ring is not None:
            _add(reads, "gpu_power_watts", worker.power_ticker.ticks)
            _add(read_seconds, "gpu_power_watts", worker.power_read_ns / SECOND_NS)
            dropped += worker.ring.dropped
    values: dict[str, dict[Labels, float]] = {
        "wattkeeper_build_info": {(__version__, platform.python_version()): 1.0},
        "wattkeeper_ticks_total": ticks,
        "wattkeeper_delayed_ticks_total": delayed,
        "wattkeeper_late_ticks_total": late,
        "wattkeeper_samples_dropped_total": {(): float(dropped)},
        "wattkeeper_timed_reads_total": reads,
        "wattkeeper_timed_read_seconds_total": read_seconds,
        "wattkeeper_sensor_last_success_timestamp_seconds": {
            (sensor,): (wall_ns - (now_ns - at_ns)) / SECOND_NS for sensor, at_ns in good_ns.items()
        },
        "wattkeeper_windows_total": {(): float(windows)},
        "wattkeeper_ledger_up": {(): float(ledger.up)},
        "wattkeeper_ledger_waiting_windows": {(): float(ledger.waiting_windows)},
        "wattkeeper_ledger_dropped_windows_total": {(): float(ledger.dropped_windows)},
        "wattkeeper_clock_steps_total": {(): float(clock_steps)},
        "wattkeeper_faults": {(): float(faults)},
    }
    if ledger.last_commit_wall_ns is not None:
        values["wattkeeper_ledger_last_commit_timestamp_seconds"] = {
            (): ledger.last_commit_wall_ns / SECOND_NS
        }
    if ledger.last_commit_seconds is not None:
        values["wattkeeper_ledger_commit_seconds"] = {(): ledger.last_commit_seconds}
    return values


def _add(into: dict[Labels, float], label: str, value: float) -> None:
    into[label,] = into.get((label,), 0.0) + value
