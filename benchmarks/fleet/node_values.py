"""A simulated node as its daemon would show it."""

import platform
from dataclasses import dataclass, replace
from typing import NamedTuple

from benchmarks.fleet.fleet import Fleet
from benchmarks.fleet.gpu_values import SAMPLE_SECONDS, GpuTruth, Seen, Series, sensors
from benchmarks.fleet.host_values import Power, host_values
from benchmarks.fleet.machines import Machine
from benchmarks.fleet.node_sums import NodeSums, Times
from benchmarks.fleet.scenario import Event, EventKind
from collector import __version__
from collector.catalogue import BY_NAME, Labels
from collector.model import GpuSnapshot, Snapshot
from collector.summary.conditions import conditions
from collector.summary.gauges import gauges
from collector.summary.node import CLOCK_EVENTS_NS
from exporters.http.refusals import Refusals

_HOT: Labels = ("software_thermal",)
_TICK_SECONDS = {"power": SAMPLE_SECONDS, "telemetry": 1.0, "slow": 10.0}
_SPARSE = ("gpu_condition", "gpu_recent_clock_event_ratio")
HOST_SECONDS = 10.0
"""Over which the host's sensors average."""
_WINDOW_SECONDS = 10.0
_ROW_BYTES = 800.0
_OUTBOX_BYTES = 1e9
_SILENT = frozenset({EventKind.NODE_DOWN, EventKind.RACK_MAINTENANCE, EventKind.NODE_MISSING})


class Shape(NamedTuple):
    """What a node's series are called, apart from who its GPUs are: alike for most nodes."""

    gpus: tuple[str, ...]
    """Of each GPU `up` or what is wrong with it."""
    xids: tuple[tuple[int, ...], ...]
    stuck: bool
    troubles: tuple[tuple[tuple[str, Labels], ...], ...] = ()
    """Of each GPU the series that are there only while something is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A node's shape, and the snapshot that has it."""

    shape: Shape
    snapshot: Snapshot


class NodeTruth:
    """Makes the snapshots of a fleet's nodes.

    Args:
        fleet: the fleet.
        exporter: the push exporter that every node has; empty for none.
        xids: whether the driver's error reports are shown, as NVML's are.
    """

    def __init__(self, fleet: Fleet, *, exporter: str = "influxdb", xids: bool = True) -> None:
        self.fleet = fleet
        self.gpus = GpuTruth(fleet.model)
        self._exporter = exporter
        self._xids = xids
        self._sensors = sensors(self.gpus.plan)
        self._sums = NodeSums(self.gpus)

    def answers(self, machine: Machine, at_s: float) -> bool:
        """Whether its daemon can be reached at an instant."""
        away = _SILENT | {EventKind.DAEMON_RESTART}
        return not any(e.kind in away and e.during(at_s) for e in machine.events)

    def show(self, name: str, at_s: float) -> Shown:
        """A node's snapshot at an instant at which it answers."""
        machine = self.fleet.machines[name]
        hall = self.fleet.site.racks[machine.node.rack].hall
        boot_s = max(boot for boot in machine.boots if boot <= at_s)
        celsius = self.fleet.excess_celsius(hall, at_s) if machine.events else 0.0
        states = tuple(_state(machine, index, at_s) for index in range(len(machine.boards)))
        gpus, powers, processors = [], [], []
        for index, board in enumerate(machine.boards):
            course = machine.courses[index]
            seen = Seen(at_s, boot_s, course.at(at_s), course.at(boot_s), celsius)
            if states[index] == "up":
                values = self.gpus.values(board, course, seen)
                values["gpu_up"] = {(): 1.0}
                age = (at_s * 7 + machine.number) % SAMPLE_SECONDS
                values["gpu_sample_age_seconds"] = {("power",): age, ("telemetry",): age + 0.4}
            else:
                values = _sick(machine, index, at_s, states[index])
            if self._xids:
                values |= _errors(machine.events, index, at_s)
            gpus.append(GpuSnapshot(gpu=board.identity, up=states[index] == "up", values=values))
            mine, processor = self._power(seen, index, machine)
            powers.append(mine)
            processors.append(processor)
        host = host_values(
            self.fleet.model, machine, at_s, boot_s, tuple(powers), tuple(processors)
        )
        gpus = [self._told(gpu, machine, index, at_s) for index, gpu in enumerate(gpus)]
        host |= gauges(gpus)
        host |= self._sums.grown(machine, self.started_s(machine, at_s), Times(at_s, boot_s), gpus)
        host["host_gpus_expected"] = {(): float(len(states))}
        host["host_gpus_visible"] = {(): float(sum(state != "lost" for state in states))}
        host["host_gpus_lost"] = {(): float(sum(state == "lost" for state in states))}
        stuck = _full(machine.events, at_s)
        shape = Shape(
            states,
            tuple(_codes(machine.events, i, at_s) for i in range(len(states))),
            stuck is not None,
            tuple(_troubles(gpu) for gpu in gpus),
        )
        return Shown(
            shape=shape,
            snapshot=Snapshot(
                node=name,
                version=__version__,
                wall_ns=round(at_s * 1e9),
                monotonic_ns=round(at_s * 1e9),
                simulated=True,
                gpus=tuple(gpus),
                daemon=self._own(machine, at_s, boot_s, states, stuck),
                host=host,
            ),
        )

    def _told(self, gpu: GpuSnapshot, machine: Machine, index: int, at_s: float) -> GpuSnapshot:
        """A GPU with what is wrong with it."""
        values = dict(gpu.values)
        hot = values.get("gpu_clock_event_seconds_total", {}).get(_HOT, 0.0)
        if hot:
            before_s = at_s - CLOCK_EVENTS_NS / 1e9
            course = machine.courses[index]
            grown = course.at(at_s).hot - course.at(before_s).hot
            if grown > 0:
                values["gpu_recent_clock_event_ratio"] = {_HOT: grown * 1e9 / CLOCK_EVENTS_NS}
        wrong = conditions(values)
        if wrong:
            values["gpu_condition"] = wrong
        return replace(gpu, values=values)

    def started_s(self, machine: Machine, at_s: float) -> float:
        """When the daemon that answers at an instant was started."""
        restarts = [
            e.end_s
            for e in machine.events
            if e.kind is EventKind.DAEMON_RESTART and e.end_s <= at_s
        ]
        return max([boot for boot in machine.boots if boot <= at_s] + restarts)

    def _power(self, seen: Seen, index: int, machine: Machine) -> tuple[Power, Power]:
        """A GPU's power and its processor's part, as sensors that average show them."""
        model, board, now = self.gpus.model, machine.boards[index], seen.now
        course, whole = machine.courses[index], machine.course
        from_s = max(seen.at_s - HOST_SECONDS, seen.since_s)
        span = max(seen.at_s - from_s, 1e-3)
        before = course.at(from_s)
        joules = [self.gpus.joules(board, doing, "gpu") for doing in (now, before, seen.boot)]
        used = [
            (model.host_idle_mw * whole.at(at_s).on + model.host_busy_mw * doing.done) / 1000
            for at_s, doing in ((seen.at_s, now), (from_s, before), (seen.since_s, seen.boot))
        ]
        return (
            Power((joules[0] - joules[1]) / span, joules[0] - joules[2]),
            Power((used[0] - used[1]) / span, used[0] - used[2]),
        )

    def _own(
        self,
        machine: Machine,
        at_s: float,
        boot_s: float,
        states: tuple[str, ...],
        stuck: Event | None,
    ) -> Series:
        """The daemon's own series."""
        up_seconds = at_s - self.started_s(machine, at_s)
        count = len(states)
        ticks = {
            thread: float(int(up_seconds / period)) * count
            for thread, period in _TICK_SECONDS.items()
        }
        hung = [
            e.begin_s for e in machine.events if e.kind is EventKind.SENSOR_HUNG and e.during(at_s)
        ]
        slow_s, window_s = at_s - at_s % _TICK_SECONDS["slow"], at_s - at_s % _WINDOW_SECONDS
        last = {"power": at_s - 0.05, "telemetry": at_s - 0.4, "slow": slow_s}
        if hung:
            last = {thread: min(good_s, *hung) for thread, good_s in last.items()}
        windows = int((at_s - boot_s) / _WINDOW_SECONDS) * (2 * count + 14)
        sick = sum(state != "up" for state in states) + (stuck is not None)
        values: Series = {
            "wattkeeper_build_info": {(__version__, platform.python_version()): 1.0},
            "wattkeeper_ticks_total": {(thread,): done for thread, done in ticks.items()},
            "wattkeeper_delayed_ticks_total": {
                (thread,): float(int(done / 5000)) for thread, done in ticks.items()
            },
            "wattkeeper_late_ticks_total": {
                (thread,): float(int(done / 500_000)) for thread, done in ticks.items()
            },
            "wattkeeper_recent_late_ticks_ratio": {(): 2e-6},
            "wattkeeper_samples_dropped_total": {(): 0.0},
            "wattkeeper_timed_reads_total": {
                (sensor,): ticks[thread] for sensor, thread in self._sensors.items()
            },
            "wattkeeper_timed_read_seconds_total": {
                (sensor,): ticks[thread] * 2e-5 for sensor, thread in self._sensors.items()
            },
            "wattkeeper_sensor_last_success_timestamp_seconds": {
                (sensor,): last[thread]
                for sensor, thread in self._sensors.items()
                if thread != "power"
            },
            "wattkeeper_windows_total": {(): float(windows)},
            "wattkeeper_ledger_up": {(): 1.0},
            "wattkeeper_ledger_waiting_windows": {(): 0.0},
            "wattkeeper_ledger_dropped_windows_total": {(): 0.0},
            "wattkeeper_ledger_last_commit_timestamp_seconds": {(): window_s},
            "wattkeeper_ledger_commit_seconds": {(): 0.004},
            "wattkeeper_clock_steps_total": {(): 0.0},
            "wattkeeper_faults": {(): float(sick)},
            "wattkeeper_http_refused_total": Refusals().values(),
        }
        if self._exporter:
            until_s = at_s if stuck is None else max(stuck.begin_s, boot_s)
            rows = int((until_s - boot_s) / _WINDOW_SECONDS) * (2 * count + 14)
            values |= self._pushed(rows, window_s, at_s, stuck)
        return values

    def _pushed(self, rows: int, window_s: float, at_s: float, stuck: Event | None) -> Series:
        """The series of the push exporter, which has delivered so many rows."""
        waiting, dropped, last_s = 0.0, 0.0, window_s + 1
        if stuck is not None:
            waiting = _OUTBOX_BYTES / _ROW_BYTES
            dropped = float(int((at_s - stuck.begin_s) * 2.2))
            last_s = stuck.begin_s
        found = {
            "wattkeeper_exporter_up": float(stuck is None),
            "wattkeeper_outbox_rows": waiting,
            "wattkeeper_outbox_bytes": waiting * _ROW_BYTES,
            "wattkeeper_delivered_total": float(rows),
            "wattkeeper_retried_total": dropped,
            "wattkeeper_quarantined_total": 0.0,
            "wattkeeper_dropped_total": dropped,
            "wattkeeper_last_delivery_timestamp_seconds": last_s,
        }
        if stuck is not None:
            found["wattkeeper_outbox_oldest_age_seconds"] = waiting / 2.2
        shown: Series = {name: {(self._exporter,): value} for name, value in found.items()}
        if stuck is not None:
            lost = float(int(min(at_s - stuck.begin_s, 3600) * 2.2))
            shown["wattkeeper_recent_lost_rows"] = {(self._exporter, "dropped"): lost}
        return shown


def _troubles(gpu: GpuSnapshot) -> tuple[tuple[str, Labels], ...]:
    return tuple((name, labels) for name in _SPARSE for labels in gpu.values.get(name, {}))


def _state(machine: Machine, index: int, at_s: float) -> str:
    """`up`, or why the GPU has no series."""
    for event in machine.events:
        if event.gpu == index and event.during(at_s):
            if event.kind is EventKind.GPU_LOST:
                return "lost"
            if event.kind is EventKind.SENSOR_HUNG:
                return "hung"
    return "up"


def _sick(machine: Machine, index: int, at_s: float, state: str) -> Series:
    """What is left of a GPU that does not answer."""
    kind = EventKind.GPU_LOST if state == "lost" else EventKind.SENSOR_HUNG
    since_s = max(
        e.begin_s for e in machine.events if e.kind is kind and e.gpu == index and e.during(at_s)
    )
    age = at_s - since_s
    values: Series = {
        "gpu_up": {(): 0.0},
        "gpu_sample_age_seconds": {("power",): age, ("telemetry",): age},
    }
    if state == "lost":
        errors: dict[Labels, float] = {("gpu_power_watts", "gpu_lost"): float(int(age) + 1)}
        values["gpu_read_errors_total"] = errors
    return values


def _codes(events: tuple[Event, ...], index: int, at_s: float) -> tuple[int, ...]:
    """The driver's errors of a GPU so far, each code once."""
    return tuple(
        dict.fromkeys(
            e.xid
            for e in events
            if e.kind is EventKind.XID and e.gpu == index and e.begin_s <= at_s
        )
    )


def _errors(events: tuple[Event, ...], index: int, at_s: float) -> Series:
    """The series of a GPU's XID errors."""
    counts = dict.fromkeys(BY_NAME["gpu_xid_errors_total"].initial, 0.0)
    seen: dict[Labels, float] = {}
    for event in events:
        if event.kind is EventKind.XID and event.gpu == index and event.begin_s <= at_s:
            key = (str(event.xid),)
            counts[key] = counts.get(key, 0.0) + 1
            seen[key] = max(event.begin_s, seen.get(key, 0.0))
    values: Series = {"gpu_xid_errors_total": counts}
    if seen:
        values["gpu_xid_last_seen_timestamp_seconds"] = seen
    return values


def _full(events: tuple[Event, ...], at_s: float) -> Event | None:
    full = (e for e in events if e.kind is EventKind.OUTBOX_FULL and e.during(at_s))
    return next(full, None)
