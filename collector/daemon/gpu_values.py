"""The series of one GPU that is well: what was read, and what follows from it."""

from typing import TYPE_CHECKING

from collector.catalogue import Labels
from collector.energy.edges import SECOND_NS
from collector.energy.meter import ScopeMeter

if TYPE_CHECKING:
    from collector.daemon.watched import WatchedGpu

Series = dict[str, dict[Labels, float]]
_SLOW_KEPT = 3


def gpu_values(watched: "WatchedGpu", now_ns: int) -> Series:
    """Everything that is shown of a GPU, by metric name and labels."""
    values: Series = {}
    if watched.slow is not None and now_ns - watched.slow[0] < _SLOW_KEPT * watched.cadence.slow_ns:
        values.update({name: dict(series) for name, series in watched.slow[1].items()})
    if watched.fast is not None:
        for name, series in watched.fast.values.items():
            values.setdefault(name, {}).update(series)
    gpu = watched.gpu
    values["gpu_info"] = {
        (
            gpu.model,
            gpu.architecture,
            gpu.serial,
            gpu.pci_bus_id,
            gpu.driver_version,
            gpu.vbios_version,
            "1" if gpu.simulated else "0",
        ): 1.0
    }
    meter = watched.meter
    if meter is None:
        return values
    for position, scope in enumerate(watched.worker.scopes or ()):
        scope_meter = meter.scopes.get(scope)
        latest = _latest_watts(watched, position, scope_meter)
        if latest is not None:
            values.setdefault("gpu_power_watts", {})[(scope,)] = latest
    for scope, scope_meter in meter.scopes.items():
        _power(values, watched, scope, now_ns)
        _energy(values, watched, scope, scope_meter)
    _counter(values, watched)
    return {name: series for name, series in values.items() if series}


def _latest_watts(watched: "WatchedGpu", position: int, meter: ScopeMeter | None) -> float | None:
    if meter is not None:
        return meter.track.milliwatts[-1] / 1000 if meter.track.milliwatts else None
    ring = watched.worker.ring
    if ring is None or not ring.written:
        return None
    latest_mw = ring.columns[position][(ring.written - 1) & (ring.capacity - 1)]
    return latest_mw / 1000 if latest_mw >= 0 else None


def _power(values: Series, watched: "WatchedGpu", scope: str, now_ns: int) -> None:
    meter = watched.meter
    if meter is None:
        return
    stat, slots = meter.power_stat(scope, now_ns - watched.cadence.trailing_ns - SECOND_NS)
    if stat is None:
        return
    window = values.setdefault("gpu_power_window_watts", {})
    window[scope, "min"], window[scope, "mean"] = stat.minimum, stat.mean
    window[scope, "max"] = stat.maximum
    refresh = meter.scopes[scope].slots.refresh_seconds()
    if refresh is not None:
        values.setdefault("gpu_sensor_refresh_seconds", {})[f"power_{scope}",] = refresh
    if scope != next(iter(meter.scopes)):
        return
    ramps = {("1s",): stat.ramp_1s, ("100ms",): stat.ramp_100ms}
    values["gpu_power_ramp_watts"] = {
        span: ramp for span, ramp in ramps.items() if ramp is not None
    }
    span_ns = slots[-1].end_ns - slots[0].start_ns
    covered_ns = sum(slot.covered_ns for slot in slots)
    values["gpu_power_coverage_ratio"] = {(): min(1.0, covered_ns / span_ns)}


def _energy(values: Series, watched: "WatchedGpu", scope: str, meter: ScopeMeter) -> None:
    base = watched.bases.get(scope)
    if base is None or not meter.started:
        return
    shown_mj = watched.shown.of(scope).value(meter.account, base)
    if shown_mj is None:
        return
    values.setdefault("gpu_energy_joules_total", {})[(scope,)] = shown_mj[0] / 1000
    values.setdefault("gpu_energy_estimated_joules_total", {})[(scope,)] = shown_mj[1] / 1000


def _counter(values: Series, watched: "WatchedGpu") -> None:
    meter = watched.meter
    if meter is None or meter.counter_scope is None:
        return
    ratio = meter.ratio.value()
    if ratio is not None:
        values["gpu_energy_counter_ratio"] = {(): ratio}
    judge = meter.scopes[meter.counter_scope].account.judge
    values["gpu_energy_resets_total"] = {(): float(judge.resets)}
    values["gpu_energy_refusals_total"] = {
        (reason,): float(count) for reason, count in judge.refusals.items()
    }
