"""The samples of a metric in a snapshot."""

from collections.abc import Iterator

from collector.catalogue import Labels, Metric, Subject
from collector.model import Snapshot


def samples(metric: Metric, snapshot: Snapshot) -> Iterator[tuple[Labels, float]]:
    """Label values, those of the subject first, and value of each sample."""
    if metric.subject is Subject.DAEMON:
        yield from snapshot.daemon.get(metric.name, {}).items()
        return
    for shown in snapshot.gpus:
        series = shown.values.get(metric.name)
        if series:
            own = (str(shown.gpu.index), shown.gpu.uuid)
            for labels, value in series.items():
                yield own + labels, value
