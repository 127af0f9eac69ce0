"""Quarter-hours from readings of a file, and to the readings that the tariff engine takes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np

from exporters.utility.intervals.edits import millijoules
from exporters.utility.intervals.grid import Grid
from exporters.utility.intervals.quality import SLOT_SECONDS
from exporters.utility.intervals.series import Raw, Series
from exporters.utility.tariff.period import BillingPeriod, Month
from exporters.utility.tariff.readings import Interval, within

_WH_PER_KWH = 1000


def from_intervals(meter: str, intervals: Iterable[Interval], grid: Grid) -> Raw:
    """Readings of a file, those of the grid's days.

    Raises:
        ReadingsError: readings off the quarter-hour, negative, twice or out of order, with lines.
    """
    period = BillingPeriod(Month.of(grid.first), grid.first, grid.end)
    inside, _ = within(intervals, period, grid.zone)
    energy = np.zeros(len(grid), dtype=np.int64)
    present = np.zeros(len(grid), dtype=np.bool_)
    for each in inside:
        index = (int(each.start.timestamp()) - grid.start_s) // SLOT_SECONDS
        energy[index], present[index] = millijoules(each.kwh), True
    return Raw.whole(meter, energy, present)


def to_intervals(series: Series) -> list[Interval]:
    """Readings for a bill: whole watt-hours, those that there are."""
    present, watt_hours = series.present.tolist(), series.watt_hours.tolist()
    return [
        Interval(series.grid.local(index), Decimal(watt_hours[index]) / _WH_PER_KWH)
        for index in range(len(series.grid))
        if present[index]
    ]


def with_reactive(intervals: Sequence[Interval], read: Iterable[Interval]) -> list[Interval]:
    """Checked readings with the reactive energy that was read, and the lines they came from."""
    found = {each.start.timestamp(): each for each in read}
    return [
        replace(
            each,
            lagging_kvarh=was.lagging_kvarh,
            leading_kvarh=was.leading_kvarh,
            line=was.line,
        )
        if (was := found.get(each.start.timestamp())) is not None
        else each
        for each in intervals
    ]
