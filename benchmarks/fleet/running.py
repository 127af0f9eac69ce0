"""A simulator beside a test or a benchmark: served from a thread until the block ends."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import time

from benchmarks.fleet.bms import Bms
from benchmarks.fleet.fleet import Fleet
from benchmarks.fleet.node_values import NodeTruth
from benchmarks.fleet.scenario import Event
from benchmarks.fleet.server import Pages, keep_up, serve
from benchmarks.fleet.site_side import SiteSide
from benchmarks.fleet.targets import SITE_PATH, node_path

_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Options:
    """How a fleet is served.

    Attributes:
        host, port: where; port 0 takes a free one.
        broker: HOST and port of an MQTT broker that the meters are published to; None for none.
        site_daemon: whether the site daemon's metrics are served.
        history_seconds: how long before the start its meters were heard already.
        kept_days: of so many days before that it knows the quarter-hours.
        meter_seconds: between readings of a meter.
        exporter: the push exporter that nodes have; empty for none.
        xids: whether the driver's error reports are shown.
    """

    host: str = "127.0.0.1"
    port: int = 0
    broker: tuple[str, int] | None = None
    site_daemon: bool = True
    history_seconds: float = 3_600.0
    kept_days: float = 0.0
    meter_seconds: float = 2.0
    exporter: str = "influxdb"
    xids: bool = True


async def run(
    fleet: Fleet,
    options: Options,
    ready: Callable[[str], None],
    clock: Callable[[], float] = time,
) -> None:
    """Serve a fleet until cancelled.

    Args:
        fleet: the fleet.
        options: how.
        ready: called with HOST:PORT once it is served.
        clock: gives now, UTC seconds since 1970.

    Raises:
        OSError: the port is taken, ...
    """
    site = None
    beside: list[Coroutine[None, None, None]] = []
    if options.site_daemon:
        now_s = clock()
        begin_s = max(now_s - options.history_seconds, fleet.origin_s + 60)
        site = SiteSide(
            fleet, begin_s, period_seconds=options.meter_seconds, kept_days=options.kept_days
        )
        site.warm_up(now_s)
        beside.append(keep_up(site, clock))
    truth = NodeTruth(fleet, exporter=options.exporter, xids=options.xids)
    pages = Pages(fleet, clock, site, truth)
    if options.broker is not None:
        bms = Bms(fleet, period_seconds=options.meter_seconds)
        beside.append(bms.publish(*options.broker, clock))
    server = await serve(pages, options.host, options.port)
    async with server, asyncio.TaskGroup() as group:
        for one in beside:
            group.create_task(one)
        ready(pages.address)
        await asyncio.Event().wait()


class Simulator:
    """A fleet that is served.

    Attributes:
        fleet: the fleet.
        address: HOST:PORT.
    """

    def __init__(self, fleet: Fleet, address: str, loop: asyncio.AbstractEventLoop) -> None:
        self.fleet = fleet
        self.address = address
        self._loop = loop

    def node_url(self, node: str) -> str:
        """Where a node's metrics are."""
        return f"http://{self.address}{node_path(node)}"

    @property
    def site_url(self) -> str:
        """Where the site daemon's metrics are."""
        return f"http://{self.address}{SITE_PATH}"

    def apply(self, *events: Event) -> None:
        """Let something happen, while it serves.

        Raises:
            ScenarioError: the site has no such node, rack, ...
        """

        async def change() -> None:
            self.fleet.apply(*events)

        asyncio.run_coroutine_threadsafe(change(), self._loop).result(_START_SECONDS)


@contextmanager
def running(
    fleet: Fleet, options: Options | None = None, *, clock: Callable[[], float] = time
) -> Iterator[Simulator]:
    """Serve a fleet from a thread until the block ends.

    Args:
        fleet: the fleet.
        options: how; a free port of this machine when not given.
        clock: gives now, UTC seconds since 1970; tests may drive it.

    Raises:
        OSError: the port is taken, ...
    """
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    address: list[str] = []
    failed: list[BaseException] = []

    def tell(where: str) -> None:
        address.append(where)
        ready.set()

    task = loop.create_task(run(fleet, options or Options(), tell, clock))

    def work() -> None:
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - it is raised in the caller's thread
            failed.append(error)
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        if not ready.wait(_START_SECONDS):
            raise TimeoutError("the fleet was not served in time")
        if failed:
            raise failed[0]
        yield Simulator(fleet, address[0], loop)
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(task.cancel)
        thread.join(_START_SECONDS)
    if failed:
        raise failed[0]
