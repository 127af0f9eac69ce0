"""Which source a node reads, by its configuration."""

from collector.catalogue import CATALOGUE
from collector.config.load import ConfigError
from collector.config.settings import Settings
from collector.sources.nvml import NvmlSource
from collector.sources.protocol import GpuSource
from collector.sources.simulated import SimulatedSource, TraceError


def choose(settings: Settings) -> GpuSource:
    """The source that `sampling.source` names; `auto` is NVML: nothing is simulated unasked.

    Raises:
        ConfigError: a trace file cannot be used.
    """
    disabled = settings.sampling.disable
    catalogue = [metric for metric in CATALOGUE if metric.name not in disabled]
    if settings.sampling.source != "simulated":
        return NvmlSource(catalogue)
    try:
        return SimulatedSource(settings.simulation, catalogue=catalogue)
    except TraceError as error:
        raise ConfigError(f"simulation.trace: {error}") from None
