"""The readers of one GPU, and how what they find becomes series of the catalogue."""

import logging
import time

from collector.catalogue import ANY, Labels
from collector.sources.nvml.gathered import Gathered
from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.readers import READERS, Found, Reader, UnsupportedError
from collector.sources.nvml.spec import ReadSpec
from collector.sources.protocol import DriverGoneError, GpuLostError, SourceError
from collector.sources.watch import Watch

log = logging.getLogger(__name__)


class ReaderSet:
    """Makes each reader when it is first asked for, and keeps it: some remember what they saw.

    Args:
        door: NVML.
        handle: the GPU.
    """

    def __init__(self, door: Door, handle: Handle) -> None:
        self._door = door
        self._handle = handle
        self._readers: dict[str, Reader] = {}
        self._broken: set[str] = set()
        self._being_made: set[str] = set()

    def offers(self, spec: ReadSpec) -> bool:
        """Whether there is such a reader on this GPU, and it has that output.

        Raises:
            GpuLostError, DriverGoneError: nothing more can be read.
        """
        if spec.reader in self._broken:
            return False
        try:
            return spec.output in self._get(spec.reader).outputs
        except UnsupportedError:
            return False
        except (GpuLostError, DriverGoneError):
            raise
        except SourceError as error:
            log.debug("reader %s: %s", spec.reader, error)
            return False
        except Exception:
            # As below: a sensor with a bug is left out, and the rest goes on.
            log.exception("looking for %s failed: a bug; it is left out", spec.reader)
            self._broken.add(spec.reader)
            return False

    def group(self, name: str) -> "ReaderGroup":
        """A reader that is offered, with no series yet."""
        return ReaderGroup(self._get(name))

    def _get(self, name: str) -> Reader:
        reader = self._readers.get(name)
        if reader is None:
            if name in self._being_made:  # by a thread that hangs there: one is enough
                raise UnsupportedError("an earlier call for it has not returned")
            self._being_made.add(name)
            try:
                reader = self._readers[name] = READERS[name](self._door, self._handle)
            finally:
                self._being_made.discard(name)
        return reader


class ReaderGroup:
    """Series that one reader serves.

    Args:
        reader: the reader.
    """

    def __init__(self, reader: Reader) -> None:
        self.sensor = ""
        """Its name in errors and costs: the first metric it serves."""
        self._reader = reader
        self._wanted: dict[str, dict[str, set[Labels]]] = {}
        self._is_broken = False

    def add(self, output: str, metric: str, labels: Labels) -> None:
        """Let the series of an output go to a metric: those with the labels, or ANY of them."""
        self.sensor = self.sensor or metric
        self._wanted.setdefault(output, {}).setdefault(metric, set()).add(labels)

    def read(self, into: Gathered, watch: Watch) -> None:
        """Read once; see `collector.sources.nvml.plan.Plan.read`."""
        if self._is_broken:
            return
        if self.sensor in watch.skip:
            into.failed[self.sensor] = "timeout"
            return
        watch.sensor = self.sensor
        start_ns = time.monotonic_ns()
        try:
            found = self._reader.read()
        except (GpuLostError, DriverGoneError):
            raise
        except SourceError as error:
            into.failed[self.sensor] = error.word
            found = Found()
        except Exception:
            # One optional sensor must not take the rest with it; see DESIGN, concurrency.
            log.exception("reading %s failed: a bug; it is switched off", self.sensor)
            into.failed[self.sensor] = "bug"
            self._is_broken = True
            return
        if watch.relieved:
            return
        if watch.timed:
            into.read_ns[self.sensor] = time.monotonic_ns() - start_ns
        self._hand_out(found, into)

    def _hand_out(self, found: Found, into: Gathered) -> None:
        for output, metrics in self._wanted.items():
            series = found.values.get(output)
            for metric, labels in metrics.items():
                if output in found.failed:
                    into.failed[metric] = found.failed[output]
                if series is None:
                    continue
                mine = {
                    key: value for key, value in series.items() if ANY in labels or key in labels
                }
                if mine:
                    into.values.setdefault(metric, {}).update(mine)
