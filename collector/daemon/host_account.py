"""One sensor of the host as the daemon sees it: its meter, its account, what is shown of it."""

from dataclasses import replace

from collector.daemon.accounts import ShownBase, before_of, shown_base, state_of
from collector.daemon.shown_total import ShownTotal
from collector.energy.edges import SECOND_NS, Edges
from collector.energy.limits import host_limits
from collector.energy.meter import Plan
from collector.energy.sensor_meter import SensorMeter
from collector.ledger import AccountKey, AccountState
from collector.model import HostSensor, Window
from collector.sources.host.protocol import HostReading

KIND = HostSensor.kind
_LEAST_STALE_NS = 3 * SECOND_NS


class HostAccount:
    """Keeps the energy of one sensor.

    Args:
        sensor: which one.
        scope: what it covers.
        edges: the wall clock's seconds.
        plan: the meter's plan, with the periods of its source.
        range_uj: the range of its counter, microjoules; None for a sensor of power.
        before: its account in the ledger.
    """

    def __init__(
        self,
        sensor: HostSensor,
        scope: str,
        edges: Edges,
        plan: Plan,
        *,
        range_uj: int | None = None,
        before: AccountState | None = None,
    ) -> None:
        self.key = AccountKey(KIND, sensor.key, scope)
        self.sensor = sensor
        self.scope = scope
        self.via = ""
        self._plan = plan
        self._before = before
        self._base: ShownBase | None = None
        self._shown = ShownTotal(before)
        self._meter = SensorMeter(
            sensor,
            scope,
            edges,
            plan,
            host_limits(scope),
            range_uj=range_uj,
            before=None if before is None else before_of(before),
        )

    @property
    def refused(self) -> int:
        """Readings that are not physically possible."""
        return self._meter.refused

    def take(self, reading: HostReading) -> None:
        """Take a reading; one that failed is no news."""
        self.via = reading.via or self.via
        if reading.counter_uj is not None:
            self._meter.add_counter(reading.monotonic_ns, reading.counter_uj)
        elif reading.milliwatts is not None:
            self._meter.add_power(reading.monotonic_ns, reading.milliwatts)

    def advance(self, now_ns: int) -> list[Window]:
        """Account for everything up to now; return the windows that closed."""
        return self._noted(self._meter.advance(now_ns))

    def finish(self, now_ns: int) -> list[Window]:
        """Account for everything there is: the end of a run."""
        return self._noted(self._meter.finish(now_ns))

    def watts(self, now_ns: int) -> float | None:
        """Its newest power; None when it has been silent for three periods."""
        track = self._meter.meter.track
        if track.last_ns is None:
            return None
        stale_ns = max(3 * self._plan.period_ns, _LEAST_STALE_NS)
        return track.milliwatts[-1] / 1000 if now_ns - track.last_ns <= stale_ns else None

    def shown_mj(self) -> tuple[int, int] | None:
        """Energy as `/metrics` shows it, and the estimated part; millijoules.

        None before an earlier run is accounted for, and that is on disk where it began anew.
        """
        if self._base is None:
            return None
        return self._shown.value(self._meter.meter.account, self._base)

    def landed(self, state: AccountState) -> None:
        """Its account is on disk as of now."""
        self._shown.landed(state)

    def state(self, *, clean: bool) -> AccountState | None:
        """Its account as of the last window that closed; None before the first."""
        closed = self._meter.last_closed
        if closed is None:
            return None
        base = self._base or ShownBase()
        state = state_of(self._meter.meter, closed, base, boot_id=self._plan.boot_id, clean=clean)
        return replace(state, last_power_mw=self._meter.last_mw)

    def _noted(self, windows: list[Window]) -> list[Window]:
        meter = self._meter.meter
        if self._base is None and meter.started:
            self._base = shown_base(self._before, meter)
        return windows
