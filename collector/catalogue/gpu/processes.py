"""Processes that use a GPU. Series by process come and go without end: off unless asked for."""

from collector.catalogue.types import ANY, Kind, Metric, Rate, Unit

PROCESSES = (
    Metric(
        key="gpu_processes",
        kind=Kind.GAUGE,
        help="Processes that use the GPU.",
        rate=Rate.SLOW,
        reads={"nvml": {(): "read processes.count"}, "simulated": {(): "one"}},
    ),
    Metric(
        key="gpu_process_memory",
        kind=Kind.GAUGE,
        unit=Unit.BYTES,
        help="Memory of the GPU that a process uses; gpu_instance is empty without MIG.",
        labels=("pid", "gpu_instance"),
        rate=Rate.SLOW,
        default_on=False,
        reads={"nvml": {ANY: "read processes.memory"}},
    ),
)
