"""What is known of a GPU, a module for each family. One entry is all that a sensor needs.

The `nvml` strings are read by `collector.sources.nvml.spec`, which documents them; a tuple lists
alternatives, best first. The `simulated` strings name a quantity of the simulated GPU.
"""

from collections.abc import Mapping
from dataclasses import replace

from collector.catalogue.gpu.activity import ACTIVITY
from collector.catalogue.gpu.clocks import CLOCK_EVENTS, CLOCKS
from collector.catalogue.gpu.conditions import CONDITIONS
from collector.catalogue.gpu.energy import ENERGY
from collector.catalogue.gpu.fabric import FABRIC
from collector.catalogue.gpu.identity import IDENTITY
from collector.catalogue.gpu.links import LINKS
from collector.catalogue.gpu.load import LOAD
from collector.catalogue.gpu.memory_health import MEMORY_HEALTH
from collector.catalogue.gpu.mig import MIG
from collector.catalogue.gpu.power import POWER
from collector.catalogue.gpu.power_profile import POWER_PROFILE
from collector.catalogue.gpu.processes import PROCESSES
from collector.catalogue.gpu.reading import READING
from collector.catalogue.gpu.thermal import THERMAL
from collector.catalogue.types import Metric

FAMILIES: Mapping[str, tuple[Metric, ...]] = {
    "identity": IDENTITY,
    "power": POWER,
    "power_profile": POWER_PROFILE,
    "energy": ENERGY,
    "thermal": THERMAL,
    "load": LOAD,
    "clocks": CLOCKS,
    "memory_health": MEMORY_HEALTH,
    "links": LINKS,
    "fabric": FABRIC,
    "mig": MIG,
    "activity": ACTIVITY,
    "processes": PROCESSES,
    "conditions": CONDITIONS,
    "reading": READING,
}
"""The families in the order in which their metrics are shown."""

GPU_METRICS: tuple[Metric, ...] = tuple(
    replace(metric, family=family) for family, metrics in FAMILIES.items() for metric in metrics
)

__all__ = ["CLOCK_EVENTS", "FAMILIES", "GPU_METRICS"]
