"""One GPU as the daemon sees it: its threads, its meter, its health, what is shown of it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from collector.catalogue import Labels, Values
from collector.daemon.accounts import KIND, ShownBase, before_of, shown_base, state_of
from collector.daemon.cadence import STALE_NS, Cadence
from collector.daemon.gpu_values import gpu_values
from collector.daemon.shown_total import ShownTotals
from collector.energy.edges import SECOND_NS, Edges
from collector.energy.gpu_meter import GpuMeter
from collector.energy.limits import ceilings
from collector.energy.meter import Plan
from collector.ledger import AccountKey, AccountState
from collector.model import Energy, GpuIdentity, GpuSnapshot, Reading, Window
from collector.sampling.worker import Worker
from collector.sources.protocol import GpuLostError

log = logging.getLogger(__name__)

_SUSPECT_NS = 2 * SECOND_NS
_LEAST_RATIO = 0.8
"""Sensors that look seldom were seen 15 % off for some loads; a whole module is further off."""
_SLOW_AWAITED_NS = SECOND_NS
_BUSY_NS = SECOND_NS
"""A driver call that takes longer than this is what to blame."""


@dataclass(frozen=True, slots=True)
class Sickness:
    """Why a GPU is sick, for people."""

    problem: str
    action: str


@dataclass(slots=True)
class Sensors:
    """Reads of each sensor, summed."""

    reads: dict[str, int] = field(default_factory=dict)
    read_ns: dict[str, int] = field(default_factory=dict)

    def add(self, reading: Reading) -> None:
        """Count a reading's costs."""
        for sensor, spent_ns in reading.read_ns.items():
            self.reads[sensor] = self.reads.get(sensor, 0) + 1
            self.read_ns[sensor] = self.read_ns.get(sensor, 0) + spent_ns


class WatchedGpu:
    """Moves what the threads read into the meter, and says what to show.

    Args:
        worker: the GPU's threads, started.
        edges: the wall clock's seconds.
        plan: the meters' plan.
        cadence: the periods.
        before: the GPU's accounts in the ledger, by scope.
        today: energy since local midnight in the ledger, by scope.
        started_ns: when watching began.
    """

    def __init__(
        self,
        worker: Worker,
        edges: Edges,
        plan: Plan,
        cadence: Cadence,
        *,
        before: Mapping[str, AccountState],
        today: Mapping[str, Energy],
        started_ns: int,
    ) -> None:
        self.worker = worker
        self.meter: GpuMeter | None = None
        self.sensors = Sensors()
        self.sickness: Sickness | None = None
        self.last_power_ns = 0
        self.last_telemetry_ns = 0
        self.bases: dict[str, ShownBase] = {}
        self.fast: Reading | None = None
        self.slow: tuple[int, Values] | None = None
        self.last_good_ns: dict[str, int] = {}
        """When each sensor was last read well, monotonic."""
        self.last_window: Window | None = None
        self._edges = edges
        self._plan = plan
        self._before = dict(before)
        self.shown = ShownTotals(before)
        self._today_mj = {scope: energy.total_mj for scope, energy in today.items()}
        self._today = datetime.fromtimestamp(edges.wall_ns(started_ns) / 1e9).astimezone().date()
        self._started_ns = started_ns
        self._early: list[Reading] = []
        """Readings from before there was a meter."""
        self.said: set[str] = set()
        """What was logged already; a node hands the same set to all its GPUs."""
        self.cadence = cadence
        self._said_refused = False

    @property
    def gpu(self) -> GpuIdentity:
        """Who it is."""
        return self.worker.gpu.identity

    @property
    def part(self) -> str:
        """Its name among the faults."""
        return f"gpu {self.gpu.index}"

    def quiet(self, now_ns: int) -> bool:
        """Whether nothing was taken from it for so long that it may be sick."""
        return self.sickness is not None or now_ns - _SUSPECT_NS > min(
            self.last_power_ns, self.last_telemetry_ns
        )

    def advance(self, now_ns: int) -> list[Window]:
        """Take what the threads have read, account for it, judge the GPU's health."""
        self._drain()
        self._say_how_power_is_read()
        if self.sickness is None:
            self.worker.relieve(now_ns)
        windows = self.meter.advance(now_ns) if self.meter is not None else []
        self._note(windows)
        self.sickness = self._judge(now_ns)
        return windows

    @property
    def disagreement(self) -> str:
        """What is odd about the energy counter, for people; empty while nothing is."""
        ratio = self.meter.ratio.value() if self.meter is not None else None
        if self.meter is None or ratio is None or not self.meter.ratio.settled:
            return ""
        if _LEAST_RATIO <= ratio <= 1 / _LEAST_RATIO:
            return ""
        return (
            f"over the last minute its energy counter says {ratio:.2f} times what its power adds "
            "up to"
        )

    @property
    def hanging(self) -> str:
        """Which sensors hang while the rest is read, for people; empty while none does."""
        hanging = self.worker.hanging
        if not hanging or self.sickness is not None:
            return ""
        since_ns = self._edges.wall_ns(min(hanging.values()))
        clock = datetime.fromtimestamp(since_ns / 1e9).astimezone()
        return (
            f"a driver call has not returned since {clock:%H:%M:%S}; not read: "
            f"{', '.join(sorted(hanging))}"
        )

    def finish(self, now_ns: int) -> list[Window]:
        """Account for everything there is: the end of a run."""
        self._drain()
        windows = self.meter.finish(now_ns) if self.meter is not None else []
        self._note(windows)
        return windows

    def states(self, *, clean: bool) -> dict[AccountKey, AccountState]:
        """Its accounts as of the last windows closed."""
        if self.meter is None:
            return {}
        return {
            AccountKey(KIND, self.gpu.uuid, scope): state_of(
                self.meter.scopes[scope],
                closed,
                self.bases.setdefault(scope, ShownBase()),
                boot_id=self._plan.boot_id,
                clean=clean,
            )
            for scope, closed in self.meter.last_closed.items()
        }

    def snapshot(
        self, now_ns: int, events: Mapping[str, dict[Labels, float]] = MappingProxyType({})
    ) -> GpuSnapshot:
        """What is shown of it now.

        Args:
            now_ns: monotonic.
            events: the series of its events, shown also while it is sick.
        """
        up = self.sickness is None and self.meter is not None
        values: dict[str, dict[Labels, float]] = gpu_values(self, now_ns) if up else {}
        values |= events
        values["gpu_up"] = {(): float(up)}
        errors: dict[Labels, float] = {key: float(count) for key, count in self._errors().items()}
        if errors:
            values["gpu_read_errors_total"] = errors
        ages: dict[Labels, float] = {
            (sensor,): max(now_ns - at_ns, 0) / SECOND_NS  # read since the tick began: 0
            for sensor, at_ns in (
                ("power", self.last_power_ns),
                ("telemetry", self.last_telemetry_ns),
            )
            if at_ns
        }
        if ages:
            values["gpu_sample_age_seconds"] = ages
        main = self._main_scope()
        return GpuSnapshot(
            gpu=self.gpu,
            up=up,
            values=values,
            history_watts=self.history_watts,
            today_mj=self._today_mj.get(main) if main else None,
            source=self.last_window.energy.source if self.last_window else None,
            slow_read_ns=self.slow[0] if self.slow else None,
        )

    @property
    def history_watts(self) -> float | None:
        """Mean power of the last whole second; None while the GPU is sick."""
        main = self._main_scope()
        if self.meter is None or main is None or self.sickness is not None:
            return None
        slots = self.meter.scopes[main].slots.closed
        return slots[-1].mean_watts if slots else None

    def _main_scope(self) -> str | None:
        if self.meter is None:
            return None
        return "gpu" if "gpu" in self.meter.scopes else next(iter(self.meter.scopes), None)

    def _errors(self) -> dict[tuple[str, str], int]:
        errors = dict(self.worker.errors)
        refused = 0
        if self.meter is not None:
            refused = sum(meter.refused_samples for meter in self.meter.scopes.values())
        if refused:
            errors["gpu_power_watts", "implausible"] = refused
        return errors

    def _drain(self) -> None:
        worker = self.worker
        for _ in range(len(worker.readings)):
            reading = worker.readings.popleft()
            self._take(reading)
            if self.meter is None:
                self._early.append(reading)
            else:
                self.meter.add_reading(reading)
        if self.meter is None:
            self._begin(worker.scopes)
        ring, scopes = worker.ring, worker.scopes
        if self.meter is None or ring is None or not scopes:
            return
        for scope, samples in zip(scopes, ring.take(), strict=False):
            self.meter.add_power(scope, samples)
        # Of the main scope, and only what was believed: a sentinel is no sign of life.
        self.last_power_ns = self.meter.last_power_ns or self.last_power_ns

    def _take(self, reading: Reading) -> None:
        """Note what a reading says of now."""
        self.sensors.add(reading)
        for name in reading.values:
            self.last_good_ns[name] = reading.monotonic_ns
        if reading.counter is not None:
            self.last_good_ns["gpu_energy_joules_total"] = reading.counter.monotonic_ns
        if reading.slow:
            self.slow = (reading.monotonic_ns, reading.values)
        else:
            self.last_telemetry_ns = reading.monotonic_ns
            self.fast = reading

    def _begin(self, scopes: tuple[str, ...] | None) -> None:
        """Make the meter, once it is known what there is to be metered.

        The first slow reading brings the power limit; one that hangs is not waited for long.
        """
        fast = self.fast
        if scopes is None or fast is None:
            return
        waited_ns = self._early[-1].monotonic_ns - self._early[0].monotonic_ns
        if self.slow is None and waited_ns < _SLOW_AWAITED_NS:
            return
        self.meter = self._make_meter(scopes)
        self._say_what_is_missing(scopes)
        for reading in self._early:
            self.meter.add_reading(reading)
        self._early.clear()

    def _say_what_is_missing(self, scopes: tuple[str, ...]) -> None:
        missing = ", ".join(self.worker.gpu.unsupported)
        text = f"{self.gpu.model or 'the GPU'} and its driver do not offer: {missing}"
        if missing and text not in self.said:  # once for all GPUs of a kind
            self.said.add(text)
            log.info("%s", text)
        if not scopes:
            log.warning(
                "GPU %d reports no power; only its energy counter is used",
                self.gpu.index,
                extra=self.gpu.tags,
            )

    def _say_how_power_is_read(self) -> None:
        """One line when power begins to come from the driver's buffer, and one when it ends."""
        buffer, refused = self.worker.buffer, self.worker.buffer_refused
        if buffer is not None:
            text = (
                f"{self.gpu.model or 'the GPU'}: power is taken from the driver's own samples, one "
                f"every {buffer.period_ns / 1e6:.3g} ms, {buffer.depth} kept"
            )
            if text not in self.said:  # once for all GPUs of a kind
                self.said.add(text)
                log.info("%s", text)
        if refused and not self._said_refused:
            self._said_refused = True
            log.warning(
                "GPU %d: power is polled from now on, for the driver's buffer of power samples "
                "cannot be used: %s",
                self.gpu.index,
                refused,
                extra=self.gpu.tags,
            )

    def _make_meter(self, scopes: tuple[str, ...]) -> GpuMeter:
        gpu = self.worker.gpu
        return GpuMeter(
            self.gpu,
            self._edges,
            self._plan,
            ceilings(scopes or ("gpu",), gpu.power_limit_watts),
            has_counter="gpu_energy_joules_total" not in gpu.unsupported,
            before={scope: before_of(state) for scope, state in self._before.items()},
        )

    def _note(self, windows: list[Window]) -> None:
        """Keep today's energy and the shown base in step with what was accounted for."""
        if self.meter is None:
            return
        for window in windows:
            self._count_today(window)
            if window.scope == self._main_scope():
                self.last_window = window
        for scope, meter in self.meter.scopes.items():
            if scope in self.bases or not meter.started:
                continue
            self.bases[scope] = shown_base(self._before.get(scope), meter)

    def _count_today(self, window: Window) -> None:
        # The last instant inside the window decides; edges lie on quarter-hours, so on midnights.
        day = datetime.fromtimestamp((window.end_ns - 1) / 1e9).astimezone().date()
        if day > self._today:
            self._today = day
            self._today_mj.clear()
        if day == self._today:
            scope = window.scope
            self._today_mj[scope] = self._today_mj.get(scope, 0) + window.energy.total_mj

    def _judge(self, now_ns: int) -> Sickness | None:
        worker, cadence = self.worker, self.cadence
        look = f"run 'nvidia-smi -i {self.gpu.index}' and look into the kernel log for Xid messages"
        if worker.lost or isinstance(worker.problem, GpuLostError):
            return Sickness("the GPU is lost to the driver", f"{look}; it may need a reset")
        if self.meter is None:
            if now_ns - self._started_ns > STALE_NS:
                why = self._why(now_ns)
                return Sickness(f"it has not answered since it was found{why}", look)
            return None
        if now_ns - self.last_telemetry_ns > cadence.telemetry_stale_ns:
            return Sickness(f"no telemetry{self._why(now_ns)}", look)
        last_power_ns = max(self.last_power_ns, self._started_ns)
        if worker.scopes and now_ns - last_power_ns > cadence.power_stale_ns:
            return Sickness(f"no power reading{self._why(now_ns)}", look)
        return None

    def _why(self, now_ns: int) -> str:
        worker = self.worker
        busy = [
            (since_ns, what)
            for since_ns, what in (
                (worker.power_busy_since_ns, "power"),
                (worker.telemetry.busy_since_ns, "telemetry"),
            )
            if since_ns and now_ns - since_ns > _BUSY_NS
        ]
        if busy:
            since_ns, what = min(busy)
            clock = datetime.fromtimestamp(self._edges.wall_ns(since_ns) / 1e9).astimezone()
            return f": a driver call for {what} has not returned since {clock:%H:%M:%S}"
        return f": {worker.problem}" if worker.problem is not None else ""
