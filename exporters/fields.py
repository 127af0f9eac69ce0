"""A window as the flat fields that InfluxDB and MQTT carry: one name, one value.

A name is the catalogue's `field`, then the series' label values, then the statistic:
`temperature_celsius_gpu_mean`. Units stand in the name and are SI. What a window does not know has
no field: absent, never zero.

What is read at telemetry rate has `min`, `mean` and `max` over the window; what has no unit (a 0/1
state, for one) has the `mean` alone, the share of readings in which it was on; what is read seldom
has the `last` value. A GPU's telemetry goes with its own scope's windows only, so that a module's
windows do not repeat it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from collector.catalogue import ANY, BY_NAME, Kind, Labels, Metric, Rate, Unit
from collector.model import Stat, Window

FieldValue = float | int | str
"""A number in the unit of its name, or text. A field has the same type in every window."""

GPU_SCOPE = "gpu"
"""The scope whose windows carry the telemetry."""

_DIGITS = {Unit.WATTS: 3, Unit.CELSIUS: 3, Unit.HERTZ: 0, Unit.BYTES: 0}
_OTHER_DIGITS = 6
_STATS: Mapping[str, Callable[[Stat], float]] = {
    "min": lambda stat: stat.minimum,
    "mean": lambda stat: stat.mean,
    "max": lambda stat: stat.maximum,
    "last": lambda stat: stat.last,
}
_RATES = {Rate.TELEMETRY, Rate.SLOW, Rate.IDENTITY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a field says.

    Attributes:
        kind: the type of its value: `float`, `int` or `str`.
        help: one sentence for people.
        always: whether every window has it.
    """

    kind: type[float | int | str]
    help: str
    always: bool = False


WINDOW_FIELDS: Mapping[str, Described] = {
    "power_watts_mean": Described(kind=float, help="Mean power, weighted by time."),
    "power_watts_min": Described(kind=float, help="Lowest power sampled."),
    "power_watts_max": Described(kind=float, help="Highest power sampled."),
    "power_ramp_watts_1s": Described(kind=float, help="Largest change of power within 1 s."),
    "power_ramp_watts_100ms": Described(kind=float, help="Largest change of power within 100 ms."),
    "energy_joules": Described(kind=float, help="Energy used in the window.", always=True),
    "energy_joules_counter": Described(
        kind=float, help="Of it, what the hardware's counter counted.", always=True
    ),
    "energy_joules_integrated": Described(
        kind=float, help="Of it, the integral of sampled power.", always=True
    ),
    "energy_joules_estimated": Described(
        kind=float, help="Of it, what was neither counted nor measured.", always=True
    ),
    "energy_joules_low": Described(
        kind=float, help="The least that an estimated energy_joules can have been."
    ),
    "energy_joules_high": Described(
        kind=float, help="The most that an estimated energy_joules can have been."
    ),
    "energy_joules_total": Described(
        kind=float, help="Lifetime energy at the window's end.", always=True
    ),
    "energy_source": Described(
        kind=str,
        help="The weakest source with a part in it: counter, integrated or estimated.",
        always=True,
    ),
    "coverage_ratio": Described(
        kind=float,
        help="Share of the window between samples no further apart than the gap limit.",
        always=True,
    ),
    "samples": Described(kind=int, help="Power samples in the window.", always=True),
    "duration_seconds": Described(
        kind=float,
        help="Elapsed time; differs from end less start where the clock was set.",
        always=True,
    ),
    "gap": Described(kind=str, help="Why nothing was sampled; absent when the window is none."),
}
"""The fields that a window has besides its telemetry, in the order they are written."""


def window_fields(
    window: Window, catalogue: Mapping[str, Metric] = BY_NAME
) -> dict[str, FieldValue]:
    """The fields of a window: those of `WINDOW_FIELDS` in that order, then its telemetry.

    Energies are exact to the millijoule (a float holds every millijoule up to 9e12 J); telemetry
    is rounded to what no sensor resolves.

    Args:
        window: a closed window, of any scope. The scope itself, the times and the GPU's identity
            are not among the fields: they are the key, which each exporter writes in its own way.
        catalogue: the metrics by name.
    """
    fields = _power(window) | _energy(window)
    if window.scope == GPU_SCOPE:
        for name, series in window.stats.items():
            metric = catalogue.get(name)
            if metric is None:
                continue
            listed = _listed(metric)
            digits = _DIGITS.get(metric.unit, _OTHER_DIGITS)
            for labels, stat in series.items():
                if labels not in listed:
                    continue
                for field, take in _named(metric, labels):
                    fields[field] = round(float(take(stat)), digits)
    return fields


def telemetry_fields(catalogue: Mapping[str, Metric] = BY_NAME) -> dict[str, Described]:
    """Every telemetry field that a source can bring, by name, in the catalogue's order."""
    found: dict[str, Described] = {}
    for metric in catalogue.values():
        for labels in _listed(metric):
            if metric.other_rates.get(labels, metric.rate) in _RATES:
                for name, _ in _named(metric, labels):
                    found[name] = Described(kind=float, help=_help(metric, labels, name))
    return found


def _power(window: Window) -> dict[str, FieldValue]:
    power = window.power
    if power is None:
        return {}
    fields: dict[str, FieldValue] = {
        "power_watts_mean": round(float(power.mean), 3),
        "power_watts_min": round(float(power.minimum), 3),
        "power_watts_max": round(float(power.maximum), 3),
    }
    if power.ramp_1s is not None:
        fields["power_ramp_watts_1s"] = round(float(power.ramp_1s), 3)
    if power.ramp_100ms is not None:
        fields["power_ramp_watts_100ms"] = round(float(power.ramp_100ms), 3)
    return fields


def _energy(window: Window) -> dict[str, FieldValue]:
    energy = window.energy
    fields: dict[str, FieldValue] = {
        "energy_joules": energy.total_mj / 1000,
        "energy_joules_counter": energy.counter_mj / 1000,
        "energy_joules_integrated": energy.integrated_mj / 1000,
        "energy_joules_estimated": energy.estimated_mj / 1000,
    }
    if window.low_mj is not None:
        fields["energy_joules_low"] = window.low_mj / 1000
    if window.high_mj is not None:
        fields["energy_joules_high"] = window.high_mj / 1000
    fields["energy_joules_total"] = window.total_mj / 1000
    fields["energy_source"] = energy.source.value
    fields["coverage_ratio"] = round(window.coverage_ratio, _OTHER_DIGITS)
    fields["samples"] = window.samples
    fields["duration_seconds"] = window.duration_ns / 1e9
    if window.gap:
        fields["gap"] = window.gap
    return fields


@lru_cache(maxsize=4096)
def _named(metric: Metric, labels: Labels) -> tuple[tuple[str, Callable[[Stat], float]], ...]:
    """The names of a series' fields, and what each takes; made once a series."""
    base = "_".join((metric.field, *labels))
    if metric.kind is Kind.COUNTER:
        return ((base, _STATS["last"]),)
    if metric.other_rates.get(labels, metric.rate) is not Rate.TELEMETRY:
        stats: tuple[str, ...] = ("last",)
    elif metric.unit is Unit.NONE:
        stats = ("mean",)
    else:
        stats = ("min", "mean", "max")
    return tuple((f"{base}_{stat}", _STATS[stat]) for stat in stats)


@lru_cache(maxsize=1024)
def _listed(metric: Metric) -> Mapping[Labels, None]:
    """The series that have fields: those the catalogue names, for fields are fixed.

    What only a driver can name (MIG instances, processes, links) is in Prometheus alone, and so
    is what says all in its labels. The energy counter is read without its label and travels as
    the window's own energy.
    """
    if metric.kind is Kind.INFO or any(ANY in series for series in metric.reads.values()):
        return {}
    return {
        labels: None
        for series in metric.reads.values()
        for labels in series
        if len(labels) == len(metric.labels)
    }


def _help(metric: Metric, labels: Labels, name: str) -> str:
    words = {"min": "Lowest: ", "mean": "Mean: ", "max": "Highest: ", "last": "Last: "}
    series = ", ".join(
        f"{label} {value}" for label, value in zip(metric.labels, labels, strict=True)
    )
    stat = words.get(name.rpartition("_")[2], "") if metric.kind is not Kind.COUNTER else ""
    return f"{stat}{metric.help}" + (f" Series: {series}." if series else "")
