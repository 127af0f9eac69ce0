"""Metrics of the machine around the GPUs. No two scopes and no two sources are ever added."""

from collector.catalogue.types import Kind, Labels, Metric, Rate, Subject, Unit

_SENSOR = ("source", "scope", "device")


def _host(
    key: str,
    kind: Kind,
    text: str,
    unit: Unit = Unit.NONE,
    labels: Labels = (),
    *,
    read: bool = False,
) -> Metric:
    return Metric(
        key=f"host_{key}",
        kind=kind,
        unit=unit,
        help=text,
        labels=labels,
        rate=Rate.HOST if read else Rate.DERIVED,
        subject=Subject.HOST,
    )


HOST_METRICS = (
    _host("power", Kind.GAUGE, "Power by one sensor, latest.", Unit.WATTS, _SENSOR, read=True),
    _host(
        "energy",
        Kind.COUNTER,
        "Energy by one sensor: counted by the hardware, or the integral of its power.",
        Unit.JOULES,
        _SENSOR,
    ),
    _host(
        "energy_estimated",
        Kind.COUNTER,
        "Part of that energy that was neither counted nor measured.",
        Unit.JOULES,
        _SENSOR,
    ),
    _host(
        "input_power",
        Kind.GAUGE,
        "What the node draws from outside, by the best source that answers in full.",
        Unit.WATTS,
    ),
    _host(
        "input_energy",
        Kind.COUNTER,
        "What the node drew from outside; goes on when the best source changes.",
        Unit.JOULES,
    ),
    _host(
        "input_energy_estimated",
        Kind.COUNTER,
        "Part of that energy that was not measured.",
        Unit.JOULES,
    ),
    _host(
        "input_source",
        Kind.GAUGE,
        "1 for the source and scope that the node's input comes from now, 0 for others there are.",
        labels=("source", "scope"),
    ),
    _host(
        "sensor_info",
        Kind.INFO,
        "Where in its source a sensor's readings come from.",
        labels=(*_SENSOR, "via"),
    ),
    _host(
        "gpus_expected", Kind.GAUGE, "GPUs that the node must have: configured, or most ever seen."
    ),
    _host("gpus_visible", Kind.GAUGE, "GPUs that the driver shows now."),
    _host("gpus_lost", Kind.GAUGE, "GPUs that the node must have and the driver does not show."),
    _host("gpus_up", Kind.GAUGE, "GPUs that answer."),
    _host("gpus_down", Kind.GAUGE, "GPUs that were found and do not answer."),
    _host("gpus_reporting", Kind.GAUGE, "GPUs whose power is known."),
    _host("gpus_slowed", Kind.GAUGE, "GPUs whose clocks a reason holds down.", labels=("reason",)),
    _host(
        "gpu_power",
        Kind.GAUGE,
        "Sum of gpu_power_window_watts, mean, scope gpu, over the GPUs that report.",
        Unit.WATTS,
    ),
    _host(
        "gpu_temperature",
        Kind.GAUGE,
        "Temperature of the hottest GPU.",
        Unit.CELSIUS,
        labels=("sensor",),
    ),
    _host(
        "gpu_temperature_margin",
        Kind.GAUGE,
        "Degrees left before the first GPU slows down.",
        Unit.CELSIUS,
    ),
    _host(
        "gpu_memory_margin",
        Kind.GAUGE,
        "Degrees between the hottest memory and the limit that its GPU states.",
        Unit.CELSIUS,
    ),
    _host(
        "gpu_clock_event",
        Kind.COUNTER,
        "GPU-seconds that a reason held clocks down, since the daemon's start.",
        Unit.SECONDS,
        labels=("reason",),
    ),
    _host("gpu_sample_age", Kind.GAUGE, "Age of the oldest last sample.", Unit.SECONDS),
    _host(
        "gpu_power_coverage",
        Kind.GAUGE,
        "Smallest share of a GPU's window between samples close enough.",
        Unit.RATIO,
    ),
    _host(
        "gpu_nvlink",
        Kind.COUNTER,
        "Bytes over the NVLinks of all GPUs, since the daemon's start.",
        Unit.BYTES,
        labels=("direction",),
    ),
    _host(
        "gpu_pcie",
        Kind.COUNTER,
        "Bytes over PCIe of all GPUs, since the daemon's start.",
        Unit.BYTES,
        labels=("direction",),
    ),
    _host(
        "read_errors",
        Kind.COUNTER,
        "Reads of host sensors that failed.",
        labels=("source", "error"),
    ),
    _host(
        "sample_age", Kind.GAUGE, "Time since a source's last reading.", Unit.SECONDS, ("source",)
    ),
)
