"""Events of GPUs: takes what the threads found, counts it once, keeps it, shows it."""

import logging
from collections.abc import Iterable

from collector.catalogue import BY_NAME, Labels
from collector.daemon.event_words import EventLines, Told, points_of
from collector.daemon.faults import FaultBoard
from collector.energy.edges import SECOND_NS
from collector.events import EventBook
from collector.ledger import EventKey, EventState, LogCursor
from collector.logs.sparing import Sparing
from collector.model import GpuIdentity, Point
from collector.sources.events import EventLog, EventSource, GpuEvent, pci_address

log = logging.getLogger(__name__)

Series = dict[str, dict[Labels, float]]
XID = "xid"
ERRORS = "gpu_xid_errors_total"
LAST_SEEN = "gpu_xid_last_seen_timestamp_seconds"
_LOSSES_APART_SECONDS = 600.0
_LOG_AT_LAST_NS = 10 * SECOND_NS
"""Reading the log waits for the GPUs to be found, but not longer than this."""


class EventDesk:
    """Owned by the event loop; the threads behind it only find events.

    Args:
        before: what the ledger holds.
        faults: told when one of the two cannot be read.
        live: the driver's own word; None when there is none.
        event_log: the kernel log; None when it is not to be read.
        boot_id: this boot of the machine.
    """

    def __init__(
        self,
        before: EventState,
        faults: FaultBoard,
        *,
        live: EventSource | None,
        event_log: EventLog | None,
        boot_id: str,
    ) -> None:
        self._faults = faults
        self._live = live
        self._log = event_log
        self._boot_id = boot_id
        log_origin = event_log.origin if event_log is not None else ""
        self._book = EventBook(before, boot_id=boot_id, log_origin=log_origin)
        self._cursor = before.cursor if event_log is not None else None
        self._waiting_since_ns = 0
        self._log_started = False
        self._gpus: dict[str, tuple[GpuIdentity, bool]] = {}
        self._by_address: dict[str, str] = {}
        self._points: list[Point] = []
        self._said: set[str] = set()
        self._lines = EventLines()
        self._lost = 0
        self._losses = Sparing(_LOSSES_APART_SECONDS)

    @property
    def due(self) -> bool:
        """Whether there is something for the ledger; `take` gives it."""
        return self._book.changed

    def advance(
        self, now_ns: int, gpus: Iterable[tuple[GpuIdentity, bool]], *, looked: bool
    ) -> None:
        """Take what was found since the last time.

        Args:
            now_ns: monotonic.
            gpus: every GPU that is known, and whether it is lost to the driver.
            looked: whether the GPUs that there are have been found.
        """
        self._meet({gpu.uuid: (gpu, lost) for gpu, lost in gpus})
        self._start_log(now_ns, looked=looked)
        # Before what was found is taken: see `EventLog.position`.
        position = self._log.position if self._log is not None else None
        events = self._found()
        new: list[Told] = [(event, self._gpu(event)) for event in events if self._count(event)]
        self._move_cursor(position, events)
        self._book.expire(now_ns)
        self._lines.tell(new)
        self._points += points_of(new)
        self._tell_trouble()

    def take(self) -> tuple[EventState, tuple[Point, ...]]:
        """What the ledger is to keep, and what is to be delivered with it."""
        points, self._points = tuple(self._points), []
        return self._book.state(self._cursor), points

    def values(self, uuid: str) -> Series:
        """The series of one GPU, sick or well; empty where its events cannot be heard."""
        errors: dict[Labels, float] = {}
        last_seen: dict[Labels, float] = {}
        if self._hears(uuid):
            errors = dict.fromkeys(BY_NAME[ERRORS].initial, 0.0)
        for key, count in self._book.of(uuid).items():
            if key.kind == XID:
                errors[key.code,] = float(count.count)
                last_seen[key.code,] = count.last_wall_ns / SECOND_NS
        series = {ERRORS: errors, LAST_SEEN: last_seen}
        return {name: values for name, values in series.items() if values}

    def stop(self, timeout_seconds: float) -> None:
        """Ask the threads to end, and wait a little for their last words."""
        for source in (self._live, self._log):
            if source is not None:
                source.stop()
        self.join(timeout_seconds)

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the thread that is in the driver; False when it has not ended."""
        return self._live is None or self._live.join(timeout_seconds)

    def _meet(self, gpus: dict[str, tuple[GpuIdentity, bool]]) -> None:
        before, self._gpus = self._gpus, gpus
        if gpus == before:
            return
        for uuid in before.keys() - gpus.keys():
            self._by_address = {at: who for at, who in self._by_address.items() if who != uuid}
            if self._live is not None:
                self._live.forget(uuid)
        for uuid, (gpu, lost) in gpus.items():
            if uuid not in before:
                self._know(gpu)
            came = uuid not in before or before[uuid][1]
            if came and not lost and self._live is not None:
                self._live.watch(gpu)

    def _know(self, gpu: GpuIdentity) -> None:
        address = pci_address(gpu.pci_bus_id)
        if address:
            self._by_address[address] = gpu.uuid
            self._book.adopt(self._unknown(address), gpu.uuid)

    def _unknown(self, address: str) -> str:
        """A device known only by where it is; after a reboot another may be there."""
        return f"{self._boot_id}/{address}"

    def _start_log(self, now_ns: int, *, looked: bool) -> None:
        self._waiting_since_ns = self._waiting_since_ns or now_ns
        late = now_ns - self._waiting_since_ns > _LOG_AT_LAST_NS
        if self._log is None or self._log_started or not (looked or late):
            return
        self._log_started = True
        after: int | None = None  # the first time: what was before is not ours to count
        if self._cursor is not None and self._boot_id:
            same_boot = self._cursor.boot_id == self._boot_id
            after = self._cursor.sequence if same_boot else -1
        self._log.start(after)

    def _found(self) -> list[GpuEvent]:
        events: list[GpuEvent] = []
        for source in (self._live, self._log):
            while source is not None and source.found:
                events.append(source.found.popleft())
        return events

    def _count(self, event: GpuEvent) -> bool:
        return self._book.add(
            EventKey(event.kind, self._device(event), str(event.code)),
            event.origin,
            monotonic_ns=event.monotonic_ns,
            wall_ns=event.wall_ns,
        )

    def _device(self, event: GpuEvent) -> str:
        known = event.uuid or self._by_address.get(event.pci_address)
        return known or self._unknown(event.pci_address or "unknown")

    def _gpu(self, event: GpuEvent) -> GpuIdentity | None:
        known = self._gpus.get(self._device(event))
        return known[0] if known is not None else None

    def _move_cursor(self, position: int | None, events: Iterable[GpuEvent]) -> None:
        if self._log is None:
            return
        if position is None:
            if self._log.problem is not None:
                # Counted without the log: it must not tell of the same again, once it is read.
                self._cursor = None
            return
        if self._cursor is None or self._cursor.boot_id != self._boot_id:
            self._book.changed = True  # from here on nothing is missed, also while we are down
        counted = (event.sequence for event in events if event.sequence is not None)
        self._cursor = LogCursor(self._boot_id, max((position, *counted)))

    def _hears(self, uuid: str) -> bool:
        if self._live is not None and self._live.hears(uuid):
            return True
        return self._log is not None and self._log.position is not None

    def _tell_trouble(self) -> None:
        for name, source in (("NVML's events", self._live), ("the kernel log", self._log)):
            if source is not None and source.fatal is not None and name not in self._said:
                self._said.add(name)
                log.error("reading %s ended by a bug", name, exc_info=source.fatal)
        if self._live is not None:
            self._tell_unsupported(self._live)
        if self._log is not None:
            self._tell_log(self._log)

    def _tell_log(self, event_log: EventLog) -> None:
        problem = event_log.problem
        if problem is None:
            self._faults.clear("kernel log")
        else:
            self._faults.report("kernel log", str(problem), problem.action)
        if event_log.lost > self._lost:
            new, self._lost = event_log.lost - self._lost, event_log.lost
            if lost := self._losses.times(times=new):
                log.warning(
                    "%d records of the kernel log were overwritten before they were read; errors "
                    "among them that the driver itself did not tell of are not counted",
                    lost,
                )

    def _tell_unsupported(self, live: EventSource) -> None:
        if live.fatal is not None:
            what = "listening to the driver ended by a bug; the log has its traceback"
            self._faults.report("gpu events", what, "report it, and restart the daemon")
        silent = (live.unsupported & self._gpus.keys()) - self._said
        self._said |= silent
        if silent and self._log is None:
            indexes = sorted(self._gpus[uuid][0].index for uuid in silent)
            log.info(
                "the driver does not tell of errors of GPU %s as events; [host] kmsg = true reads "
                "them from the kernel log",
                ", ".join(map(str, indexes)),
            )
