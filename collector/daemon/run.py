"""Runs a daemon: start-up, signals, shutdown in order and within its deadline."""

import asyncio
import contextlib
import gc
import logging
import sys
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import uvloop

from collector import __version__
from collector.config import Settings
from collector.config.settings import LedgerTable, PrometheusTable
from collector.daemon.node import Node
from collector.daemon.notify import Notifier
from collector.daemon.push import Push
from collector.daemon.signals import Signals
from collector.ledger import Ledger, LedgerError
from collector.model import Tick
from collector.sources.protocol import DriverGoneError, GpuSource, SourceError
from exporters.http import HttpOptions, ServeError, Server
from exporters.http.access import AccessError, load_access
from exporters.page import LiveView, View

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5
_LEDGER_CLOSE_SECONDS = 1.0
_RELOAD_CLOSE_SECONDS = 15.0
"""Likewise where nobody waits for the process to end."""
_JOIN_SECONDS = 0.3
_SWITCH_SECONDS = 0.0005
"""How long the interpreter may keep a sampling thread waiting behind other Python code."""


RELOAD = -1
"""What `run` returns when it ended in order to start anew with another configuration."""


class StartError(Exception):
    """The daemon cannot start. The text says why, and what to do."""


class Daemon(Protocol):
    """What is run: a node's or a site's. Owned by the event loop."""

    push: Push

    def start(self) -> None:
        """Begin."""

    def background(self) -> Iterable[tuple[str, Coroutine[None, None, None]]]:
        """What runs beside the ticks until it is cancelled, by name."""

    def tick(self) -> None:
        """Take what came in, account for it, show it.

        Raises:
            SourceError: only a new process can go on.
        """

    def stop(self) -> None:
        """Account for everything and hand it to the ledger."""

    def join(self, timeout_seconds: float) -> bool:
        """Wait for threads; False when one is stuck in a driver."""


class Tables(Protocol):
    """The tables of a configuration that every daemon has."""

    @property
    def ledger(self) -> LedgerTable:
        """The ledger."""

    @property
    def prometheus(self) -> PrometheusTable:
        """The HTTP server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What sets one daemon apart from another.

    Attributes:
        banner: what it calls itself in the log.
        make: makes it from the open ledger and what to call with each new tick.
        page: what it shows at `/`.
    """

    banner: str
    make: Callable[[Ledger, Callable[[Tick], None]], Daemon]
    page: View


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a command wants to hear, or to be asked."""

    on_ready: Callable[[str], None] | None = None
    may_reload: Callable[[], bool] | None = None


def run_node(
    settings: Settings,
    source: GpuSource,
    *,
    on_ready: Callable[[str], None] | None = None,
    may_reload: Callable[[], bool] | None = None,
    again: bool = False,
) -> int:
    """Run the node daemon until a signal; see `run`."""
    simulated = " with SIMULATED GPUs" if source.simulated else ""
    plan = Plan(
        banner=f"node {settings.node.name}{simulated}",
        make=lambda ledger, show: Node(settings, source, ledger, show),
        page=LiveView(power_hz=settings.sampling.power_hz),
    )
    return run(settings, plan, on_ready=on_ready, may_reload=may_reload, again=again)


def run(
    settings: Tables,
    plan: Plan,
    *,
    on_ready: Callable[[str], None] | None = None,
    may_reload: Callable[[], bool] | None = None,
    again: bool = False,
) -> int:
    """Run a daemon until a signal. Returns the exit code, or `RELOAD`.

    Args:
        settings: the configuration.
        plan: what to run.
        on_ready: called with the page's address once it is served.
        may_reload: asked at SIGHUP whether the new configuration is right; without it, SIGHUP
            stops like SIGTERM.
        again: whether a daemon ran in this process before and closed its ledger.

    Raises:
        StartError: it cannot start.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    # A file that was closed a moment ago is not verified again: that may take longer than systemd
    # waits for a sign of life.
    ledger = open_ledger(settings, check=not again)
    threads_ended = True
    code = 0
    try:
        if again:  # what the last run has left behind is to go
            gc.unfreeze()
            gc.collect()
        # What lives until the end need not be looked at by every collection.
        gc.freeze()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            code, threads_ended = runner.run(
                _run(settings, plan, ledger, Hooks(on_ready, may_reload))
            )
    finally:
        if may_reload is None:
            Signals.restore()
        patience = _RELOAD_CLOSE_SECONDS if code == RELOAD else _LEDGER_CLOSE_SECONDS
        if not ledger.close(timeout_seconds=patience):
            log.error(
                "the ledger could not be written at the end: %s; energy since its last commit "
                "is found again from the GPUs' counters at the next start",
                ledger.status.problem or "no answer from the disk",
            )
    if code != RELOAD:
        log.info("stopped%s", "" if threads_ended else "; a driver call was still outstanding")
    return code


def open_ledger(settings: Tables, *, check: bool = True) -> Ledger:
    """Open the ledger of the configuration.

    Args:
        settings: the configuration.
        check: verify the whole file first.

    Raises:
        StartError: it cannot be used.
    """
    table = settings.ledger
    try:
        return Ledger.open(
            table.path,
            minute_days=table.minute_days,
            quarter_hour_days=table.quarter_hour_days,
            check=check,
        )
    except LedgerError as error:
        raise StartError(str(error)) from None


class _Impatient(ThreadPoolExecutor):
    """An executor that is not waited for: its threads may hang in a name server or a broker."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - the library's signature
        """Take no more work; never wait."""
        super().shutdown(wait=False, cancel_futures=True)


async def _run(
    settings: Tables,
    plan: Plan,
    ledger: Ledger,
    hooks: Hooks,
) -> tuple[int, bool]:
    asyncio.get_running_loop().set_default_executor(_Impatient(thread_name_prefix="blocking"))
    notifier = Notifier()
    signals = Signals(hooks.may_reload)
    server = _server(settings.prometheus, plan.page)
    daemon = plan.make(ledger, server.update if server is not None else _ignore)
    address = await _serve(server)
    log.info("wattkeeper %s on %s%s", __version__, plan.banner, f", {address}" if address else "")
    daemon.start()
    notifier.ready()
    if hooks.on_ready is not None:
        hooks.on_ready(address)
    code = await _until_the_end(daemon, signals, notifier)
    ended = daemon.join(_JOIN_SECONDS)
    if server is not None:
        await server.stop()
    return RELOAD if signals.reload and not code else code, ended


async def _until_the_end(daemon: Daemon, signals: Signals, notifier: Notifier) -> int:
    """Turn the loop until a signal or a failure; exporters outlive the sampling. The exit code."""
    drained = asyncio.Event()
    code = 0
    async with asyncio.TaskGroup() as tasks:
        for lane in daemon.push.lanes:
            tasks.create_task(lane.delivery.run(drained), name=f"deliver {lane.name}")
        beside = [tasks.create_task(work, name=name) for name, work in daemon.background()]
        try:
            await _ticks(daemon, signals.stopping, notifier)
        except DriverGoneError as gone:
            log.error(  # noqa: TRY400 - the driver's going is no bug of ours
                "%s; ending, so that the supervisor starts the daemon anew with the new driver",
                gone,
            )
            code = 1
        except SourceError as failed:
            log.error("%s", failed)  # noqa: TRY400 - said for people
            code = 1
        if signals.reload and not code:
            notifier.reloading()
        else:
            notifier.stopping()
        for task in beside:
            task.cancel()
        daemon.stop()
        drained.set()
    return code


async def _ticks(daemon: Daemon, stopping: asyncio.Event, notifier: Notifier) -> None:
    """Tick at absolute deadlines until asked to stop."""
    deadline = time.monotonic()
    while not stopping.is_set():
        daemon.tick()
        notifier.alive()
        deadline = max(deadline + TICK_SECONDS, time.monotonic())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline - time.monotonic()):
                await stopping.wait()


def _ignore(_tick: Tick) -> None:
    """Nobody serves ticks when Prometheus is switched off."""


def check_access(table: PrometheusTable) -> None:
    """See that the files that say who may ask can be used.

    Raises:
        StartError: they cannot.
    """
    try:
        if table.enabled:
            load_access(_options(table))
    except AccessError as error:
        raise StartError(str(error)) from None


def _server(table: PrometheusTable, page: View) -> Server | None:
    return Server(_options(table), page) if table.enabled else None


def _options(table: PrometheusTable) -> HttpOptions:
    tls, auth = table.tls, table.basic_auth
    return HttpOptions(
        listen=table.listen,
        cert_file=tls.cert_file if tls else None,
        key_file=tls.key_file if tls else None,
        client_ca_file=tls.client_ca_file if tls else None,
        username=auth.username if auth else None,
        password_hash_file=auth.password_hash_file if auth else None,
        web_config_file=table.web_config_file,
        dialects=table.dialects,
    )


async def _serve(server: Server | None) -> str:
    if server is None:
        return ""
    try:
        return await server.start()
    except ServeError as error:
        raise StartError(str(error)) from None
