"""A node's GPUs together at one instant."""

from collections.abc import Iterable, Sequence

from collector.catalogue import Labels, Values
from collector.model import GpuSnapshot

Series = dict[str, dict[Labels, float]]

SLOWING_REASONS = (
    "power_cap",
    "power_brake",
    "hardware_slowdown",
    "software_thermal",
    "hardware_thermal",
)
"""Reasons that hold clocks down while there is work."""


def gauges(gpus: Sequence[GpuSnapshot]) -> Series:
    """What the GPUs are together; what no GPU says is absent.

    Args:
        gpus: all that are known, the sick ones too.
    """
    if not gpus:
        return {}
    found: Series = {
        "host_gpus_up": {(): float(sum(gpu.up for gpu in gpus))},
        "host_gpus_down": {(): float(sum(not gpu.up for gpu in gpus))},
    }
    values = [gpu.values for gpu in gpus]
    watts = list(_all(values, "gpu_power_window_watts", ("gpu", "mean")))
    found["host_gpus_reporting"] = {(): float(len(watts))}
    _set(found, "host_gpu_power_watts", (), sum(watts) if watts else None)
    for reason in SLOWING_REASONS:
        slowed = list(_all(values, "gpu_clock_event_active", (reason,)))
        _set(found, "host_gpus_slowed", (reason,), sum(slowed) if slowed else None)
    for sensor in ("gpu", "memory"):
        hottest = max(_all(values, "gpu_temperature_celsius", (sensor,)), default=None)
        _set(found, "host_gpu_temperature_celsius", (sensor,), hottest)
    margin = min(_all(values, "gpu_temperature_margin_celsius", ()), default=None)
    _set(found, "host_gpu_temperature_margin_celsius", (), margin)
    memory = min(_memory_margins(values), default=None)
    _set(found, "host_gpu_memory_margin_celsius", (), memory)
    ages = (age for one in values for age in one.get("gpu_sample_age_seconds", {}).values())
    _set(found, "host_gpu_sample_age_seconds", (), max(ages, default=None))
    covered = min(_all(values, "gpu_power_coverage_ratio", ()), default=None)
    _set(found, "host_gpu_power_coverage_ratio", (), covered)
    return found


def _all(values: Iterable[Values], name: str, labels: Labels) -> Iterable[float]:
    for one in values:
        value = one.get(name, {}).get(labels)
        if value is not None:
            yield value


def _memory_margins(values: Iterable[Values]) -> Iterable[float]:
    for one in values:
        limit = one.get("gpu_temperature_limit_celsius", {}).get(("memory_max",))
        now = one.get("gpu_temperature_celsius", {}).get(("memory",))
        if limit is not None and now is not None:
            yield limit - now


def _set(found: Series, name: str, labels: Labels, value: float | None) -> None:
    if value is not None:
        found.setdefault(name, {})[labels] = value
