"""A snapshot as metric families. Nothing is kept: a GPU that vanishes leaves no series behind."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from collector.catalogue import CATALOGUE, Kind, Labels, Metric, Subject
from collector.model import Snapshot


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
            samples = list(_samples(metric, snapshot))
            if not samples:
                continue
            family = _family(metric)
            for labels, value in samples:
                family.add_metric(labels, value)
            yield family


def _family(metric: Metric) -> GaugeMetricFamily | CounterMetricFamily:
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    return kind(metric.name, metric.help, labels=metric.all_labels, unit=metric.unit.value)


def _samples(metric: Metric, snapshot: Snapshot) -> Iterator[tuple[Labels, float]]:
    if metric.subject is Subject.DAEMON:
        yield from snapshot.daemon.get(metric.name, {}).items()
        return
    for shown in snapshot.gpus:
        series = shown.values.get(metric.name)
        if series:
            own = (str(shown.gpu.index), shown.gpu.uuid)
            for labels, value in series.items():
                yield own + labels, value
