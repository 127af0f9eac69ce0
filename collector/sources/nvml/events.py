"""XID errors as NVML tells of them, from a daemon thread that only waits for them.

A GPU is registered by a thread of its own, for that call may hang in the driver; the others are
listened to meanwhile. A set that fails, as it may once one of its GPUs is lost, is made anew with
those GPUs that answer.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

from collector.model import GpuIdentity
from collector.sources.events import GpuEvent
from collector.sources.nvml.event_set import EventSet, NotOfferedError
from collector.sources.nvml.library import Door
from collector.sources.protocol import SourceError

_WAIT_SECONDS = 0.15
"""How long one wait takes at most: the thread ends within it."""
_REGISTER_SECONDS = 0.5
"""A registration that takes longer is not waited for."""
_RETRY_NS = 10_000_000_000
_PAUSE_SECONDS = 1.0
"""After a failed wait: it fails at once, and would fail again."""


class _Registration:
    """One GPU's registration with one set, in a thread of its own."""

    def __init__(self, events: EventSet, uuid: str) -> None:
        self.problem: SourceError | None = None
        self.fatal: BaseException | None = None
        self.since_ns = time.monotonic_ns()
        self._events = events
        self._uuid = uuid
        self._thread = threading.Thread(target=self._run, name="register-events", daemon=True)
        self._thread.start()
        self._thread.join(_REGISTER_SECONDS)

    def join(self, timeout_seconds: float) -> bool:
        self._thread.join(timeout_seconds)
        return self.over

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    @property
    def done(self) -> bool:
        return self.over and self.problem is None and self.fatal is None

    def _run(self) -> None:
        try:
            self._events.register(self._uuid)
        except SourceError as error:
            self.problem = error
        except BaseException as error:  # noqa: BLE001 - the waiting thread raises it
            self.fatal = error


class NvmlEvents:
    """See `collector.sources.events.EventSource`.

    Args:
        door: NVML; it is used from the first `watch` on, when it must be open.
    """

    origin = "nvml"

    def __init__(self, door: Door) -> None:
        self._door = door
        self.found: deque[GpuEvent] = deque()
        self.unsupported: frozenset[str] = frozenset()
        self.fatal: BaseException | None = None
        self._asked: deque[Callable[[], None]] = deque()
        self._wanted: set[str] = set()
        self._registrations: dict[str, _Registration] = {}
        self._hung: dict[str, _Registration] = {}
        """Registrations with an earlier set that have not returned."""
        self._set: EventSet | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._guard, name="nvml-events", daemon=True)

    def hears(self, uuid: str) -> bool:
        """Whether an event of this GPU would be told of now."""
        registration = self._registrations.get(uuid)
        return registration is not None and registration.done

    def watch(self, gpu: GpuIdentity) -> None:
        """Listen to a GPU; said again when it came back after it was lost."""
        self._asked.append(lambda: self._add(gpu.uuid))
        if self._thread.ident is None:
            self._thread.start()

    def forget(self, uuid: str) -> None:
        """Listen to a GPU no more: another took its place."""
        self._asked.append(lambda: self._drop(uuid))

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stopping.set()

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the thread; False when it has not ended."""
        deadline = time.monotonic() + timeout_seconds
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)
        if self._thread.is_alive():
            return False
        registrations = (*self._registrations.values(), *self._hung.values())
        return all(one.join(max(deadline - time.monotonic(), 0)) for one in registrations)

    def _guard(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._turn()
                except NotOfferedError:  # the driver has no events at all
                    self.unsupported |= self._wanted
                    self._stopping.wait(_RETRY_NS / 1e9)
                except SourceError:
                    # Whether a GPU or the driver is gone is told by those who read them.
                    self._renew()
                    self._stopping.wait(_PAUSE_SECONDS)
            self._renew()
        except BaseException as error:  # noqa: BLE001 - the event loop tells of it
            self.fatal = error

    def _turn(self) -> None:
        """Do what was asked, register who is not, wait for one event."""
        while self._asked:
            self._asked.popleft()()
        if self._set is None:
            self._set = EventSet(self._door)
        for uuid in self._wanted:
            self._register(self._set, uuid)
        self._tell(self._set, _WAIT_SECONDS)

    def _register(self, events: EventSet, uuid: str) -> None:
        earlier = self._registrations.get(uuid)
        if earlier is not None:
            if earlier.fatal is not None:
                raise earlier.fatal
            if not earlier.over or earlier.done:
                return
            if isinstance(earlier.problem, NotOfferedError):
                self.unsupported |= {uuid}
            if time.monotonic_ns() - earlier.since_ns < _RETRY_NS:
                return
        if uuid in self._hung:
            if not self._hung[uuid].over:
                return
            del self._hung[uuid]
        registration = _Registration(events, uuid)
        self._registrations[uuid] = registration
        if registration.done:
            self.unsupported -= {uuid}

    def _tell(self, events: EventSet, timeout_seconds: float) -> bool:
        delivered = events.wait(timeout_seconds)
        if delivered is None:
            return False
        self.found.append(
            GpuEvent(
                kind="xid",
                code=delivered.code,
                origin=self.origin,
                wall_ns=time.time_ns(),
                monotonic_ns=time.monotonic_ns(),
                uuid=delivered.uuid,
            )
        )
        return True

    def _add(self, uuid: str) -> None:
        self._wanted.add(uuid)
        if uuid in self._registrations:  # what it was registered as may be void
            self._renew()

    def _drop(self, uuid: str) -> None:
        self._wanted.discard(uuid)
        self._renew()

    def _renew(self) -> None:
        """Let go of the set, with what it has delivered; the next turn makes another."""
        events, self._set = self._set, None
        registrations, self._registrations = self._registrations, {}
        self._hung |= {uuid: one for uuid, one in registrations.items() if not one.over}
        if events is None:
            return
        try:
            while self._tell(events, 0.0):
                pass
        except SourceError:
            pass  # it can no longer be asked
        events.close()
