"""The tables of docs/scale.md, from the figures; and where they stand in it."""

import re
from collections.abc import Callable, Iterable, Mapping

from benchmarks.sizing.figures import Figures, Measured, Size, size

GPUS = (2_000, 20_000, 60_000, 170_000)
_PLACE = re.compile(r"(<!-- BEGIN sizing[^>]*-->\n).*?(<!-- END sizing -->)", re.DOTALL)


def tables(figures: Figures) -> str:
    """What was measured, the formulas, and what they say for sites of several sizes."""
    return "\n\n".join([_measured(figures), _formulas(figures), _extrapolated(figures)])


def filled(page: str, figures: Figures) -> str:
    """The page with the tables of these figures.

    Raises:
        ValueError: the page has no place for them, or several.
    """
    if len(_PLACE.findall(page)) != 1:
        raise ValueError("the page needs one place between BEGIN sizing and END sizing")
    return _PLACE.sub(lambda found: f"{found[1]}\n{tables(figures)}\n\n{found[2]}", page)


def _measured(figures: Figures) -> str:
    head = ("Measured", "GPUs", "Series", "Samples/s", "Cores", "Memory")
    engines = (
        ("Prometheus", figures.prometheus),
        ("VictoriaMetrics", figures.victoriametrics),
        ("vmagent", figures.vmagent),
    )
    rows = (_row(name, measured, figures.scrape_seconds) for name, measured in engines)
    return _table((*head, "Bytes a series", "Disk, bytes a sample"), rows)


def _row(name: str, measured: Measured, scrape_seconds: int) -> tuple[str, ...]:
    disk = measured.disk_bytes_per_sample
    return (
        f"{name} {measured.version}",
        f"{measured.gpus:,}",
        _count(measured.series),
        _count(measured.series / scrape_seconds),
        f"{measured.cores:.2g}",
        _bytes(measured.resident_bytes),
        f"{measured.bytes_per_series:,.0f}",
        f"{disk:.2f}" if disk else "keeps none",
    )


def _formulas(figures: Figures) -> str:
    prometheus = figures.prometheus
    return (
        "Everything grows in proportion to the series; nothing else is assumed:\n\n"
        "```\n"
        f"series     = GPUs x {figures.series_per_gpu:.0f}           "
        f"({_count(prometheus.series)} / {prometheus.gpus:,})\n"
        f"samples/s  = series / {figures.scrape_seconds} s\n"
        f"memory     = series x bytes a series\n"
        f"cores      = series x cores / series, as measured\n"
        f"disk a day = samples/s x 86,400 s x bytes a sample\n"
        f"shards     = nodes / {prometheus.nodes:,}, rounded up\n"
        "```"
    )


def _extrapolated(figures: Figures) -> str:
    sizes = [size(figures, gpus) for gpus in GPUS]
    measured = figures.prometheus.gpus
    head = [f"{one.gpus:,} GPUs{' (measured)' if one.gpus == measured else ''}" for one in sizes]
    lines: list[tuple[str, ...]] = [
        (what, *(told(one) for one in sizes)) for what, told in _LINES.items()
    ]
    return _table(("Extrapolated", *head), lines)


def _count(value: float) -> str:
    for unit, factor in (("billion", 1e9), ("million", 1e6), ("thousand", 1e3)):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value:.3g}"


def _bytes(value: float) -> str:
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value:.0f} B"


def _servers(one: Size) -> str:
    return "1" if one.shards == 1 else f"{one.shards} shards"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---", *("---:",) * (len(head) - 1)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_LINES: Mapping[str, Callable[[Size], str]] = {
    "Nodes of 4 GPUs": lambda one: f"{one.nodes:,}",
    "Series": lambda one: _count(one.series),
    "Samples/s": lambda one: _count(one.samples_per_second),
    "Prometheus, at least": _servers,
    "Prometheus: memory, all together": lambda one: _bytes(one.prometheus_bytes),
    "Prometheus: cores, all together": lambda one: f"{one.prometheus_cores:.1f}",
    "Prometheus: disk a day": lambda one: _bytes(one.prometheus_disk_bytes),
    "VictoriaMetrics: memory, all raw": lambda one: _bytes(one.victoria_bytes),
    "VictoriaMetrics: disk a day, all raw": lambda one: _bytes(one.victoria_disk_bytes),
    "VictoriaMetrics: disk a year, all raw": lambda one: _bytes(365 * one.victoria_disk_bytes),
    "vmagent: memory, all together": lambda one: _bytes(one.vmagent_bytes),
    "InfluxDB: points/s": lambda one: _count(one.influx_points),
    "InfluxDB: field values/s": lambda one: _count(one.influx_fields),
    "InfluxDB: rows a day": lambda one: _count(one.influx_rows_a_day),
}
"""What is told of each size."""
