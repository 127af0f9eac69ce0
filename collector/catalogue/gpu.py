"""What is known of a GPU. One entry is all that a sensor needs.

The `nvml` strings are read by `collector.sources.nvml.spec`, which documents them; a tuple lists
alternatives, best first. The `simulated` strings name a quantity of the simulated GPU.
"""

from collector.catalogue.types import Kind, Metric, Rate, Unit

CLOCK_EVENTS = {
    "idle": 0x1,
    "applications_clocks": 0x2,
    "power_cap": 0x4,
    "hardware_slowdown": 0x8,
    "sync_boost": 0x10,
    "software_thermal": 0x20,
    "hardware_thermal": 0x40,
    "power_brake": 0x80,
    "display_clocks": 0x100,
}
"""Clock-event reasons by their bit in the driver's mask (nvml.h, nvmlClocksEventReason*)."""

_CLOCKS = {"sm": "SM", "memory": "MEM", "graphics": "GRAPHICS", "video": "VIDEO"}
_LIMITS = {
    "shutdown": "SHUTDOWN",
    "slowdown": "SLOWDOWN",
    "memory_max": "MEM_MAX",
    "gpu_max": "GPU_MAX",
}

IDENTITY = (
    Metric(
        key="gpu_info",
        kind=Kind.INFO,
        help="Who the GPU is; simulated is 1 when it is made up.",
        labels=(
            "model",
            "architecture",
            "serial",
            "pci_bus_id",
            "driver_version",
            "vbios_version",
            "simulated",
        ),
        rate=Rate.IDENTITY,
    ),
    Metric(
        key="gpu_up",
        kind=Kind.GAUGE,
        help="1 while power and telemetry of the GPU are fresh, else 0.",
        rate=Rate.DERIVED,
    ),
    Metric(
        key="gpu_persistence_mode",
        kind=Kind.GAUGE,
        help="1 when the driver stays loaded without a client; without it energy counts restart.",
        rate=Rate.SLOW,
        reads={
            "nvml": {(): "call nvmlDeviceGetPersistenceMode()"},
            "simulated": {(): "persistence_mode"},
        },
    ),
)

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

ENERGY = (
    Metric(
        key="gpu_energy",
        kind=Kind.COUNTER,
        unit=Unit.JOULES,
        help="Energy used; kept over restarts. A module contains its GPU: never add scopes.",
        labels=("scope",),
        rate=Rate.TELEMETRY,
        # One hardware counter; which scope it counts is found out, so no label here.
        reads={
            "nvml": {(): "call nvmlDeviceGetTotalEnergyConsumption() mJ"},
            "simulated": {(): "energy_counter"},
        },
    ),
    Metric(
        key="gpu_energy_estimated",
        kind=Kind.COUNTER,
        unit=Unit.JOULES,
        help="The part of gpu_energy_joules_total that was neither counted nor measured.",
        labels=("scope",),
        rate=Rate.DERIVED,
    ),
    Metric(
        key="gpu_energy_counter",
        kind=Kind.GAUGE,
        unit=Unit.RATIO,
        help="Hardware energy counter over the integral of power, over the last minute.",
        rate=Rate.DERIVED,
    ),
    Metric(
        key="gpu_energy_refusals",
        kind=Kind.COUNTER,
        help="Readings of the energy counter that were refused as impossible, by reason.",
        labels=("reason",),
        rate=Rate.DERIVED,
    ),
    Metric(
        key="gpu_energy_resets",
        kind=Kind.COUNTER,
        help="Times that the hardware energy counter started anew.",
        rate=Rate.DERIVED,
    ),
)

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
                ("memory",): "field NVML_FI_DEV_MEMORY_TEMP C",
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
                f"(NVML_TEMPERATURE_THRESHOLD_{name}) C"
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
        reads={
            "nvml": {
                (label,): f"field NVML_FI_DEV_TEMPERATURE_{name}_TLIMIT C"
                for label, name in _LIMITS.items()
            },
        },
    ),
)

LOAD = (
    Metric(
        key="gpu_utilization",
        kind=Kind.GAUGE,
        unit=Unit.RATIO,
        help="Share of the driver's last sampling period in which the engine was busy.",
        labels=("engine",),
        rate=Rate.TELEMETRY,
        other_rates={(engine,): Rate.SLOW for engine in ("encoder", "decoder", "jpeg", "ofa")},
        reads={
            "nvml": {
                ("sm",): "call nvmlDeviceGetUtilizationRates().gpu %",
                ("memory",): "call nvmlDeviceGetUtilizationRates().memory %",
                ("encoder",): "call nvmlDeviceGetEncoderUtilization().0 %",
                ("decoder",): "call nvmlDeviceGetDecoderUtilization().0 %",
                ("jpeg",): "call nvmlDeviceGetJpgUtilization().0 %",
                ("ofa",): "call nvmlDeviceGetOfaUtilization().0 %",
            },
            "simulated": {("sm",): "utilization", ("memory",): "memory_utilization"},
        },
    ),
    Metric(
        key="gpu_clock",
        kind=Kind.GAUGE,
        unit=Unit.HERTZ,
        help="Clock of each domain.",
        labels=("domain",),
        rate=Rate.TELEMETRY,
        other_rates={("graphics",): Rate.SLOW, ("video",): Rate.SLOW},
        reads={
            "nvml": {
                (label,): f"call nvmlDeviceGetClockInfo(NVML_CLOCK_{name}) MHz"
                for label, name in _CLOCKS.items()
            },
            "simulated": {("sm",): "clock_sm", ("memory",): "clock_memory"},
        },
    ),
    Metric(
        key="gpu_clock_max",
        kind=Kind.GAUGE,
        unit=Unit.HERTZ,
        help="Highest clock of each domain.",
        labels=("domain",),
        rate=Rate.SLOW,
        reads={
            "nvml": {
                (label,): f"call nvmlDeviceGetMaxClockInfo(NVML_CLOCK_{name}) MHz"
                for label, name in _CLOCKS.items()
            },
            "simulated": {("sm",): "clock_max_sm", ("memory",): "clock_max_memory"},
        },
    ),
    Metric(
        key="gpu_clock_event_active",
        kind=Kind.GAUGE,
        help="1 while the reason holds the clocks down.",
        labels=("reason",),
        rate=Rate.TELEMETRY,
        reads={
            "nvml": {
                (reason,): (
                    f"call nvmlDeviceGetCurrentClocksEventReasons()&{bit:#x}",
                    f"call nvmlDeviceGetCurrentClocksThrottleReasons()&{bit:#x}",
                )
                for reason, bit in CLOCK_EVENTS.items()
            },
            "simulated": {(reason,): f"clock_event_{reason}" for reason in CLOCK_EVENTS},
        },
    ),
    Metric(
        key="gpu_memory",
        kind=Kind.GAUGE,
        unit=Unit.BYTES,
        help="Memory of the GPU by state.",
        labels=("state",),
        rate=Rate.TELEMETRY,
        reads={
            "nvml": {
                ("used",): (
                    "call nvmlDeviceGetMemoryInfo_v2().used B",
                    "call nvmlDeviceGetMemoryInfo().used B",
                ),
                ("free",): (
                    "call nvmlDeviceGetMemoryInfo_v2().free B",
                    "call nvmlDeviceGetMemoryInfo().free B",
                ),
                ("reserved",): "call nvmlDeviceGetMemoryInfo_v2().reserved B",
            },
            "simulated": {
                ("used",): "memory_used",
                ("free",): "memory_free",
                ("reserved",): "memory_reserved",
            },
        },
    ),
    Metric(
        key="gpu_memory_total",
        kind=Kind.GAUGE,
        unit=Unit.BYTES,
        help="Memory of the GPU in all.",
        rate=Rate.SLOW,
        reads={
            "nvml": {
                (): (
                    "call nvmlDeviceGetMemoryInfo_v2().total B",
                    "call nvmlDeviceGetMemoryInfo().total B",
                )
            },
            "simulated": {(): "memory_total"},
        },
    ),
)

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

GPU_METRICS = IDENTITY + POWER + ENERGY + THERMAL + LOAD + READING
