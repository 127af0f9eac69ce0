"""Snapshots for the page's tests, made up and the same every time."""

from dataclasses import replace
from math import sin

from collector.catalogue import Values
from collector.model import EnergySource, Fault, GpuIdentity, GpuSnapshot, Snapshot

SECOND_NS = 1_000_000_000
START_NS = 50_000 * SECOND_NS + SECOND_NS // 2
"""Monotonic time of the first snapshot: in the middle of a second, so that none is skipped."""
WALL_NS = 1_790_000_000 * SECOND_NS


def values(power_watts: float = 612.4) -> Values:
    """Everything that a busy H200 reports."""
    return {
        "gpu_power_watts": {("gpu",): power_watts},
        "gpu_power_limit_watts": {("enforced",): 700.0, ("default",): 700.0},
        "gpu_temperature_celsius": {("gpu",): 54.0, ("memory",): 61.0},
        "gpu_temperature_limit_celsius": {("slowdown",): 92.0, ("memory_max",): 95.0},
        "gpu_temperature_margin_celsius": {(): 38.0},
        "gpu_utilization_ratio": {("sm",): 0.98, ("memory",): 0.41},
        "gpu_clock_hertz": {("sm",): 1_980e6},
        "gpu_memory_bytes": {("used",): 129_171_980_288.0},
        "gpu_memory_total_bytes": {(): 150_754_820_096.0},
        "gpu_clock_event_active": {("idle",): 0.0, ("power_cap",): 1.0, ("power_brake",): 0.0},
        "gpu_power_coverage_ratio": {(): 1.0},
    }


def identity(index: int = 0) -> GpuIdentity:
    """A GPU of that index."""
    return GpuIdentity(
        uuid=f"GPU-{index:08x}", index=index, model="NVIDIA H200", driver_version="570.86.15"
    )


def gpu(index: int = 0, second: int = 0) -> GpuSnapshot:
    """A GPU under a load that rises and falls, each a little differently."""
    step = 1.0 if sin((second + 3 * index) / 23) > -0.6 else 0.35
    watts = step * (600 + 40 * sin(second / 9 + index) + 12 * sin(second * 1.7 + index * 5))
    return GpuSnapshot(
        gpu=identity(index),
        up=True,
        values=values(watts),
        history_watts=watts,
        today_mj=26_700_000_000 + index * 90_000_000 + second * 600_000,
        source=EnergySource.COUNTER,
    )


def node(
    second: int = 0, gpus: tuple[GpuSnapshot, ...] | None = None, faults: tuple[Fault, ...] = ()
) -> Snapshot:
    """A node, so many seconds after its start."""
    return Snapshot(
        node="node-17",
        version="0.1.0",
        wall_ns=WALL_NS + second * SECOND_NS,
        monotonic_ns=START_NS + second * SECOND_NS,
        simulated=True,
        gpus=(gpu(0, second),) if gpus is None else gpus,
        daemon={},
        faults=faults,
    )


def eight(second: int) -> Snapshot:
    """A node of eight well GPUs."""
    return node(second, tuple(gpu(index, second) for index in range(8)))


def with_sick(second: int) -> Snapshot:
    """The same node; GPU 3 stopped answering a minute before second 300, GPU 5 runs hot."""
    snapshot = eight(second)
    gpus = list(snapshot.gpus)
    hot = dict(gpus[5].values)
    hot["gpu_temperature_celsius"] = {("gpu",): 92.0, ("memory",): 91.0}
    hot["gpu_clock_event_active"] = {("hardware_thermal",): 1.0, ("hardware_slowdown",): 1.0}
    hot["gpu_power_coverage_ratio"] = {(): 0.93}
    gpus[5] = replace(gpus[5], values=hot, source=EnergySource.INTEGRATED)
    if second < 240:
        return replace(snapshot, gpus=tuple(gpus))
    gpus[3] = replace(gpus[3], up=False, values={"gpu_up": {(): 0.0}}, history_watts=None)
    fault = Fault(
        part="gpu 3",
        problem="The driver has not answered for 62 s (GPU is lost).",
        action="Drain the node and reset the GPU: nvidia-smi --gpu-reset -i 3.",
        since_wall_ns=WALL_NS + 240 * SECOND_NS,
    )
    return replace(snapshot, gpus=tuple(gpus), faults=(fault,))
