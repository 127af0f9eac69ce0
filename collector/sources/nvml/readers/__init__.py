"""Readers by the name that the catalogue gives them: `read NAME`, or `read NAME.OUTPUT`."""

from collections.abc import Mapping

from collector.sources.nvml.readers.base import Found, Reader, UnsupportedError
from collector.sources.nvml.readers.c2c import C2c
from collector.sources.nvml.readers.clock_seconds import ClockEventSeconds
from collector.sources.nvml.readers.fabric import Fabric
from collector.sources.nvml.readers.fans import Fans
from collector.sources.nvml.readers.gpm import Gpm
from collector.sources.nvml.readers.mig import Mig
from collector.sources.nvml.readers.nvlink import NvlinkErrors, NvlinkLinks
from collector.sources.nvml.readers.nvlink_each import NvlinkEach
from collector.sources.nvml.readers.pcie import PcieBytes
from collector.sources.nvml.readers.platform import Platform
from collector.sources.nvml.readers.processes import Processes
from collector.sources.nvml.readers.recovery import RecoveryAction
from collector.sources.nvml.readers.smoothing import PowerSmoothing
from collector.sources.nvml.readers.workload import WorkloadProfiles

READERS: Mapping[str, type[Reader]] = {
    "c2c": C2c,
    "clock_event_seconds": ClockEventSeconds,
    "fabric": Fabric,
    "fans": Fans,
    "gpm": Gpm,
    "mig": Mig,
    "nvlink_each": NvlinkEach,
    "nvlink_errors": NvlinkErrors,
    "nvlink_links": NvlinkLinks,
    "pcie_bytes": PcieBytes,
    "platform": Platform,
    "power_smoothing": PowerSmoothing,
    "processes": Processes,
    "recovery_action": RecoveryAction,
    "workload_profiles": WorkloadProfiles,
}

__all__ = ["READERS", "Found", "Reader", "UnsupportedError"]
