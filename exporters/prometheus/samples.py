"""The series of a metric in a snapshot."""

from collections.abc import Iterator, Mapping

from collector.catalogue import Labels, Metric, Subject
from collector.model import Snapshot


def series_of(
    metric: Metric, snapshot: Snapshot
) -> Iterator[tuple[Labels, Mapping[Labels, float]]]:
    """For each subject that has any: its own label values, and value by the metric's labels."""
    if metric.subject is Subject.DAEMON:
        series = snapshot.daemon.get(metric.name)
        if series:
            yield (), series
        return
    for shown in snapshot.gpus:
        series = shown.values.get(metric.name)
        if series:
            yield (str(shown.gpu.index), shown.gpu.uuid), series
