"""The meter of one sensor of the host: its readings in, windows out, by the rules for GPUs."""

from collections.abc import Sequence
from dataclasses import replace

from collector.energy.account import Limits
from collector.energy.edges import Edges
from collector.energy.meter import Plan, ScopeMeter
from collector.energy.restart import Before
from collector.energy.windows import Closed
from collector.energy.wrap import Unwrapper, mean_mw
from collector.model import CounterReading, Energy, HostSensor, Window


class SensorMeter:
    """Meters a sensor that tells power, or one that has a counter which wraps.

    Args:
        sensor: which one.
        scope: what it covers.
        edges: the wall clock's seconds.
        plan: see `Plan`; its periods are those of the sensor.
        limits: what is physically possible.
        range_uj: the counter's range, microjoules; None for a sensor of power.
        before: what an earlier run left, and its totals.
    """

    def __init__(
        self,
        sensor: HostSensor,
        scope: str,
        edges: Edges,
        plan: Plan,
        limits: Limits,
        *,
        range_uj: int | None = None,
        before: tuple[Before, Energy] | None = None,
    ) -> None:
        self.sensor = sensor
        self.scope = scope
        self.last_closed: Closed | None = None
        self.last_mw: int | None = before[0].power_mw if before is not None else None
        self._edges = edges
        self._plan = plan
        self._limits = limits
        self._range_uj = range_uj
        self._before = before
        self._unwrapper = self._new_unwrapper(before)
        self._previous: tuple[int, int] | None = None
        self._windows: list[Window] = []
        self._refused = 0
        self.meter = self._new_meter(before)

    @property
    def refused(self) -> int:
        """Readings that are not physically possible."""
        judge = self.meter.account.judge
        return self._refused + self.meter.refused_samples + sum(judge.refusals.values())

    def add_power(self, monotonic_ns: int, milliwatts: int) -> None:
        """Add a reading of power."""
        self.meter.add_samples([(monotonic_ns, milliwatts)])
        if self.meter.track.milliwatts:
            self.last_mw = self.meter.track.milliwatts[-1]

    def add_counter(self, monotonic_ns: int, counter_uj: int) -> None:
        """Add a reading of the counter; its mean power shapes the energy in between."""
        if self._unwrapper is None:
            return
        if not self._unwrapper.knows(monotonic_ns):
            self._lose_track()
        reading = self._unwrapper.add(monotonic_ns, counter_uj)
        previous, now = self._previous, (monotonic_ns, self._unwrapper.total_uj)
        if previous is not None:
            # One that stands still is broken rather than at zero watts, and tells nothing.
            if monotonic_ns <= previous[0] or now[1] == previous[1]:
                return
            power_mw = mean_mw(now[1] - previous[1], monotonic_ns - previous[0])
            self.add_power((previous[0] + monotonic_ns) // 2, power_mw)
        self._previous = now
        self.meter.add_counter(reading)

    def advance(self, now_ns: int) -> list[Window]:
        """Account for everything up to now; return the windows that closed, oldest first."""
        self._take(self.meter.advance(now_ns))
        return self._taken()

    def finish(self, now_ns: int) -> list[Window]:
        """Account for everything there is: the end of a run."""
        self._take(self.meter.finish(now_ns))
        return self._taken()

    def _lose_track(self) -> None:
        """The counter may have wrapped unseen: bridge the stretch as if we had been stopped."""
        begun_with = self._before
        if self._previous is not None:
            self._take(self.meter.finish(self._previous[0]))
        closed = self.last_closed
        if closed is not None:
            begun_with = (
                Before(
                    wall_ns=closed.wall_end_ns,
                    monotonic_ns=closed.end_ns,
                    boot_id=self._plan.boot_id,
                    counter_mj=None,
                    power_mw=self.last_mw or 0,
                    idle_mw=self.meter.idle_mw or 0,
                    clean=True,
                ),
                closed.total,
            )
        elif begun_with is not None:
            begun_with = replace(begun_with[0], counter_mj=None), begun_with[1]
        self._refused = self.refused
        self._previous = None
        self._before = begun_with
        self._unwrapper = self._new_unwrapper(None)
        self.meter = self._new_meter(begun_with)

    def _new_meter(self, before: tuple[Before, Energy] | None) -> ScopeMeter:
        return ScopeMeter(
            self._edges,
            self._plan,
            self._limits,
            expects_counter=self._range_uj is not None,
            before=before,
        )

    def _new_unwrapper(self, before: tuple[Before, Energy] | None) -> Unwrapper | None:
        if self._range_uj is None:
            return None
        last = None
        if before is not None and before[0].boot_id == self._plan.boot_id:
            known_mj = before[0].counter_mj
            if known_mj is not None:
                last = CounterReading(monotonic_ns=before[0].monotonic_ns, millijoules=known_mj)
        return Unwrapper(self._range_uj, self._limits.ceiling_mw, last)

    def _take(self, closed: Sequence[Closed]) -> None:
        for one in closed:
            self.last_closed = one
            self._windows.append(self.meter.window(self.sensor, self.scope, one, {}))

    def _taken(self) -> list[Window]:
        windows, self._windows = self._windows, []
        return windows
