"""Finds the NVIDIA GPUs of this machine."""

from collections.abc import Sequence

from collector.catalogue import DEFAULT_ON, Metric
from collector.sources.nvml.events import NvmlEvents
from collector.sources.nvml.gpu import NvmlGpu
from collector.sources.nvml.kernel_log import KernelLog
from collector.sources.nvml.library import Door, Library


class NvmlSource:
    """The GPUs that the NVIDIA driver shows.

    Args:
        catalogue: what to read.
        disable: metric names that are not to be read.
        door: NVML; the real library unless a test replays a capture.
    """

    name = "nvml"
    simulated = False

    def __init__(
        self,
        catalogue: Sequence[Metric] = DEFAULT_ON,
        *,
        disable: Sequence[str] = (),
        door: Door | None = None,
    ) -> None:
        self._metrics = tuple(metric for metric in catalogue if metric.name not in disable)
        self._door: Door = door or Library()

    def open(self) -> None:
        """Connect to the driver.

        Raises:
            DriverMissingError: there is none.
        """
        self._door.open()

    def count(self) -> int:
        """Number of GPUs that the driver shows, answering or not.

        Raises:
            SourceError: not even that could be read.
        """
        return self._door.count()

    def gpu(self, index: int) -> NvmlGpu:
        """The GPU at an index alone: one that hangs keeps nobody from another.

        Raises:
            SourceError: it does not answer.
        """
        handle = self._door.handle(index)
        identity = self._door.identity(handle, index)
        return NvmlGpu(self._door, handle, identity, self._metrics)

    def discover(self) -> list[NvmlGpu]:
        """All GPUs, one after the other: for tools; the daemon asks for each on its own.

        Raises:
            SourceError: one does not answer.
        """
        return [self.gpu(index) for index in range(self.count())]

    def events(self) -> NvmlEvents:
        """XID errors as NVML tells of them; listened to once a GPU is watched."""
        return NvmlEvents(self._door)

    def event_log(self) -> KernelLog:
        """XID errors as the kernel log tells of them; read once it is started."""
        return KernelLog()

    def close(self) -> None:
        """Disconnect from the driver."""
        self._door.close()
