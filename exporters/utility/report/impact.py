"""What quarter-hours say of a load's impact on the grid: peaks, ramps, load factor."""

from decimal import Decimal

import numpy as np

from exporters.utility.intervals.series import Series
from exporters.utility.report.values import GridImpact, Peak

_MJ_PER_KW = 900_000_000
"""Millijoules of a quarter-hour at one kilowatt."""
_PEAKS = 10
_KW = Decimal("0.1")
_RATIO = Decimal("0.0001")


def impact(series: Series) -> GridImpact:
    """Look at quarter-hours. A ramp is between two that follow each other, both there."""
    present = series.present
    there = np.flatnonzero(present)
    if not len(there):
        return GridImpact(peaks=(), mean_kw=None, load_factor=None, ramp_up=None, ramp_down=None)
    energy = series.energy_mj[there]
    # The highest first, the earlier of equals first.
    order = np.lexsort((there, -energy))[:_PEAKS]
    peaks = tuple(_peak(series, int(there[n]), int(energy[n])) for n in order.tolist())
    mean_mj = Decimal(int(series.total_mj)) / len(there)
    highest = int(energy.max())
    both = np.flatnonzero(present[1:] & present[:-1])
    steps = series.energy_mj[both + 1] - series.energy_mj[both]
    up, down = (steps.argmax(), steps.argmin()) if len(steps) else (0, 0)
    return GridImpact(
        peaks=peaks,
        mean_kw=(mean_mj / _MJ_PER_KW).quantize(_KW),
        load_factor=(mean_mj / highest).quantize(_RATIO) if highest > 0 else None,
        ramp_up=_ramp(series, both, steps, int(up), 1),
        ramp_down=_ramp(series, both, steps, int(down), -1),
    )


def _ramp(
    series: Series, both: "np.typing.NDArray[np.int64]", steps: "np.typing.NDArray[np.int64]",
    n: int, sign: int,
) -> Peak | None:  # fmt: skip
    if not len(steps) or steps[n] * sign <= 0:
        return None
    return _peak(series, int(both[n]) + 1, int(steps[n]) * sign)


def _peak(series: Series, index: int, energy_mj: int) -> Peak:
    return Peak(series.grid.local(index), (Decimal(energy_mj) / _MJ_PER_KW).quantize(_KW))
