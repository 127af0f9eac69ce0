"""The highest demand of each tariff band, by month."""

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from collector.site.demand import Interval
from collector.site.quarters import local_time, month_of

Band = Callable[[datetime], str]
"""The tariff band of a local time; aware datetimes."""

_MONTHS = 12


class Peaks:
    """Peaks of closed intervals, 12 calendar months of them with the present one.

    Args:
        zone: the site's.
        band: the tariff's bands, by the local time that an interval begins at.
    """

    def __init__(self, zone: ZoneInfo, band: Band) -> None:
        self._zone = zone
        self._band = band
        self._months: dict[tuple[int, int], dict[str, float]] = {}

    def band(self, start_ns: int) -> str:
        """The band of an interval that begins at an instant."""
        return self._band(local_time(start_ns, self._zone))

    def add(self, interval: Interval) -> None:
        """Add a closed interval; a void one is no peak."""
        watts = interval.watts
        if watts is None:
            return
        month = self._months.setdefault(month_of(interval.start_ns, self._zone), {})
        band = self.band(interval.start_ns)
        month[band] = max(month.get(band, watts), watts)
        while len(self._months) > 2 * _MONTHS:
            del self._months[min(self._months)]

    def month(self, at_ns: int) -> Mapping[str, float]:
        """Peaks of the month that an instant is in, in watts, by band."""
        return dict(self._months.get(month_of(at_ns, self._zone), {}))

    def year(self, at_ns: int) -> Mapping[str, float]:
        """Peaks of that month and the eleven before it, in watts, by band."""
        last = _number(month_of(at_ns, self._zone))
        found: dict[str, float] = {}
        for month, peaks in self._months.items():
            if last - _MONTHS < _number(month) <= last:
                for band, watts in peaks.items():
                    found[band] = max(found.get(band, watts), watts)
        return found


def _number(month: tuple[int, int]) -> int:
    return month[0] * 12 + month[1]
