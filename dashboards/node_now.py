"""What a node does now: the first row of its dashboard."""

from dataclasses import replace

from dashboards.parts import colours, units
from dashboards.parts.board import Row
from dashboards.parts.panel import Meaning, Stat
from dashboards.parts.queries import one
from dashboards.parts.shared import ENERGY_MONTH, ENERGY_TODAY

_ENERGY = "sum by (node) (increase(host_input_energy_joules_total{@node}[$__range])) / 3600"
_GPU_ENERGY = (
    'sum by (node) (increase(gpu_energy_joules_total{@node,scope="gpu"}[$__range])) / 3600'
)


def _energy(title: str, says: str, expr: str, since: str) -> Stat:
    """Energy since a moment, as one number."""
    return Stat(
        title=title,
        says=says,
        queries=one(expr, "{{node}}"),
        unit=units.WATT_HOUR,
        time_from=since,
    )


_WELL = (
    Stat(
        title="Answers",
        says="Whether Prometheus can read the node's daemon. If not, all else here is old or "
        "missing.",
        queries=one('max by (node) (up{@node,job="wattkeeper-node"})', "{{node}}"),
        unit=units.PLAIN,
        steps=colours.UP,
        meanings={"1": Meaning("yes"), "0": Meaning("no")},
    ),
    Stat(
        title="Node power",
        says="What the node draws from outside, by the best source that answers in full.",
        queries=one("host_input_power_watts{@node}", "{{node}}"),
        no_value="no sensor",
    ),
    Stat(
        title="GPU power",
        says="Mean power of the node's GPUs together, over the trailing window.",
        queries=one("host_gpu_power_watts{@node}", "{{node}}"),
    ),
    Stat(
        title="GPUs reporting",
        says="GPUs whose power is known, as a share of those that the node must have.",
        queries=one("host_gpus_reporting{@node} / host_gpus_expected{@node}", "{{node}}"),
        unit=units.RATIO,
        steps=colours.COVERAGE,
    ),
    Stat(
        title="GPUs lost",
        says="GPUs that the node must have and the driver does not show.",
        queries=one("host_gpus_lost{@node}", "{{node}}"),
        unit=units.COUNT,
        steps=colours.ANY_IS_TROUBLE,
    ),
    Stat(
        title="GPUs down",
        says="GPUs that the driver shows but that do not answer.",
        queries=one("host_gpus_down{@node}", "{{node}}"),
        unit=units.COUNT,
        steps=colours.ANY_IS_TROUBLE,
    ),
    Stat(
        title="Degrees left",
        says="Before the first GPU of the node slows down.",
        queries=one("host_gpu_temperature_margin_celsius{@node}", "{{node}}"),
        steps=colours.MARGIN,
    ),
    Stat(
        title="Parts not well",
        says="What `/healthz` of the node lists.",
        queries=one("wattkeeper_faults{@node}", "{{node}}"),
        steps=colours.ANY_IS_TROUBLE,
    ),
)

_KEPT = (
    Stat(
        title="Age of the data",
        says="Time since the oldest of the GPUs' last good readings.",
        queries=one("host_gpu_sample_age_seconds{@node}", "{{node}}"),
        steps=colours.AGE,
    ),
    Stat(
        title="Late reads",
        says="Share of the node's reads of the last 5 minutes that came over half a period late, "
        "or not at all.",
        queries=one("wattkeeper_recent_late_ticks_ratio{@node}", "{{node}}"),
        steps=colours.LATE,
    ),
    Stat(
        title="Ledger",
        says="Whether it takes writes. While it does not, energy is kept in memory only.",
        queries=one("wattkeeper_ledger_up{@node}", "{{node}}"),
        unit=units.PLAIN,
        steps=colours.UP,
        meanings={"1": Meaning("writes"), "0": Meaning("down")},
    ),
    Stat(
        title="Undelivered",
        says="What waits in the node's outbox, for all exporters together.",
        queries=one("sum by (node) (wattkeeper_outbox_bytes{@node})", "{{node}}"),
        no_value="no exporter",
    ),
    _energy("Energy today", "Drawn from outside since midnight.", _ENERGY, ENERGY_TODAY),
    _energy(
        "Energy this month",
        "Drawn from outside since the month began, as far back as Prometheus remembers.",
        _ENERGY,
        ENERGY_MONTH,
    ),
    _energy("GPU energy today", "Of the GPUs alone, since midnight.", _GPU_ENERGY, ENERGY_TODAY),
    _energy(
        "GPU energy, month",
        "Of the GPUs alone, since the month began.",
        _GPU_ENERGY,
        ENERGY_MONTH,
    ),
)

NOW = Row("Now", tuple(replace(stat, width=3) for stat in (*_WELL, *_KEPT)))
