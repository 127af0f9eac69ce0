"""How a Blackwell GPU shapes its power: smoothing, and profiles for kinds of work."""

from collector.catalogue.types import ANY, Kind, Metric, Rate, Unit

_SMOOTHING = "read power_smoothing"

POWER_PROFILE = (
    Metric(
        key="gpu_power_smoothing",
        kind=Kind.GAUGE,
        help="1 where power smoothing, or ramping down at once, is switched on.",
        labels=("setting",),
        rate=Rate.SLOW,
        reads={
            "nvml": {
                (setting,): f"{_SMOOTHING}.state" for setting in ("enabled", "immediate_ramp_down")
            },
        },
    ),
    Metric(
        key="gpu_power_smoothing_applied",
        kind=Kind.GAUGE,
        unit=Unit.WATTS,
        help="Power between which smoothing keeps the GPU.",
        labels=("bound",),
        rate=Rate.SLOW,
        default_on=False,
        reads={
            "nvml": {(bound,): f"{_SMOOTHING}.applied" for bound in ("floor", "ceiling")},
        },
    ),
    Metric(
        key="gpu_power_smoothing_ramp",
        kind=Kind.GAUGE,
        unit=Unit.WATTS,
        help="Largest change within 1 s that smoothing allows: by profile, and an operator's own.",
        labels=("source", "direction"),
        rate=Rate.SLOW,
        default_on=False,
        reads={
            "nvml": {
                (source, direction): f"{_SMOOTHING}.ramp"
                for source in ("profile", "override")
                for direction in ("up", "down")
            },
        },
    ),
    Metric(
        key="gpu_power_smoothing_profile",
        kind=Kind.GAUGE,
        help="Number of the preset profile of smoothing in force.",
        rate=Rate.SLOW,
        reads={"nvml": {(): f"{_SMOOTHING}.profile"}},
    ),
    Metric(
        key="gpu_power_smoothing_lifetime",
        kind=Kind.GAUGE,
        unit=Unit.RATIO,
        help="What is left of the life of the circuitry that smooths power.",
        rate=Rate.SLOW,
        reads={"nvml": {(): f"{_SMOOTHING}.lifetime"}},
    ),
    Metric(
        key="gpu_workload_power_profile",
        kind=Kind.GAUGE,
        help="1 for each workload power profile that is requested, and for each in force.",
        labels=("profile", "state"),
        rate=Rate.SLOW,
        reads={"nvml": {ANY: "read workload_profiles"}},
    ),
)
