"""XID errors from the kernel log: also those that NVML does not tell of.

Read only, with one daemon thread. What is in the log already is read from a given record on, so
that nothing is missed and nothing told twice while the daemon was down.
"""

import errno
import os
import select
import threading
import time
from collections import deque
from pathlib import Path

from collector.sources.events import GpuEvent
from collector.sources.nvml.kmsg import MOST_BYTES, Record, Splitter
from collector.sources.protocol import SourceError

KMSG = Path("/dev/kmsg")
_WAIT_SECONDS = 0.15
"""How long one wait takes at most: the thread ends within it."""
_RETRY_SECONDS = 60.0
_OFF = "or set [host] kmsg = false"


class KernelLog:
    """See `collector.sources.events.EventLog`.

    Args:
        path: the log; a file or a pipe of the same format will do.
    """

    origin = "kernel_log"

    def __init__(self, path: Path = KMSG) -> None:
        self._path = path
        self.found: deque[GpuEvent] = deque()
        self.position: int | None = None
        self.lost = 0
        self.problem: SourceError | None = None
        self.fatal: BaseException | None = None
        self._after: int | None = None
        self._live = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._guard, name="kernel-log", daemon=True)

    def start(self, after: int | None) -> None:
        """Begin to read, after the record of this number; None: only what comes from now on."""
        self._after = after
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stopping.set()

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the thread; False when it has not ended."""
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _guard(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._read_all()
                except OSError as error:
                    self._fail(_explain(error, self._path))
                    self._stopping.wait(_RETRY_SECONDS)
        except BaseException as error:  # noqa: BLE001 - the event loop tells of it
            self.fatal = error
            bug = f"reading {self._path} ended by a bug; the log has its traceback"
            self._fail(SourceError(bug, "bug", "report it, and restart the daemon"))

    def _fail(self, problem: SourceError) -> None:
        # What others tell of until it can be read again would be told of twice if it were read
        # from here on.
        self._after = self.position = None
        self.problem = problem

    def _read_all(self) -> None:
        log = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            self.problem = None
            self._live = False
            self._follow(log)
        finally:
            os.close(log)

    def _follow(self, log: int) -> None:
        splitter, poll = Splitter(), select.poll()
        poll.register(log, select.POLLIN)
        while not self._stopping.is_set():
            try:
                chunk = os.read(log, MOST_BYTES)
            except BlockingIOError:
                self._caught_up()
                poll.poll(_WAIT_SECONDS * 1000)
                continue
            except OSError as error:
                # EPIPE: the next records were overwritten; what is left is read on. The gap
                # shows in the numbers.
                if error.errno != errno.EPIPE:
                    raise
                continue
            if not chunk:  # the end of a file, or a pipe that nobody writes to
                self._caught_up()
                self._stopping.wait(_WAIT_SECONDS)
                continue
            for record in splitter.records(chunk):
                self._take(record)

    def _caught_up(self) -> None:
        self._live = True
        if self.position is None:
            self.position = -1 if self._after is None else self._after

    def _take(self, record: Record) -> None:
        last = self._after if self.position is None else self.position
        if last is not None:
            if record.sequence <= last:
                return
            self.lost += record.sequence - last - 1
        old = self._after is None and not self._live
        if record.xid is not None and not old:
            self.found.append(self._event(*record.xid, record))
        self.position = record.sequence  # after the event: see `EventLog.position`

    def _event(self, address: str, code: int, record: Record) -> GpuEvent:
        """Date an event: by now if it just came, else by the kernel's clock."""
        # The clock that the kernel stamps records with is not steered by NTP; nor is this one.
        age_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) - record.since_boot_ns
        age_ns = 0 if self._live else max(age_ns, 0)
        return GpuEvent(
            kind="xid",
            code=code,
            origin=self.origin,
            wall_ns=time.time_ns() - age_ns,
            monotonic_ns=time.monotonic_ns() - age_ns,
            pci_address=address,
            sequence=record.sequence,
        )


def _explain(error: OSError, path: Path) -> SourceError:
    if error.errno in {errno.EPERM, errno.EACCES}:
        return SourceError(
            f"no permission to read {path}",
            "no_permission",
            f"give the daemon CAP_SYSLOG and read access to {path} (systemd: AmbientCapabilities "
            f"and CapabilityBoundingSet CAP_SYSLOG, ProtectKernelLogs=no, DeviceAllow), {_OFF}",
        )
    if error.errno == errno.ENOENT:
        action = f"in a container, hand {path} in, {_OFF}"
        return SourceError(f"there is no {path}", "not_found", action)
    return SourceError(f"{path} cannot be read: {os.strerror(error.errno or 0)}", "os_error", _OFF)
