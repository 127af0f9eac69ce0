"""Imports a rate of OpenEI's Utility Rate Database (URDB) as a tariff file.

The form is that of the API's version 7 (openei.org/services/doc/rest/util_rates). What the form
cannot say, and what this import leaves out, is listed; nothing is left out silently.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from exporters.utility.tariff.errors import TariffFileError
from exporters.utility.tariff.urdb_text import Charge, Rates, as_toml

CANNOT_SAY = (
    "its time zone",
    "holidays: they are priced as the day of the week that they fall on",
    "Saturdays and Sundays apart: both are the weekend",
    "bands finer than an hour",
    "a floor of the demand charge by the contract",
    "excess over a contract and its steps",
    "the power factor by half-hours and hours of day",
    "discounts with an end, and adders by date",
    "levies as a share of the bill",
    "how quantities and amounts are rounded",
    "whether the figures were compared with the utility's own text",
)
"""What the form has no words for."""

_LEFT_OUT = {
    "demandratchetpercentage": "a ratchet on demand",
    "lookbackMonths": "a ratchet on demand (months)",
    "lookbackPercent": "a ratchet on demand (share)",
    "lookbackRange": "a ratchet on demand (range)",
    "coincidentratestructure": "a charge for demand at the grid's peak",
    "demandreactivepowercharge": "a charge for reactive power",
    "fueladjustmentsmonthly": "fuel adjustments by month",
    "mincharge": "a least charge",
    "minmonthlycharge": "a least charge by month",
    "annualmincharge": "a least charge by year",
    "fixedchargeeaaddl": "a charge for each further meter",
}
_MONTHS, _HOURS = 12, 24


@dataclass(frozen=True, slots=True)
class Imported:
    """A tariff file.

    Attributes:
        text: its TOML.
        left_out: what the rate says and the file does not: bills by it lack that.
        cannot_say: what the form has no words for.
    """

    text: str
    left_out: tuple[str, ...]
    cannot_say: tuple[str, ...] = CANNOT_SAY


def import_urdb(
    content: str, *, zone: str, tariff_id: str = "", valid_from: date | None = None
) -> Imported:
    """Make a tariff file from a rate as the API gives it, alone or as the only one of `items`.

    Args:
        content: JSON.
        zone: its time zone, such as America/Los_Angeles.
        tariff_id: how to call it; by its label when empty.
        valid_from: since when, if the rate does not say.

    Raises:
        TariffFileError: it is no such rate, or has what a bill cannot do without.
    """
    rate = _rate(content)
    label = str(rate.get("label") or "unknown")
    start = _day(rate.get("startdate"), zone) or valid_from
    if start is None:
        raise TariffFileError("the rate has no startdate; say since when it is valid")
    left_out = [
        f"{text} ({key})" for key, text in _LEFT_OUT.items() if _says_something(rate.get(key))
    ]
    if any(_says_something(tier.get("sell")) for period in _energy(rate) for tier in period):
        left_out.append("payment for energy fed in (sell)")
    fixed = _fixed(rate, left_out)
    rates = Rates(
        id=tariff_id or f"urdb-{label}",
        name=str(rate.get("name") or label),
        utility=str(rate.get("utility") or ""),
        source=str(rate.get("source") or rate.get("uri") or f"OpenEI URDB, label {label}"),
        zone=zone,
        valid_from=start,
        valid_to=_day(rate.get("enddate"), zone),
        energy=tuple(tuple(_tier(tier) for tier in period) for period in _energy(rate)),
        energy_hours=(
            _schedule(rate, "energyweekdayschedule"),
            _schedule(rate, "energyweekendschedule"),
        ),
        demand=_one_tier(rate, "demandratestructure"),
        demand_hours=(
            _schedule(rate, "demandweekdayschedule"),
            _schedule(rate, "demandweekendschedule"),
        ),
        flat_demand=_one_tier(rate, "flatdemandstructure"),
        flat_months=_flat_months(rate),
        window_minutes=int(rate.get("demandwindow") or 15),
        fixed=fixed,
    )
    return Imported(as_toml(rates, [*left_out], CANNOT_SAY), tuple(left_out))


def _rate(content: str) -> Mapping[str, Any]:
    try:
        document = json.loads(content, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise TariffFileError(f"line {error.lineno}: it is no JSON: {error.msg}") from None
    items = document.get("items", [document]) if isinstance(document, dict) else document
    if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
        raise TariffFileError("it must hold one rate; ask the API with detail=full for one label")
    if not items[0].get("energyratestructure"):
        raise TariffFileError("it has no energyratestructure; ask the API with detail=full")
    return items[0]


def _energy(rate: Mapping[str, Any]) -> Sequence[Sequence[Mapping[str, Any]]]:
    structure: Sequence[Sequence[Mapping[str, Any]]] = rate["energyratestructure"]
    return structure


def _tier(tier: Mapping[str, Any]) -> tuple[Decimal | None, Decimal]:
    unit = str(tier.get("unit") or "kWh")
    if unit != "kWh":
        raise TariffFileError(f"energyratestructure: tiers by {unit!r} are not known, only by kWh")
    return _decimal(tier.get("max")), (_decimal(tier.get("rate")) or Decimal(0)) + (
        _decimal(tier.get("adj")) or Decimal(0)
    )


def _one_tier(rate: Mapping[str, Any], key: str) -> tuple[Decimal, ...]:
    found = []
    for period in rate.get(key) or ():
        if len(period) != 1:
            raise TariffFileError(f"{key}: tiers of demand are not known")
        found.append(_tier({**period[0], "unit": "kWh", "max": None})[1])
    return tuple(found)


def _schedule(rate: Mapping[str, Any], key: str) -> tuple[tuple[int, ...], ...]:
    rows = rate.get(key)
    if rows is None:
        return ((0,) * _HOURS,) * _MONTHS
    if len(rows) != _MONTHS or any(len(row) != _HOURS for row in rows):
        raise TariffFileError(f"{key}: it must have 12 rows of 24 hours")
    return tuple(tuple(int(period) for period in row) for row in rows)


def _flat_months(rate: Mapping[str, Any]) -> tuple[int, ...]:
    months = rate.get("flatdemandmonths") or [0] * _MONTHS
    if len(months) != _MONTHS:
        raise TariffFileError("flatdemandmonths: it must have 12 months")
    return tuple(int(period) for period in months)


def _fixed(rate: Mapping[str, Any], left_out: list[str]) -> Charge | None:
    amount = _decimal(rate.get("fixedchargefirstmeter", rate.get("fixedmonthlycharge")))
    per = {"$/month": "month", "$/day": "day"}.get(str(rate.get("fixedchargeunits", "$/month")))
    if not amount:
        return None
    if per is None:
        left_out.append(f"a fixed charge in {rate['fixedchargeunits']} (fixedchargefirstmeter)")
        return None
    return Charge(amount, per)


def _decimal(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _says_something(value: object) -> bool:
    if isinstance(value, list):
        return any(_says_something(part) for part in value)
    if isinstance(value, dict):
        return any(_says_something(part) for part in value.values())
    return bool(value)


def _day(value: object, zone: str) -> date | None:
    """A day of the API: seconds since 1970, or ISO."""
    if not value:
        return None
    if isinstance(value, str) and not value.isdigit():
        return date.fromisoformat(value[:10])
    return datetime.fromtimestamp(int(str(value)), UTC).astimezone(ZoneInfo(zone)).date()
