"""The load over the period, and how long it is how high."""

from datetime import date, timedelta

import numpy as np

from exporters.utility.intervals.arrays import runs
from exporters.utility.intervals.grid import Grid
from exporters.utility.intervals.series import Series
from exporters.utility.report.charts.drawing import GAP, LIGHT, LOAD
from exporters.utility.report.charts.frame import HEIGHT, WIDTH, Frame
from exporters.utility.report.words import Words

MJ_PER_KW = 900_000_000
"""Millijoules of a quarter-hour at one kilowatt."""
_COLUMNS = 680
_DURATION_POINTS = 340
_MONTH_DAYS = 35
_WEEK_DAYS = 7


def load_curve(series: Series, words: Words) -> str:
    """The load by time; where many quarter-hours share a column, its lowest, highest and mean."""
    kw, present = series.energy_mj / MJ_PER_KW, series.present
    known = kw[present]
    high = float(known.max()) if len(known) else 0.0
    frame = Frame(high, "kW")
    count = len(series.grid)
    for low, end in runs(~present):
        left, right = frame.x(low / count), frame.x(end / count)
        frame.drawing.box(left, frame.top, max(right - left, 1.0), frame.bottom - frame.top, GAP)
    size = -(-count // _COLUMNS)
    for low, end in runs(present):
        starts = range(low, end, size)
        parts = [kw[at : min(at + size, end)] for at in starts]
        xs = [frame.x((at + len(part) / 2) / count) for at, part in zip(starts, parts, strict=True)]
        if size > 1:
            upper = [(x, frame.y(part.max())) for x, part in zip(xs, parts, strict=True)]
            lower = [(x, frame.y(part.min())) for x, part in zip(xs, parts, strict=True)]
            frame.drawing.area([*upper, *reversed(lower)], LIGHT)
        frame.drawing.path(
            [(x, frame.y(part.mean())) for x, part in zip(xs, parts, strict=True)], LOAD
        )
    frame.x_labels(day_labels(series.grid))
    if not present.all():
        frame.key([(GAP, words("missing"))])
    lowest = float(known.min()) if len(known) else 0.0
    return frame.drawing.svg(words("load_alt", low=f"{lowest:,.0f}", high=f"{high:,.0f}"))


def duration_curve(series: Series, words: Words) -> str:
    """The load in order of height."""
    kw = np.sort(series.energy_mj[series.present] / MJ_PER_KW)[::-1]
    high = float(kw[0]) if len(kw) else 0.0
    frame = Frame(high, "kW", width=WIDTH // 2, height=HEIGHT - 20)
    if len(kw):
        where = np.unique(np.linspace(0, len(kw) - 1, _DURATION_POINTS).astype(np.int64)).tolist()
        last = max(len(kw) - 1, 1)
        points = [(frame.x(index / last), frame.y(float(kw[index]))) for index in where]
        corners = [(frame.x(0), frame.y(0)), *points, (points[-1][0], frame.y(0))]
        frame.drawing.area(corners, LIGHT)
        frame.drawing.path(points, LOAD)
    frame.x_labels([(0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %")])
    frame.drawing.text(frame.right, frame.top - 8, words("duration_axis"), anchor="end")
    return frame.drawing.svg(words("duration_alt", high=f"{high:,.0f}"))


def day_labels(grid: Grid) -> list[tuple[float, str]]:
    """Days below a picture of a month, months below one that is longer; at where they begin."""
    count, days = len(grid), len(grid.edges) - 1
    if days <= _MONTH_DAYS:
        step = 1 if days <= _WEEK_DAYS else 2
        marks = [grid.first + timedelta(days=n) for n in range(0, days, step)]
        return [(_at(grid, day) / count, f"{day.month}/{day.day}") for day in marks]
    firsts = [day for n in range(days) if (day := grid.day(n)).day == 1]
    long = len(firsts) > 2  # noqa: PLR2004 - a quarter or a year
    marks = firsts if long else [grid.day(n) for n in range(0, days, _WEEK_DAYS)]
    return [
        (_at(grid, day) / count, f"{day:%Y-%m}" if day.month == 1 else f"{day.month}/{day.day}")
        for day in marks
    ]


def _at(grid: Grid, day: date) -> int:
    return int(grid.edges[(day - grid.first).days])
