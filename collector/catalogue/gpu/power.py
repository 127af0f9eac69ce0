"""A GPU's power and its limits."""

from collector.catalogue.types import Kind, Metric, Rate, Unit

POWER = (
    Metric(
        key="gpu_power",
        kind=Kind.GAUGE,
        unit=Unit.WATTS,
        help="Latest power the driver reports; instant where it can. A module contains its GPU.",
        labels=("scope",),
        rate=Rate.POWER,
        # A part of the GPU's power, of which no energy is kept: not worth the fast path.
        other_rates={("memory",): Rate.TELEMETRY},
        reads={
            "nvml": {
                ("gpu",): (
                    "field NVML_FI_DEV_POWER_INSTANT/0 mW",
                    "call nvmlDeviceGetPowerUsage() mW",
                ),
                # Boards without such a sensor answer 0 (zeus#122).
                ("module",): "field NVML_FI_DEV_POWER_INSTANT/1 mW nonzero",
                ("memory",): "field NVML_FI_DEV_POWER_INSTANT/2 mW nonzero",
            },
            "simulated": {("gpu",): "power", ("module",): "module_power"},
        },
    ),
    Metric(
        key="gpu_power_average",
        kind=Kind.GAUGE,
        unit=Unit.WATTS,
        help="The driver's own average of the GPU's power.",
        rate=Rate.TELEMETRY,
        reads={
            "nvml": {(): "field NVML_FI_DEV_POWER_AVERAGE/0 mW"},
            "simulated": {(): "power_average"},
        },
    ),
    Metric(
        key="gpu_power_window",
        kind=Kind.GAUGE,
        unit=Unit.WATTS,
        help="Power of the GPU over the trailing window; the mean is weighted by time.",
        labels=("scope", "stat"),
        rate=Rate.DERIVED,
    ),
    Metric(
        key="gpu_power_ramp",
        kind=Kind.GAUGE,
        unit=Unit.WATTS,
        help="Largest change of the GPU's power within the span, over the trailing window.",
        labels=("span",),
        rate=Rate.DERIVED,
    ),
    Metric(
        key="gpu_power_limit",
        kind=Kind.GAUGE,
        unit=Unit.WATTS,
        help="Power limits of the GPU: in force, default, settable range, requested.",
        labels=("limit",),
        rate=Rate.SLOW,
        reads={
            "nvml": {
                ("enforced",): "call nvmlDeviceGetEnforcedPowerLimit() mW",
                ("default",): "call nvmlDeviceGetPowerManagementDefaultLimit() mW",
                ("min",): "call nvmlDeviceGetPowerManagementLimitConstraints().0 mW",
                ("max",): "call nvmlDeviceGetPowerManagementLimitConstraints().1 mW",
                ("requested",): "call nvmlDeviceGetPowerManagementLimit() mW",
            },
            "simulated": {
                ("enforced",): "power_limit",
                ("default",): "power_limit_default",
                ("min",): "power_limit_min",
                ("max",): "power_limit_max",
                ("requested",): "power_limit",
            },
        },
    ),
    Metric(
        key="gpu_power_coverage",
        kind=Kind.GAUGE,
        unit=Unit.RATIO,
        help="Share of the trailing window between samples no further apart than the gap limit.",
        rate=Rate.DERIVED,
    ),
    Metric(
        key="gpu_sensor_refresh",
        kind=Kind.GAUGE,
        unit=Unit.SECONDS,
        help="Typical time between changes of the value, as seen; not finer than the sampling.",
        labels=("sensor",),
        rate=Rate.DERIVED,
    ),
)
