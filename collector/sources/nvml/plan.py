"""What one GPU offers, found out once, and how to read it from then on."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from collector.catalogue import Kind, Labels, Metric, Rate, Unit
from collector.sources.nvml.calls import Call, FieldBatch
from collector.sources.nvml.errors import NOT_OFFERED, as_error, word
from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.spec import CallSpec, FieldSpec, Spec, alternatives
from collector.sources.protocol import DriverGoneError, GpuLostError

log = logging.getLogger(__name__)

FIELDS = "nvmlDeviceGetFieldValues"


@dataclass(frozen=True, slots=True)
class Series:
    """One series to read: its metric, its labels, and the spec that was found to work."""

    metric: str
    labels: Labels
    spec: Spec


@dataclass(slots=True)
class Gathered:
    """What one pass over a plan found."""

    values: dict[str, dict[Labels, float]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    read_ns: dict[str, int] = field(default_factory=dict)

    def put(self, series: Series, raw: float, factor: float) -> None:
        """Keep a value in SI units."""
        self.values.setdefault(series.metric, {})[series.labels] = raw * factor


@dataclass(slots=True)
class _CallGroup:
    """Series that one function serves."""

    call: Call
    series: list[Series]

    @property
    def sensor(self) -> str:
        """Its name in errors and costs: the first metric it serves."""
        return self.series[0].metric


class Plan:
    """Reads a set of metrics of one GPU; unsupported ones are left out after the first look.

    Args:
        door: NVML.
        handle: the GPU.
        metrics: what to read, all at the same rate.
    """

    def __init__(self, door: Door, handle: Handle, metrics: Iterable[Metric]) -> None:
        self.unsupported: list[str] = []
        self._door = door
        self._handle = handle
        self._groups: list[_CallGroup] = []
        self._batch: FieldBatch | None = None
        self._batch_series: list[Series] = []
        chosen = [series for metric in metrics for series in self._choose(metric)]
        self._bind(chosen)

    def read(self, into: Gathered) -> None:
        """Read everything once.

        Raises:
            GpuLostError, DriverGoneError: nothing more can be read.
        """
        self._read_batch(into)
        for group in list(self._groups):
            start_ns = time.monotonic_ns()
            code = group.call()
            spent_ns = time.monotonic_ns() - start_ns
            into.read_ns[group.sensor] = into.read_ns.get(group.sensor, 0) + spent_ns
            if code:
                _raise_if_fatal(code, group.call.name)
                into.failed[group.sensor] = word(code)
                continue
            try:
                self._decode(group, into)
            except Exception:
                # One optional sensor must not take the rest with it; see DESIGN, concurrency.
                log.exception("reading %s failed: a bug; it is switched off", group.sensor)
                into.failed[group.sensor] = "bug"
                self._groups.remove(group)

    def calls(self) -> list[Call]:
        """The calls in use, for captures."""
        return [group.call for group in self._groups]

    @property
    def batch(self) -> FieldBatch | None:
        """The fields in use, for captures."""
        return self._batch

    def _read_batch(self, into: Gathered) -> None:
        if self._batch is None:
            return
        start_ns = time.monotonic_ns()
        code = self._batch()
        into.read_ns["field_values"] = time.monotonic_ns() - start_ns
        if code:
            _raise_if_fatal(code, FIELDS)
            into.failed["field_values"] = word(code)
            return
        for position, series in enumerate(self._batch_series):
            code = self._batch.code(position)
            value = self._batch.value(position)
            if code:
                _raise_if_fatal(code, FIELDS)
                into.failed[series.metric] = word(code)
            elif value is None:
                into.failed[series.metric] = "sentinel"
            else:
                into.put(series, value, series.spec.factor)

    @staticmethod
    def _decode(group: _CallGroup, into: Gathered) -> None:
        for series in group.series:
            spec = series.spec
            if not isinstance(spec, CallSpec):  # groups are made of calls
                continue
            value = group.call.value(spec.member)
            if value is None:
                into.failed[series.metric] = "sentinel"
            elif spec.mask:
                into.put(series, float(bool(value & spec.mask)), 1.0)
            else:
                into.put(series, value, spec.factor)

    def _choose(self, metric: Metric) -> list[Series]:
        """The first alternative that this GPU offers, for each series of a metric."""
        chosen = []
        for labels, spec in metric.reads.get("nvml", {}).items():
            for candidate in alternatives(spec):
                if self._offers(candidate):
                    chosen.append(Series(metric.name, labels, candidate))
                    break
        if not chosen:
            self.unsupported.append(metric.name)
        return chosen

    def _offers(self, spec: Spec) -> bool:
        code = probe(self._door, self._handle, spec)
        if code is None:
            return False
        _raise_if_fatal(code, "probing")
        return code not in NOT_OFFERED

    def _bind(self, chosen: list[Series]) -> None:
        groups: dict[tuple[str, tuple[int, ...]], _CallGroup] = {}
        fields: list[tuple[int, int]] = []
        for series in chosen:
            spec = series.spec
            if isinstance(spec, FieldSpec):
                fields.append((spec.field_id, spec.scope))
                self._batch_series.append(series)
                continue
            key = (spec.function, spec.arguments)
            if key not in groups:
                function = self._door.function(spec.function)
                if function is None:
                    continue
                call = Call(spec.function, function, self._handle, spec.arguments)
                groups[key] = _CallGroup(call, [])
            groups[key].series.append(series)
        self._groups = list(groups.values())
        function = self._door.function(FIELDS) if fields else None
        if function is not None:
            self._batch = FieldBatch(function, self._handle, fields)


def probe(door: Door, handle: Handle, spec: Spec) -> int | None:
    """Ask once. Returns nvmlReturn_t, or None where the driver has no such function."""
    if isinstance(spec, FieldSpec):
        function = door.function(FIELDS)
        if function is None:
            return None
        batch = FieldBatch(function, handle, [(spec.field_id, spec.scope)])
        return batch() or batch.code(0)
    function = door.function(spec.function)
    if function is None:
        return None
    return Call(spec.function, function, handle, spec.arguments)()


def readable(metrics: Iterable[Metric], rates: Iterable[Rate]) -> list[Metric]:
    """Those metrics that NVML can read at the given rates; energy has a path of its own."""
    wanted = set(rates)
    return [
        metric
        for metric in metrics
        if metric.rate in wanted and "nvml" in metric.reads and not is_energy(metric)
    ]


def is_energy(metric: Metric) -> bool:
    """Whether a metric is the hardware's energy counter."""
    return metric.unit is Unit.JOULES and metric.kind is Kind.COUNTER


def _raise_if_fatal(code: int, what: str) -> None:
    error = as_error(code, what)
    if isinstance(error, GpuLostError | DriverGoneError):
        raise error
