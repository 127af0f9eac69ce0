"""The series of a metric in a snapshot."""

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter

from collector.catalogue import Labels, Metric, Subject, Values
from collector.model import Snapshot

_VALUES: Mapping[Subject, Callable[[Snapshot], Values]] = {
    Subject.HOST: attrgetter("host"),
    Subject.SITE: attrgetter("site"),
    Subject.DAEMON: attrgetter("daemon"),
}


def series_of(
    metric: Metric, snapshot: Snapshot
) -> Iterator[tuple[Labels, Mapping[Labels, float]]]:
    """For each subject that has any: its own label values, and value by the metric's labels."""
    if metric.subject is not Subject.GPU:
        series = _VALUES[metric.subject](snapshot).get(metric.name)
        if series:
            yield (), series
        return
    for shown in snapshot.gpus:
        series = shown.values.get(metric.name)
        if series:
            yield (str(shown.gpu.index), shown.gpu.uuid), series
