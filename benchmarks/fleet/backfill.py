"""Writes a fleet's past as OpenMetrics text, for `promtool tsdb create-blocks-from openmetrics`."""

import subprocess
from collections.abc import Collection, Iterable, Sequence
from math import ceil
from pathlib import Path

from benchmarks.fleet.columns import Column, Racks, branch_columns
from benchmarks.fleet.fleet import DAY_SECONDS, Fleet
from benchmarks.fleet.node_values import NodeTruth
from benchmarks.fleet.targets import place
from collector.catalogue import BY_NAME
from exporters.prometheus.samples import series_of
from exporters.prometheus.text import escaped

SITE_STEP_SECONDS = 240.0
"""Steps of the tree's series where a shorter one is not needed: Prometheus looks back 300 s."""
RAW_NAMES = (
    "gpu_power_window_watts",
    "gpu_energy_joules_total",
    "gpu_temperature_celsius",
    "gpu_utilization_ratio",
    "host_input_power_watts",
)


class Files:
    """OpenMetrics files, one for each UTC day.

    Args:
        folder: where to; made if need be.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._days: dict[int, Path] = {}
        self._stamps: tuple[Sequence[float], list[str]] = ([], [])

    def add(self, column: Column, times: Sequence[float]) -> None:
        """Add a series."""
        pairs = ",".join(
            f'{name}="{escaped(text)}"' for name, text in column.labels.items() if text
        )
        prefix = f"{column.name}{{{pairs}}} "
        if self._stamps[0] is not times:
            self._stamps = (times, [f" {at_s:.0f}\n" for at_s in times])
        stamps = self._stamps[1]
        first = 0
        while first < len(times):
            day = int(times[first] // DAY_SECONDS)
            step = times[1] - times[0] if len(times) > 1 else DAY_SECONDS
            last = min(len(times), first + ceil(((day + 1) * DAY_SECONDS - times[first]) / step))
            with self._file(day).open("a", encoding="utf-8") as file:
                file.write(
                    "".join(
                        [
                            f"{prefix}{value:.9g}{stamp}"
                            for value, stamp in zip(
                                column.values[first:last], stamps[first:last], strict=True
                            )
                            if value is not None
                        ]
                    )
                )
            first = last

    def finish(self) -> list[Path]:
        """End the files; oldest first."""
        for path in self._days.values():
            with path.open("a", encoding="utf-8") as file:
                file.write("# EOF\n")
        return [path for _, path in sorted(self._days.items())]

    def _file(self, day: int) -> Path:
        path = self._days.get(day)
        if path is None:
            path = self._days[day] = self._folder / f"day-{day}.om"
            path.write_text("", encoding="utf-8")
        return path


def backfill(
    fleet: Fleet,
    folder: Path,
    begin_s: float,
    end_s: float,
    *,
    step_seconds: float = 60.0,
    names: Collection[str] | None = None,
) -> list[Path]:
    """Write the recorded series of racks, rows, halls, site, branches and meters.

    Args:
        fleet: the fleet.
        folder: for the files, one for each UTC day.
        begin_s: from when on, UTC seconds since 1970; not before the fleet's origin.
        end_s: until when.
        step_seconds: between samples; those of branches and meters are at least
            `SITE_STEP_SECONDS` apart.
        names: only these series; None for all.

    Returns:
        The files, oldest first.

    Raises:
        ValueError: the range holds fewer than two steps.
    """
    files = Files(folder)
    times = _times(fleet, begin_s, end_s, step_seconds)
    for column in Racks(fleet, times).columns(names):
        files.add(column, times)
    if names is None or any(_of_site(name) for name in names):
        times = _times(fleet, begin_s, end_s, max(step_seconds, SITE_STEP_SECONDS))
        for column in branch_columns(fleet, times, names):
            files.add(column, times)
    return files.finish()


def backfill_raw(
    fleet: Fleet,
    folder: Path,
    begin_s: float,
    end_s: float,
    nodes: Iterable[str],
    *,
    step_seconds: float = 15.0,
    names: Collection[str] = RAW_NAMES,
) -> list[Path]:
    """Write what some nodes' `/metrics` said, as scraped at each step.

    Args:
        fleet: the fleet.
        folder: for the files, one for each UTC day.
        begin_s: from when on, UTC seconds since 1970; not before the fleet's origin.
        end_s: until when.
        nodes: which nodes.
        step_seconds: between scrapes.
        names: which metrics.

    Returns:
        The files, oldest first.

    Raises:
        ValueError: the range holds fewer than two steps.
    """
    files, truth = Files(folder), NodeTruth(fleet)
    times = _times(fleet, begin_s, end_s, step_seconds)
    for name in nodes:
        machine = fleet.machines[name]
        target = {
            "job": "wattkeeper-node",
            "instance": machine.node.address,
            **place(fleet.site, machine.node),
        }
        series: dict[tuple[str, tuple[str, ...]], list[float | None]] = {}
        up: list[float | None] = []
        for count, at_s in enumerate(times):
            answers = truth.answers(machine, at_s)
            up.append(float(answers))
            if not answers:
                continue
            snapshot = truth.show(name, at_s).snapshot
            for metric_name in names:
                for own, found in series_of(BY_NAME[metric_name], snapshot):
                    for labels, value in found.items():
                        values = series.setdefault((metric_name, own + labels), [])
                        values += [None] * (count - len(values))
                        values.append(value)
        files.add(Column("up", target, up), times)
        for (metric_name, labels), some in series.items():
            whole = [*some, *[None] * (len(times) - len(some))]
            own_labels = dict(zip(BY_NAME[metric_name].all_labels, labels, strict=True))
            files.add(Column(metric_name, {**target, **own_labels}, whole), times)
    return files.finish()


def create_blocks(files: Iterable[Path], data: Path, *, hours: int = 24) -> None:
    """Turn files into blocks of a Prometheus's data folder, which must not be running on it.

    Args:
        files: OpenMetrics text. promtool reads a file once for each block that it makes.
        data: the folder.
        hours: length of a block at most.

    Raises:
        RuntimeError: promtool refuses a file; the text is its own.
    """
    for path in files:
        done = subprocess.run(
            [
                "promtool",
                "tsdb",
                "create-blocks-from",
                f"--max-block-duration={hours}h",
                "openmetrics",
                str(path),
                str(data),
                "--quiet",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"promtool, {path}: {done.stderr.strip() or done.stdout.strip()}")


def _times(fleet: Fleet, begin_s: float, end_s: float, step: float) -> list[float]:
    """The steps of a range that lie on whole multiples of the step."""
    first = ceil(max(begin_s, fleet.origin_s + 2 * step) / step)
    times = [number * step for number in range(first, int(end_s // step) + 1)]
    if len(times) < 2:
        raise ValueError(f"between {begin_s:.0f} and {end_s:.0f} lie no two steps of {step:g} s")
    return times


def _of_site(name: str) -> bool:
    return name.startswith(("branch:", "meter:", "site:pue"))
