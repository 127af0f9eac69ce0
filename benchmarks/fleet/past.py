"""The past as a whole: what dashboards read of long ranges, as OpenMetrics text.

Up to a day before its end by the hour, as `[30d:1h]` reads it; from then on in the steps that lines
over a day need. What the rules make of hours is there by the hour all the way.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path

from benchmarks.fleet.backfill import Files, backfill
from benchmarks.fleet.columns import Column, Racks, branch_columns
from benchmarks.fleet.facility import Facility
from benchmarks.fleet.fleet import DAY_SECONDS, Fleet
from benchmarks.fleet.machines import Load, gpu_load, node_load
from benchmarks.fleet.targets import place

HOUR_SECONDS = 3600
FINE_STEP_SECONDS = 240
BLOCK_HOURS = 744
"""For what has few samples an hour."""
END = "# EOF\n"
METER_DAYS = 31
"""So much further do the meters' registers go back: for last month."""
_HOURLY = frozenset(
    f"{level}:{what}_energy_joules:increase{span}"
    for level in ("rack", "row", "hall", "site")
    for what in ("gpu", "host_input")
    for span in ("1h", "1d")
)
_LOST_RATIO = 0.0004
"""Share of telemetry that went missing; a guess."""


def write_past(fleet: Fleet, folder: Path, end_s: float, *, days: float = 33) -> list[Path]:
    """Write a fleet's past.

    Args:
        fleet: the fleet; its origin lies `days` and `METER_DAYS` before the end, or earlier.
        folder: for the files.
        end_s: when the present begins, UTC seconds since 1970.
        days: how far it goes back.

    Returns:
        The files, for `create_blocks`.
    """
    begin_s, fine_s = end_s - days * DAY_SECONDS, end_s - DAY_SECONDS - HOUR_SECONDS
    two = (begin_s, begin_s + HOUR_SECONDS)
    found = (*Racks(fleet, two).columns(), *branch_columns(fleet, two))
    names = {column.name for column in found} - _HOURLY
    write = partial(backfill, fleet)
    hour, fine = float(HOUR_SECONDS), float(FINE_STEP_SECONDS)
    return [
        *write(folder / "coarse", begin_s, fine_s - fine, step_seconds=hour, names=names),
        *write(folder / "fine", fine_s, end_s, step_seconds=fine, names=names),
        *write(folder / "hourly", begin_s, end_s, step_seconds=hour, names=_HOURLY),
        *_rest(fleet, folder / "rest", begin_s, end_s),
    ]


def joined(files: Iterable[Path], path: Path) -> Path:
    """Make one file of several: for `create_blocks` with long blocks, which is faster."""
    with path.open("w", encoding="utf-8") as out:
        for file in files:
            out.write(file.read_text(encoding="utf-8").removesuffix(END))
        out.write(END)
    return path


def _rest(fleet: Fleet, folder: Path, begin_s: float, end_s: float) -> list[Path]:
    """What `backfill` leaves out because it is read in tables and figures alone."""
    files = Files(folder)
    hours = _times(begin_s, end_s, HOUR_SECONDS)
    for column in _coverage(fleet, hours):
        files.add(column, hours)
    halves = _times(end_s - 3 * DAY_SECONDS, end_s, HOUR_SECONDS // 2)
    site = {"site": fleet.site.name}
    lost = [_LOST_RATIO] * len(halves)
    files.add(Column("site:telemetry_error:ratio_avg30m", site, lost), halves)
    day = _times(end_s - DAY_SECONDS - HOUR_SECONDS, end_s, HOUR_SECONDS)
    for column in _nodes(fleet, day):
        files.add(column, day[1:])
    months = _times(begin_s - METER_DAYS * DAY_SECONDS, end_s, HOUR_SECONDS)
    for column in _registers(fleet, months):
        files.add(column, months)
    return files.finish()


def _coverage(fleet: Fleet, times: list[float]) -> Iterator[Column]:
    """How much of each hour was heard, of racks and the site."""
    base = "gpu_power_watts:coverage_ratio"
    names = {f"{level}:{base}" for level in ("rack", "site")}
    for column in Racks(fleet, times).columns(names):
        yield Column(f"{column.name}_avg1h", column.labels, column.values)


def _nodes(fleet: Fleet, times: list[float]) -> Iterator[Column]:
    """Energy of each node in each hour."""
    for machine in fleet.machines.values():
        gpus = Load()
        for index in range(len(machine.boards)):
            gpus.add_all(gpu_load(machine, index))
        loads = {"gpu": gpus, "host_input": node_load(fleet.model, machine)}
        for what, load in loads.items():
            joules = [load.joules(at_s) for at_s in times]
            values = [after - before for before, after in pairwise(joules)]
            labels = place(fleet.site, machine.node)
            yield Column(f"node:{what}_energy_joules:increase1h", labels, values)


def _registers(fleet: Fleet, times: list[float]) -> Iterator[Column]:
    """The meters' energy as the site daemon shows it."""
    site = fleet.site
    facility = Facility(fleet, seconds=HOUR_SECONDS)
    joules: dict[str, list[float]] = {meter: [] for meter in site.meters}
    for at_s in times:
        watts = facility.meter_watts(at_s)
        for meter, values in joules.items():
            values.append(watts.get(meter, 0.0) * HOUR_SECONDS)
    for meter, values in joules.items():
        labels = {
            "job": "wattkeeper-site",
            "instance": f"{site.name}:9411",
            "site": site.name,
            "meter": meter,
            "role": site.meters[meter].role.value,
        }
        yield Column("site_meter_energy_joules_total", labels, list(accumulate(values)))


def _times(begin_s: float, end_s: float, step: int) -> list[float]:
    """The whole multiples of a step in a range."""
    return [
        float(number * step) for number in range(-int(-begin_s // step), int(end_s // step) + 1)
    ]
