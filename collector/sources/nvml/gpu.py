"""One NVIDIA GPU."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from collector.catalogue import Metric, Rate
from collector.model import CounterReading, GpuIdentity, Reading
from collector.sources.nvml.calls import Call
from collector.sources.nvml.capture import Survey
from collector.sources.nvml.errors import NOT_OFFERED, as_error, word
from collector.sources.nvml.gathered import Gathered
from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.plan import Plan, is_energy, readable
from collector.sources.nvml.power import power_reader
from collector.sources.nvml.power_buffer import driver_buffer
from collector.sources.nvml.reader_set import ReaderSet
from collector.sources.nvml.spec import CallSpec, alternatives
from collector.sources.protocol import DriverGoneError, GpuLostError, PowerBuffer, PowerReader
from collector.sources.watch import Watch

_SELDOM = (Rate.SLOW, Rate.IDENTITY)
ENERGY = "gpu_energy_joules_total"
_LOOK_AGAIN_NS = 600_000_000_000
"""What a GPU did not offer is asked for again this often: drivers say so in passing, too."""
_SLOW_COUNTER_NS = 500_000_000
"""A counter read that took longer says nothing of when it was taken."""


@dataclass(slots=True, kw_only=True)
class _Look:
    """What a look at one part of the telemetry found.

    Attributes:
        looked_ns: when; monotonic.
        skipped: what was left out, because a call for it had not returned.
        plans: what is read from then on.
        counter: the energy counter.
        unsupported: metrics that are not offered.
    """

    looked_ns: int
    skipped: frozenset[str]
    plans: list[Plan] = field(default_factory=list)
    counter: Call | None = None
    unsupported: list[str] = field(default_factory=list)

    def is_old(self, now_ns: int, watch: Watch) -> bool:
        """Whether to look again: something was left out that need not be, or after a while."""
        if any(name not in watch.skip for name in self.skipped):
            return True
        return bool(self.unsupported) and now_ns - self.looked_ns > _LOOK_AGAIN_NS


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
        self._looks: dict[bool, _Look] = {}
        """What was found out for what is read often (False) and seldom (True)."""
        self._limit_watts: float | None = None
        self._readers = ReaderSet(door, handle)

    @property
    def identity(self) -> GpuIdentity:
        """Who it is."""
        return self._identity

    @property
    def unsupported(self) -> tuple[str, ...]:
        """Metrics that it does not offer; without those that were never read yet."""
        return tuple(name for look in self._looks.values() for name in look.unsupported)

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

    def power_buffer(self, reader: PowerReader) -> PowerBuffer | None:
        """The driver's own samples of what a reader polls; None where it keeps none.

        Raises:
            SourceError: the GPU is lost or the driver gone.
        """
        return driver_buffer(self._door, self._handle, reader)

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
        self._readers = ReaderSet(self._door, handle)
        self._looks.clear()

    def read(self, *, slow: bool, watch: Watch | None = None) -> Reading:
        """Read what is due often, or with `slow` what is read seldom.

        Raises:
            SourceError: the GPU is lost or the driver gone.
        """
        watch = watch or Watch()
        start_ns = time.monotonic_ns()
        look = self._looks.get(slow)
        if look is None or look.is_old(start_ns, watch):
            look = self._look(watch, slow=slow)
        gathered = Gathered()
        counter = self._read_counter(look.counter, gathered, watch)
        for plan in look.plans:
            plan.read(gathered, watch)
        if slow:
            limits = gathered.values.get("gpu_power_limit_watts", {})
            self._limit_watts = max(limits.values(), default=self._limit_watts)
        return Reading(
            monotonic_ns=(start_ns + time.monotonic_ns()) >> 1,
            values=gathered.values,
            slow=slow,
            counter=counter,
            failed=gathered.failed,
            read_ns=gathered.read_ns,
        )

    def survey(self) -> Survey:
        """Asks for everything in the catalogue call by call: for `check` and captures."""
        return Survey(self._door, self._handle, self._metrics, self._identity.index)

    def _look(self, watch: Watch, *, slow: bool) -> "_Look":
        """Find out what this GPU offers of the two parts."""
        metrics = readable(self._metrics, _SELDOM if slow else [Rate.TELEMETRY])
        rates = {metric.name: metric.rate for metric in self._metrics}
        look = _Look(
            looked_ns=time.monotonic_ns(),
            skipped=frozenset(metric.name for metric in metrics if metric.name in watch.skip),
        )
        if slow:
            # A call of its own for the fields of each family: one that hangs or fails takes
            # nothing else with it. What is read often is read with as few calls as can be.
            for family in dict.fromkeys(metric.family for metric in metrics):
                mine = [metric for metric in metrics if metric.family == family]
                batch = f"{family}_fields".lstrip("_")
                look.plans.append(Plan(self._door, self._handle, mine, watch, batch, self._readers))
        else:
            look.counter = self._find_counter(watch)
            if look.counter is None and ENERGY not in watch.skip:
                look.unsupported.append(ENERGY)
            look.plans.append(Plan(self._door, self._handle, metrics, watch, readers=self._readers))
        # A metric's seldom-read part may be missing while its main part is there.
        wanted = _SELDOM if slow else (Rate.TELEMETRY,)
        look.unsupported += [
            name for plan in look.plans for name in plan.unsupported if rates[name] in wanted
        ]
        if not watch.relieved:
            self._looks[slow] = look
        return look

    def _find_counter(self, watch: Watch) -> Call | None:
        if ENERGY in watch.skip:
            return None
        watch.sensor = ENERGY
        specs = [
            candidate
            for metric in self._metrics
            if is_energy(metric)
            for spec in metric.reads.get("nvml", {}).values()
            for candidate in alternatives(spec)
            if isinstance(candidate, CallSpec)
        ]
        for spec in specs:
            function = self._door.function(spec.function)
            if function is None:
                continue
            call = Call(spec.function, function, self._handle, spec.arguments)
            if call.invoke() not in NOT_OFFERED:
                return call
        return None

    @staticmethod
    def _read_counter(counter: Call | None, into: Gathered, watch: Watch) -> CounterReading | None:
        name = ENERGY
        if counter is None:
            return None
        if name in watch.skip:
            into.failed[name] = "timeout"
            return None
        watch.sensor = name
        start_ns = time.monotonic_ns()
        code = counter.invoke()
        end_ns = time.monotonic_ns()
        into.read_ns[name] = end_ns - start_ns
        if code:
            error = as_error(code, counter.name)
            if isinstance(error, GpuLostError | DriverGoneError):
                raise error
            into.failed[name] = word(code)
            return None
        if end_ns - start_ns > _SLOW_COUNTER_NS:
            into.failed[name] = "slow"
            return None
        return CounterReading(
            monotonic_ns=(start_ns + end_ns) >> 1,
            millijoules=int(counter.outputs[0].value),
        )
