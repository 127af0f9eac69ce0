"""Finds the NVIDIA GPUs of this machine."""

import logging
from collections.abc import Sequence

from collector.catalogue import CATALOGUE, Metric
from collector.sources.nvml.gpu import NvmlGpu
from collector.sources.nvml.library import Door, Library
from collector.sources.protocol import DriverGoneError, SourceError

log = logging.getLogger(__name__)


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
        catalogue: Sequence[Metric] = CATALOGUE,
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

    def discover(self, known: Sequence[str] = ()) -> list[NvmlGpu]:
        """The GPUs that answer and whose UUID is not in `known`.

        Raises:
            SourceError: not even their number could be read.
        """
        found = []
        for index in range(self._door.count()):
            try:
                handle = self._door.handle(index)
                if self._door.uuid(handle) in known:
                    continue
                identity = self._door.identity(handle, index)
            except DriverGoneError:
                raise
            except SourceError as error:
                log.debug("GPU %d does not answer yet: %s", index, error)
                continue
            found.append(NvmlGpu(self._door, handle, identity, self._metrics))
        return found

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

    def close(self) -> None:
        """Disconnect from the driver."""
        self._door.close()
