"""Which source a node reads, by its configuration."""

from collector.catalogue import selected
from collector.catalogue.dcgm import ALIASES
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
    sampling = settings.sampling
    # Who speaks like dcgm-exporter is expected to have all of its default counters.
    spoken = {alias.metric for alias in ALIASES} if settings.prometheus.dialects else set()
    catalogue = selected(enable={*sampling.enable, *spoken}, disable=sampling.disable)
    if settings.sampling.source != "simulated":
        return NvmlSource(catalogue)
    try:
        return SimulatedSource(settings.simulation, catalogue=catalogue)
    except TraceError as error:
        raise ConfigError(f"simulation.trace: {error}") from None
