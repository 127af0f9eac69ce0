"""A GPU's temperatures and how far they are from its limits."""

from collector.catalogue.types import ANY, Kind, Metric, Rate, Unit

_LIMITS = {
    "shutdown": "SHUTDOWN",
    "slowdown": "SLOWDOWN",
    "memory_max": "MEM_MAX",
    "gpu_max": "GPU_MAX",
}

THERMAL = (
    Metric(
        key="gpu_temperature",
        kind=Kind.GAUGE,
        unit=Unit.CELSIUS,
        help="Temperature of the GPU and of its memory.",
        labels=("sensor",),
        rate=Rate.TELEMETRY,
        reads={
            "nvml": {
                ("gpu",): "call nvmlDeviceGetTemperature(NVML_TEMPERATURE_GPU) C",
                # Boards without such a sensor may answer 0, as a T4 does; so with the limits below.
                ("memory",): "field NVML_FI_DEV_MEMORY_TEMP C nonzero",
            },
            "simulated": {("gpu",): "temperature", ("memory",): "memory_temperature"},
        },
    ),
    Metric(
        key="gpu_temperature_limit",
        kind=Kind.GAUGE,
        unit=Unit.CELSIUS,
        help="Temperatures at which the GPU slows down or shuts down, where it states them so.",
        labels=("limit",),
        rate=Rate.SLOW,
        reads={
            "nvml": {
                (label,): "call nvmlDeviceGetTemperatureThreshold"
                f"(NVML_TEMPERATURE_THRESHOLD_{name}) C nonzero"
                for label, name in _LIMITS.items()
            },
            "simulated": {(label,): f"temperature_limit_{label}" for label in _LIMITS},
        },
    ),
    Metric(
        key="gpu_temperature_margin",
        kind=Kind.GAUGE,
        unit=Unit.CELSIUS,
        help="Degrees left before the GPU slows down.",
        rate=Rate.TELEMETRY,
        reads={
            "nvml": {(): "call nvmlDeviceGetMarginTemperature() C"},
            "simulated": {(): "temperature_margin"},
        },
    ),
    Metric(
        key="gpu_temperature_margin_limit",
        kind=Kind.GAUGE,
        unit=Unit.CELSIUS,
        help="The margin at which each limit acts (newer GPUs state limits only so).",
        labels=("limit",),
        rate=Rate.SLOW,
        default_on=False,
        reads={
            "nvml": {
                (label,): f"field NVML_FI_DEV_TEMPERATURE_{name}_TLIMIT C"
                for label, name in _LIMITS.items()
            },
        },
    ),
    Metric(
        key="gpu_fan_speed",
        kind=Kind.GAUGE,
        unit=Unit.RATIO,
        help="Speed that each fan is set to, as a share of its highest.",
        labels=("fan",),
        rate=Rate.SLOW,
        reads={"nvml": {ANY: "read fans"}},
    ),
)
