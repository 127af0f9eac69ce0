"""The feeds from the utility, the redundancy groups and the key figures."""

from collections.abc import Iterable, Mapping

from collector.catalogue import Values
from collector.sitefile.model import Branch, Site
from exporters.page.site.interval import BurnUp
from exporters.page.site.powers import Powers
from exporters.page.site.shape import (
    FeedJson,
    FigureJson,
    GroupJson,
    PeakJson,
    PowerJson,
    RampJson,
    State,
)
from exporters.page.site.tree import NEAR_RATIO
from exporters.page.site.values import value

_SPANS = ("1s", "10s", "60s", "900s")
_WINDOWS = ("15m", "1d", "30d", "365d")
_WORST_FIRST: Mapping[State, int] = {"over": 0, "near": 1, "unknown": 2, "well": 3}


def feed_branches(site: Site) -> tuple[Branch, ...]:
    """The branches whose demand may be followed: those under contract, and those nobody feeds."""
    return tuple(
        branch
        for branch in site.branches.values()
        if branch.contract_watts is not None or not branch.parents
    )


def feeds_json(
    feeds: Iterable[Branch], powers: Powers, burn_up: BurnUp, wall_ns: int
) -> list[FeedJson]:
    """All feeds, those that are nearest to their target first."""
    return sorted((_feed(feed, powers, burn_up, wall_ns) for feed in feeds), key=_strain)


def site_power(powers: Powers) -> PowerJson:
    """What the site draws: the sum of the branches that nobody feeds."""
    tops = powers.layout.tops
    known = [watts for top in tops if (watts := powers.watts(top)) is not None]
    most = [watts for top in tops if (watts := powers.at_most(top)) is not None]
    whole = all(powers.is_whole(top) for top in tops)
    covered = sum(powers.coverage(top) or 0.0 for top in tops)
    return PowerJson(
        watts=sum(known) if known else None,
        at_most_watts=None if whole or len(most) < len(tops) else sum(most),
        coverage_ratio=round(covered / len(tops), 6) if tops else None,
    )


def groups_json(powers: Powers) -> list[GroupJson]:
    """The redundancy groups that have a limit or a power, worst first."""
    members: dict[str, list[str]] = {}
    for branch in powers.layout.branches.values():
        if branch.redundancy_group:
            members.setdefault(branch.redundancy_group, []).append(branch.id)
    found = []
    for group, ids in members.items():
        watts = value(powers.values, "site_redundant_power_watts", (group,))
        limit = value(powers.values, "site_redundant_limit_watts", (group,))
        state = _group_state(watts, limit)
        most = [bound for one in ids if (bound := powers.at_most(one)) is not None]
        found.append(
            GroupJson(
                id=group,
                members=ids,
                state=state,
                watts=watts,
                at_most_watts=sum(most) if watts is None and len(most) == len(ids) else None,
                limit_watts=limit,
            )
        )
    return sorted(found, key=lambda group: (_WORST_FIRST[group["state"]], -_fill(group)))


def figures_json(values: Values) -> list[FigureJson]:
    """PUE and load factor over each window."""
    return [
        FigureJson(
            window=window,
            pue=value(values, "site_pue_ratio", (window,), digits=4),
            pue_coverage_ratio=value(values, "site_pue_coverage_ratio", (window,), digits=4),
            load_factor=value(values, "site_load_factor_ratio", (window,), digits=4),
        )
        for window in _WINDOWS
    ]


def _feed(feed: Branch, powers: Powers, burn_up: BurnUp, wall_ns: int) -> FeedJson:
    values = powers.values
    peaks = values.get("site_demand_peak_watts", {})
    ramps = values.get("site_power_ramp_watts", {})
    limits = values.get("site_power_ramp_limit_watts", {})
    return FeedJson(
        id=feed.id,
        power=powers.json(feed.id),
        contract_watts=value(values, "site_contract_power_watts", (feed.id,)),
        target_watts=value(values, "site_demand_target_watts", (feed.id,)),
        interval=burn_up.interval(wall_ns, values, feed.id),
        peaks=[
            PeakJson(period=labels[1], band=labels[2], watts=round(watts))
            for labels, watts in sorted(peaks.items())
            if labels[0] == feed.id
        ],
        ramps=[
            RampJson(
                span=span,
                watts=value(values, "site_power_ramp_watts", (feed.id, span)),
                limit_watts=value(values, "site_power_ramp_limit_watts", (feed.id, span)),
            )
            for span in _SPANS
            if (feed.id, span) in ramps or (feed.id, span) in limits
        ],
    )


def _strain(feed: FeedJson) -> float:
    """How near a feed comes to its target; the nearest is the least."""
    interval, target = feed["interval"], feed["target_watts"]
    watts = None if interval is None else interval["forecast_watts"]
    if watts is None:
        watts = feed["power"]["watts"]
    return -watts / target if target and watts is not None else 0.0


def _group_state(watts: float | None, limit: float | None) -> State:
    if watts is None:
        return "unknown"
    if limit is None:
        return "well"
    return "over" if watts > limit else "near" if watts >= limit * NEAR_RATIO else "well"


def _fill(group: GroupJson) -> float:
    watts, limit = group["watts"], group["limit_watts"]
    return watts / limit if watts is not None and limit else 0.0
