"""Workload power profiles of a Blackwell GPU: which are asked for, and which are in force."""

from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.readers.base import Found, Reader, Series
from collector.sources.nvml.readers.driver import done
from collector.sources.nvml.readers.versions import Version, first_accepted

_VERSIONS = (
    Version(
        "nvmlDeviceWorkloadPowerProfileGetCurrentProfiles",
        "c_nvmlWorkloadPowerProfileCurrentProfiles_v1_t",
    ),
)
_PROFILES = (
    "max_p",
    "max_q",
    "compute",
    "memory_bound",
    "network",
    "balanced",
    "llm_inference",
    "llm_training",
    "rbm",
    "dcpcie",
    "hmma_sparse",
    "hmma_dense",
    "sync_balanced",
    "hpc",
    "mig",
    "max_q_1",
    "network_bound",
    "high_throughput_inference",
    "medium_throughput_inference",
    "low_latency_inference",
    "training",
    "inference",
    "max_q_2",
    "max_q_3",
    "low_priority_background",
)
"""NVML_POWER_PROFILE_* by number."""
_WORD_BITS = 32


class WorkloadProfiles(Reader):
    """1 for each profile that is asked for or in force; 0 where only the other holds."""

    def __init__(self, door: Door, handle: Handle) -> None:
        accepted = first_accepted(door, handle, _VERSIONS)
        self._name, self._invoke, self._info = accepted.function, accepted.invoke, accepted.buffer

    def read(self) -> Found:
        """By profile and by `requested` or `enforced`."""
        done(self._invoke(), self._name)
        requested = _bits(self._info.requestedProfilesMask.mask)
        enforced = _bits(self._info.enforcedProfilesMask.mask)
        series: Series = {}
        for number in sorted(requested | enforced):
            name = _PROFILES[number] if number < len(_PROFILES) else f"profile_{number}"
            series[name, "requested"] = float(number in requested)
            series[name, "enforced"] = float(number in enforced)
        return Found({"": series})


def _bits(words: list[int]) -> set[int]:
    return {
        position * _WORD_BITS + bit
        for position, word in enumerate(words)
        for bit in range(_WORD_BITS)
        if word >> bit & 1
    }
