"""Interval data as plain values: what there is, how good it is, what was changed and why."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from exporters.utility.intervals.metering import Metering
from exporters.utility.intervals.quality import MJ_PER_WH, Quality
from exporters.utility.intervals.series import Hole, Series
from exporters.utility.intervals.totals import totals
from exporters.utility.intervals.values import Change, Checked, Finding

_WH_PER_KWH = 1000
_SHOWN = 200


def metering_document(metering: Metering) -> dict[str, Any]:
    """Interval data for `report.json`; the readings themselves are in forms of their own.

    Of long lists the first 200 entries are told, and how many there are.
    """
    zone = metering.grid.zone
    return {
        "site": metering.site,
        "source": metering.source,
        "zone": zone.key,
        "interval_seconds": 900,
        "intervals": len(metering.grid),
        "billed": {"meters": list(metering.meters), **_energy(metering.billed)},
        "meters": [_meter(checked) for checked in metering.meters.values()],
        "others": [_meter(checked) for checked in metering.others.values()],
        "notes": list(metering.notes),
    }


def kwh(watt_hours: int) -> Decimal:
    """Watt-hours as kilowatt-hours, exactly."""
    return Decimal(watt_hours) / _WH_PER_KWH


def _meter(checked: Checked) -> dict[str, Any]:
    series = checked.series
    zone = series.grid.zone
    return {
        "meter": series.meter,
        **_energy(series),
        "before": {"quality": checked.before.counts()},
        "findings": [_finding(each) for each in checked.findings[:_SHOWN]],
        "findings_count": len(checked.findings),
        "changes": [
            _change(each, datetime.fromtimestamp(each.start_s, zone))
            for each in checked.changes[:_SHOWN]
        ],
        "changes_count": len(checked.changes),
    }


def _energy(series: Series) -> dict[str, Any]:
    sums, watt_hours = totals(series), series.watt_hours
    return {
        "energy_kwh": kwh(sums.total_wh),
        "months_kwh": {name: kwh(value) for name, value in sums.months.items()},
        "quality": series.counts(),
        "estimated_kwh": kwh(
            sum(int(watt_hours[series.quality == code].sum()) for code in Quality if code.estimated)
        ),
        "gaps": [_hole(each) for each in series.holes()],
    }


def _hole(hole: Hole) -> dict[str, Any]:
    return {
        "start": hole.start.isoformat(),
        "end": hole.end.isoformat(),
        "readings": hole.quarters,
        "counted_in_part_kwh": kwh(hole.known_wh),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "start": finding.start.isoformat(),
        "end": finding.end.isoformat(),
        "readings": finding.quarters,
        "text": finding.text,
    }


def _change(change: Change, start: datetime) -> dict[str, Any]:
    return {
        "start": start.isoformat(),
        "before_kwh": millijoules_kwh(change.before_mj),
        "before": change.before.name.lower(),
        "after_kwh": millijoules_kwh(change.after_mj),
        "after": change.after.name.lower(),
        "rule": change.rule,
        "reason": change.reason,
        "user": change.user,
    }


def millijoules_kwh(energy_mj: int | None) -> Decimal | None:
    """Millijoules as kilowatt-hours to the watt-hour; None stays None."""
    return None if energy_mj is None else kwh(energy_mj // MJ_PER_WH)
