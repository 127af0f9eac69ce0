"""The measured figures, and what follows from them for a site of another size."""

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one engine used.

    Attributes:
        version, measured, command: of what, when and where, and how.
        nodes, gpus: of the fleet.
        series: that were scraped.
        cores: of a processor.
        resident_bytes: memory.
        disk_bytes_per_sample: 0 for an engine that keeps nothing.
    """

    version: str
    measured: str
    command: str
    nodes: int
    gpus: int
    series: int
    cores: float
    resident_bytes: int
    disk_bytes_per_sample: float = 0.0

    @property
    def bytes_per_series(self) -> float:
        """Memory for each scraped series, with all that is kept beside it."""
        return self.resident_bytes / self.series


@dataclass(frozen=True, slots=True, kw_only=True)
class Federation:
    """What a shard hands to the Prometheus above it.

    Attributes:
        measured: when and where.
        racks: of the shard.
        series, bytes: of one answer.
        seconds: that an answer took.
    """

    measured: str
    racks: int
    series: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """What a node writes to InfluxDB.

    Attributes:
        window_seconds: between two points of a series.
        points_per_gpu, fields_per_gpu, line_bytes_per_gpu: in each window.
    """

    window_seconds: int
    points_per_gpu: int
    fields_per_gpu: int
    line_bytes_per_gpu: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All that was measured.

    Attributes:
        scrape_seconds: between two scrapes of a node.
        prometheus, victoriametrics, vmagent: the engines.
        federation: between a shard and the one above.
        influxdb: what is written there.
    """

    scrape_seconds: int
    prometheus: Measured
    victoriametrics: Measured
    vmagent: Measured
    federation: Federation
    influxdb: Points

    @property
    def series_per_gpu(self) -> float:
        """Scraped series for each GPU, its share of the node's included."""
        return self.prometheus.series / self.prometheus.gpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a site needs, extrapolated in proportion.

    Attributes:
        gpus, nodes: of the site.
        series: scraped.
        samples_per_second: scraped.
        prometheus_bytes, prometheus_cores: of all Prometheus together that scrape each node once.
        prometheus_disk_bytes: for a day, likewise.
        shards: Prometheus of the measured size that it takes.
        victoria_bytes, victoria_disk_bytes: of VictoriaMetrics, all raw series in it; disk for a
            day.
        vmagent_bytes: of all vmagents together.
        influx_points, influx_fields: written to InfluxDB a second.
        influx_rows_a_day: likewise, points a day.
    """

    gpus: int
    nodes: int
    series: float
    samples_per_second: float
    prometheus_bytes: float
    prometheus_cores: float
    prometheus_disk_bytes: float
    shards: int
    victoria_bytes: float
    victoria_disk_bytes: float
    vmagent_bytes: float
    influx_points: float
    influx_fields: float
    influx_rows_a_day: float


def load(path: Path) -> Figures:
    """Read the figures.

    Raises:
        TypeError: a figure is missing or unknown.
    """
    read: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return Figures(
        scrape_seconds=read["scrape_seconds"],
        prometheus=Measured(**read["prometheus"]),
        victoriametrics=Measured(**read["victoriametrics"]),
        vmagent=Measured(**read["vmagent"]),
        federation=Federation(**read["federation"]),
        influxdb=Points(**read["influxdb"]),
    )


def size(figures: Figures, gpus: int) -> Size:
    """What a site of so many GPUs needs, 4 of them in a node."""
    prometheus, victoria, influx = figures.prometheus, figures.victoriametrics, figures.influxdb
    series = gpus * figures.series_per_gpu
    rate = series / figures.scrape_seconds
    day = rate * _DAY_SECONDS
    nodes = gpus * prometheus.nodes // prometheus.gpus
    return Size(
        gpus=gpus,
        nodes=nodes,
        series=series,
        samples_per_second=rate,
        prometheus_bytes=series * prometheus.bytes_per_series,
        prometheus_cores=series * prometheus.cores / prometheus.series,
        prometheus_disk_bytes=day * prometheus.disk_bytes_per_sample,
        shards=math.ceil(nodes / prometheus.nodes),
        victoria_bytes=series * victoria.bytes_per_series,
        victoria_disk_bytes=day * victoria.disk_bytes_per_sample,
        vmagent_bytes=series * figures.vmagent.bytes_per_series,
        influx_points=gpus * influx.points_per_gpu / influx.window_seconds,
        influx_fields=gpus * influx.fields_per_gpu / influx.window_seconds,
        influx_rows_a_day=gpus * influx.points_per_gpu * _DAY_SECONDS / influx.window_seconds,
    )
