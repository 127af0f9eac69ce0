"""The load by day and hour: a box for each hour of each day."""

import numpy as np
from numpy.typing import NDArray

from exporters.utility.intervals.series import Series
from exporters.utility.report.charts.drawing import GAP, SIZE, Drawing, label
from exporters.utility.report.charts.frame import WIDTH
from exporters.utility.report.charts.load import MJ_PER_KW, day_labels
from exporters.utility.report.words import Words

_COLOURS = (
    "#f3f8fb", "#d6e8f0", "#b3d4e2", "#8abdd2", "#5fa2bf", "#3d86a8", "#276a8c", "#1a4e6e",
    "#0f3350",
)  # fmt: skip
_HOURS = 24
_LEFT, _RIGHT, _TOP, _ROW = 62, 10, 22, 7


def heat_map(series: Series, words: Words) -> str:
    """Columns are days, rows are hours by the clock; an hour of a changed clock is its mean."""
    means = _hourly(series)
    days = means.shape[0]
    drawing = Drawing(WIDTH, _TOP + _HOURS * _ROW + 22)
    width = (WIDTH - _LEFT - _RIGHT) / days
    known = means[~np.isnan(means)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    levels = _levels(means, low, high)
    for level, colour in enumerate((GAP, *_COLOURS)):
        where = np.argwhere(levels == level - 1)
        corners = [(_LEFT + day * width, _TOP + hour * _ROW) for day, hour in where.tolist()]
        drawing.boxes(corners, (width + 0.1, _ROW + 0.1), colour)
    for hour in range(0, _HOURS, 6):
        y = _TOP + hour * _ROW
        drawing.text(_LEFT - 6, y + SIZE * 0.8, f"{hour:02}:00", anchor="end")
    for ratio, text in day_labels(series.grid):
        x = _LEFT + round(ratio * days) * width
        drawing.text(x, _TOP + _HOURS * _ROW + 14, text)
    _key(drawing, low, high)
    return drawing.svg(words("heat_alt"))


def _hourly(series: Series) -> NDArray[np.float64]:
    """Mean power by day and hour; an hour without a reading is not a number."""
    grid, present = series.grid, series.present
    cell = (grid.days * _HOURS + grid.clock // 4)[present]
    size = (len(grid.edges) - 1) * _HOURS
    sums = np.bincount(cell, weights=series.energy_mj[present] / MJ_PER_KW, minlength=size)
    counts = np.bincount(cell, minlength=size)
    means = np.full(size, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means.reshape(-1, _HOURS)


def _levels(means: NDArray[np.float64], low: float, high: float) -> NDArray[np.int64]:
    """Which colour each hour has; -1 where there is none."""
    span = (high - low) or 1.0
    there = ~np.isnan(means)
    levels = np.full(means.shape, -1, dtype=np.int64)
    scaled = ((means[there] - low) / span * len(_COLOURS)).astype(np.int64)
    levels[there] = np.minimum(scaled, len(_COLOURS) - 1)
    return levels


def _key(drawing: Drawing, low: float, high: float) -> None:
    x = WIDTH - _RIGHT - 14 * len(_COLOURS) - 70
    drawing.text(x - 6, 14, f"{label(round(low))} kW", anchor="end")
    for index, colour in enumerate(_COLOURS):
        drawing.box(x + 14 * index, 5, 14, 10, colour)
    drawing.text(x + 14 * len(_COLOURS) + 6, 14, f"{label(round(high))} kW")
