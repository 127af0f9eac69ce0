"""PUE of a report's period. Both sides cover the same time."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from exporters.utility.intervals.arrays import Mask, exact_sum
from exporters.utility.intervals.quality import MJ_PER_WH, Quality
from exporters.utility.intervals.series import Series
from exporters.utility.report.values import Pue

LEAST_COVERAGE = 0.95
_YEAR_DAYS = 365
_TOLD = (Quality.RAW, Quality.VALIDATED, Quality.DERIVED)
_PLACES = Decimal("0.001")


def pue(
    series: Mapping[str, Series],
    dc_meters: Sequence[str],
    it_meters: Sequence[str],
    category: int,
) -> Pue | None:
    """Work out PUE over the days of the series.

    A quarter-hour counts where every meter of both sides told of it: an estimate does not, nor a
    value that a person set. Below a coverage of 95 % there is no figure.

    Args:
        series: quarter-hours by meter.
        dc_meters: what the whole site gets: bought, and made on it.
        it_meters: what the IT equipment gets.
        category: where that is measured.

    Returns:
        The figure; None where a side has no meter, or the series of one is not there.
    """
    wanted = (*dc_meters, *it_meters)
    if not dc_meters or not it_meters or any(name not in series for name in wanted):
        return None
    told = np.logical_and.reduce([_told(series[name]) for name in wanted])
    dc_mj, it_mj = (
        sum(exact_sum(series[name].energy_mj[told]) for name in side)
        for side in (dc_meters, it_meters)
    )
    coverage = float(told.mean())
    grid = series[wanted[0]].grid
    known = coverage >= LEAST_COVERAGE and it_mj > 0
    return Pue(
        value=(Decimal(dc_mj) / it_mj).quantize(_PLACES) if known else None,
        category=category,
        coverage_ratio=coverage,
        interim=(grid.end - grid.first).days < _YEAR_DAYS,
        dc_meters=tuple(dc_meters),
        dc_wh=dc_mj // MJ_PER_WH,
        it_meters=tuple(it_meters),
        it_wh=it_mj // MJ_PER_WH,
    )


def whole_wh(series: Mapping[str, Series], meters: Sequence[str]) -> int | None:
    """What several meters used together; None where one lacks a quarter-hour or is not there."""
    if not meters or any(name not in series for name in meters):
        return None
    if not all(series[name].present.all() for name in meters):
        return None
    return sum(series[name].total_mj for name in meters) // MJ_PER_WH


def _told(series: Series) -> Mask:
    return np.isin(series.quality, _TOLD)
