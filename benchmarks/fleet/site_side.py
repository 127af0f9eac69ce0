"""The site daemon's metrics, from the simulated meters through the daemon's own `SiteState`."""

from benchmarks.fleet.facility import Facility
from benchmarks.fleet.fleet import Fleet
from benchmarks.fleet.machines import node_load
from benchmarks.fleet.node_values import HOST_SECONDS
from benchmarks.fleet.scenario import EventKind
from collector import __version__
from collector.daemon.it_power import ItPower
from collector.daemon.site_values import it_values, own_site_values
from collector.ledger import LedgerStatus
from collector.ledger.model import Register
from collector.model import Energy, Snapshot
from collector.site.peaks import Band
from collector.site.state import Earlier, SiteState
from collector.sitefile.model import Role
from collector.sources.meters.listener import ListenerStatus
from collector.sources.meters.reading import MeterReading, Quantity, Shape
from exporters.prometheus.text import TextWriter

SECOND_NS = 1_000_000_000
_QUARTER_SECONDS = 900.0
_POWER_FACTOR = 0.97
"""At the border, with compensation; a guess."""
_UNREACHABLE = frozenset({EventKind.NODE_DOWN, EventKind.NODE_MISSING, EventKind.RACK_MAINTENANCE})


class SiteSide:
    """A site daemon that is told the truth by every meter.

    Args:
        fleet: the fleet.
        begin_s: when its meters are heard first, UTC seconds since 1970.
        period_seconds: between readings of a meter.
        band: the tariff's band at a time; None without a tariff.
        kept_days: of so many days before that its ledger has the quarter-hours, as after a restart.
    """

    def __init__(
        self,
        fleet: Fleet,
        begin_s: float,
        *,
        period_seconds: float = 2.0,
        band: Band | None = None,
        kept_days: float = 0.0,
    ) -> None:
        self.fleet = fleet
        kept = Earlier(quarter_hours=_quarter_hours(fleet, begin_s, kept_days))
        self.state = SiteState(fleet.site, kept, band=band)
        self.period_seconds = period_seconds
        self._begin_s = begin_s
        self._at_s = begin_s
        self._facility = Facility(fleet, seconds=period_seconds)
        self._windows = 0
        self._readings = 0
        self._writer = TextWriter()

    def advance(self, to_s: float, *, step_seconds: float | None = None) -> None:
        """Let the meters speak up to an instant.

        Args:
            to_s: the instant.
            step_seconds: between readings, where it is not the usual period: a history is
                gone through faster in longer steps.
        """
        step = step_seconds or self.period_seconds
        facility = self._facility
        if step != self.period_seconds:
            facility = Facility(self.fleet, seconds=step)
        while self._at_s + step <= to_s:
            self._at_s += step
            self._tell(facility)

    def warm_up(self, to_s: float) -> None:
        """Go through the time up to an instant, the more finely the nearer it is."""
        self.advance(to_s - _QUARTER_SECONDS, step_seconds=60.0)
        self.advance(to_s - 60, step_seconds=10.0)
        self.advance(to_s)

    def snapshot(self, at_s: float) -> Snapshot:
        """The site as its daemon would show it."""
        at_ns = round(at_s * SECOND_NS)
        values = self.state.values(at_ns, at_ns)
        nodes = ItPower(
            watts=self._node_watts(at_s), coverage_ratio=self._heard(at_s), monotonic_ns=at_ns
        )
        ledger = LedgerStatus(
            up=True,
            problem="",
            action="",
            since_wall_ns=round(self._begin_s * SECOND_NS),
            waiting_windows=0,
            dropped_windows=0,
            last_commit_wall_ns=round((at_s - at_s % 60) * SECOND_NS),
            last_commit_seconds=0.004,
        )
        own = own_site_values(
            ledger,
            listener=ListenerStatus(connected=True, received_total=self._readings),
            rejected={},
            windows=self._windows,
            faults=0,
            differences=0,
        )
        return Snapshot(
            node=self.fleet.site.name,
            version=__version__,
            wall_ns=at_ns,
            monotonic_ns=at_ns,
            simulated=True,
            gpus=(),
            daemon=own,
            site={**values, **it_values(self.state, nodes, values)},
        )

    def exposition(self, at_s: float) -> bytes:
        """Its `/metrics`, text format 0.0.4."""
        return self._writer.write(self.snapshot(at_s))

    def _tell(self, facility: Facility) -> None:
        at_ns = round(self._at_s * SECOND_NS)
        readings = [
            _reading(meter, Quantity.POWER, watts, at_ns)
            for meter, watts in facility.meter_watts(self._at_s).items()
        ]
        for meter, (supply, back) in facility.coolant_celsius(self._at_s).items():
            readings.append(_reading(meter, Quantity.SUPPLY_TEMPERATURE, supply, at_ns))
            readings.append(_reading(meter, Quantity.RETURN_TEMPERATURE, back, at_ns))
        readings += [
            _reading(meter.id, Quantity.POWER_FACTOR, _POWER_FACTOR, at_ns)
            for meter in self.fleet.site.meters.values()
            if meter.role is Role.UTILITY
        ]
        for reading in readings:
            self.state.add(reading, at_ns)
        self._readings += len(readings)
        closed = len(self.state.advance(at_ns, at_ns).windows)
        if closed:
            self._windows += closed
            self.state.kept(self.state.accounts(boot_id="simulated", monotonic_ns=at_ns))

    def _node_watts(self, at_s: float) -> float:
        """What the nodes that answer draw, as Prometheus would add it up."""
        fleet, before_s = self.fleet, at_s - HOST_SECONDS
        loads = [rack.load for rack in fleet.racks.values()]
        joules = sum(load.joules(at_s) - load.joules(before_s) for load in loads)
        for name in fleet.machines:
            if self._silent(name, at_s):
                load = node_load(fleet.model, fleet.machines[name])
                joules -= load.joules(at_s) - load.joules(before_s)
        return joules / HOST_SECONDS

    def _heard(self, at_s: float) -> float:
        machines = self.fleet.machines
        return 1 - sum(self._silent(name, at_s) for name in machines) / len(machines)

    def _silent(self, name: str, at_s: float) -> bool:
        events = self.fleet.machines[name].events
        return any(e.kind in _UNREACHABLE and e.during(at_s) for e in events)


def _quarter_hours(fleet: Fleet, end_s: float, days: float) -> dict[str, list[Register]]:
    """What the ledger would have of the meters that figures are made of."""
    roles = {Role.UTILITY, Role.GENERATION, Role.IT}
    found: dict[str, list[Register]] = {
        meter.id: [] for meter in fleet.site.meters.values() if meter.role in roles
    }
    facility = Facility(fleet, seconds=_QUARTER_SECONDS)
    last = int(end_s // _QUARTER_SECONDS)
    earliest = fleet.origin_s // _QUARTER_SECONDS + 1
    length_ns = round(_QUARTER_SECONDS * SECOND_NS)
    for number in range(max(int(last - days * 96), int(earliest)) + 1, last + 1):
        watts = facility.meter_watts(number * _QUARTER_SECONDS)
        for meter, registers in found.items():
            if meter in watts:
                millijoules = round(watts[meter] * _QUARTER_SECONDS * 1000)
                registers.append(
                    Register(
                        start_ns=(number - 1) * length_ns,
                        energy=Energy(counter_mj=millijoules),
                        covered_ns=length_ns,
                        elapsed_ns=length_ns,
                        peak_mw=None,
                    )
                )
    return found


def _reading(meter: str, quantity: Quantity, value: float, at_ns: int) -> MeterReading:
    return MeterReading(
        meter=meter,
        quantity=quantity,
        value=value,
        source_ns=at_ns,
        received_ns=at_ns,
        shape=Shape.HELD,
    )
