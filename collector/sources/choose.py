"""Which source a node reads, by its configuration."""

from collector.config.settings import Settings
from collector.sources.nvml import NvmlSource
from collector.sources.protocol import GpuSource
from collector.sources.simulated import SimulatedSource


def choose(settings: Settings) -> GpuSource:
    """The source that `sampling.source` names; `auto` is NVML: nothing is simulated unasked."""
    if settings.sampling.source == "simulated":
        return SimulatedSource(settings.simulation)
    return NvmlSource(disable=settings.sampling.disable)
