"""Statistics of telemetry over a window: temperatures, clocks, utilization."""

from array import array
from bisect import bisect_left
from collections.abc import Mapping

from collector.catalogue import Labels
from collector.energy.edges import SECOND_NS
from collector.model import Reading, Stat

_KEEP_NS = 90 * SECOND_NS
"""A window of a minute that waited for its counter, and for the counter's scope, to be known."""
_SWEEP_NS = 10 * SECOND_NS


class _Column:
    """The recent values of one series: 16 bytes for each."""

    __slots__ = ("times_ns", "values")

    def __init__(self) -> None:
        self.times_ns = array("q")
        self.values = array("d")

    def forget(self, before_ns: int) -> None:
        """Drop what is older."""
        old = bisect_left(self.times_ns, before_ns)
        del self.times_ns[:old], self.values[:old]

    def stat(self, start_ns: int, end_ns: int) -> Stat | None:
        """Statistics of the values in `[start_ns, end_ns)`, None without any."""
        low = bisect_left(self.times_ns, start_ns)
        values = self.values[low : bisect_left(self.times_ns, end_ns, low)]
        if not values:
            return None
        return Stat(
            minimum=min(values),
            mean=sum(values) / len(values),
            maximum=max(values),
            last=values[-1],
        )


class TelemetryHistory:
    """The numbers of the last one and a half minutes, by series; readings themselves are not kept.

    At 10 Hz a GPU's 35 series take half a megabyte.
    """

    def __init__(self) -> None:
        self._series: dict[str, dict[Labels, _Column]] = {}
        self._newest_ns = 0
        self._forgotten_ns = 0
        """Of the time before this, nothing is known any more."""

    def add(self, reading: Reading) -> None:
        """Add a reading; the oldest ones go. One that is older than the newest is dropped."""
        at_ns = reading.monotonic_ns
        if at_ns < self._newest_ns:
            return
        self._newest_ns = at_ns
        for name, series in reading.values.items():
            columns = self._series.get(name)
            if columns is None:
                columns = self._series[name] = {}
            for labels, value in series.items():
                column = columns.get(labels)
                if column is None:
                    column = columns[labels] = _Column()
                column.times_ns.append(at_ns)
                column.values.append(value)
        if at_ns - self._forgotten_ns > _KEEP_NS + _SWEEP_NS:
            self._forget(at_ns - _KEEP_NS)

    def stats(self, start_ns: int, end_ns: int) -> Mapping[str, Mapping[Labels, Stat]]:
        """Statistics of the readings in `[start_ns, end_ns)`, monotonic nanoseconds.

        Empty where there are none, and where a part of them is forgotten: half of a stretch does
        not speak for the whole.
        """
        if start_ns < self._forgotten_ns:
            return {}
        found: dict[str, dict[Labels, Stat]] = {}
        for name, columns in self._series.items():
            stats = {
                labels: stat
                for labels, column in columns.items()
                if (stat := column.stat(start_ns, end_ns)) is not None
            }
            if stats:
                found[name] = stats
        return found

    def _forget(self, before_ns: int) -> None:
        """Drop what is older, and series of which nothing is left."""
        self._forgotten_ns = before_ns
        for name, columns in list(self._series.items()):
            for labels, column in list(columns.items()):
                column.forget(before_ns)
                if not column.times_ns:
                    del columns[labels]
            if not columns:
                del self._series[name]
