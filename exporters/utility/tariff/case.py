"""What is to be priced: a bill's days, its readings sorted by what they cost, and the contract."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from exporters.utility.tariff.bill import Contract
from exporters.utility.tariff.charges import DemandSpec
from exporters.utility.tariff.period import BillingPeriod
from exporters.utility.tariff.readings import SLOT, SLOTS_PER_HOUR, Interval, MonthDemand
from exporters.utility.tariff.tariff import Place, Stretch, Tariff

Cell = tuple[int, str, str]
"""Number of the stretch, season, band."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest demand, and when its window began."""

    kw: Decimal = Decimal(0)
    at: datetime | None = None

    def or_higher(self, kw: Decimal, at: datetime) -> "Peak":
        """This one, or a higher one; the first of equals."""
        return Peak(kw, at) if self.at is None or kw > self.kw else self


@dataclass(frozen=True, slots=True)
class Measured:
    """The readings of a bill, sorted.

    Attributes:
        energy: kWh by stretch, season and band, not rounded.
        discounted: kWh by stretch, season and band, and discount, not rounded.
        quarters: number of readings by band.
        peaks: by demand charge.
        highest: in any band, over a quarter-hour.
        highest_other: in bands that the first demand charge does not count.
    """

    energy: Mapping[Cell, Decimal]
    discounted: Mapping[tuple[Cell, str], Decimal]
    quarters: Mapping[str, int]
    peaks: Mapping[str, Peak]
    highest: Peak
    highest_other: Peak

    @property
    def hours(self) -> dict[str, Decimal]:
        """Hours of readings by band."""
        return {band: Decimal(n) / SLOTS_PER_HOUR for band, n in self.quarters.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that a bill is made from."""

    period: BillingPeriod
    stretches: tuple[Stretch, ...]
    contract: Contract
    history: Sequence[MonthDemand]
    intervals: Sequence[Interval]
    measured: Measured

    @property
    def last(self) -> Tariff:
        """The version that the bill ends with; its roundings are the bill's."""
        return self.stretches[-1].tariff


def measure(intervals: Iterable[Interval], stretches: Sequence[Stretch]) -> Measured:
    """Sort readings by what they cost."""
    sorter = _Sorter(stretches)
    for interval in intervals:
        sorter.take(interval)
    return sorter.result()


class _Sorter:
    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._of_day = {
            day: (number, stretch.tariff)
            for number, stretch in enumerate(stretches)
            for day in stretch.each_day()
        }
        bands = [band for each in stretches for band in each.tariff.meta.bands]
        self._zone = stretches[0].tariff.zone
        self._energy: dict[Cell, Decimal] = {}
        self._discounted: dict[tuple[Cell, str], Decimal] = {}
        self._quarters = dict.fromkeys(bands, 0)
        self._windows: dict[str, tuple[datetime, Decimal, int]] = {}
        self._peaks: dict[str, Peak] = {}
        self._highest = self._highest_other = Peak()

    def take(self, interval: Interval) -> None:
        number, tariff = self._of_day[interval.start.astimezone(self._zone).date()]
        place = tariff.place(interval.start)
        cell = (number, place.day.season, place.band)
        self._energy[cell] = self._energy.get(cell, Decimal(0)) + interval.kwh
        self._quarters[place.band] += 1
        for discount in place.discounts:
            key = (cell, discount)
            self._discounted[key] = self._discounted.get(key, Decimal(0)) + interval.kwh
        self._highest = self._highest.or_higher(interval.kw, place.local)
        for index, demand in enumerate(tariff.spec.demand):
            if counts(demand, place):
                self._window(demand, interval, place)
            elif index == 0:
                self._highest_other = self._highest_other.or_higher(interval.kw, place.local)

    def _window(self, demand: DemandSpec, interval: Interval, place: Place) -> None:
        """Mean power over a window of the clock; one that is not whole does not count."""
        quarters = demand.window_minutes * 60 // int(SLOT.total_seconds())
        minute = (place.local.hour * 60 + place.local.minute) % demand.window_minutes
        begun, kwh, seen = self._windows.get(demand.id, (place.local, Decimal(0), 0))
        if minute == 0:
            begun, kwh, seen = place.local, Decimal(0), 0
        kwh, seen = kwh + interval.kwh, seen + 1
        self._windows[demand.id] = (begun, kwh, seen)
        whole = interval.start - begun == SLOT * (quarters - 1)
        if seen == quarters and whole:
            kw = kwh * 60 / demand.window_minutes
            self._peaks[demand.id] = self._peaks.get(demand.id, Peak()).or_higher(kw, begun)

    def result(self) -> Measured:
        return Measured(
            self._energy,
            self._discounted,
            self._quarters,
            self._peaks,
            self._highest,
            self._highest_other,
        )


def counts(demand: DemandSpec, place: Place) -> bool:
    """Whether demand at a place counts for a charge."""
    return (not demand.bands or place.band in demand.bands) and (
        not demand.seasons or place.day.season in demand.seasons
    )
