"""How many of a daemon's recent reads came late."""

from collections.abc import Mapping

from collector.catalogue import Labels
from collector.summary.growth import Recent

SPAN_NS = 300_000_000_000


class LateTicks:
    """The share of late reads, over the last 5 minutes."""

    def __init__(self) -> None:
        self._due, self._late = Recent(SPAN_NS), Recent(SPAN_NS)

    def values(
        self, own: Mapping[str, Mapping[Labels, float]], now_ns: int
    ) -> dict[str, dict[Labels, float]]:
        """The series; absent until some reads were due.

        Args:
            own: the daemon's series, with its counters of reads by thread.
            now_ns: monotonic time; never before the last one's.
        """
        due = self._due.take(now_ns, _by_thread(own, "wattkeeper_ticks_total"))
        late = self._late.take(now_ns, _by_thread(own, "wattkeeper_late_ticks_total"))
        return {"wattkeeper_recent_late_ticks_ratio": {(): min(late / due, 1.0)}} if due else {}


def _by_thread(own: Mapping[str, Mapping[Labels, float]], name: str) -> dict[str, float]:
    return {labels[0]: count for labels, count in own.get(name, {}).items()}
