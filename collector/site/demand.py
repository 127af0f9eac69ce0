"""Demand: mean power over the quarter-hours of the meter's clock."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from collector.site.forecast import Forecast, Level, forecast
from collector.site.guard import Guard, guard
from collector.site.live import Known
from collector.site.meter_account import MeterAccount
from collector.site.quarters import HOUR_NS, QUARTER_NS, SECOND_NS, quarter_start

VOID_BELOW = 0.99
"""An interval of which less is known is no demand: what is missing may be anything."""
_SHOWN_FROM = 0.95
"""So much of the running interval must be known for a forecast."""
_WAIT_NS = 2 * HOUR_NS
"""So long an interval waits for readings that tell what was used in it."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed demand interval.

    Attributes:
        start_ns: its begin, UTC; it is 15 minutes long.
        known: its energy, and how well it is known.
    """

    start_ns: int
    known: Known

    @property
    def end_ns(self) -> int:
        """Its end, UTC."""
        return self.start_ns + QUARTER_NS

    @property
    def known_ratio(self) -> float:
        """The share of it whose energy is known, measured or by the rule for estimated data."""
        return min(self.known.known_ns / QUARTER_NS, 1.0)

    @property
    def coverage_ratio(self) -> float:
        """The share of it that was measured."""
        return min(self.known.covered_ns / QUARTER_NS, 1.0)

    @property
    def watts(self) -> float | None:
        """Its demand; None when it is void: part of it is missing, or clocks were set in it."""
        if not VOID_BELOW <= self.known.known_ns / QUARTER_NS <= 2 - VOID_BELOW:
            return None
        return self.known.energy_mj * SECOND_NS / (QUARTER_NS * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandNow:
    """The interval that is running.

    Attributes:
        start_ns: its begin, UTC.
        at_ns: now, by the meter's clock.
        known: energy so far.
        so_far_watts: mean power since its begin; None when too little of it is known.
        level_watts: the power level of now.
        forecast: what it will end at; None when that cannot be told.
        guard: what is still allowed; None without a target or a forecast.
    """

    start_ns: int
    at_ns: int
    known: Known
    so_far_watts: float | None = None
    level_watts: float | None = None
    forecast: Forecast | None = None
    guard: Guard | None = None

    @property
    def deadline_ns(self) -> int | None:
        """When power must be cut at the latest, UTC."""
        if self.guard is None or self.guard.deadline_seconds is None:
            return None
        return self.start_ns + round(self.guard.deadline_seconds * SECOND_NS)


class Demand:
    """Follows the demand of one meter.

    Args:
        account: the meter's.
        zone: the site's.
        target_watts: what an interval should not exceed; None when not stated.
        lowest_watts: how far power can be cut; None when not known.
    """

    def __init__(
        self,
        account: MeterAccount,
        zone: ZoneInfo,
        target_watts: float | None = None,
        lowest_watts: float | None = None,
    ) -> None:
        self.account = account
        self.level = Level()
        self.target_watts = target_watts
        self._lowest_watts = lowest_watts
        self._zone = zone
        self._next_ns: int | None = None

    def close(self, at_ns: int) -> list[Interval]:
        """The intervals that are over and known by an instant, in order, each once."""
        closed: list[Interval] = []
        began_ns, booked_ns = self.account.began_ns, self.account.booked_ns
        if self._next_ns is None and began_ns is not None:
            self._next_ns = quarter_start(began_ns, self._zone)
        while self._next_ns is not None and booked_ns is not None:
            end_ns = self._next_ns + QUARTER_NS
            if end_ns > at_ns or (booked_ns < end_ns and at_ns < end_ns + _WAIT_NS):
                break
            # What is not booked by then is missing: a value that merely went on is no reading.
            closed.append(Interval(self._next_ns, self.account.booked(self._next_ns)))
            self._next_ns = end_ns
        return closed

    def now(self, at_ns: int, *, fresh: bool) -> DemandNow:
        """The running interval.

        Args:
            at_ns: now, by the meter's clock.
            fresh: whether the meter's newest power is good and not stale.
        """
        start_ns = quarter_start(at_ns, self._zone)
        known = self.account.known(start_ns, at_ns)
        elapsed_ns = at_ns - start_ns
        level = self.level.watts(at_ns)
        if level is None and self.account.rate_mw is not None:
            level = self.account.rate_mw / 1000
        if known.known_ns < _SHOWN_FROM * elapsed_ns or level is None:
            return DemandNow(start_ns=start_ns, at_ns=at_ns, known=known)
        used, elapsed = known.energy_mj / 1000, elapsed_ns / SECOND_NS
        found = forecast(used, elapsed, level)
        if not fresh:
            # Nobody knows what is drawn now: certain is only what was measured.
            low = (known.energy_mj - known.estimated_mj) / (QUARTER_NS / SECOND_NS * 1000)
            found = Forecast(watts=found.watts, low_watts=low, high_watts=found.high_watts)
        aim = self.target_watts
        return DemandNow(
            start_ns=start_ns,
            at_ns=at_ns,
            known=known,
            so_far_watts=used / elapsed if elapsed else None,
            level_watts=level,
            forecast=found,
            guard=None if aim is None else guard(aim, used, elapsed, level, self._lowest_watts),
        )
