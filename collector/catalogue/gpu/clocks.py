"""A GPU's clocks, and what holds them down."""

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

CLOCK_EVENT_COUNTERS = (
    "power_cap",
    "software_thermal",
    "hardware_thermal",
    "thermal",
    "power_brake",
    "sync_boost",
    "board_limit",
    "idle",
    "reliability",
)
"""Reasons whose time the driver counts. `thermal` is software and hardware in one: older drivers
tell no more."""

_DOMAINS = {"sm": "SM", "memory": "MEM", "graphics": "GRAPHICS", "video": "VIDEO"}
_DETAILS = frozenset({("graphics",), ("video",)})
"""The graphics clock is that of the SMs on boards without a display."""

CLOCKS = (
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
                for label, name in _DOMAINS.items()
            },
            "simulated": {("sm",): "clock_sm", ("memory",): "clock_memory"},
        },
        details=_DETAILS,
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
                for label, name in _DOMAINS.items()
            },
            "simulated": {("sm",): "clock_max_sm", ("memory",): "clock_max_memory"},
        },
        details=_DETAILS,
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
        key="gpu_clock_event",
        kind=Kind.COUNTER,
        unit=Unit.SECONDS,
        help="Time the reason held the clocks down, by the driver's count since it was loaded.",
        labels=("reason",),
        rate=Rate.SLOW,
        reads={
            "nvml": {(reason,): "read clock_event_seconds" for reason in CLOCK_EVENT_COUNTERS},
            "simulated": {
                ("power_cap",): "clock_event_seconds_power_cap",
                ("software_thermal",): "clock_event_seconds_software_thermal",
                ("hardware_thermal",): "none",
                ("power_brake",): "none",
            },
        },
    ),
)
