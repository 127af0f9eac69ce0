"""The NVLink fabric that a GPU belongs to: which one, and whether it has found its place in it."""

import time
from collections.abc import Callable
from uuid import UUID

from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.readers.base import Found, Reader, Series, UnsupportedError
from collector.sources.nvml.readers.driver import done
from collector.sources.nvml.readers.fabric_health import conditions, summary
from collector.sources.nvml.readers.versions import Version, first_accepted

_VERSIONS = (
    Version("nvmlDeviceGetGpuFabricInfoV", "c_nvmlGpuFabricInfo_v3_t"),
    Version("nvmlDeviceGetGpuFabricInfoV", "c_nvmlGpuFabricInfo_v2_t"),
    Version("nvmlDeviceGetGpuFabricInfo", "c_nvmlGpuFabricInfo_t"),
)
_STATES = {1: "not_started", 2: "in_progress", 3: "completed"}
"""NVML_GPU_FABRIC_STATE_*; 0 says that the GPU has no fabric."""
_COMPLETED = 3
_SECOND_NS = 1_000_000_000


class Fabric(Reader):
    """Identity, health and time in state of the fabric.

    Time is counted from when the reader first saw the state, in whole seconds: a lower bound.

    Args:
        clock_ns: monotonic clock, in nanoseconds.
    """

    def __init__(
        self,
        door: Door,
        handle: Handle,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        accepted = first_accepted(door, handle, _VERSIONS)
        self._name, self._invoke, self._info = accepted.function, accepted.invoke, accepted.buffer
        if not accepted.code and not self._info.state:
            raise UnsupportedError("no fabric")
        self._state = _Since(clock_ns)
        self._health = _Since(clock_ns)

    @property
    def outputs(self) -> frozenset[str]:
        """What was told last; the health may come later than the rest."""
        offered = {"info", "state_seconds"}
        if conditions(self._mask):
            offered.add("condition")
        if self._summary:
            offered.add("health_seconds")
        return frozenset(offered)

    def read(self) -> Found:
        """All outputs."""
        done(self._invoke(), self._name)
        info = self._info
        found = Found()
        state = _STATES.get(info.state, f"state_{info.state}")
        if info.state == _COMPLETED and info.status:
            state = "failed"  # the attempt to join is over, with an error
        cluster = bytes(info.clusterUuid)
        name = str(UUID(bytes=cluster)) if any(cluster) else ""
        found.values["info"] = {(name, str(info.cliqueId), state): 1.0}
        found.values["state_seconds"] = self._state.seconds(state)
        found.values["condition"] = {
            (name,): float(is_on) for name, is_on in conditions(self._mask).items()
        }
        if self._summary:
            found.values["health_seconds"] = self._health.seconds(self._summary)
        return found

    def secrets(self) -> tuple[bytes, ...]:
        """The cluster's UUID."""
        cluster = bytes(self._info.clusterUuid)
        return (cluster,) if any(cluster) else ()

    @property
    def _mask(self) -> int:
        return int(getattr(self._info, "healthMask", 0))

    @property
    def _summary(self) -> str:
        return summary(int(getattr(self._info, "healthSummary", 0)))


class _Since:
    """Since when something has been what it is."""

    def __init__(self, clock_ns: Callable[[], int]) -> None:
        self._clock_ns = clock_ns
        self._what = ""
        self._since_ns = 0

    def seconds(self, what: str) -> Series:
        now_ns = self._clock_ns()
        if what != self._what:
            self._what, self._since_ns = what, now_ns
        return {(what,): float((now_ns - self._since_ns) // _SECOND_NS)}
