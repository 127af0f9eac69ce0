"""Demand as points: closed intervals for the books, the running one for those who control it."""

from collector.model import Point
from collector.site.demand import Demand, DemandNow, Interval
from collector.site.quarters import SECOND_NS
from collector.sitefile.model import Branch

INTERVALS = "interval"
"""MQTT topic of closed intervals, below the site's."""
RUNNING = "demand"
"""MQTT topic of the running interval, below the site's; retained."""


def interval_point(branch: Branch, demand: Demand, interval: Interval, band: str) -> Point:
    """The point of a closed interval; `demand_watts` is absent where it is void."""
    known = interval.known
    fields: dict[str, float | int | str] = {
        "energy_joules": known.energy_mj / 1000,
        "energy_joules_estimated": known.estimated_mj / 1000,
        "coverage_ratio": interval.coverage_ratio,
        "known_ratio": interval.known_ratio,
        "band": band,
    }
    if interval.watts is not None:
        fields["demand_watts"] = interval.watts
    if demand.target_watts is not None:
        fields["target_watts"] = demand.target_watts
    return Point(
        measurement="demand",
        tags={"branch": branch.id, "meter": demand.account.meter.id},
        wall_ns=interval.end_ns,
        fields=fields,
        topic=INTERVALS,
    )


def running_point(branch: Branch, demand: Demand, now: DemandNow, topic: str) -> Point:
    """How the running interval stands; what is not known is absent.

    It is not stored in InfluxDB: what is left of it there is the closed interval.

    Args:
        branch: the feed.
        demand: its demand.
        now: its running interval.
        topic: where it goes, below the site's.
    """
    elapsed_ns = now.at_ns - now.start_ns
    said = {
        "interval_start_timestamp_seconds": now.start_ns / SECOND_NS,
        "elapsed_seconds": elapsed_ns / SECOND_NS,
        "energy_joules": now.known.energy_mj / 1000,
        "so_far_watts": now.so_far_watts,
        "level_watts": now.level_watts,
        "target_watts": demand.target_watts,
    }
    if now.forecast is not None:
        said["forecast_watts"] = now.forecast.watts
        said["forecast_low_watts"] = now.forecast.low_watts
        said["forecast_high_watts"] = now.forecast.high_watts
    if now.guard is not None:
        said["allowed_watts"] = now.guard.allowed_watts
        said["cut_watts"] = now.guard.cut_watts
    if now.deadline_ns is not None:
        said["cut_deadline_timestamp_seconds"] = now.deadline_ns / SECOND_NS
    return Point(
        measurement="",
        tags={"branch": branch.id, "meter": demand.account.meter.id},
        wall_ns=now.at_ns,
        fields={name: value for name, value in said.items() if value is not None},
        topic=topic,
    )
