"""A site's meters, demand and budget together: what the site daemon drives.

state = SiteState(site, earlier, band=tariff.band)
state.add(reading, wall_ns)            # each reading, as it arrives
update = state.advance(wall_ns, monotonic_ns)
ledger.submit(Commit(windows=update.windows, states=state.accounts(...), ...))
state.values(wall_ns, monotonic_ns)    # the site_* metrics of now
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from collector.catalogue.types import Values
from collector.ledger.model import AccountKey, AccountState, Register
from collector.model import Meter, Point, Window
from collector.site.budget import Budget
from collector.site.demand import Demand, Interval
from collector.site.groups import GroupPeaks
from collector.site.kpi import Kpis
from collector.site.kpi_meters import kpi_meters
from collector.site.latest import Latest
from collector.site.meter_account import MeterAccount
from collector.site.peaks import Band, Peaks
from collector.site.plans import known_of, meter_plan
from collector.site.points import RUNNING, interval_point, running_point
from collector.site.quarters import HOUR_NS, MINUTE_NS, QUARTER_NS, SECOND_NS
from collector.site.ramps import SPANS, Ramps
from collector.site.tiles import SCOPE, Mark
from collector.site.tree import billed_by, compile_tree
from collector.site.values import BudgetValues, demand_values, kpi_values, meter_values
from collector.sitefile.model import Branch, Site
from collector.sources.meters.reading import MeterReading, Quality, Quantity, Shape

METER = Meter.kind
"""The kind of a meter's account in the ledger."""
_LOOK_NS = 10 * SECOND_NS
"""So often redundancy groups are looked at, if nobody asks."""
_LATE_NS = 2 * HOUR_NS
"""Key figures wait for a silent meter for so long."""


def account_key(meter: str) -> AccountKey:
    """The account of a meter in the ledger."""
    return AccountKey(METER, meter, SCOPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What earlier runs left in the ledger.

    Attributes:
        accounts: the accounts; those of other kinds are left out.
        quarter_hours: by meter, its newest quarter-hour registers, oldest first; the rest of the
            last 365 days may come later, by `SiteState.recall`.
    """

    accounts: Mapping[AccountKey, AccountState] = field(default_factory=dict)
    quarter_hours: Mapping[str, Iterable[Register]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteUpdate:
    """What is new: windows that closed, and demand intervals that did, as points."""

    windows: tuple[Window, ...] = ()
    points: tuple[Point, ...] = ()


@dataclass(slots=True)
class _Feed:
    """A branch whose demand is followed, by its meter."""

    branch: Branch
    demand: Demand
    peaks: Peaks


class SiteState:
    """A site as its meters tell it.

    Args:
        site: what the site file says.
        earlier: what earlier runs left.
        band: the tariff band of a local time.
        lowest_watts: by feed, how far its power can be cut; the deadlines of cuts hang on it.
        window_ns: length of a window; it divides a quarter-hour.
            Those of others are a quarter-hour long.
    """

    def __init__(
        self,
        site: Site,
        earlier: Earlier | None = None,
        *,
        band: Band | None = None,
        lowest_watts: Mapping[str, float] | None = None,
        window_ns: int = MINUTE_NS,
    ) -> None:
        earlier = earlier or Earlier()
        self.site = site
        self.tree = compile_tree(site)
        self.meters = {
            spec.id: MeterAccount(
                Meter(id=spec.id, role=spec.role.value, branch=spec.branch),
                meter_plan(site, spec, window_ns),
                earlier.accounts.get(account_key(spec.id)),
            )
            for spec in site.meters.values()
        }
        self.latest = {
            spec.id: Latest(round(spec.stale_seconds * SECOND_NS)) for spec in site.meters.values()
        }
        factors = site.emission_factors
        self.kpis = Kpis(
            kpi_meters(site),
            site.zone,
            (factor for factor in factors if factor.name == factors[0].name),
        )
        self._kept_mj: dict[str, int] = {}
        self.kept(earlier.accounts)
        self.unknown = 0
        """Readings of meters that the site file does not name."""
        self._feeds = self._make_feeds(band or _one_band, lowest_watts or {})
        self._ramps = self._make_ramps()
        self._levels = {feed.demand.account.meter.id: feed.demand.level for feed in self._feeds}
        self._followed = dict(self._ramps.values())
        self._budget_values = BudgetValues(self.tree)
        self._groups = GroupPeaks(self.tree.groups)
        self._looked_ns = -_LOOK_NS
        self._now = (0, 0)
        self._waiting: set[str] = set()
        self._given: dict[str, Mark | None] = {}
        self._closed: list[Window] = []
        self._remember(earlier.quarter_hours)

    def add(self, reading: MeterReading, wall_ns: int | None = None) -> None:
        """Take a reading, in the order of arrival.

        Args:
            reading: the reading.
            wall_ns: our own clock when it arrived, UTC; with it a meter's clock that was set
                forward is told from a gap.
        """
        account = self.meters.get(reading.meter)
        if account is None:
            self.unknown += 1
            return
        self.latest[reading.meter].add(reading)
        steps = account.clock.steps
        self._closed += account.add(reading, wall_ns)
        if account.clock.steps != steps:
            self._forget(reading.meter)
        if account.waits:
            self._waiting.add(reading.meter)
        if (
            reading.quantity is Quantity.POWER
            and reading.quality is Quality.GOOD
            and reading.value is not None
        ):
            self._follow(reading, reading.value)

    def advance(self, wall_ns: int, monotonic_ns: int) -> SiteUpdate:
        """Account for everything up to now.

        Args:
            wall_ns: now, UTC.
            monotonic_ns: now, by CLOCK_MONOTONIC.
        """
        self._now = (wall_ns, monotonic_ns)
        windows, self._closed = self._closed, []
        for meter in sorted(self._waiting):
            account = self.meters[meter]
            windows += account.settle(monotonic_ns)
            if not account.waits:
                self._waiting.discard(meter)
        if self.tree.groups and monotonic_ns - self._looked_ns >= _LOOK_NS:
            self._looked_ns = monotonic_ns
            self._groups.add(self.budget(wall_ns, monotonic_ns), monotonic_ns)
        return self._update(windows, monotonic_ns)

    def finish(self, wall_ns: int, monotonic_ns: int) -> SiteUpdate:
        """Account for everything there is: the end of a run."""
        update = self.advance(wall_ns, monotonic_ns)
        windows = [window for account in self.meters.values() for window in account.finish()]
        last = self._update(windows, monotonic_ns)
        return SiteUpdate(windows=update.windows + last.windows, points=update.points + last.points)

    def accounts(
        self, *, boot_id: str, monotonic_ns: int, clean: bool = False
    ) -> dict[AccountKey, AccountState]:
        """The accounts as of the windows that closed since the last call; at the end, of all.

        Args:
            boot_id: the boot that `monotonic_ns` belongs to.
            monotonic_ns: now.
            clean: whether this is the end of a run, in good order.
        """
        found = {}
        for meter, account in self.meters.items():
            if not clean and account.mark is self._given.get(meter):
                continue
            self._given[meter] = account.mark
            state = account.state(boot_id=boot_id, monotonic_ns=monotonic_ns, clean=clean)
            if state is not None:
                found[account_key(meter)] = state
        return found

    def silent(self, monotonic_ns: int) -> list[str]:
        """The meters without a good and fresh reading, as in the site file.

        Args:
            monotonic_ns: now, by CLOCK_MONOTONIC.
        """
        wall_ns = self._now[0] + monotonic_ns - self._now[1]
        return [
            meter for meter, latest in self.latest.items() if not latest.good(wall_ns, monotonic_ns)
        ]

    @property
    def refused(self) -> Mapping[str, int]:
        """Readings of power and energy that came and were not booked, by reason."""
        found: dict[str, int] = {}
        for account in self.meters.values():
            for reason, count in account.not_booked.items():
                found[reason] = found.get(reason, 0) + count
        return found

    def kept(self, states: Mapping[AccountKey, AccountState]) -> None:
        """These accounts are on disk now. Only that is shown: so no crash lets a counter fall."""
        for key, state in states.items():
            if key.kind == METER:
                self._kept_mj[key.device] = state.total.total_mj

    def recall(self, figures: Kpis, quarter_hours: Mapping[str, Iterable[Register]]) -> None:
        """Take over more of what is in the ledger: from before what `Earlier` had.

        Args:
            figures: the energy of the key figures.
            quarter_hours: by meter, registers that earlier runs completed.
        """
        self.kpis.absorb(figures)
        for feed in self._feeds:
            for one in quarter_hours.get(feed.demand.account.meter.id, ()):
                feed.peaks.add(Interval(one.start_ns, known_of(one)))

    def budget(self, wall_ns: int, monotonic_ns: int) -> Budget:
        """The tree now."""
        return Budget(self.tree, self._powers(wall_ns, monotonic_ns))

    def values(self, wall_ns: int, monotonic_ns: int) -> Values:
        """The site_* metrics of now, by name and label values."""
        powers = self._powers(wall_ns, monotonic_ns)
        found: dict[str, dict[tuple[str, ...], float]] = {}
        budget = Budget(self.tree, powers)
        self._groups.add(budget, monotonic_ns)
        self._budget_values.put(budget, self._groups.highest(monotonic_ns), found)
        for feed in self._feeds:
            at_ns = feed.demand.account.clock.now_ns(monotonic_ns)
            now = None
            if at_ns is not None:
                fresh = feed.demand.account.meter.id in powers
                now = feed.demand.now(at_ns, fresh=fresh)
            shown_ns = wall_ns if at_ns is None else at_ns
            demand_values(feed.branch, feed.demand, now, feed.peaks, shown_ns, found)
        for branch, (meter, ramps) in self._ramps.items():
            at_ns = self.meters[meter].clock.now_ns(monotonic_ns)
            if at_ns is not None:
                series = found.setdefault("site_power_ramp_watts", {})
                for span, watts in ramps.largest(at_ns).items():
                    series[branch, f"{span}s"] = watts
        kpi_values(self.kpis, self._figured_ns(wall_ns), found)
        for meter, account in self.meters.items():
            meter_values(
                account,
                self.latest[meter],
                powers.get(meter),
                (wall_ns, monotonic_ns),
                self._kept_mj.get(meter),
                found,
            )
        return found

    @property
    def demand_topics(self) -> dict[str, str]:
        """By feed, the topic of its running demand: one of its own where there are several."""
        feeds = [feed.branch.id for feed in self._feeds]
        return {feed: RUNNING if len(feeds) == 1 else f"{RUNNING}/{feed}" for feed in feeds}

    def running(self, wall_ns: int, monotonic_ns: int) -> list[Point]:
        """How the demand of each feed stands now, for those who control it."""
        powers, topics, found = self._powers(wall_ns, monotonic_ns), self.demand_topics, []
        for feed in self._feeds:
            at_ns = feed.demand.account.clock.now_ns(monotonic_ns)
            if at_ns is None:
                continue
            now = feed.demand.now(at_ns, fresh=feed.demand.account.meter.id in powers)
            found.append(running_point(feed.branch, feed.demand, now, topics[feed.branch.id]))
        return found

    def _update(self, windows: list[Window], monotonic_ns: int) -> SiteUpdate:
        for window in windows:
            self.kpis.add(
                window.device.key, window.start_ns, window.energy.total_mj, window.duration_ns
            )
        points = []
        for feed in self._feeds:
            at_ns = feed.demand.account.clock.now_ns(monotonic_ns)
            if at_ns is None:
                continue
            for interval in feed.demand.close(at_ns):
                feed.peaks.add(interval)
                band = feed.peaks.band(interval.start_ns)
                points.append(interval_point(feed.branch, feed.demand, interval, band))
        return SiteUpdate(windows=tuple(windows), points=tuple(points))

    def _powers(self, wall_ns: int, monotonic_ns: int) -> dict[str, float]:
        """By meter, the power of those that are good and fresh; by its register's pace if need."""
        found = {}
        for meter, latest in self.latest.items():
            watts = latest.value(Quantity.POWER, wall_ns, monotonic_ns)
            if watts is None:
                rate_mw = self.meters[meter].rate_mw
                if rate_mw is None or latest.value(Quantity.ENERGY, wall_ns, monotonic_ns) is None:
                    continue
                watts = rate_mw / 1000
            found[meter] = watts
        return found

    def _follow(self, reading: MeterReading, watts: float) -> None:
        level, ramps = self._levels.get(reading.meter), self._followed.get(reading.meter)
        if level is not None:
            level.add(reading.source_ns, watts)
        if ramps is not None:
            ramps.add(reading.source_ns, watts, held=reading.shape is Shape.HELD)

    def _forget(self, meter: str) -> None:
        """Its clock was set: times before and after cannot be compared."""
        level, ramps = self._levels.get(meter), self._followed.get(meter)
        if level is not None:
            level.forget()
        if ramps is not None:
            ramps.forget()

    def _figured_ns(self, wall_ns: int) -> int:
        """Up to where all meters of the key figures are booked; a silent one holds up for 2 h."""
        booked = [self.meters[meter].booked_ns for meter in self.kpis.wanted]
        known = [at_ns for at_ns in booked if at_ns is not None]
        return max(min(known, default=0), wall_ns - _LATE_NS)

    def _make_feeds(self, band: Band, lowest_watts: Mapping[str, float]) -> list[_Feed]:
        billed = [
            (branch, meter)
            for branch in self.site.branches.values()
            if branch.contract_watts is not None or not branch.parents
            if (meter := billed_by(self.site, branch)) is not None
        ]
        stated = self.site.demand_target_watts if len(billed) == 1 else None
        found = []
        for branch, meter in billed:
            target = branch.contract_watts if stated is None else stated
            demand = Demand(self.meters[meter], self.site.zone, target, lowest_watts.get(branch.id))
            found.append(_Feed(branch, demand, Peaks(self.site.zone, band)))
        return found

    def _make_ramps(self) -> dict[str, tuple[str, Ramps]]:
        """By branch, the meter whose ramps are followed: feeds, and where limits are stated."""
        found = {}
        followed = {feed.branch.id: feed.demand.account.meter.id for feed in self._feeds}
        for i, branch in enumerate(self.tree.branches):
            if branch.id not in followed and not branch.ramp_limits_watts:
                continue
            meter = followed.get(branch.id) or next(iter(self.tree.meters[i]), None)
            if meter is not None:
                spans = sorted({*SPANS, *branch.ramp_limits_watts})
                found[branch.id] = (meter, Ramps(spans, self.meters[meter].plan.stale_ns))
        return found

    def _remember(self, quarter_hours: Mapping[str, Iterable[Register]]) -> None:
        """Take over what is in the ledger: figures, peaks, and the interval that was running."""
        feeds = {feed.demand.account.meter.id: feed for feed in self._feeds}
        for meter, registers in quarter_hours.items():
            account, feed = self.meters.get(meter), feeds.get(meter)
            if account is None:
                continue
            for one in registers:
                known = known_of(one)
                self.kpis.add(meter, one.start_ns, one.energy.total_mj, one.elapsed_ns)
                if account.booked_ns is not None and account.booked_ns < one.start_ns + QUARTER_NS:
                    account.quarters.restore(one.start_ns, known)
                elif feed is not None:
                    feed.peaks.add(Interval(one.start_ns, known))


def _one_band(_: datetime) -> str:
    """The band of a site without a tariff."""
    return "all"
