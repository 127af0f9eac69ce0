"""Simulated GPUs, for machines that have none: made-up training, or replay of measured power."""

from collector.sources.simulated.grid import REFRESH_NS
from collector.sources.simulated.source import SimulatedGpu, SimulatedSource
from collector.sources.simulated.trace import TraceError

__all__ = ["REFRESH_NS", "SimulatedGpu", "SimulatedSource", "TraceError"]
