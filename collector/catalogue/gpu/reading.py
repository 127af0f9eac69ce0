"""How well the GPU can be read."""

from collector.catalogue.types import Kind, Metric, Rate, Unit

READING = (
    Metric(
        key="gpu_read_errors",
        kind=Kind.COUNTER,
        help="Reads that failed, by sensor and error.",
        labels=("sensor", "error"),
        rate=Rate.DERIVED,
    ),
    Metric(
        key="gpu_sample_age",
        kind=Kind.GAUGE,
        unit=Unit.SECONDS,
        help="Time since the last good reading of power and of telemetry.",
        labels=("sensor",),
        rate=Rate.DERIVED,
    ),
)
