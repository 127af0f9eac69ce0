"""What nodes and site daemons of a fleet would have written to InfluxDB, in windows of an hour."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.fleet import Fleet
from benchmarks.fleet.facility import Facility
from benchmarks.fleet.machines import node_load
from benchmarks.fleet.targets import place
from collector.model import Device, Energy, HostSensor, Meter, Point, PowerStat, Window
from collector.sitefile.model import Level
from exporters.influxdb import LineEncoder

SECOND = 1_000_000_000
HOUR = 3600
_SEOUL = timedelta(hours=9)
_ESTIMATED = 24 * 7
"""Every so many hours one is estimated."""


def korean_band(at_s: float) -> str:
    """The band of an hour, about as KEPCO has it in winter."""
    hour = (datetime.fromtimestamp(at_s, UTC) + _SEOUL).hour
    if hour >= 22 or hour < 8:
        return "off_peak"
    return "peak" if hour in {9, 10, 11, 16, 17, 18} else "mid"


def californian_band(at_s: float) -> str:
    """The band of an hour, about as PG&E has it in spring."""
    hour = datetime.fromtimestamp(at_s, UTC).hour
    if 9 <= hour < 14:
        return "super_off_peak"
    return "peak" if 16 <= hour < 21 else "part_peak" if 14 <= hour < 23 else "off_peak"


def points(
    fleet: Fleet, begin_s: float, end_s: float, band: Callable[[float], str]
) -> Iterator[bytes]:
    """Lines of InfluxDB's protocol, an hour at a time.

    Args:
        fleet: the fleet.
        begin_s: the range's begin, UTC seconds since 1970.
        end_s: its end.
        band: the tariff's band of an hour.
    """
    encoders = {
        name: LineEncoder(place(fleet.site, one.node)) for name, one in fleet.machines.items()
    }
    site = LineEncoder({"site": fleet.site.name})
    facility = Facility(fleet, seconds=HOUR)
    feed = next(one.id for one in fleet.site.branches.values() if one.level is Level.FEED)
    meters = fleet.site.meters.values()
    billed = next(one.id for one in meters if one.branch == feed)
    for number in range(int(begin_s // HOUR) + 1, int(end_s // HOUR) + 1):
        at_s = float(number * HOUR)
        items = [
            item
            for name, encoder in encoders.items()
            for item in encoder.windows(_of_node(fleet, name, at_s))
        ]
        watts = facility.meter_watts(at_s)
        items += site.windows(
            _window(Meter(id=one.id, role=one.role.value), "", at_s, watts[one.id] * HOUR)
            for one in meters
        )
        fields: dict[str, float | str] = {
            "energy_joules": watts[billed] * HOUR,
            "demand_watts": watts[billed],
            "target_watts": fleet.site.demand_target_watts or 0.0,
            "band": band(at_s - HOUR),
        }
        tags = {"branch": feed, "meter": billed}
        items += site.points(
            [Point(measurement="demand", tags=tags, wall_ns=number * HOUR * SECOND, fields=fields)]
        )
        yield b"\n".join(item.payload for item in items)


def _of_node(fleet: Fleet, name: str, at_s: float) -> Iterator[Window]:
    machine = fleet.machines[name]
    for index, board in enumerate(machine.boards):
        joules = fleet.gpu_joules(name, index, at_s) - fleet.gpu_joules(name, index, at_s - HOUR)
        yield _window(board.identity, "gpu", at_s, joules)
    load = node_load(fleet.model, machine)
    joules = load.joules(at_s) - load.joules(at_s - HOUR)
    yield _window(HostSensor(source="redfish", device="node"), "dc_node", at_s, joules)


def _window(device: Device, scope: str, at_s: float, joules: float) -> Window:
    millijoules, watts = round(joules * 1000), joules / HOUR
    is_gap = at_s // HOUR % _ESTIMATED == 0
    counted = millijoules * 9 // 10
    return Window(
        device=device,
        scope=scope,
        start_ns=round(at_s - HOUR) * SECOND,
        end_ns=round(at_s) * SECOND,
        duration_ns=HOUR * SECOND,
        energy=Energy(estimated_mj=millijoules)
        if is_gap
        else Energy(counter_mj=counted, integrated_mj=millijoules - counted),
        total_mj=millijoules,
        covered_ns=0 if is_gap else HOUR * SECOND,
        samples=0 if is_gap else 36_000,
        power=PowerStat(minimum=0.9 * watts, mean=watts, maximum=1.1 * watts),
    )
