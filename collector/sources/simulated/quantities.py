"""The quantities that `Metric.reads["simulated"]` names, in SI units."""

from collections.abc import Callable, Mapping

from collector.catalogue.gpu import CLOCK_EVENTS
from collector.sources.simulated.links import LINK_QUANTITIES
from collector.sources.simulated.models import BoardModel
from collector.sources.simulated.moment import Moment

_CLOCK_STEP_HERTZ = 15e6  # what these GPUs' clocks move in
_RESERVED_RATIO = 0.004
_UNDER_WORK_RATIO = 0.55  # of the memory's bandwidth, at full power


Quantity = Callable[[Moment], float | None]
"""A value, in the unit of its metric, or None where the sensor has none now."""

POWER_SCOPES: Mapping[str, str] = {"power": "gpu", "module_power": "module"}
"""Quantities that the power thread reads, and the scope of each."""

ENERGY_COUNTER = "energy_counter"
"""The quantity that goes to `Reading.counter`, in millijoules."""


def module_power_mw(model: BoardModel, limit_mw: int, power_mw: int) -> int:
    """Power of a whole module in milliwatts: its GPU, and that GPU's part of the CPU."""
    busy = max(0, power_mw - model.idle_mw) / (limit_mw - model.idle_mw)
    return power_mw + model.host_idle_mw + int(model.host_busy_mw * min(1.0, busy))


def _average(moment: Moment) -> float | None:
    return moment.state.average_mw / 1000 if moment.has_reading else None


def _clock_sm(moment: Moment) -> float:
    model = moment.model
    span = model.clock_sm_hertz - model.clock_idle_hertz
    fall = (1 - moment.condition.clock_ratio) * span
    return model.clock_sm_hertz - round(fall / _CLOCK_STEP_HERTZ) * _CLOCK_STEP_HERTZ


def _memory_reserved(moment: Moment) -> float:
    return float(int(moment.model.memory_bytes * _RESERVED_RATIO))


def _memory_used(moment: Moment) -> float:
    free_of_driver = moment.model.memory_bytes * (1 - _RESERVED_RATIO)
    return float(int(free_of_driver * moment.condition.memory_ratio))


def _memory_free(moment: Moment) -> float:
    return moment.model.memory_bytes - _memory_used(moment) - _memory_reserved(moment)


def _active(reason: str) -> Quantity:
    """Whether a reason holds the clocks down; those that are not simulated never do."""
    return lambda moment: float(getattr(moment.condition, reason, False))


# Temperatures are whole degrees and utilization whole percent, as the driver reports them.
QUANTITIES: Mapping[str, Quantity] = {
    "power_average": _average,
    "power_limit": lambda m: m.limit_mw / 1000,
    "power_limit_default": lambda m: m.limit_mw / 1000,
    "power_limit_min": lambda m: m.model.limit_min_mw / 1000,
    "power_limit_max": lambda m: m.limit_mw / 1000,
    "temperature": lambda m: float(round(m.state.gpu_celsius)),
    "memory_temperature": lambda m: float(round(m.state.memory_celsius)),
    "temperature_limit_shutdown": lambda m: float(m.model.shutdown_celsius),
    "temperature_limit_slowdown": lambda m: float(m.model.slowdown_celsius),
    "temperature_limit_gpu_max": lambda m: float(m.model.gpu_max_celsius),
    "temperature_limit_memory_max": lambda m: float(m.model.memory_max_celsius),
    "temperature_margin": lambda m: float(m.model.gpu_max_celsius - round(m.state.gpu_celsius)),
    "utilization": lambda m: m.condition.busy_ratio,
    "memory_utilization": lambda m: round(m.load_ratio * _UNDER_WORK_RATIO, 2),
    "clock_sm": _clock_sm,
    "clock_memory": lambda m: m.model.clock_memory_hertz,
    "clock_max_sm": lambda m: m.model.clock_sm_hertz,
    "clock_max_memory": lambda m: m.model.clock_memory_hertz,
    "memory_used": _memory_used,
    "memory_free": _memory_free,
    "memory_reserved": _memory_reserved,
    "memory_total": lambda m: float(m.model.memory_bytes),
    "persistence_mode": lambda _: 1.0,
    "none": lambda _: 0.0,
    "one": lambda _: 1.0,
    "clock_event_seconds_power_cap": lambda m: float(m.state.capped_seconds),
    "clock_event_seconds_software_thermal": lambda m: float(m.state.hot_seconds),
    **LINK_QUANTITIES,
    **{f"clock_event_{reason}": _active(reason) for reason in CLOCK_EVENTS},
}
"""What each name gives, besides power and the energy counter."""
