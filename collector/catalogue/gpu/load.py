"""How busy a GPU and its memory are."""

from collector.catalogue.types import Kind, Metric, Rate, Unit

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
        details=frozenset({("jpeg",), ("ofa",)}),
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
        details=frozenset({("reserved",)}),
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
