"""The site daemon: twice a second it books what the meters said, and shows how the site stands."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol

from collector import __version__
from collector.catalogue import Labels, Values
from collector.config import SiteSettings
from collector.daemon.faults import FaultBoard
from collector.daemon.it_power import ItPowerReader
from collector.daemon.machine import boot_id
from collector.daemon.push import Publisher, Push
from collector.daemon.run import Plan, StartError, run
from collector.daemon.site_books import SiteBooks
from collector.daemon.site_earlier import Past, earlier, last_readings
from collector.daemon.site_values import it_values, own_site_values
from collector.energy.edges import SECOND_NS
from collector.ledger import AccountKey, AccountState, Ledger
from collector.model import Snapshot, Tick
from collector.site.peaks import Band
from collector.site.state import SiteState
from collector.sitefile import compare
from collector.sitefile.model import Site
from collector.sources.meters.listener import MeterListener, Sink
from collector.sources.meters.reading import MeterReading
from collector.sources.meters.setup import MeterSources, meter_sources
from exporters.page.site import SiteView

log = logging.getLogger(__name__)

_TREE_KNOWN_NS = 220 * SECOND_NS
"""Metadata comes every 100 s; by then all of it has."""
_SHOWN_DIFFERENCES = 20


class MeterSource(Protocol):
    """Readings that come another way than over MQTT: a simulation."""

    async def run(self, sink: Sink) -> None:
        """Hand readings to the sink until cancelled."""


class SiteDaemon:
    """Everything between the meters and the exporters. Owned by the event loop.

    Args:
        settings: the configuration.
        site: what the site file says.
        ledger: the open ledger.
        show: called with each new tick.
        band: the tariff's band at a time; None without a tariff.
        source: readings besides those over MQTT.
    """

    def __init__(
        self,
        settings: SiteSettings,
        site: Site,
        ledger: Ledger,
        show: Callable[[Tick], None],
        *,
        band: Band | None = None,
        source: MeterSource | None = None,
    ) -> None:
        self._settings = settings
        self._site = site
        self._ledger = ledger
        self._show = show
        self._source = source
        self._boot_id = boot_id()
        self.faults = FaultBoard()
        window_ns = settings.window.seconds * SECOND_NS
        accounts = ledger.accounts
        path, wall_ns = settings.ledger.path, time.time_ns()
        self._past = Past(path, accounts, site, wall_ns)
        self.state = SiteState(
            site,
            earlier(path, accounts, site, wall_ns),
            band=band,
            window_ns=window_ns,
        )
        topics = tuple(self.state.demand_topics.values())
        who = Publisher(
            name=site.name,
            kind="site",
            place={"site": site.name},
            retained=topics,
            client=f"site-{site.name}-{settings.node.name}",
        )
        self.push = Push(settings, who, ledger, self.faults)
        kept = frozenset(spec.id for spec in site.meters.values() if spec.register)
        self._books = SiteBooks(ledger, self.push, self.faults, kept, window_ns, self.state.kept)
        self._started_ns = time.monotonic_ns()
        self._compared = False
        self.differences = 0
        self._stopping = asyncio.Event()
        table = settings.meters.mqtt
        self._sources: MeterSources | None = None
        self._listener: MeterListener | None = None
        if table is not None:
            self._sources = meter_sources(table, site.meters, last_readings(accounts))
            self._listener = MeterListener(
                self._sources.options,
                settings.node.name,
                self._sources.inbox,
                self._take,
                self._report_meters,
            )
        url = settings.site.prometheus_url
        self._it_power = ItPowerReader(url, site.name, self.faults) if url else None

    def start(self) -> None:
        """Nothing to do before the first tick."""

    def background(self) -> Iterable[tuple[str, Coroutine[None, None, None]]]:
        """The past, the listener, Prometheus, and a simulation, as configured."""
        yield "past", self._past.recall(self.state)
        if self._listener is not None:
            yield "meters", self._listener.run(self._stopping)
        if self._it_power is not None:
            yield "prometheus", self._it_power.run()
        if self._source is not None:
            yield "simulation", self._source.run(self._take)

    def tick(self) -> None:
        """Book what was read, commit it, show it."""
        now_ns, wall_ns = time.monotonic_ns(), time.time_ns()
        update = self.state.advance(wall_ns, now_ns)
        self._books.add(update.windows, update.points)
        self._books.commit(
            now_ns,
            wall_ns,
            lambda: self._states(now_ns),
            lambda: self.state.running(wall_ns, now_ns),
        )
        self._tell_health(now_ns)
        self._show(Tick(now_ns, {}, partial(self._snapshot, now_ns, wall_ns)))

    def stop(self) -> None:
        """Book everything and hand it to the ledger."""
        self._stopping.set()
        now_ns, wall_ns = time.monotonic_ns(), time.time_ns()
        update = self.state.finish(wall_ns, now_ns)
        self._books.add(update.windows, update.points)
        self._books.commit(
            now_ns, wall_ns, lambda: self._states(now_ns, clean=True), tuple, force=True
        )

    def join(self, timeout_seconds: float) -> bool:
        """There are no threads."""
        del timeout_seconds
        return True

    def _take(self, readings: Sequence[MeterReading], done: Callable[[], None]) -> None:
        wall_ns = time.time_ns()
        for reading in readings:
            self.state.add(reading, wall_ns)
        self._books.took(readings, time.monotonic_ns(), done)

    def _states(self, now_ns: int, *, clean: bool = False) -> Mapping[AccountKey, AccountState]:
        return self.state.accounts(boot_id=self._boot_id, monotonic_ns=now_ns, clean=clean)

    def _report_meters(self, problem: str | None, action: str) -> None:
        if problem is None:
            self.faults.clear("meters")
        else:
            self.faults.report("meters", problem, action, quietly=True)

    def _tell_health(self, now_ns: int) -> None:
        silent = self.state.silent(now_ns) if now_ns - self._started_ns > _TREE_KNOWN_NS else ()
        if silent:
            shown = ", ".join(silent[:_SHOWN_DIFFERENCES])
            more = len(silent) - _SHOWN_DIFFERENCES
            self.faults.report(
                "silent meters",
                f"{len(silent)} of {len(self._site.meters)} meters have no good, fresh reading: "
                f"{shown}{f' and {more} more' if more > 0 else ''}",
                "look at the facility's publisher; site_meter_good and site_meter_age_seconds say "
                "which and since when",
            )
        else:
            self.faults.clear("silent meters")
        self._compare_tree(now_ns)

    def _compare_tree(self, now_ns: int) -> None:
        """Once the facility has told what feeds what: is it what the site file says?"""
        dsx = self._sources.dsx if self._sources is not None else None
        if self._compared or dsx is None or now_ns - self._started_ns < _TREE_KNOWN_NS:
            return
        self._compared = True
        if not dsx.tree:
            return
        differences = compare(self._site, dsx.tree, dsx.described)
        self.differences = len(differences)
        for difference in differences[:_SHOWN_DIFFERENCES]:
            log.warning("the facility's tree is not that of the site file: %s", difference.text)
        if len(differences) > _SHOWN_DIFFERENCES:
            log.warning("... and %d more differences", len(differences) - _SHOWN_DIFFERENCES)

    def _rejected(self) -> Mapping[str, int]:
        """What came and is in no sum: at the inbox, or when it was to be booked."""
        found = Counter(self.state.refused)
        if self._sources is not None:
            found.update(self._sources.inbox.rejected)
        return found

    def _snapshot(self, now_ns: int, wall_ns: int) -> Snapshot:
        standing = self.faults.standing
        values: Values = self.state.values(wall_ns, now_ns)
        it_power = self._it_power.current(now_ns) if self._it_power is not None else None
        own: dict[str, dict[Labels, float]] = own_site_values(
            self._ledger.status,
            listener=self._listener.status if self._listener is not None else None,
            rejected=self._rejected(),
            windows=self._books.windows,
            faults=len(standing),
            differences=self.differences,
        )
        return Snapshot(
            node=self._settings.node.name,
            version=__version__,
            wall_ns=wall_ns,
            monotonic_ns=now_ns,
            simulated=self._source is not None,
            gpus=(),
            daemon=own | self.push.values(now_ns, wall_ns),
            site={**values, **it_values(self.state, it_power, values)},
            faults=standing,
        )


def run_site(
    settings: SiteSettings,
    site: Site,
    *,
    source: MeterSource | None = None,
    on_ready: Callable[[str], None] | None = None,
    may_reload: Callable[[], bool] | None = None,
    again: bool = False,
) -> int:
    """Run the site daemon until a signal; see `collector.daemon.run.run`.

    Args:
        settings: the configuration.
        site: what the site file says.
        source: readings besides those over MQTT.
        on_ready: called with the page's address once it is served.
        may_reload: asked at SIGHUP whether the new configuration is right.
        again: whether a daemon ran in this process before.

    Raises:
        StartError: it cannot start.
    """
    band = tariff_band(site)
    simulated = " with SIMULATED meters" if source is not None else ""
    plan = Plan(
        banner=f"site {site.name}{simulated}",
        make=lambda ledger, show: SiteDaemon(
            settings, site, ledger, show, band=band, source=source
        ),
        page=SiteView(site),
    )
    return run(settings, plan, on_ready=on_ready, may_reload=may_reload, again=again)


def tariff_band(site: Site) -> Band | None:
    """The bands of the site's tariff; None where the site file names none.

    Raises:
        StartError: there is no such tariff, or it cannot be read.
    """
    if not site.tariff:
        return None
    # Needs the calendar of holidays, which a site without a tariff does not.
    try:
        from collector.daemon.site_tariff import bands  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise StartError(
            f"tariff {site.tariff} needs the package {error.name}: install wattkeeper[report], or "
            "leave [site] tariff out"
        ) from None
    return bands(site)
