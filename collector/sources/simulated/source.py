"""The simulated source and its GPUs: what the sampler sees."""

import threading
import time
from collections.abc import Callable, MutableSequence, Sequence

from collector.catalogue import DEFAULT_ON
from collector.catalogue.types import Metric
from collector.config.settings import SimulationTable
from collector.model import CounterReading, GpuIdentity, Reading
from collector.sources.protocol import SourceError
from collector.sources.simulated.board import BoardCursor
from collector.sources.simulated.grid import REFRESH_NS, REFRESHES, PowerSignal
from collector.sources.simulated.identity import make_identity
from collector.sources.simulated.models import MODELS, BoardModel
from collector.sources.simulated.moment import Moment
from collector.sources.simulated.quantities import module_power_mw
from collector.sources.simulated.reads import ReadPlan, plan_reads
from collector.sources.simulated.replay import ReplaySignal
from collector.sources.simulated.trace import load_trace
from collector.sources.simulated.training import TrainingSignal
from collector.sources.watch import Watch

Clock = Callable[[], int]
"""A monotonic clock, in nanoseconds."""


class SimulatedPowerReader:
    """Reads the instant power of one simulated GPU; see `collector.sources.protocol`."""

    def __init__(self, gpu: "SimulatedGpu", scopes: tuple[str, ...]) -> None:
        self._scopes = scopes
        self._signal = gpu.signal
        self._model = gpu.model
        self._start_ns = gpu.start_ns
        self._clock_ns = gpu.clock_ns
        self._second = 0
        self._powers = gpu.signal.second(0)

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that are read: `gpu`, and `module` where there is one."""
        return self._scopes

    def read(self, milliwatts: MutableSequence[int]) -> None:
        """Read all scopes into `milliwatts`, by position of the scope.

        Raises:
            SourceError: the trace being replayed has a gap here (`no_data`).
        """
        refresh = max(0, self._clock_ns() - self._start_ns) // REFRESH_NS
        second, place = divmod(refresh, REFRESHES)
        if second != self._second:
            self._powers = self._signal.second(second)
            self._second = second
        if not self._signal.has_reading(refresh):
            raise SourceError("The trace has no readings here.", "no_data")
        power = self._powers[place]
        for position, scope in enumerate(self._scopes):
            milliwatts[position] = (
                power
                if scope == "gpu"
                else module_power_mw(self._model, self._signal.limit_mw, power)
            )


class SimulatedGpu:
    """One simulated GPU; see `collector.sources.protocol.Gpu`.

    The power thread shares with the lanes of telemetry only values that never change.
    """

    def __init__(
        self,
        identity: GpuIdentity,
        model: BoardModel,
        signal: PowerSignal,
        plan: ReadPlan,
        clock_ns: Clock,
        start_ns: int,
    ) -> None:
        self.model = model
        self.signal = signal
        self.clock_ns = clock_ns
        self.start_ns = start_ns
        self._identity = identity
        self._plan = plan
        self._cursor = BoardCursor(signal, model)
        self._cursor_lock = threading.Lock()
        self._true_lock = threading.Lock()
        self._true_cursor = BoardCursor(signal, model)

    @property
    def identity(self) -> GpuIdentity:
        """Who it is."""
        return self._identity

    @property
    def unsupported(self) -> tuple[str, ...]:
        """Names of the metrics that simulated GPUs do not offer."""
        return self._plan.unsupported

    @property
    def power_limit_watts(self) -> float:
        """The highest limit the board can be set to, in watts."""
        return self.signal.limit_mw / 1000

    def power_reader(self) -> SimulatedPowerReader | None:
        """A reader for the power thread, or None when the catalogue asks for no power."""
        scopes = self._plan.power_scopes
        return SimulatedPowerReader(self, scopes) if scopes else None

    def revive(self) -> None:
        """Nothing to do: a simulated GPU is never lost."""

    def true_energy_mj(self, monotonic_ns: int) -> int:
        """Energy from the start to an instant, in millijoules: what a perfect meter would say.

        For tests; any thread may ask. Earlier instants than the last one asked for are dear.
        """
        refresh, into_ns = divmod(max(0, monotonic_ns - self.start_ns), REFRESH_NS)
        with self._true_lock:
            state = self._true_cursor.at(refresh)
        return (state.energy_units * REFRESH_NS + state.power_mw * into_ns) // (
            REFRESHES * REFRESH_NS
        )

    def read(self, *, slow: bool, watch: Watch | None = None) -> Reading:
        """Read what is due often, or with `slow` what is read seldom."""
        del watch  # nothing here can hang
        with self._cursor_lock:  # both lanes read; the cursor only walks forward
            now_ns = self.clock_ns()
            refresh = max(0, now_ns - self.start_ns) // REFRESH_NS
            state = self._cursor.at(refresh)
        moment = Moment(
            model=self.model,
            limit_mw=self.signal.limit_mw,
            state=state,
            condition=self.signal.condition(refresh, state.power_mw),
            has_reading=self.signal.has_reading(refresh),
        )
        values: dict[str, dict[tuple[str, ...], float]] = {}
        failed: dict[str, str] = {}
        read_ns: dict[str, int] = {}
        begun_ns = time.perf_counter_ns()
        plan = self._plan
        for name, reads in plan.seldom if slow else plan.telemetry:
            read = {labels: value for labels, of in reads if (value := of(moment)) is not None}
            if read:
                values[name] = read
            if len(read) < len(reads):
                failed[name] = "no_data"
            ended_ns = time.perf_counter_ns()
            read_ns[name] = ended_ns - begun_ns
            begun_ns = ended_ns
        counter = None
        if self._plan.counter and not slow:
            counter = CounterReading(monotonic_ns=now_ns, millijoules=state.energy_mj)
            read_ns[self._plan.counter] = time.perf_counter_ns() - begun_ns
        return Reading(
            monotonic_ns=now_ns,
            values=values,
            slow=slow,
            counter=counter,
            failed=failed,
            read_ns=read_ns,
        )


class SimulatedSource:
    """Makes up GPUs; see `collector.sources.protocol.GpuSource`.

    The same settings and the same clock give the same readings, whoever reads them and how often.

    Args:
        settings: how many GPUs of which model, the seed, and a trace to replay.
        catalogue: the metrics to read.
        clock_ns: monotonic clock, in nanoseconds.

    Raises:
        ValueError: a metric of the catalogue names a quantity that is not simulated.
    """

    name = "simulated"
    simulated = True

    def __init__(
        self,
        settings: SimulationTable,
        *,
        catalogue: Sequence[Metric] = DEFAULT_ON,
        clock_ns: Clock = time.monotonic_ns,
    ) -> None:
        self._settings = settings
        self._traces = load_trace(settings.trace) if settings.trace is not None else []
        self._model = MODELS[settings.model]
        self._plan = plan_reads(catalogue, self._model)
        self._clock_ns = clock_ns
        self._gpus: tuple[SimulatedGpu, ...] | None = None

    def open(self) -> None:
        """Start: energy counters are 0 and the workload begins now."""
        signals = self._signals()
        start_ns = self._clock_ns()
        self._gpus = tuple(
            SimulatedGpu(
                make_identity(self._model, self._settings.seed, index),
                self._model,
                signal,
                self._plan,
                self._clock_ns,
                start_ns,
            )
            for index, signal in enumerate(signals)
        )

    def _signals(self) -> list[PowerSignal]:
        count, seed = self._settings.gpus, self._settings.seed
        if not self._traces:
            return [TrainingSignal(self._model, seed, index, count) for index in range(count)]
        all_series = self._traces
        return [
            ReplaySignal(self._model, all_series[index % len(all_series)], index // len(all_series))
            for index in range(count)
        ]

    def count(self) -> int:
        """How many GPUs there are.

        Raises:
            SourceError: the source is not open.
        """
        return len(self.discover())

    def gpu(self, index: int) -> SimulatedGpu:
        """One of them.

        Raises:
            SourceError: the source is not open.
        """
        return self.discover()[index]

    def discover(self) -> tuple[SimulatedGpu, ...]:
        """All of them.

        Raises:
            SourceError: the source is not open.
        """
        if self._gpus is None:
            raise SourceError("The simulated source is not open; call open() first.", "not_open")
        return self._gpus

    def close(self) -> None:
        """Stop; opening again starts anew."""
        self._gpus = None
