"""How well the demand of a quarter-hour is foretold, over simulated days and measured power.

    python -m benchmarks.forecast --days 1000 --write docs/measurements/FORECAST.md

An oracle without a future, which knows the level that a ramp is on its way to but no step that is
yet to begin, says what any forecast could reach.
"""

import argparse
import csv
import gzip
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from pathlib import Path

from benchmarks.demand_days import DAY_SECONDS, PERIOD_SECONDS, SITE_WATTS, Day, simulate
from collector.site.forecast import LEVEL_NS, forecast, level_watts
from collector.site.quarters import SECOND_NS

QUARTER = 900
MINUTE_8 = 480
_STEP = QUARTER // PERIOD_SECONDS
_BACK = LEVEL_NS // SECOND_NS // PERIOD_SECONDS
_MINUTE = 60 // PERIOD_SECONDS
_LOOK_SECONDS = 10
_LAST_MINUTES = 600
"""Ten minutes in: five before the end."""
_STEADY = 0.03
_FELL = 0.99
"""Below this share of the level, power fell after a page: by more than noise and rounding."""
TRACE = "mlperf-v4.0-gpt3-64-nodes-ac.csv.gz"
TRACES = Path(os.environ.get("TRACES") or Path(__file__).parents[2] / "shared" / "traces")
_TIMES = [i * PERIOD_SECONDS * SECOND_NS for i in range(DAY_SECONDS // PERIOD_SECONDS + 1)]

PAGE_COLUMNS = (
    "target, of the site",
    "level",
    "over it in 30 days",
    "announced",
    "power steady in the last 5 min",
    "of these, announced 5 min ahead",
    "paged but under it, in 30 days",
    "of these, without a fall of power of 1 %",
)

Estimator = Callable[[Day, int], float]
"""The power that is held to the end, as of the day's sample of a number."""


def level_at(day: Day, i: int) -> float:
    """The product's own level."""
    first = max(i - _BACK - 1, 0)
    found = level_watts(_TIMES[first : i + 1], day.watts[first : i + 1], _TIMES[i])
    return found or 0.0


PRODUCT, ORACLE = "level (the product)", "oracle without a future"
LEVELS: dict[str, Estimator] = {
    PRODUCT: level_at,
    "last value held": lambda day, i: day.watts[i],
    "mean of 60 s held": lambda day, i: _mean(day.watts[max(i - _MINUTE, 0) : i + 1]),
    ORACLE: lambda day, i: day.level_to_come(_TIMES[i] / SECOND_NS),
}
PERSISTENCE = "last value as demand"


@dataclass(slots=True)
class Errors:
    """Relative errors of forecasts, and of those whose interval had no step to come."""

    everything: list[float] = field(default_factory=list)
    steady: list[float] = field(default_factory=list)

    def add(self, foretold: float, demand: float, *, steady: bool) -> None:
        """Add one."""
        error = abs(foretold / demand - 1)
        self.everything.append(error)
        if steady:
            self.steady.append(error)


@dataclass(slots=True)
class Pages:
    """What paging on the forecast's lower bound does against one target."""

    target_watts: float
    name: str
    over: int = 0
    announced: int = 0
    steady: int = 0
    in_time: int = 0
    under: int = 0
    """Paged, and yet the interval ended under its target."""
    wrong: int = 0
    """Of these, those in which power did not fall by 1 % after the page: a false page."""


@dataclass(slots=True)
class Band:
    """How often an interval ends within the band, at some minutes."""

    inside: dict[int, int] = field(default_factory=lambda: dict.fromkeys((3, 5, 8, 10, 12), 0))
    intervals: int = 0


def quarters(day: Day) -> Iterator[tuple[int, float, list[float]]]:
    """Each interval: its first sample, its demand, and the energy from there to each sample."""
    for first in range(0, DAY_SECONDS // PERIOD_SECONDS, _STEP):
        watts = day.watts[first : first + _STEP + 1]
        halves = [(a + b) / 2 * PERIOD_SECONDS for a, b in pairwise(watts)]
        used = list(accumulate(halves, initial=0.0))
        yield first, used[-1] / QUARTER, used


def measure(
    days: Sequence[Day], shares_over: Sequence[float]
) -> tuple[dict[str, Errors], Band, list[Pages]]:
    """Go through the days.

    Args:
        days: simulated ones.
        shares_over: the shares of intervals that are to end over a target; one target for each.
    """
    errors = {name: Errors() for name in (*LEVELS, PERSISTENCE)}
    band = Band()
    demands = sorted(demand for day in days for _, demand, _ in quarters(day))
    targets = [demands[int((1 - share) * len(demands))] for share in shares_over]
    pages = [Pages(target, name) for target in targets for name in (PRODUCT, ORACLE)]
    for day in days:
        starts = [ramp.start_s for ramp in day.ramps]
        for first, demand, used in quarters(day):
            i = MINUTE_8 // PERIOD_SECONDS
            begin_s = first * PERIOD_SECONDS
            quiet = not any(begin_s + MINUTE_8 < at_s < begin_s + QUARTER for at_s in starts)
            for name, estimate in LEVELS.items():
                left = estimate(day, first + i) * (QUARTER - MINUTE_8)
                errors[name].add((used[i] + left) / QUARTER, demand, steady=quiet)
            errors[PERSISTENCE].add(day.watts[first + i], demand, steady=quiet)
            _look_at_band(band, day, first, demand, used)
            for one in pages:
                _page(one, day, first, demand, used)
    return errors, band, pages


def _look_at_band(band: Band, day: Day, first: int, demand: float, used: list[float]) -> None:
    band.intervals += 1
    for minute in band.inside:
        i = minute * 60 // PERIOD_SECONDS
        found = forecast(used[i], minute * 60, level_at(day, first + i))
        band.inside[minute] += found.low_watts <= demand <= found.high_watts


def _page(pages: Pages, day: Day, first: int, demand: float, used: list[float]) -> None:
    watts = day.watts[first : first + _STEP + 1]
    over = demand > pages.target_watts
    if not over and max(watts) < pages.target_watts:
        return  # it cannot be paged: no forecast is above what was ever drawn
    paged, level = None, 0.0
    for seconds in range(0, QUARTER, _LOOK_SECONDS):
        i = seconds // PERIOD_SECONDS
        level = LEVELS[pages.name](day, first + i)
        if forecast(used[i], seconds, level).low_watts > pages.target_watts:
            paged = seconds
            break
    if over:
        last = watts[_LAST_MINUTES // PERIOD_SECONDS :]
        mean = _mean(last)
        steady = max(last) <= mean * (1 + _STEADY) and min(last) >= mean * (1 - _STEADY)
        pages.over += 1
        pages.announced += paged is not None
        pages.steady += steady
        pages.in_time += steady and paged is not None and paged <= _LAST_MINUTES
    elif paged is not None:
        pages.under += 1
        pages.wrong += _mean(watts[paged // PERIOD_SECONDS :]) >= level * _FELL


def _mean(watts: Sequence[float]) -> float:
    return sum(watts) / len(watts)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that a share of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def within(values: Sequence[float], limit: float) -> float:
    """The share of values up to a limit."""
    return sum(value <= limit for value in values) / len(values)


def trace_errors() -> list[float] | None:
    """Errors at minute 8 on the measured trace, the 15 minutes begun at every ten seconds."""
    path = TRACES / TRACE
    if not path.exists():
        return None
    grid: dict[int, float] = {}
    last: dict[str, float] = {}
    nodes = 64
    with gzip.open(path, "rt") as file:
        rows = csv.reader(file)
        next(rows)
        for node, time_ms, watts in sorted(rows, key=lambda row: int(row[1])):
            last[node] = float(watts)
            if len(last) == nodes:
                grid[int(time_ms) // (1000 * PERIOD_SECONDS)] = sum(last.values())
    slots = range(min(grid) + 1, max(grid))
    watts_now, found = 0.0, []
    for slot in slots:
        watts_now = grid.get(slot, watts_now)
        found.append(watts_now)
    day = Day(found, [])
    errors = []
    for first in range(_BACK, len(found) - _STEP, 5):
        watts_in = found[first : first + _STEP + 1]
        halves = [(a + b) / 2 * PERIOD_SECONDS for a, b in pairwise(watts_in)]
        i = MINUTE_8 // PERIOD_SECONDS
        foretold = forecast(sum(halves[:i]), MINUTE_8, level_at(day, first + i)).watts
        errors.append(abs(foretold / (sum(halves) / QUARTER) - 1))
    return errors


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def tables(days: int) -> str:
    """The findings as Markdown."""
    errors, band, pages = measure([simulate(seed) for seed in range(days)], (0.01, 0.003, 0.001))
    lines = [
        "Error of the forecast at minute 8 of 15, all intervals:",
        "",
        "| forecast | median | 95 % of them | within 3 % | no step to come: 95 % | within 3 % |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in errors.items():
        cells = [
            name,
            f"{quantile(found.everything, 0.5):.2%}",
            f"{quantile(found.everything, 0.95):.2%}",
            f"{within(found.everything, 0.03):.1%}",
            f"{quantile(found.steady, 0.95):.2%}",
            f"{within(found.steady, 0.03):.1%}",
        ]
        lines.append(_row(cells))
    measured = trace_errors()
    if measured is not None:
        cells = ["level, on the measured trace", f"{quantile(measured, 0.5):.2%}"]
        cells += [f"{quantile(measured, 0.95):.2%}", f"{within(measured, 0.03):.1%}", "", ""]
        lines.append(_row(cells))
    shares = (f"{minute}: {count / band.intervals:.1%}" for minute, count in band.inside.items())
    lines += [
        "",
        "Share of intervals that end within the band, by the minute it is looked at:",
        f"{', '.join(shares)}.",
        "",
        "Pages, when the forecast's lower bound is above the target (looked at every 10 s):",
        "",
        _row(PAGE_COLUMNS),
        "|---|---|---|---|---|---|---|---|",
    ]
    month = 30 / days
    for one in pages:
        cells = [
            f"{one.target_watts / SITE_WATTS:.1%}",
            one.name,
            f"{one.over * month:.1f}",
            f"{one.announced / max(one.over, 1):.1%}",
            f"{one.steady} of {one.over}",
            f"{one.in_time / one.steady:.1%}" if one.steady else "-",
            f"{one.under * month:.2f}",
            f"{one.wrong * month:.2f}",
        ]
        lines.append(_row(cells))
    return "\n".join(lines)


def main() -> int:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecast", description=__doc__)
    parser.add_argument("--days", type=int, default=1000)
    parser.add_argument("--write", type=Path, help="the page whose tables are to be replaced")
    arguments = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    head = (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit or 'unknown'}, Python"
        f" {platform.python_version()}, {os.cpu_count()} cores, {arguments.days} days"
        f" (`python -m benchmarks.forecast --days {arguments.days}`)."
    )
    found = f"{head}\n\n{tables(arguments.days)}\n"
    print(found)
    if arguments.write:
        begin, end = "<!-- tables -->\n", "<!-- end of tables -->\n"
        page = arguments.write.read_text() if arguments.write.exists() else f"{begin}{end}"
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        arguments.write.write_text(f"{before}{begin}{found}{end}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
