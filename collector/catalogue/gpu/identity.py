"""Who a GPU is, and whether it is well."""

from collector.catalogue.types import Kind, Metric, Rate

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
