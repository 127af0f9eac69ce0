"""The running quarter-hour of a feed, with how its energy came up."""

from collector.catalogue import Values
from exporters.page.site.shape import IntervalJson
from exporters.page.site.values import value

QUARTER_SECONDS = 900
_NS = 1_000_000_000
_QUARTER_NS = QUARTER_SECONDS * _NS
"""Demand intervals begin at quarter-hours of UTC: every zone in use is a multiple of them off."""
SAMPLE_SECONDS = 15
_MOST_POINTS = 2 * QUARTER_SECONDS // SAMPLE_SECONDS


class BurnUp:
    """Remembers the energy used so far in the running quarter-hour, by feed."""

    def __init__(self) -> None:
        self._start_ns = 0
        self._points: dict[str, list[tuple[float, float]]] = {}

    def sample(self, wall_ns: int, values: Values) -> None:
        """Take a point of each feed; a new quarter-hour begins with none."""
        start_ns, elapsed = _since(wall_ns)
        if start_ns != self._start_ns:
            self._start_ns = start_ns
            self._points = {}
        for feed in {labels[0] for labels in values.get("site_demand_watts", {})}:
            used = _used(values, feed, elapsed)
            points = self._points.setdefault(feed, [])
            while points and points[-1][0] >= elapsed:  # the clock was set back
                points.pop()
            if used is not None and len(points) < _MOST_POINTS:
                points.append((elapsed, used))

    def interval(self, wall_ns: int, values: Values, feed: str) -> IntervalJson | None:
        """The running quarter-hour; None before the first reading of its meter."""
        if not any(labels[0] == feed for labels in values.get("site_demand_watts", {})):
            return None
        start_ns, elapsed = _since(wall_ns)
        used = _used(values, feed, elapsed)
        known = self._points.get(feed, ()) if start_ns == self._start_ns else ()
        points = [point for point in known if point[0] < elapsed]
        if used is not None:
            points.append((elapsed, used))
        deadline = value(values, "site_demand_cut_deadline_timestamp_seconds", (feed,), digits=3)
        return IntervalJson(
            start_ms=start_ns // 1_000_000,
            end_ms=(start_ns + _QUARTER_NS) // 1_000_000,
            at_seconds=elapsed,
            used_joules=used,
            points=points,
            forecast_watts=value(values, "site_demand_watts", (feed, "forecast")),
            forecast_low_watts=value(values, "site_demand_watts", (feed, "forecast_low")),
            forecast_high_watts=value(values, "site_demand_watts", (feed, "forecast_high")),
            allowed_watts=value(values, "site_demand_watts", (feed, "allowed")),
            cut_watts=value(values, "site_demand_cut_watts", (feed,)),
            deadline_ms=None if deadline is None else round(deadline * 1000),
        )


def _since(wall_ns: int) -> tuple[int, float]:
    """When the quarter-hour began, and seconds since then."""
    start_ns = wall_ns // _QUARTER_NS * _QUARTER_NS
    return start_ns, round((wall_ns - start_ns) / _NS, 1)


def _used(values: Values, feed: str, elapsed: float) -> float | None:
    """Joules used so far: its mean power so far over its time so far."""
    watts = value(values, "site_demand_watts", (feed, "so_far"), digits=3)
    return None if watts is None else round(watts * elapsed)
