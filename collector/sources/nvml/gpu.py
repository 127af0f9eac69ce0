"""One NVIDIA GPU."""

import time
from collections.abc import Sequence

from collector.catalogue import Metric, Rate
from collector.model import CounterReading, GpuIdentity, Reading
from collector.sources.nvml.calls import Call
from collector.sources.nvml.capture import Survey
from collector.sources.nvml.errors import NOT_OFFERED, as_error, word
from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.plan import Gathered, Plan, is_energy, readable
from collector.sources.nvml.power import power_reader
from collector.sources.nvml.spec import CallSpec, alternatives
from collector.sources.protocol import DriverGoneError, GpuLostError, PowerReader

_SELDOM = (Rate.SLOW, Rate.IDENTITY)
ENERGY = "gpu_energy_joules_total"
_LOOK_AGAIN_NS = 600_000_000_000
"""What a GPU did not offer is asked for again this often: drivers say so in passing, too."""
_SLOW_COUNTER_NS = 500_000_000
"""A counter read that took longer says nothing of when it was taken."""


class NvmlGpu:
    """Reads one GPU; what it does not offer is found out at the first read.

    Args:
        door: NVML.
        handle: the GPU.
        identity: who it is.
        metrics: what to read.
    """

    def __init__(
        self, door: Door, handle: Handle, identity: GpuIdentity, metrics: Sequence[Metric]
    ) -> None:
        self._door = door
        self._handle = handle
        self._identity = identity
        self._metrics = metrics
        self._plans: tuple[Plan, Plan] | None = None
        self._counter: Call | None = None
        self._unsupported: tuple[str, ...] = ()
        self._limit_watts: float | None = None
        self._looked_ns = 0

    @property
    def identity(self) -> GpuIdentity:
        """Who it is."""
        return self._identity

    @property
    def unsupported(self) -> tuple[str, ...]:
        """Metrics that it does not offer; empty before the first read."""
        return self._unsupported

    @property
    def power_limit_watts(self) -> float | None:
        """The highest limit the board can be set to, once it was read."""
        return self._limit_watts

    def power_reader(self) -> PowerReader | None:
        """A reader for the power thread.

        Raises:
            SourceError: the GPU did not answer.
        """
        for metric in self._metrics:
            if metric.rate is Rate.POWER and "nvml" in metric.reads:
                return power_reader(self._door, self._handle, metric.at(Rate.POWER))
        return None

    def revive(self) -> None:
        """Look the GPU up again after it was lost.

        Raises:
            SourceError: it is still gone.
        """
        handle = self._door.handle_by_uuid(self._identity.uuid)
        identity = self._door.identity(handle, self._identity.index)
        if identity.uuid != self._identity.uuid:
            raise GpuLostError(f"another GPU stands in its place: {identity.uuid}", "gpu_lost")
        self._handle, self._identity = handle, identity
        self._plans = None

    def read(self, *, slow: bool) -> Reading:
        """Read telemetry, and with `slow` the slow values too.

        Raises:
            SourceError: the GPU is lost or the driver gone.
        """
        start_ns = time.monotonic_ns()
        if slow and self._unsupported and start_ns - self._looked_ns > _LOOK_AGAIN_NS:
            self._plans = None
        fast_plan, slow_plan = self._plans or self._look()
        gathered = Gathered()
        counter = self._read_counter(gathered)
        # Costs are measured with the slow reads: each clock read is a cost of its own.
        fast_plan.read(gathered, timed=slow)
        seldom = Gathered(failed=gathered.failed, read_ns=gathered.read_ns)
        if slow:
            slow_plan.read(seldom, timed=True)
            for name, series in seldom.values.items():
                gathered.values[name] = gathered.values.get(name, {}) | series
            limits = seldom.values.get("gpu_power_limit_watts", {})
            self._limit_watts = max(limits.values(), default=self._limit_watts)
        return Reading(
            monotonic_ns=(start_ns + time.monotonic_ns()) >> 1,
            values=gathered.values,
            slow_values=seldom.values,
            counter=counter,
            failed=gathered.failed,
            read_ns=gathered.read_ns,
        )

    def survey(self) -> Survey:
        """Asks for everything in the catalogue call by call: for `check` and captures."""
        return Survey(self._door, self._handle, self._metrics)

    def _look(self) -> tuple[Plan, Plan]:
        """Find out what this GPU offers."""
        self._looked_ns = time.monotonic_ns()
        self._counter = None
        unsupported: list[str] = []
        for metric in self._metrics:
            if is_energy(metric) and "nvml" in metric.reads:
                self._counter = self._find_counter(metric)
        if self._counter is None:
            unsupported.append(ENERGY)
        fast = Plan(self._door, self._handle, readable(self._metrics, [Rate.TELEMETRY]))
        slow = Plan(self._door, self._handle, readable(self._metrics, _SELDOM))
        # A metric's seldom-read part may be missing while its main part is there.
        rates = {metric.name: metric.rate for metric in self._metrics}
        unsupported += [name for name in fast.unsupported if rates[name] is Rate.TELEMETRY]
        unsupported += [name for name in slow.unsupported if rates[name] in _SELDOM]
        self._unsupported = tuple(unsupported)
        self._plans = (fast, slow)
        return self._plans

    def _find_counter(self, metric: Metric) -> Call | None:
        for spec in metric.reads["nvml"].values():
            for candidate in alternatives(spec):
                if not isinstance(candidate, CallSpec):
                    continue
                function = self._door.function(candidate.function)
                if function is None:
                    continue
                call = Call(candidate.function, function, self._handle, candidate.arguments)
                if call.invoke() not in NOT_OFFERED:
                    return call
        return None

    def _read_counter(self, into: Gathered) -> CounterReading | None:
        if self._counter is None:
            return None
        start_ns = time.monotonic_ns()
        code = self._counter.invoke()
        end_ns = time.monotonic_ns()
        name = ENERGY
        into.read_ns[name] = end_ns - start_ns
        if code:
            error = as_error(code, self._counter.name)
            if isinstance(error, GpuLostError | DriverGoneError):
                raise error
            into.failed[name] = word(code)
            return None
        if end_ns - start_ns > _SLOW_COUNTER_NS:
            into.failed[name] = "slow"
            return None
        return CounterReading(
            monotonic_ns=(start_ns + end_ns) >> 1,
            millijoules=int(self._counter.outputs[0].value),
        )
