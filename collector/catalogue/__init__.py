"""The catalogue: every metric, described once.

Prometheus names, InfluxDB and MQTT fields, `docs/metrics.md` and panel titles derive from here.
To add a metric is to add one entry.
"""

from collections.abc import Mapping

from collector.catalogue.daemon import DAEMON_METRICS
from collector.catalogue.gpu import GPU_METRICS
from collector.catalogue.types import Kind, Labels, Metric, Rate, Subject, Unit, Values

CATALOGUE: tuple[Metric, ...] = GPU_METRICS + DAEMON_METRICS
BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in CATALOGUE}

__all__ = [
    "BY_NAME",
    "CATALOGUE",
    "Kind",
    "Labels",
    "Metric",
    "Rate",
    "Subject",
    "Unit",
    "Values",
]
