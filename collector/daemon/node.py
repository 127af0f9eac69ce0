"""The node daemon: twice a second it takes what the threads read, and shows and keeps it."""

import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial

from collector import __version__
from collector.config import Settings
from collector.daemon.accounts import KIND
from collector.daemon.bookkeeper import Bookkeeper
from collector.daemon.cadence import Cadence
from collector.daemon.events import EventDesk
from collector.daemon.faults import FaultBoard
from collector.daemon.gpu_count import GpuCount
from collector.daemon.host_setup import host_watch
from collector.daemon.machine import boot_id, local_midnight_ns
from collector.daemon.own_values import own_values
from collector.daemon.push import Push, node_publisher
from collector.daemon.watched import WatchedGpu
from collector.energy.edges import SECOND_NS, Edges
from collector.energy.meter import Plan
from collector.ledger import AccountKey, AccountState, Ledger, LedgerError
from collector.logs.sparing import Sparing
from collector.model import Energy, Snapshot, Tick
from collector.sampling.discovery import LOOK_SECONDS, SILENT_NS, Discovery
from collector.sampling.worker import Worker
from collector.sources.events import TellsOfEvents
from collector.sources.protocol import Gpu, GpuSource
from collector.summary import LateTicks, NodeSummary

log = logging.getLogger(__name__)

_LAST_WORDS_SECONDS = 0.2
"""For how long the end waits for events that were under way."""
_STEPS_APART_SECONDS = 3600.0
_LOOK_AT_RATIO = (
    "compare with 'wattkeeper check': the counter may count the whole module, or the sensor may "
    "look too seldom for this load; gpu_energy_counter_ratio shows the ratio"
)

_LET_IT_HANG = (
    "everything else is read on; if it lasts, look into the kernel log, or switch the sensor off "
    "by sampling.disable"
)


class Node:
    """Everything between the threads and the exporters. Owned by the event loop.

    Args:
        settings: the configuration.
        source: where GPUs come from.
        ledger: the open ledger.
        show: called with each new tick.
    """

    def __init__(
        self,
        settings: Settings,
        source: GpuSource,
        ledger: Ledger,
        show: Callable[[Tick], None],
    ) -> None:
        self._settings = settings
        self._source = source
        self._ledger = ledger
        self._show = show
        self.faults = FaultBoard()
        now_ns, wall_ns = time.monotonic_ns(), time.time_ns()
        self._edges = Edges(now_ns, wall_ns)
        sampling = settings.sampling
        self._cadence = Cadence(
            power_ns=round(SECOND_NS / sampling.power_hz),
            telemetry_ns=round(SECOND_NS / sampling.telemetry_hz),
            slow_ns=round(SECOND_NS * sampling.slow_seconds),
            trailing_ns=settings.prometheus.window_seconds * SECOND_NS,
        )
        self._plan = Plan(
            period_ns=self._cadence.power_ns,
            window_ns=settings.window.seconds * SECOND_NS,
            counter_ns=self._cadence.telemetry_ns,
            boot_id=boot_id(),
        )
        self.push = Push(settings, node_publisher(settings), ledger, self.faults)
        self._bookkeeper = Bookkeeper(ledger, self.faults, self.push, self._note_landed)
        self._ticks = 0
        self.gpus: dict[str, WatchedGpu] = {}
        self._said: set[str] = set()
        self._steps = Sparing(_STEPS_APART_SECONDS)
        self._today_unread = False
        self._retired: dict[AccountKey, AccountState] = {}
        self.discovery = Discovery(source)
        tells = source if isinstance(source, TellsOfEvents) else None
        self._events = EventDesk(
            ledger.events,
            self.faults,
            live=tells.events() if tells is not None else None,
            event_log=tells.event_log() if tells is not None and settings.host.kmsg else None,
            boot_id=self._plan.boot_id,
        )

        self._host = host_watch(settings, self._plan, self._edges, ledger.accounts, self.faults)
        self._count = GpuCount(settings.host.expected_gpus, ledger.numbers)
        self._summary = NodeSummary()
        self._late = LateTicks()

    def start(self) -> None:
        """Begin to look for GPUs."""
        self.discovery.start()

    def background(self) -> Iterable[tuple[str, Coroutine[None, None, None]]]:
        """What runs beside the ticks."""
        return self._host.background()

    def tick(self) -> None:
        """Take what was read, account for it, show it.

        Every second tick looks only at GPUs that may be sick or are new: a fault is seen within
        half a second, the rest is worth one look a second.

        Raises:
            DriverGoneError: the driver went away; only a new process can go on.
            Exception: a bug in a thread.
        """
        self._raise_fatal()
        self._welcome()
        now_ns, wall_ns = time.monotonic_ns(), time.time_ns()
        step_ns = self._edges.refresh(now_ns, wall_ns)
        if step_ns and (times := self._steps.times()):
            log.warning(
                "the wall clock was stepped by %+.3f s; a new window begins%s",
                step_ns / 1e9,
                f" (the last of {times} steps in the last hours)" if times > 1 else "",
            )
        self._ticks += 1
        for watched in self._ordered():
            if self._ticks % 2 and not watched.quiet(now_ns):
                continue
            self._bookkeeper.add(watched.advance(now_ns), now_ns)
            self._tell_health(watched)
        self._look_at_driver()
        if not self._ticks % 2:
            self._bookkeeper.add(self._host.advance(now_ns), now_ns)
            self._count_gpus(wall_ns)
        self._take_events(now_ns, wall_ns)
        self._bookkeeper.commit(now_ns, wall_ns, self._states)
        watts = {uuid: watched.history_watts for uuid, watched in self.gpus.items()}
        self._show(Tick(now_ns, watts, partial(self._snapshot, now_ns, wall_ns)))

    def _take_events(self, now_ns: int, wall_ns: int) -> None:
        gpus = [(watched.gpu, watched.worker.lost) for watched in self.gpus.values()]
        self._events.advance(now_ns, gpus, looked=self.discovery.looked)
        if self._events.due:
            self._bookkeeper.note_events(*self._events.take(), wall_ns)

    def _count_gpus(self, wall_ns: int) -> None:
        lost = sum(watched.worker.lost for watched in self.gpus.values())
        news = self._count.note(self.discovery.count, lost)
        if news and not self._source.simulated:
            self._bookkeeper.remember(news, wall_ns)

    def _tell_health(self, watched: WatchedGpu) -> None:
        """Report what is wrong with a GPU, with its energy counter, and with single sensors."""
        about = watched.gpu.tags
        if watched.sickness is None:
            self.faults.clear(watched.part)
        else:
            sickness = watched.sickness
            self.faults.report(watched.part, sickness.problem, sickness.action, about=about)
        if watched.worker.lost:  # another GPU may take its place
            self.discovery.release(watched.gpu.index)
        if watched.disagreement:
            self.faults.report(
                f"{watched.part} energy", watched.disagreement, _LOOK_AT_RATIO, about=about
            )
        else:
            self.faults.clear(f"{watched.part} energy")
        if watched.hanging:
            self.faults.report(
                f"{watched.part} sensors", watched.hanging, _LET_IT_HANG, about=about
            )
        else:
            self.faults.clear(f"{watched.part} sensors")

    def stop(self) -> None:
        """Account for what was read and hand it to the ledger. The threads are asked to end."""
        self.discovery.stop()
        for watched in self.gpus.values():
            watched.worker.stop()
        self._events.stop(_LAST_WORDS_SECONDS)
        now_ns, wall_ns = time.monotonic_ns(), time.time_ns()
        self._take_events(now_ns, wall_ns)
        self._edges.refresh(now_ns, wall_ns)
        for watched in self._ordered():
            self._bookkeeper.add(watched.finish(now_ns), now_ns)
        self._bookkeeper.add(self._host.finish(now_ns), now_ns)
        self._bookkeeper.commit(now_ns, wall_ns, lambda: self._states(clean=True), force=True)

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the threads. False when a driver call is still outstanding.

        The driver is left open then, and also for a thread that only sleeps too long to wait for.
        """
        deadline = time.monotonic() + timeout_seconds
        workers = [watched.worker for watched in self.gpus.values()]
        joins = (self.discovery.join, self._events.join, *(worker.join for worker in workers))
        ended = [join(max(deadline - time.monotonic(), 0)) for join in joins]
        if all(ended):
            if self.discovery.open:
                self._source.close()
            return True
        listening = not ended[1]  # which is in the driver all the time
        busy = listening or any(worker.busy for worker in workers)
        return not self.discovery.silent_ns and not busy

    def _states(self, *, clean: bool = False) -> Mapping[AccountKey, AccountState]:
        states, self._retired = self._retired, {}
        for watched in self.gpus.values():
            states |= watched.states(clean=clean)
        return states | self._host.states(clean=clean)

    def _note_landed(self, states: Mapping[AccountKey, AccountState]) -> None:
        for key, state in states.items():
            if key.kind == KIND and key.device in self.gpus:
                self.gpus[key.device].shown.of(key.scope).landed(state)
        self._host.landed(states)

    def _ordered(self) -> list[WatchedGpu]:
        return sorted(self.gpus.values(), key=lambda watched: watched.gpu.index)

    def _raise_fatal(self) -> None:
        fatal = [self.discovery.fatal, *(watched.worker.fatal for watched in self.gpus.values())]
        for error in fatal:
            if error is not None:
                raise error

    def _welcome(self) -> None:
        while self.discovery.found:
            gpu = self.discovery.found.popleft()
            identity = gpu.identity
            self._retire(identity.index)
            self.gpus[identity.uuid] = self._watch(gpu)
            log.info(
                "GPU %d: %s%s, %s",
                identity.index,
                identity.model or "unnamed",
                " (simulated)" if identity.simulated else "",
                identity.uuid,
                extra=identity.tags,
            )

    def _retire(self, index: int) -> None:
        """Let go of a lost GPU whose place was taken by another."""
        for uuid, watched in list(self.gpus.items()):
            if watched.gpu.index == index:
                log.warning(
                    "GPU %d: %s was replaced by another GPU", index, uuid, extra=watched.gpu.tags
                )
                watched.worker.stop()
                now_ns = time.monotonic_ns()
                self._bookkeeper.add(watched.finish(now_ns), now_ns)
                self._retired |= watched.states(clean=True)
                del self.gpus[uuid]

    def _watch(self, gpu: Gpu) -> WatchedGpu:
        cadence, uuid = self._cadence, gpu.identity.uuid
        worker = Worker(
            gpu,
            node=self._settings.node.name,
            power_period_ns=cadence.power_ns,
            telemetry_period_ns=cadence.telemetry_ns,
            slow_period_ns=cadence.slow_ns,
            power_buffer=self._settings.sampling.power_buffer == "auto",
        )
        watched = WatchedGpu(
            worker,
            self._edges,
            self._plan,
            cadence,
            before={
                key.scope: state
                for key, state in self._ledger.accounts.items()
                if key.device == uuid
            },
            today={
                key.scope: energy
                for key, energy in self._energy_today().items()
                if key.device == uuid
            },
            started_ns=time.monotonic_ns(),
        )
        watched.said = self._said
        worker.start()
        return watched

    def _energy_today(self) -> Mapping[AccountKey, Energy]:
        """What the ledger holds of today; read when GPUs are found, which is seldom."""
        try:
            today = self._ledger.energy_since(local_midnight_ns(time.time_ns()))
        except LedgerError as error:
            if not self._today_unread:  # once for all GPUs that are found meanwhile
                log.warning("energy of today before this start is not shown: %s", error)
            self._today_unread = True
            return {}
        self._today_unread = False
        return today

    def _look_at_driver(self) -> None:
        discovery = self.discovery
        if discovery.missing is not None:
            self.faults.report(
                "driver",
                str(discovery.missing),
                f"{discovery.missing.action}; looking again every {LOOK_SECONDS:.0f} s".lstrip(
                    "; "
                ),
            )
        elif discovery.silent_ns > SILENT_NS:
            self.faults.report(
                "driver",
                "the driver does not answer",
                "run 'nvidia-smi' and look into the kernel log",
            )
        elif discovery.looked:
            self.faults.clear("driver")
        unanswered = discovery.unanswered()
        watched = {gpu.gpu.index for gpu in self.gpus.values()}
        for index, why in unanswered.items():
            if index not in watched:
                self.faults.report(
                    f"gpu {index}",
                    f"it was never read since the start: {why}",
                    f"run 'nvidia-smi -i {index}' and look into the kernel log for Xid messages",
                )
        known = (*unanswered, *watched)
        whats = ("", " energy", " sensors")
        parts = [f"gpu {index}{what}" for index in known for what in whats]
        self.faults.clear_missing("gpu ", parts)

    def _snapshot(self, now_ns: int, wall_ns: int) -> Snapshot:
        ordered = self._ordered()
        standing = self.faults.standing
        gpus, together = self._summary.add(
            [
                watched.snapshot(now_ns, self._events.values(watched.gpu.uuid))
                for watched in ordered
            ],
            now_ns,
        )
        own = own_values(
            ordered,
            self._bookkeeper.status,
            windows=self._bookkeeper.windows,
            clock_steps=self._edges.steps,
            faults=len(standing),
            now_ns=now_ns,
            wall_ns=wall_ns,
        )
        return Snapshot(
            node=self._settings.node.name,
            version=__version__,
            wall_ns=wall_ns,
            monotonic_ns=now_ns,
            simulated=self._source.simulated,
            gpus=gpus,
            daemon=own | self._late.values(own, now_ns) | self.push.values(now_ns, wall_ns),
            host=self._host.values(now_ns) | self._count.values(len(ordered)) | together,
            faults=standing,
            ready=self.discovery.looked,
        )
