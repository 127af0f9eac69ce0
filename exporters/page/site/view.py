"""What a site's page polls: the latest snapshot as JSON, the worst of a large site first."""

import json
from collections.abc import Mapping

from collector.model import Tick
from collector.sitefile.model import Site
from exporters.page.common import NS_PER_MS, deliveries_json, faults_json
from exporters.page.site.assets import site_assets
from exporters.page.site.feeds import (
    feed_branches,
    feeds_json,
    figures_json,
    groups_json,
    site_power,
)
from exporters.page.site.interval import SAMPLE_SECONDS, BurnUp
from exporters.page.site.meters import MOST_LOOPS, coolant_json, meters_json
from exporters.page.site.powers import Layout, Powers
from exporters.page.site.shape import SiteJson
from exporters.page.site.tree import TreeView

MOST_FEEDS = 6
MOST_GROUPS = 12
MOST_FAULTS = 50

_SAMPLE_NS = SAMPLE_SECONDS * 1_000_000_000


class SiteView:
    """Turns a site's snapshots into its page's JSON; keeps the running quarter-hour's burn-up.

    Not thread-safe: the event loop owns it.

    Args:
        site: what the site file says.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._layout = Layout(site)
        self._tree = TreeView(self._layout)
        self._feeds = feed_branches(site)
        self._burn_up = BurnUp()
        self._tick: Tick | None = None
        self._sampled_ns: int | None = None
        self._rendered: bytes | None = None

    def update(self, tick: Tick) -> None:
        """Take the newest tick; every 15 s a point of the burn-up is taken from it."""
        self._tick = tick
        self._rendered = None
        since_ns = None if self._sampled_ns is None else tick.monotonic_ns - self._sampled_ns
        if since_ns is None or since_ns >= _SAMPLE_NS:
            self._sampled_ns = tick.monotonic_ns
            snapshot = tick.snapshot
            self._burn_up.sample(snapshot.wall_ns, snapshot.site)

    def assets(self) -> Mapping[str, tuple[bytes, str]]:
        """The page's files."""
        return site_assets()

    def payload(self, *, history: bool) -> bytes:
        """The page's data (`shape.SiteJson`), rendered at most once for each update.

        Args:
            history: makes no difference: the running quarter-hour is always sent whole.

        Returns:
            JSON in UTF-8; `null` before the first update.
        """
        del history
        if self._rendered is None:
            self._rendered = json.dumps(
                self._shape(), separators=(",", ":"), allow_nan=False
            ).encode()
        return self._rendered

    def _shape(self) -> SiteJson | None:
        if self._tick is None:
            return None
        snapshot, site = self._tick.snapshot, self._site
        values = snapshot.site
        powers = Powers(self._layout, values)
        groups = groups_json(powers)
        loops = coolant_json(values)
        feeds = feeds_json(self._feeds, powers, self._burn_up, snapshot.wall_ns)
        contracts = [feed.contract_watts for feed in self._feeds if feed.contract_watts is not None]
        return SiteJson(
            site=site.name,
            zone=site.zone.key,
            version=snapshot.version,
            simulated=snapshot.simulated,
            ready=snapshot.ready,
            wall_ms=snapshot.wall_ns // NS_PER_MS,
            monotonic_ms=snapshot.monotonic_ns // NS_PER_MS,
            grafana_url=site.grafana_url,
            power=site_power(powers),
            contract_watts=sum(contracts) if contracts else None,
            pue_category=site.pue_category,
            feeds_total=len(feeds),
            feeds=feeds[:MOST_FEEDS],
            tree=self._tree.render(powers),
            groups_total=len(groups),
            groups=groups[:MOST_GROUPS],
            figures=figures_json(values),
            meters=meters_json(site, values),
            coolant_total=len(loops),
            coolant=loops[:MOST_LOOPS],
            faults_total=len(snapshot.faults),
            faults=faults_json(snapshot.faults[:MOST_FAULTS]),
            deliveries=deliveries_json(snapshot.daemon),
        )
