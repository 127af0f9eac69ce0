"""The catalogue: every metric, described once.

Prometheus names, InfluxDB and MQTT fields, `docs/metrics.md` and panel titles derive from here.
To add a metric is to add one entry.
"""

from collections.abc import Collection, Mapping

from collector.catalogue.daemon import DAEMON_METRICS
from collector.catalogue.events import EVENT_METRICS
from collector.catalogue.gpu import GPU_METRICS
from collector.catalogue.host import HOST_METRICS
from collector.catalogue.site import SITE_METRICS
from collector.catalogue.types import ANY, Kind, Labels, Metric, Rate, Subject, Unit, Values

CATALOGUE: tuple[Metric, ...] = (
    GPU_METRICS + EVENT_METRICS + HOST_METRICS + SITE_METRICS + DAEMON_METRICS
)
BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in CATALOGUE}
DEFAULT_ON: tuple[Metric, ...] = tuple(
    metric.plain() if metric.details else metric for metric in CATALOGUE if metric.default_on
)
"""What is read where `sampling.enable` names nothing."""


def selected(*, enable: Collection[str] = (), disable: Collection[str] = ()) -> list[Metric]:
    """The metrics that a configuration asks for, in the catalogue's order.

    Args:
        enable: names of metrics that are off unless asked for, or whose details are.
        disable: names of metrics that are not to be read, whatever else asks for them.
    """
    return [
        metric.plain() if metric.details and metric.name not in enable else metric
        for metric in CATALOGUE
        if (metric.default_on or metric.name in enable) and metric.name not in disable
    ]


__all__ = [
    "ANY",
    "BY_NAME",
    "CATALOGUE",
    "DEFAULT_ON",
    "Kind",
    "Labels",
    "Metric",
    "Rate",
    "Subject",
    "Unit",
    "Values",
    "selected",
]
