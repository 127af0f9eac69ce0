"""A month of recorded series as dense as the rules record them: what long ranges cost hangs on it.

Values every 240 s are the fleet's own; between them lie straight lines with a little noise, so that
samples pack as badly as measured ones do.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.fleet.columns import Racks, branch_columns
from benchmarks.fleet.fleet import DAY_SECONDS, Fleet
from collector.sitefile.model import Level
from exporters.prometheus.text import escaped

_COARSE_SECONDS = 240
_RECORDED_SECONDS = 15
_BRANCH_SECONDS = 5
_SCRAPED_SECONDS = 30
_NOISE_RATIO = 0.003
_NOISE = tuple(1 + _NOISE_RATIO * Random(1).uniform(-1, 1) for _ in range(4099))  # noqa: S311 - play
_WINDOWS = ("15m", "1d", "30d")
_SHARES: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "branch:site_demand_watts:best": {
        "kind": {"so_far": 1.0, "forecast": 1.0, "forecast_low": 0.98, "forecast_high": 1.02}
    },
    "branch:site_power_ramp_watts:best": {
        "span": {"1s": 0.002, "10s": 0.01, "60s": 0.03, "900s": 0.06}
    },
    "site:gpus_slowed:sum": {"reason": {"power_cap": 1e-4, "software_thermal": 1e-6}},
    "site:pue_ratio:max": {"window": dict.fromkeys(_WINDOWS, 3e-8)},
    "site_pue_ratio": {"window": dict.fromkeys(_WINDOWS, 3e-8)},
    "site_pue_coverage_ratio": {"window": dict.fromkeys((*_WINDOWS, "365d"), 2e-8)},
    "site_cue_kilograms_per_kilowatt_hour": {"window": dict.fromkeys(_WINDOWS, 1e-8)},
    "site_load_factor_ratio": {"window": dict.fromkeys(_WINDOWS, 2e-8)},
    "site_it_power_watts": {"source": {"meters": 0.9, "nodes": 0.88}},
    "site_it_coverage_ratio": {"source": {"meters": 3e-8, "nodes": 3e-8}},
    "site_it_agreement_ratio": {"": {"": 3e-8}},
}
"""Series that are no sum of the fleet's: by name and label, what share of the site's power stands
for each. Their cost is what counts here, not what they say."""
_FEED_POWER = "branch:site_power_watts:best"
_CONTRACT_WATTS = 40e6
_CONSTANT = ("branch:site_demand_target_watts:best", "branch:site_contract_power_watts:best")


@dataclass(frozen=True, slots=True)
class _Series:
    """One series of a day: values every 240 s, and how densely they are written."""

    name: str
    labels: Mapping[str, str]
    values: Sequence[float | None]
    step: int


def dense_past(
    fleet: Fleet, folder: Path, begin_s: float, end_s: float, names: Collection[str]
) -> Iterator[tuple[Path, int]]:
    """Write the past of some series, day by day.

    Args:
        fleet: the fleet.
        folder: for the files.
        begin_s: the range's begin, UTC seconds since 1970.
        end_s: its end.
        names: which series.

    Yields:
        A file of OpenMetrics text for each UTC day, and how many samples it has.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for day in range(int(begin_s // DAY_SECONDS), int(end_s // DAY_SECONDS) + 1):
        first = max(begin_s, day * DAY_SECONDS) // _COARSE_SECONDS * _COARSE_SECONDS
        last = min(end_s, (day + 1) * DAY_SECONDS)
        times = [float(at_s) for at_s in range(int(first), int(last) + 1, _COARSE_SECONDS)]
        if len(times) < 2:
            continue
        path, count = folder / f"day-{day}.om", 0
        with path.open("w", encoding="utf-8") as file:
            for number, one in enumerate(_of_day(fleet, times, names)):
                lines = list(_lines(one, times, number))
                count += len(lines)
                file.write("".join(lines))
            file.write("# EOF\n")
        yield path, count


def _of_day(fleet: Fleet, times: list[float], names: Collection[str]) -> Iterator[_Series]:
    for column in Racks(fleet, times).columns(names):
        yield _Series(column.name, column.labels, column.values, _RECORDED_SECONDS)
    feed = next(one.id for one in fleet.site.branches.values() if one.level is Level.FEED)
    of_feed = [
        column
        for column in branch_columns(fleet, times, {*names, _FEED_POWER})
        if column.labels.get("branch") == feed
    ]
    for column in of_feed:
        yield _Series(column.name, column.labels, column.values, _BRANCH_SECONDS)
    watts = [value or 0.0 for one in of_feed if one.name == _FEED_POWER for value in one.values]
    branch = {"site": fleet.site.name, "branch": feed}
    for name in _CONSTANT:
        if name in names:
            yield _Series(name, branch, [_CONTRACT_WATTS] * len(times), _BRANCH_SECONDS)
    for name in _SHARES.keys() & names:
        yield from _shares(fleet.site.name, feed, name, watts)


def _shares(site: str, feed: str, name: str, watts: Sequence[float]) -> Iterator[_Series]:
    """The series of a name, as shares of the feed's power."""
    own, step = {"site": site}, _RECORDED_SECONDS
    if name.startswith("branch:"):
        own, step = own | {"branch": feed}, _BRANCH_SECONDS
    elif ":" not in name:
        own = own | {"job": "wattkeeper-site", "instance": f"{site}:9411"}
        step = _SCRAPED_SECONDS
    for label, shares in _SHARES[name].items():
        for text, share in shares.items():
            labels = {**own, label: text} if label else own
            yield _Series(name, labels, [share * one for one in watts], step)


def _lines(one: _Series, times: list[float], number: int) -> Iterator[str]:
    pairs = ",".join(f'{name}="{escaped(text)}"' for name, text in one.labels.items() if text)
    prefix = f"{one.name}{{{pairs}}} "
    noisy = len(set(one.values)) > 1
    at = number * 977
    for index, value in enumerate(one.values[:-1]):
        after = one.values[index + 1]
        if value is None or after is None:
            continue
        begin_s, slope = int(times[index]), (after - value) / _COARSE_SECONDS
        for offset in range(0, _COARSE_SECONDS, one.step):
            at += 1
            shown = (value + slope * offset) * (_NOISE[at % len(_NOISE)] if noisy else 1.0)
            yield f"{prefix}{shown!r} {begin_s + offset}\n"
