"""Looks for the driver and for GPUs, in a thread of its own: both may block."""

import threading
from collections import deque

from collector.sources.protocol import (
    DriverGoneError,
    DriverMissingError,
    Gpu,
    GpuSource,
    SourceError,
)

LOOK_SECONDS = 10.0


class Discovery:
    """Hands over GPUs as they appear.

    Args:
        source: where to look.
    """

    def __init__(self, source: GpuSource) -> None:
        self.source = source
        self.found: deque[Gpu] = deque()
        self.open = False
        self.looked = False
        """Whether the first look is over."""
        self.missing: SourceError | None = None
        """Why there is no driver, or why the GPUs could not be listed; None when all is well."""
        self.fatal: BaseException | None = None
        self._known: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._guard, name="discovery", daemon=True)

    def start(self) -> None:
        """Start looking."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; never waits."""
        self._stopping.set()

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the thread; False when it is stuck in the driver."""
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _guard(self) -> None:
        try:
            while not self._stopping.is_set():
                self._look()
                self.looked = True
                self._stopping.wait(LOOK_SECONDS)
        except BaseException as error:  # noqa: BLE001 - the event loop raises it where it is seen
            self.fatal = error

    def _look(self) -> None:
        try:
            if not self.open:
                self.source.open()
                self.open = True
            for gpu in self.source.discover(tuple(self._known)):
                self._known.add(gpu.identity.uuid)
                self.found.append(gpu)
        except DriverGoneError:
            raise
        except DriverMissingError as error:
            self.missing = error
        except SourceError as error:
            self.missing = error
        else:
            self.missing = None
