"""The raw series that rules read, of a simulated site, minute by minute as OpenMetrics text.

Left out is what makes no difference to any alert as long as it is well, and what the simulation
knows no trouble of: late reads, steps of the clock, nodes' ledgers, certificates.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.alert_week.engine import STEP_SECONDS
from benchmarks.alert_week.world import World
from benchmarks.fleet.course import Course
from benchmarks.fleet.machines import Machine, node_load
from benchmarks.fleet.scenario import Event, EventKind
from benchmarks.fleet.site_side import SiteSide
from collector.catalogue import BY_NAME
from collector.summary.node import CLOCK_EVENTS_NS

_AWAY = frozenset(
    {
        EventKind.NODE_DOWN,
        EventKind.NODE_MISSING,
        EventKind.RACK_MAINTENANCE,
        EventKind.DAEMON_RESTART,
    }
)
_BEFORE_SECONDS = 7_200.0
_HOT_SECONDS = CLOCK_EVENTS_NS / 1e9
_EXPORTER = 'exporter="influxdb"'
_DAEMON_SECONDS = 90.0
"""What waits at most in an outbox while the database answers."""
Steps = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Writer:
    """Writes a stretch of time.

    Args:
        world: what happens.
        begin_s, end_s: the stretch, UTC seconds since 1970.
        site: the site daemon, which has heard its meters up to the begin.
    """

    def __init__(self, world: World, begin_s: float, end_s: float, site: SiteSide) -> None:
        self._world = world
        self._times: Steps = np.arange(begin_s, end_s, STEP_SECONDS)
        self._stamps = [str(int(at_s)) for at_s in self._times]
        self._site = site
        self._levels: dict[Course, Steps] = {}
        self._excess: dict[str, Steps] = {}

    def lines(self) -> Iterator[str]:
        """All lines, in no order."""
        for machine in self._world.fleet.machines.values():
            yield from self._node(machine)
        yield from self._site_daemon()

    def _node(self, machine: Machine) -> Iterator[str]:
        fleet = self._world.fleet
        name, rack = machine.node.name, fleet.site.racks[machine.node.rack]
        place = (
            f'job="wattkeeper-node",instance="{name}",site="{fleet.site.name}",'
            f'hall="{rack.hall}",row="{rack.row}",rack="{rack.id}",node="{name}"'
        )
        there = ~self._mask([e for e in machine.events if e.kind in _AWAY])
        yield from self._put(f"up{{{place}}}", there.astype(float))
        yield from self._gpus(machine, place, there)
        drawn = np.zeros_like(self._times)
        for course, (on, work) in node_load(fleet.model, machine).terms.items():
            drawn += on + work * self._level(course)
        yield from self._put(f"host_input_power_watts{{{place}}}", np.round(drawn), there)
        away = self._mask(self._world.database_away)
        exporter = f"{place},{_EXPORTER}"
        yield from self._put(f"wattkeeper_exporter_up{{{exporter}}}", (~away).astype(float), there)
        age = "wattkeeper_outbox_oldest_age_seconds"
        yield from self._put(f"{age}{{{exporter}}}", self._waiting(), there)

    def _gpus(self, machine: Machine, place: str, there: Mask) -> Iterator[str]:
        """What a node says of its GPUs together, and of each that something is wrong with."""
        model = self._world.fleet.model
        count = len(machine.boards)
        lost, drawn = np.zeros_like(self._times), np.zeros_like(self._times)
        hottest, oldest = np.zeros_like(self._times), np.full_like(self._times, 1.0)
        excess = self._hall_excess(self._world.fleet.site.racks[machine.node.rack].hall)
        for index, board in enumerate(machine.boards):
            labels = f'{place},gpu="{index}",uuid="{board.identity.uuid}"'
            mine = [e for e in machine.events if e.gpu == index]
            losses = [e for e in mine if e.kind is EventKind.GPU_LOST]
            gone = self._mask(losses)
            lost += gone
            for event in losses:
                oldest = np.where(self._mask([event]), self._times - event.begin_s, oldest)
            level = self._level(machine.courses[index])
            watts = np.round(board.idle_watts + board.span_watts * level)
            drawn += np.where(gone, 0.0, watts)
            rise = board.cooler * model.rise_celsius * watts / (model.limit_mw / 1000)
            hottest = np.maximum(hottest, np.round(model.inlet_celsius + excess + rise))
            if excess.any():
                yield from self._slowed(machine, index, labels, there & ~gone)
            for event in mine:
                if event.kind is EventKind.XID:
                    yield from self._xid(event, labels, there)
        hot = np.minimum(hottest, model.gpu_max_celsius)
        told: dict[str, Steps] = {
            "host_gpus_expected": np.full_like(lost, count),
            "host_gpus_lost": lost,
            "host_gpus_up": count - lost,
            "host_gpus_down": lost,
            "host_gpus_reporting": count - lost,
            "host_gpu_power_watts": drawn,
            "host_gpu_temperature_margin_celsius": model.gpu_max_celsius - hot,
            "host_gpu_sample_age_seconds": oldest,
        }
        for name, values in told.items():
            yield from self._put(f"{name}{{{place}}}", values, there)
        sensor = f'host_gpu_temperature_celsius{{{place},sensor="gpu"}}'
        yield from self._put(sensor, hot, there)

    def _slowed(self, machine: Machine, index: int, labels: str, there: Mask) -> Iterator[str]:
        """The share of the last minutes in which heat slowed a GPU, while there is any."""
        course = machine.courses[index]
        at = self._times.tolist()
        grown: Steps = np.array([course.at(s).hot - course.at(s - _HOT_SECONDS).hot for s in at])
        share = (grown / _HOT_SECONDS).clip(max=1.0)
        name = f'gpu_recent_clock_event_ratio{{{labels},reason="software_thermal"}}'
        yield from self._put(name, np.round(share, 6), there & (share > 0))

    def _xid(self, event: Event, labels: str, there: Mask) -> Iterator[str]:
        """A code is shown from its report on."""
        name = f'gpu_xid_last_seen_timestamp_seconds{{{labels},xid="{event.xid}"}}'
        seen = there & (self._times >= event.begin_s)
        yield from self._put(name, np.full_like(self._times, event.begin_s), seen)

    def _site_daemon(self) -> Iterator[str]:
        name = self._world.fleet.site.name
        place = f'job="wattkeeper-site",instance="{name}:9411",site="{name}"'
        yield from self._put(f"up{{{place}}}", np.ones_like(self._times))
        for at_s, stamp in zip(self._times.tolist(), self._stamps, strict=True):
            self._site.advance(at_s)
            shown = self._site.snapshot(at_s)
            yield from _site_lines(shown.site, place, stamp)
            yield f"wattkeeper_ledger_up{{{place}}} 1 {stamp}"

    def _waiting(self) -> Steps:
        """Age of the oldest row that is not delivered."""
        found = np.full_like(self._times, _DAEMON_SECONDS / 2)
        for away in self._world.database_away:
            found = np.where(self._mask([away]), self._times - away.begin_s, found)
        return found

    def _level(self, course: Course) -> Steps:
        """Level of a course at every step."""
        found = self._levels.get(course)
        if found is None:
            found = np.array([course.at(at_s).level for at_s in self._times.tolist()])
            self._levels[course] = found
        return found

    def _hall_excess(self, hall: str) -> Steps:
        found = self._excess.get(hall)
        if found is None:
            fleet = self._world.fleet
            found = np.array([fleet.excess_celsius(hall, at) for at in self._times.tolist()])
            self._excess[hall] = found
        return found

    def _mask(self, events: Sequence[Event]) -> Mask:
        found = np.zeros(len(self._times), dtype=bool)
        for event in events:
            found |= (self._times >= event.begin_s) & (self._times < event.end_s)
        return found

    def _put(self, series: str, values: Steps, there: Mask | None = None) -> Iterator[str]:
        pairs = zip(values.tolist(), self._stamps, strict=True)
        if there is None or there.all():
            yield "\n".join([f"{series} {value:.12g} {stamp}" for value, stamp in pairs])
        elif there.any():
            shown = zip(pairs, there.tolist(), strict=True)
            yield "\n".join([f"{series} {v:.12g} {stamp}" for (v, stamp), on in shown if on])


def site_side(world: World) -> SiteSide:
    """The site's daemon, at work for two hours before the begin."""
    site = SiteSide(world.fleet, world.begin_s - _BEFORE_SECONDS, period_seconds=STEP_SECONDS)
    site.advance(world.begin_s - STEP_SECONDS)
    return site


def _site_lines(
    values: Mapping[str, Mapping[tuple[str, ...], float]], place: str, stamp: str
) -> Iterator[str]:
    for name, series in values.items():
        if name.endswith("_info"):
            continue
        keys = BY_NAME[name].labels
        for labels, value in series.items():
            said = "".join(f',{k}="{v}"' for k, v in zip(keys, labels, strict=True))
            yield f"{name}{{{place}{said}}} {value} {stamp}"
