"""The raw series that rules read, of a simulated site, minute by minute as OpenMetrics text.

Left out is what rules drop: series that say all the time that nothing is wrong (no ECC errors, no
link down), for these make no difference to any alert. Of sensors of which rules take a node's
hottest, only the hottest GPU's is written.
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

_AWAY = frozenset(
    {
        EventKind.NODE_DOWN,
        EventKind.NODE_MISSING,
        EventKind.RACK_MAINTENANCE,
        EventKind.DAEMON_RESTART,
    }
)
_BEFORE_SECONDS = 7_200.0
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
        away = [e for e in machine.events if e.kind in _AWAY]
        there = ~self._mask(away)
        yield from self._put(f"up{{{place}}}", there.astype(float))
        count = len(machine.boards)
        lost = np.zeros_like(self._times)
        hottest = np.zeros_like(self._times)
        excess = self._hall_excess(rack.hall)
        for index, board in enumerate(machine.boards):
            labels = f'{place},gpu="{index}",uuid="{board.identity.uuid}"'
            gone = self._mask(
                [e for e in machine.events if e.kind is EventKind.GPU_LOST and e.gpu == index]
            )
            lost += gone
            yield from self._put(f"gpu_up{{{labels}}}", (~gone).astype(float), there)
            level = self._level(machine.courses[index])
            watts = np.round(board.idle_watts + board.span_watts * level)
            power = f'gpu_power_window_watts{{{labels},stat="mean",scope="gpu"}}'
            yield from self._put(power, watts, there & ~gone)
            model = fleet.model
            rise = board.cooler * model.rise_celsius * watts / (model.limit_mw / 1000)
            hottest = np.maximum(hottest, np.round(model.inlet_celsius + excess + rise))
            if excess.any():
                yield from self._slowed(machine, index, labels, there & ~gone)
            for event in machine.events:
                if event.kind is EventKind.XID and event.gpu == index:
                    yield from self._xid(event, labels, there)
        yield from self._put(f"host_gpus_expected{{{place}}}", np.full_like(lost, count), there)
        yield from self._put(f"host_gpus_visible{{{place}}}", count - lost, there)
        hot = np.minimum(hottest, fleet.model.gpu_max_celsius)
        first = f'{place},gpu="0",uuid="{machine.boards[0].identity.uuid}"'
        sensor = f'gpu_temperature_celsius{{{first},sensor="gpu"}}'
        yield from self._put(sensor, hot, there)
        margin = fleet.model.gpu_max_celsius - hot
        yield from self._put(f"gpu_temperature_margin_celsius{{{first}}}", margin, there)
        drawn = np.zeros_like(self._times)
        for course, (on, work) in node_load(fleet.model, machine).terms.items():
            drawn += on + work * self._level(course)
        yield from self._put(f"host_input_power_watts{{{place}}}", np.round(drawn), there)
        if away:
            yield from self._put(f"wattkeeper_ledger_up{{{place}}}", np.ones_like(lost), there)

    def _slowed(self, machine: Machine, index: int, labels: str, there: Mask) -> Iterator[str]:
        course = machine.courses[index]
        hot = np.array([course.at(at_s).hot for at_s in self._times.tolist()])
        name = f'gpu_clock_event_seconds_total{{{labels},reason="hardware_thermal"}}'
        yield from self._put(name, np.round(hot, 1), there)

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
