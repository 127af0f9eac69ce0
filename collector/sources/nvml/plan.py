"""What one GPU offers, found out once, and how to read it from then on."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from collector.catalogue import Kind, Labels, Metric, Rate, Unit
from collector.sources.nvml.calls import FIELDS, SENTINELS, Call, FieldBatch
from collector.sources.nvml.errors import NOT_OFFERED, NOT_SUPPORTED, raise_if_fatal, word
from collector.sources.nvml.gathered import Gathered
from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.reader_set import ReaderGroup, ReaderSet
from collector.sources.nvml.spec import CallSpec, FieldSpec, ReadSpec, alternatives
from collector.sources.protocol import SourceError
from collector.sources.watch import Watch

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Series:
    """One series to read: its metric, its labels, and the spec that was found to work."""

    metric: str
    labels: Labels
    spec: FieldSpec | CallSpec | ReadSpec


@dataclass(frozen=True, slots=True)
class _Output:
    """How one series is fetched from what a call wrote."""

    metric: str
    labels: Labels
    fetch: Callable[[], int]
    mask: int
    factor: float


@dataclass(slots=True)
class _CallGroup:
    """Series that one function serves."""

    call: Call
    outputs: list[_Output]

    @property
    def sensor(self) -> str:
        """Its name in errors and costs: the first metric it serves."""
        return self.outputs[0].metric


class Plan:
    """Reads a set of metrics of one GPU; unsupported ones are left out after the first look.

    Args:
        door: NVML.
        handle: the GPU.
        metrics: what to read, all at the same rate.
        watch: told what is looked at; what it says to skip is left out.
        batch: the name of the field values that are read together, for errors and costs.
        readers: the GPU's readers; without them nothing that needs one is offered.
    """

    def __init__(
        self,
        door: Door,
        handle: Handle,
        metrics: Iterable[Metric],
        watch: Watch,
        batch: str = "field_values",
        readers: ReaderSet | None = None,
    ) -> None:
        self.unsupported: list[str] = []
        self._readers = readers
        self._reader_groups: list[ReaderGroup] = []
        self._batch_name = batch
        self._door = door
        self._handle = handle
        self._groups: list[_CallGroup] = []
        self._batch: FieldBatch | None = None
        self._batch_series: list[tuple[Series, float]] = []
        chosen = [series for metric in metrics for series in self._choose(metric, watch)]
        watch.sensor = ""
        self._bind(chosen)

    def read(self, into: Gathered, watch: Watch) -> None:
        """Read everything once.

        Args:
            into: what was found is added here.
            watch: told what is being read; says what to skip, and whether to take durations.

        Raises:
            GpuLostError, DriverGoneError: nothing more can be read.
        """
        self._read_batch(into, watch)
        for group in self._groups:
            self._read_group(group, into, watch)
            if watch.relieved:
                return
        for served in self._reader_groups:
            served.read(into, watch)
            if watch.relieved:
                return
        watch.sensor = ""

    def _read_group(self, group: _CallGroup, into: Gathered, watch: Watch) -> None:
        if group.sensor in watch.skip:
            into.failed[group.sensor] = "timeout"
            return
        if into.failed.get(group.sensor) == "bug":  # another call of the same sensor
            return
        watch.sensor = group.sensor
        start_ns = time.monotonic_ns() if watch.timed else 0
        code = group.call.invoke()
        if watch.relieved:
            return
        if watch.timed:
            spent_ns = time.monotonic_ns() - start_ns
            into.read_ns[group.sensor] = into.read_ns.get(group.sensor, 0) + spent_ns
        if code:
            raise_if_fatal(code, group.call.name)
            into.failed[group.sensor] = word(code)
            return
        try:
            _decode(group, into)
        except Exception:
            # One optional sensor must not take the rest with it; see DESIGN, concurrency.
            log.exception("reading %s failed: a bug; it is switched off", group.sensor)
            into.failed[group.sensor] = "bug"
            self._groups = [g for g in self._groups if g.sensor != group.sensor]

    def _read_batch(self, into: Gathered, watch: Watch) -> None:
        name = self._batch_name
        if self._batch is None:
            return
        if name in watch.skip:
            into.failed[name] = "timeout"
            return
        watch.sensor = name
        start_ns = time.monotonic_ns()
        code = self._batch.invoke()
        if watch.relieved:
            return
        if watch.timed:
            into.read_ns[name] = time.monotonic_ns() - start_ns
        if code:
            raise_if_fatal(code, FIELDS)
            into.failed[name] = word(code)
            return
        try:
            self._decode_batch(self._batch, into)
        except SourceError:
            raise
        except Exception:
            log.exception("reading %s failed: a bug; they are switched off", name)
            into.failed[name] = "bug"
            self._batch = None

    def _decode_batch(self, batch: FieldBatch, into: Gathered) -> None:
        for position, (series, factor) in enumerate(self._batch_series):
            code = batch.code(position)
            value = batch.value(position)
            if code:
                raise_if_fatal(code, FIELDS)
                into.failed[series.metric] = word(code)
            elif value is None:
                into.failed[series.metric] = "sentinel"
            else:
                found = into.values.setdefault(series.metric, {})
                found[series.labels] = value * factor

    def _choose(self, metric: Metric, watch: Watch) -> list[Series]:
        """The first alternative that this GPU offers, for each series of a metric."""
        chosen: list[Series] = []
        if metric.name in watch.skip or watch.relieved:
            return chosen
        watch.sensor = metric.name
        for labels, spec in metric.reads.get("nvml", {}).items():
            for candidate in alternatives(spec):
                if self._offers(candidate):
                    chosen.append(Series(metric.name, labels, candidate))
                    break
        if not chosen:
            self.unsupported.append(metric.name)
        return chosen

    def _offers(self, spec: FieldSpec | CallSpec | ReadSpec) -> bool:
        if isinstance(spec, ReadSpec):
            return self._readers is not None and self._readers.offers(spec)
        code = probe(self._door, self._handle, spec)
        if code is None:
            return False
        raise_if_fatal(code, "probing")
        return code not in NOT_OFFERED

    def _bind(self, chosen: list[Series]) -> None:
        groups: dict[tuple[str, tuple[int, ...]], _CallGroup] = {}
        served: dict[str, ReaderGroup] = {}
        fields: list[tuple[int, int]] = []
        for series in chosen:
            spec = series.spec
            if isinstance(spec, FieldSpec):
                fields.append((spec.field_id, spec.scope))
                self._batch_series.append((series, spec.factor))
                continue
            if isinstance(spec, ReadSpec):
                if spec.reader not in served and self._readers is not None:
                    served[spec.reader] = self._readers.group(spec.reader)
                served[spec.reader].add(spec.output, series.metric, series.labels)
                continue
            key = (spec.function, spec.arguments)
            if key not in groups:
                function = self._door.function(spec.function)
                if function is None:
                    continue
                call = Call(spec.function, function, self._handle, spec.arguments)
                groups[key] = _CallGroup(call, [])
            group = groups[key]
            group.outputs.append(
                _Output(
                    series.metric,
                    series.labels,
                    group.call.reader(spec.member),
                    spec.mask,
                    spec.factor,
                )
            )
        self._groups = list(groups.values())
        self._reader_groups = list(served.values())
        function = self._door.function(FIELDS) if fields else None
        if function is not None:
            self._batch = FieldBatch(function, self._handle, fields)


def _decode(group: _CallGroup, into: Gathered) -> None:
    for output in group.outputs:
        found = output.fetch()
        if found in SENTINELS:
            into.failed[output.metric] = "sentinel"
            continue
        value = float(bool(found & output.mask)) if output.mask else found * output.factor
        series = into.values.get(output.metric)
        if series is None:
            series = into.values[output.metric] = {}
        series[output.labels] = value


def probe(door: Door, handle: Handle, spec: FieldSpec | CallSpec) -> int | None:
    """Ask once. Returns nvmlReturn_t, or None where the driver has no such function."""
    if isinstance(spec, FieldSpec):
        function = door.function(FIELDS)
        if function is None:
            return None
        batch = FieldBatch(function, handle, [(spec.field_id, spec.scope)])
        code = batch.invoke() or batch.code(0)
        return NOT_SUPPORTED if spec.nonzero and not code and not batch.value(0) else code
    function = door.function(spec.function)
    if function is None:
        return None
    call = Call(spec.function, function, handle, spec.arguments)
    code = call.invoke()
    return NOT_SUPPORTED if spec.nonzero and not code and not call.value(spec.member) else code


def readable(metrics: Iterable[Metric], rates: Iterable[Rate]) -> list[Metric]:
    """Those metrics that NVML can read at the given rates; energy has a path of its own."""
    return [
        due
        for rate in rates
        for metric in metrics
        if not is_energy(metric) and "nvml" in (due := metric.at(rate)).reads
    ]


def is_energy(metric: Metric) -> bool:
    """Whether a metric is the hardware's energy counter."""
    return metric.unit is Unit.JOULES and metric.kind is Kind.COUNTER
