"""MIG instances, a family of their own: power and energy are those of the whole GPU, once."""

from collector.catalogue.types import ANY, Kind, Metric, Rate, Unit

MIG = (
    Metric(
        key="gpu_mig_mode",
        kind=Kind.GAUGE,
        help="1 while the GPU is cut into MIG instances.",
        rate=Rate.SLOW,
        reads={"nvml": {(): "read mig.mode"}},
    ),
    Metric(
        key="gpu_mig_info",
        kind=Kind.INFO,
        help="A MIG instance: its profile and its ids.",
        labels=("mig_uuid", "profile", "gpu_instance", "compute_instance"),
        rate=Rate.SLOW,
        reads={"nvml": {ANY: "read mig.info"}},
    ),
    Metric(
        key="gpu_mig_memory",
        kind=Kind.GAUGE,
        unit=Unit.BYTES,
        help="Memory of a MIG instance by state.",
        labels=("mig_uuid", "state"),
        rate=Rate.SLOW,
        reads={"nvml": {ANY: "read mig.memory"}},
    ),
    Metric(
        key="gpu_mig_memory_total",
        kind=Kind.GAUGE,
        unit=Unit.BYTES,
        help="Memory of a MIG instance in all.",
        labels=("mig_uuid",),
        rate=Rate.SLOW,
        reads={"nvml": {ANY: "read mig.total"}},
    ),
)
