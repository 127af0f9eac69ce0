"""What a metric is: the vocabulary that the catalogue is written in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

Labels = tuple[str, ...]
"""Label values, in the order of `Metric.labels`."""

ANY: Labels = ("*",)
"""In `Metric.reads`: only the source knows the label values, and there may be any number of them.

Such series are in `/metrics` alone: a window has no fixed fields for them.
"""

Values = Mapping[str, Mapping[Labels, float]]
"""Metric name, then label values, then the value in the metric's unit. Absent means absent."""


class Kind(StrEnum):
    """How a value behaves over time."""

    GAUGE = "gauge"
    COUNTER = "counter"
    INFO = "info"
    """Always 1; what it says stands in its labels."""


class Unit(StrEnum):
    """SI units, by the suffix that they give a metric's name."""

    WATTS = "watts"
    JOULES = "joules"
    CELSIUS = "celsius"
    HERTZ = "hertz"
    RATIO = "ratio"
    BYTES = "bytes"
    SECONDS = "seconds"
    NONE = ""


class Rate(StrEnum):
    """How often a value is read."""

    POWER = "power"
    """At `sampling.power_hz`, by the power thread."""
    TELEMETRY = "telemetry"
    """At `sampling.telemetry_hz`."""
    SLOW = "slow"
    """Every `sampling.slow_seconds`."""
    HOST = "host"
    """Every `seconds` of the host's source, in its own task."""
    IDENTITY = "identity"
    """At start and after a GPU came back."""
    DERIVED = "derived"
    """Computed by the daemon from what was read."""


class Subject(StrEnum):
    """What a metric describes, and so which labels come before its own."""

    GPU = "gpu"
    HOST = "host"
    SITE = "site"
    DAEMON = "daemon"


SUBJECT_LABELS: Mapping[Subject, Labels] = {
    Subject.GPU: ("gpu", "uuid"),
    Subject.HOST: (),
    Subject.SITE: (),
    Subject.DAEMON: (),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Metric:
    """One metric, described once; every name, table and panel derives from this.

    Attributes:
        key: the name without unit and `_total`.
        kind: gauge, counter or info.
        unit: unit of the value; it becomes part of the name.
        help: one sentence for people.
        labels: its own labels, besides those of its subject.
        rate: how often it is read.
        other_rates: by label values: series that are read at another rate.
        subject: what it describes.
        reads: by source name, then by label values: how that source reads it. The value is
            opaque here; only the source named interprets it.
        initial: label values whose counter is shown as 0 before its first event.
        family: metrics of one family may share a driver call, and so a failure of it.
        default_on: whether it is read without being named in `sampling.enable`.
        details: label values that are read only when `sampling.enable` names the metric.
    """

    key: str
    kind: Kind
    unit: Unit = Unit.NONE
    help: str
    labels: Labels = ()
    rate: Rate
    subject: Subject = Subject.GPU
    other_rates: Mapping[Labels, Rate] = field(default_factory=dict)
    reads: Mapping[str, Mapping[Labels, object]] = field(default_factory=dict)
    initial: tuple[Labels, ...] = ()
    family: str = ""
    default_on: bool = True
    details: frozenset[Labels] = frozenset()

    @property
    def name(self) -> str:
        """The Prometheus name: key, unit, and `_total` for a counter."""
        parts = [self.key]
        if self.unit:
            parts.append(self.unit.value)
        if self.kind is Kind.COUNTER:
            parts.append("total")
        return "_".join(parts)

    def at(self, rate: Rate) -> "Metric":
        """The same metric with only those series that are read at a rate."""
        reads = {
            source: {
                labels: spec
                for labels, spec in series.items()
                if self.other_rates.get(labels, self.rate) is rate
            }
            for source, series in self.reads.items()
        }
        return replace(self, reads={source: series for source, series in reads.items() if series})

    def plain(self) -> "Metric":
        """The same metric without its details."""
        reads = {
            source: {labels: spec for labels, spec in series.items() if labels not in self.details}
            for source, series in self.reads.items()
        }
        return replace(self, reads={source: series for source, series in reads.items() if series})

    @property
    def field(self) -> str:
        """The InfluxDB and MQTT field: the name without the subject's prefix."""
        return self.name.removeprefix("gpu_").removeprefix("host_")

    @property
    def all_labels(self) -> Labels:
        """Every label of a series, the subject's first."""
        return SUBJECT_LABELS[self.subject] + self.labels
