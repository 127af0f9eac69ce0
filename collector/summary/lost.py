"""How many rows receivers will not get, of the last hour."""

from collections.abc import Mapping

from collector.catalogue import Labels
from collector.summary.growth import Recent

SPAN_NS = 3_600_000_000_000
_COUNTERS = {
    "dropped": "wattkeeper_dropped_total",
    "quarantined": "wattkeeper_quarantined_total",
}
"""By why rows are lost, what counts them."""


class LostRows:
    """What the counters of lost rows grew by, by exporter and reason."""

    def __init__(self) -> None:
        self._recent: dict[Labels, Recent] = {}

    def values(
        self, own: Mapping[str, Mapping[Labels, float]], now_ns: int
    ) -> dict[str, dict[Labels, float]]:
        """The series; nothing where no row was lost.

        Args:
            own: the exporters' series, with their counters.
            now_ns: monotonic time; never before the last one's.
        """
        found: dict[Labels, float] = {}
        for reason, name in _COUNTERS.items():
            for (exporter,), count in own.get(name, {}).items():
                recent = self._recent.setdefault((exporter, reason), Recent(SPAN_NS))
                if lost := recent.take(now_ns, {"": count}):
                    found[exporter, reason] = lost
        return {"wattkeeper_recent_lost_rows": found} if found else {}
