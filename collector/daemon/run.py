"""Runs a node: start-up, signals, shutdown in order and within its deadline."""

import asyncio
import contextlib
import gc
import logging
import signal
import sys
import time
from collections.abc import Callable

import uvloop

from collector import __version__
from collector.config import Settings
from collector.daemon.node import Node
from collector.daemon.notify import Notifier
from collector.ledger import Ledger, LedgerError
from collector.model import Snapshot
from collector.sources.protocol import DriverGoneError, GpuSource, SourceError
from exporters.prometheus import HttpOptions, ServeError, Server

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5
_LEDGER_CLOSE_SECONDS = 1.0
_JOIN_SECONDS = 0.3
_SWITCH_SECONDS = 0.0005
"""How long the interpreter may keep a sampling thread waiting behind other Python code."""


class StartError(Exception):
    """The daemon cannot start. The text says why, and what to do."""


def run_node(
    settings: Settings, source: GpuSource, *, on_ready: Callable[[str], None] | None = None
) -> int:
    """Run the node daemon until a signal. Returns the exit code.

    Args:
        settings: the configuration.
        source: where GPUs come from.
        on_ready: called with the page's address once it is served.

    Raises:
        StartError: it cannot start.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    ledger = open_ledger(settings)
    threads_ended = True
    try:
        # What lives until the end need not be looked at by every collection.
        gc.freeze()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            code, threads_ended = runner.run(_run(settings, source, ledger, on_ready))
    finally:
        if not ledger.close(timeout_seconds=_LEDGER_CLOSE_SECONDS):
            log.error(
                "the ledger could not be written at the end: %s; energy since its last commit "
                "is found again from the GPUs' counters at the next start",
                ledger.status.problem or "no answer from the disk",
            )
    log.info("stopped%s", "" if threads_ended else "; a driver call was still outstanding")
    return code


def open_ledger(settings: Settings) -> Ledger:
    """Open the ledger of the configuration.

    Raises:
        StartError: it cannot be used.
    """
    table = settings.ledger
    try:
        return Ledger.open(
            table.path,
            minute_days=table.minute_days,
            quarter_hour_days=table.quarter_hour_days,
        )
    except LedgerError as error:
        raise StartError(str(error)) from None


async def _run(
    settings: Settings,
    source: GpuSource,
    ledger: Ledger,
    on_ready: Callable[[str], None] | None,
) -> tuple[int, bool]:
    notifier = Notifier()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, number, stopping)
    server = _server(settings)
    shows: list[Callable[[Snapshot], None]] = [] if server is None else [server.update]

    def show(snapshot: Snapshot) -> None:
        for take in shows:
            take(snapshot)

    node = Node(settings, source, ledger, show)
    address = await _serve(server)
    log.info(
        "wattkeeper %s on node %s%s%s",
        __version__,
        settings.node.name,
        " with SIMULATED GPUs" if source.simulated else "",
        f", {address}" if address else "",
    )
    node.start()
    notifier.ready()
    if on_ready is not None:
        on_ready(address)
    code = 0
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_ticks(node, stopping, notifier), name="ticks")
    except* DriverGoneError as gone:
        log.error(  # noqa: TRY400 - the driver's going is no bug of ours
            "%s; ending, so that the supervisor starts the daemon anew with the new driver",
            gone.exceptions[0],
        )
        code = 1
    except* SourceError as failed:
        log.error("%s", failed.exceptions[0])  # noqa: TRY400 - said for people
        code = 1
    notifier.stopping()
    node.stop()
    ended = node.join(_JOIN_SECONDS)
    if server is not None:
        await server.stop()
    return code, ended


async def _ticks(node: Node, stopping: asyncio.Event, notifier: Notifier) -> None:
    """Tick at absolute deadlines until asked to stop."""
    deadline = time.monotonic()
    while not stopping.is_set():
        node.tick()
        notifier.alive()
        deadline = max(deadline + TICK_SECONDS, time.monotonic())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline - time.monotonic()):
                await stopping.wait()


def _stop(number: int, stopping: asyncio.Event) -> None:
    log.info("%s: stopping", signal.Signals(number).name)
    stopping.set()


def _server(settings: Settings) -> Server | None:
    table = settings.prometheus
    if not table.enabled:
        return None
    tls, auth = table.tls, table.basic_auth
    options = HttpOptions(
        listen=table.listen,
        cert_file=tls.cert_file if tls else None,
        key_file=tls.key_file if tls else None,
        client_ca_file=tls.client_ca_file if tls else None,
        username=auth.username if auth else None,
        password_hash_file=auth.password_hash_file if auth else None,
    )
    return Server(options, power_hz=settings.sampling.power_hz)


async def _serve(server: Server | None) -> str:
    if server is None:
        return ""
    try:
        return await server.start()
    except ServeError as error:
        raise StartError(str(error)) from None
