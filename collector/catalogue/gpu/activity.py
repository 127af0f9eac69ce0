"""How busy the parts of a GPU are, by its own performance monitoring (GPM, from Hopper on)."""

from collector.catalogue.types import Kind, Metric, Rate, Unit

ACTIVITY_UNITS = (
    "graphics",
    "sm",
    "sm_occupancy",
    "tensor",
    "dram",
    "fp64",
    "fp32",
    "fp16",
    "integer",
)

ACTIVITY = (
    Metric(
        key="gpu_activity",
        kind=Kind.GAUGE,
        unit=Unit.RATIO,
        help="Mean activity of each part since the read before, as a share of the most possible.",
        labels=("unit",),
        rate=Rate.TELEMETRY,
        default_on=False,
        reads={"nvml": {(unit,): "read gpm" for unit in ACTIVITY_UNITS}},
    ),
)
