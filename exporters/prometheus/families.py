"""A snapshot as prometheus_client's metric families, for any registry of that library.

Nothing is kept: a GPU that vanishes leaves no series behind. `text` writes the same, faster.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from collector.catalogue import CATALOGUE, Kind, Metric
from collector.model import Snapshot
from exporters.prometheus.samples import series_of


class SnapshotCollector(Collector):
    """Yields the families of the snapshot that `latest` returns.

    Args:
        latest: gives the snapshot to show, or None before the first.
        catalogue: the metrics to show, in this order.
    """

    def __init__(
        self, latest: Callable[[], Snapshot | None], catalogue: Sequence[Metric] = CATALOGUE
    ) -> None:
        self._latest = latest
        self._catalogue = catalogue

    def describe(self) -> Iterable[Family]:
        """Nothing: families depend on what the GPUs offer."""
        return ()

    def collect(self) -> Iterator[Family]:
        """All families that have a sample."""
        snapshot = self._latest()
        if snapshot is None:
            return
        for metric in self._catalogue:
            found = list(series_of(metric, snapshot))
            if not found:
                continue
            shown = family(metric)
            for own, series in found:
                for labels, value in series.items():
                    shown.add_metric(own + labels, value)
            yield shown


def family(metric: Metric) -> GaugeMetricFamily | CounterMetricFamily:
    """A metric's family without samples."""
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    return kind(metric.name, metric.help, labels=metric.all_labels, unit=metric.unit.value)
