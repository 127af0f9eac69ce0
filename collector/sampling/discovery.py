"""Looks for the driver and for GPUs, each in a thread of its own: every call may block."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from collector.sources.protocol import DriverGoneError, Gpu, GpuSource, SourceError

LOOK_SECONDS = 10.0
SILENT_NS = 3_000_000_000
"""A GPU that has not answered for this long is reported."""


@dataclass(slots=True)
class Look:
    """The search for the GPU at one index.

    Attributes:
        since_ns: when it was first looked for; monotonic.
        thread: the call under way.
        problem: why the last call failed.
    """

    since_ns: int = field(default_factory=time.monotonic_ns)
    thread: threading.Thread | None = None
    problem: SourceError | None = None


class Discovery:
    """Hands over GPUs as they answer. One that hangs or fails keeps nobody from another.

    Args:
        source: where to look.
    """

    def __init__(self, source: GpuSource) -> None:
        self.source = source
        self.found: deque[Gpu] = deque()
        self.open = False
        self.count: int | None = None
        """GPUs that the driver counts, answering or not; None while it does not say."""
        self.missing: SourceError | None = None
        """Why there is no driver, or why the GPUs could not be counted; None when all is well."""
        self.fatal: BaseException | None = None
        self._looks: dict[int, Look] = {}
        self._known: set[str] = set()
        self._bound: set[int] = set()
        """Indexes whose GPU was handed over."""
        self._counted = False
        self._busy_since_ns = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._guard, name="discovery", daemon=True)

    @property
    def looked(self) -> bool:
        """Whether the first look is over: every GPU has answered, failed, or been silent long."""
        if self.missing is not None:
            return True
        now_ns = time.monotonic_ns()
        return self._counted and not any(
            look.thread is not None and now_ns - look.since_ns < SILENT_NS
            for look in list(self._looks.values())
        )

    def unanswered(self) -> dict[int, str]:
        """GPUs that are there but do not answer: by index, what is known of the reason."""
        now_ns = time.monotonic_ns()
        said: dict[int, str] = {}
        for index, look in list(self._looks.items()):
            if look.problem is not None:
                said[index] = str(look.problem)
            elif now_ns - look.since_ns > SILENT_NS:
                seconds = (now_ns - look.since_ns) // 10_000_000_000 * 10
                said[index] = f"a driver call has not returned for {max(seconds, 3)} s or more"
        return said

    @property
    def silent_ns(self) -> int:
        """For how long the driver itself has not answered; 0 while it does."""
        since_ns = self._busy_since_ns
        return time.monotonic_ns() - since_ns if since_ns else 0

    def release(self, index: int) -> None:
        """Look at an index again: the GPU that was there is lost, another may take its place."""
        self._bound.discard(index)

    def start(self) -> None:
        """Start looking."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the threads to end; never waits."""
        self._stopping.set()

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the threads; False when one is stuck in the driver."""
        deadline = time.monotonic() + timeout_seconds
        looks = [look.thread for look in list(self._looks.values()) if look.thread is not None]
        for thread in (self._thread, *looks):
            thread.join(max(deadline - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in (self._thread, *looks))

    def _guard(self) -> None:
        try:
            while not self._stopping.is_set():
                self._look()
                self._stopping.wait(LOOK_SECONDS)
        except BaseException as error:  # noqa: BLE001 - the event loop raises it where it is seen
            self.fatal = error

    def _look(self) -> None:
        self._busy_since_ns = time.monotonic_ns()
        try:
            if not self.open:
                self.source.open()
                self.open = True
            count = self.source.count()
        except DriverGoneError:
            raise
        except SourceError as error:
            self.missing, self.count = error, None
            return
        finally:
            self._busy_since_ns = 0
        self.missing, self.count = None, count
        for index in [index for index in self._looks if index >= count]:
            del self._looks[index]
        for index in range(count):
            look = self._looks.get(index)
            if index not in self._bound and (look is None or look.thread is None):
                look = self._looks.setdefault(index, Look())
                look.thread = threading.Thread(
                    target=self._find, args=(index, look), name=f"find-gpu{index}", daemon=True
                )
                look.thread.start()
        self._counted = True

    def _find(self, index: int, look: Look) -> None:
        try:
            gpu = self.source.gpu(index)
        except SourceError as error:
            if isinstance(error, DriverGoneError):
                self.fatal = error
            look.problem = error
            look.thread = None
            return
        except BaseException as error:  # noqa: BLE001 - the event loop raises it where it is seen
            self.fatal = error
            return
        self._bound.add(index)
        self._looks.pop(index, None)
        if gpu.identity.uuid not in self._known:
            self._known.add(gpu.identity.uuid)
            self.found.append(gpu)
