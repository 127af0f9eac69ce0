"""From the catalogue to what a simulated GPU reads at each rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.catalogue.types import Labels, Metric, Rate
from collector.sources.simulated.links import OFFERED
from collector.sources.simulated.models import BoardModel
from collector.sources.simulated.quantities import (
    ENERGY_COUNTER,
    POWER_SCOPES,
    QUANTITIES,
    Quantity,
)

SOURCE = "simulated"

ENERGY = "gpu_energy_joules_total"

MetricReads = tuple[str, tuple[tuple[Labels, Quantity], ...]]
"""A metric's name, and for each of its label values how that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPlan:
    """What is read, worked out once.

    Attributes:
        power_scopes: scopes that the power thread reads, in the catalogue's order.
        telemetry: what every telemetry read yields.
        seldom: what a slow one yields besides.
        counter: name of the metric that the energy counter feeds; empty without one.
        unsupported: names of metrics that other sources read, but not this one.
    """

    power_scopes: tuple[str, ...]
    telemetry: tuple[MetricReads, ...]
    seldom: tuple[MetricReads, ...]
    counter: str
    unsupported: tuple[str, ...]


def plan_reads(catalogue: Sequence[Metric], model: BoardModel) -> ReadPlan:
    """Work out what is read.

    Raises:
        ValueError: a metric names a quantity that is not simulated, or not at its rate.
    """
    scopes: list[str] = []
    telemetry: list[MetricReads] = []
    seldom: list[MetricReads] = []
    counter = ""
    unsupported = []
    for metric in catalogue:
        specs = metric.reads.get(SOURCE)
        if not specs:
            if metric.reads:
                unsupported.append(metric.name)
        elif metric.rate is Rate.POWER:
            scopes += _power_scopes(metric, specs, model)
        elif ENERGY_COUNTER in specs.values():
            counter = metric.name
        elif mine := _quantities(metric, specs, model):
            target = telemetry if metric.rate is Rate.TELEMETRY else seldom
            target.append((metric.name, mine))
        else:
            unsupported.append(metric.name)
    return ReadPlan(
        power_scopes=tuple(scopes),
        telemetry=tuple(telemetry),
        seldom=tuple(seldom),
        counter=counter,
        unsupported=tuple(unsupported if counter else [*unsupported, ENERGY]),
    )


def _power_scopes(metric: Metric, specs: Mapping[Labels, object], model: BoardModel) -> list[str]:
    scopes = []
    for spec in specs.values():
        if not isinstance(spec, str) or spec not in POWER_SCOPES:
            raise _unknown(metric, spec, POWER_SCOPES)
        if POWER_SCOPES[spec] == "gpu" or model.is_module:
            scopes.append(POWER_SCOPES[spec])
    return scopes


def _quantities(
    metric: Metric, specs: Mapping[Labels, object], model: BoardModel
) -> tuple[tuple[Labels, Quantity], ...]:
    reads = []
    for labels, spec in specs.items():
        if not isinstance(spec, str) or spec not in QUANTITIES:
            raise _unknown(metric, spec, QUANTITIES)
        if spec not in OFFERED or OFFERED[spec](model):
            reads.append((labels, QUANTITIES[spec]))
    return tuple(reads)


def _unknown(metric: Metric, spec: object, known: Mapping[str, object]) -> ValueError:
    return ValueError(
        f'The catalogue\'s metric {metric.key} has reads["{SOURCE}"] {spec!r}, which is not'
        f" simulated at rate {metric.rate.value}. Known there: {', '.join(sorted(known))}."
    )
