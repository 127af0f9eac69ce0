"""The NVLink fabric that a GPU belongs to, and where in the rack it sits (NVL72 and its like)."""

from collector.catalogue.types import ANY, Kind, Metric, Rate, Unit

_CLUSTER = "00000000-0000-4000-8000-73696d756c61"
"""A cluster that nobody has: the simulated one."""

FABRIC = (
    Metric(
        key="gpu_fabric_info",
        kind=Kind.INFO,
        help="The GPU's NVLink fabric and how far joining it has come.",
        labels=("cluster_uuid", "clique_id", "state"),
        rate=Rate.SLOW,
        reads={
            "nvml": {ANY: "read fabric.info"},
            "simulated": {(_CLUSTER, "1", "completed"): "in_fabric"},
        },
    ),
    Metric(
        key="gpu_fabric_state",
        kind=Kind.GAUGE,
        unit=Unit.SECONDS,
        help="How long the GPU has been in its fabric state since the daemon first saw it there.",
        labels=("state",),
        rate=Rate.SLOW,
        reads={
            "nvml": {ANY: "read fabric.state_seconds"},
            "simulated": {("completed",): "in_fabric_seconds"},
        },
    ),
    Metric(
        key="gpu_fabric_health",
        kind=Kind.GAUGE,
        unit=Unit.SECONDS,
        help="How long the fabric has had its health since the daemon first saw it so.",
        labels=("health",),
        rate=Rate.SLOW,
        reads={
            "nvml": {ANY: "read fabric.health_seconds"},
            "simulated": {("healthy",): "in_fabric_seconds"},
        },
    ),
    Metric(
        key="gpu_fabric_condition",
        kind=Kind.GAUGE,
        help="1 while something is wrong with the GPU's place in the fabric.",
        labels=("condition",),
        rate=Rate.SLOW,
        reads={"nvml": {ANY: "read fabric.condition"}},
    ),
    Metric(
        key="gpu_platform_info",
        kind=Kind.INFO,
        help="Where in its rack the GPU sits.",
        labels=("chassis_serial", "slot", "tray", "host_id", "module_id"),
        rate=Rate.SLOW,
        reads={"nvml": {ANY: "read platform"}},
    ),
)
