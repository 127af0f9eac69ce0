"""A report as one JSON document; `docs/check.md` describes it."""

import json
from dataclasses import asdict

from collector.catalogue import BY_NAME
from collector.check.model import (
    Buffer,
    Cost,
    Counter,
    GpuReport,
    HostReport,
    Power,
    Report,
    Series,
)

FORMAT = "wattkeeper-check/1"


def as_json(report: Report) -> str:
    """The document, indented, with a newline at its end."""
    document = {
        "format": FORMAT,
        "wattkeeper_version": report.version,
        "simulated": report.simulated,
        "check_seconds": report.seconds,
        "answered": report.answered,
        "core_share_ratio": _rounded(report.core_share_ratio),
        "gpus": [_gpu(gpu) for gpu in report.gpus],
        "host": None if report.host is None else _host(report.host),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _gpu(gpu: GpuReport) -> dict[str, object]:
    identity = None
    if gpu.identity is not None:
        identity = {
            k: v for k, v in asdict(gpu.identity).items() if k not in {"index", "simulated"}
        }
    return {
        "gpu": gpu.index,
        "identity": identity,
        "problem": gpu.problem or None,
        "recommended_power_hz": gpu.recommended_power_hz,
        "core_share_ratio": _rounded(gpu.core_share_ratio),
        "power": None if gpu.power is None else _power(gpu.power),
        "energy_counter": None if gpu.counter is None else _counter(gpu.counter),
        "warnings": list(gpu.warnings),
        "consequences": list(gpu.consequences),
        "series": [_series(series) for series in gpu.series],
    }


def _host(host: HostReport) -> dict[str, object]:
    best = host.input
    return {
        "input": best
        and {
            "source": best.source,
            "scope": str(best.scope),
            "devices": list(best.devices),
            "power_watts": best.milliwatts / 1000,
        },
        "sources": [
            {
                "source": source.name,
                "asked_for": source.asked_for,
                "every_seconds": source.every_seconds,
                "find_seconds": _rounded(source.find_seconds),
                "read_seconds": _rounded(source.read_seconds),
                "nothing_here": source.nothing_here,
                "problem": source.problem or None,
                "action": source.action or None,
                "sensors": [
                    {
                        "scope": sensor.scope,
                        "device": sensor.device,
                        "via": sensor.via,
                        "power_watts": _rounded(sensor.watts),
                        "error": sensor.error or None,
                    }
                    for sensor in source.sensors
                ],
            }
            for source in host.sources
        ],
    }


def _series(series: Series) -> dict[str, object]:
    metric = BY_NAME.get(series.metric)
    names = metric.labels if metric is not None else ()
    return {
        "metric": series.metric,
        "labels": dict(zip(names, series.labels, strict=False)),
        "offered": series.offered,
        "value": series.value,
        "error": series.error or None,
        "way": series.way,
        **_cost(series.cost),
    }


def _power(power: Power) -> dict[str, object]:
    return {
        "scopes": list(power.scopes),
        "refresh_seconds": _rounded(power.refresh_seconds),
        "poll_seconds": _rounded(power.poll_seconds),
        "looked_seconds": _rounded(power.looked_seconds),
        "instant_mean_watts": _rounded(power.mean_watts),
        "instant_minimum_watts": power.minimum_watts,
        "instant_maximum_watts": power.maximum_watts,
        "average_watts": _rounded(power.average_watts),
        "instant_beside_average_watts": _rounded(power.beside_average_watts),
        "buffer": None if power.buffer is None else _buffer(power.buffer),
        **_cost(power.cost),
    }


def _buffer(buffer: Buffer) -> dict[str, object]:
    return {
        "in_use": not buffer.refused,
        "refused": buffer.refused or None,
        "period_seconds": _rounded(buffer.period_seconds),
        "depth": buffer.depth,
        "compared": buffer.compared,
        "apart": buffer.apart,
    }


def _counter(counter: Counter) -> dict[str, object]:
    return {
        "refresh_seconds": _rounded(counter.refresh_seconds),
        "step_joules": counter.step_joules,
        "span_seconds": _rounded(counter.span_seconds),
        "counted_joules": counter.counted_joules,
        "integral_joules": dict(counter.integral_joules),
        "scope": counter.scope,
        "ratio": _rounded(counter.ratio),
        **_cost(counter.cost),
    }


def _cost(cost: Cost | None) -> dict[str, object]:
    if cost is None:
        return {"cost_median_us": None, "cost_max_us": None, "reads": 0}
    return {
        "cost_median_us": round(cost.median_us, 1),
        "cost_max_us": round(cost.max_us, 1),
        "reads": cost.reads,
    }


def _rounded(value: float | None) -> float | None:
    """What was measured to no more than a microsecond or a millionth is not given finer."""
    return None if value is None else round(value, 6)
