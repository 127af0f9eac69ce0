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

from collector.shown import quoted
from exporters.utility.tariff.checks import is_zone
from exporters.utility.tariff.errors import TariffFileError
from exporters.utility.tariff.money import number_of
from exporters.utility.tariff.urdb_form import HOURS, MONTHS, Rate, Tier, rate_of
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
    document = _document(content)
    rate = rate_of(document)
    if not is_zone(zone):
        raise TariffFileError(f"{quoted(zone)} is no time zone; write it like America/Los_Angeles")
    label = rate.label or "unknown"
    start = _day(rate.startdate, zone) or valid_from
    if start is None:
        raise TariffFileError("the rate has no startdate; say since when it is valid")
    left_out = [
        f"{text} ({key})" for key, text in _LEFT_OUT.items() if _says_something(document.get(key))
    ]
    structure = rate.energyratestructure
    if any(_says_something(tier.sell) for period in structure for tier in period):
        left_out.append("payment for energy fed in (sell)")
    fixed = _fixed(rate, left_out)
    rates = Rates(
        id=tariff_id or f"urdb-{label}",
        name=rate.name or label,
        utility=rate.utility,
        source=rate.source or rate.uri or f"OpenEI URDB, label {label}",
        zone=zone,
        valid_from=start,
        valid_to=_day(rate.enddate, zone),
        energy=tuple(tuple(_tier(tier) for tier in period) for period in structure),
        energy_hours=(
            _schedule(rate.energyweekdayschedule),
            _schedule(rate.energyweekendschedule),
        ),
        demand=_one_tier(rate.demandratestructure, "demandratestructure"),
        demand_hours=(
            _schedule(rate.demandweekdayschedule),
            _schedule(rate.demandweekendschedule),
        ),
        flat_demand=_one_tier(rate.flatdemandstructure, "flatdemandstructure"),
        flat_months=tuple(rate.flatdemandmonths or [0] * MONTHS),
        window_minutes=rate.demandwindow or 15,
        fixed=fixed,
    )
    return Imported(as_toml(rates, [*left_out], CANNOT_SAY), tuple(left_out))


def _document(content: str) -> Mapping[str, Any]:
    try:
        document = json.loads(content, parse_float=number_of, parse_constant=number_of)
    except json.JSONDecodeError as error:
        raise TariffFileError(f"line {error.lineno}: it is no JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise TariffFileError("it is no rate: a number is too large, or nesting too deep") from None
    items = document.get("items", [document]) if isinstance(document, dict) else document
    if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
        raise TariffFileError("it must hold one rate; ask the API with detail=full for one label")
    if not items[0].get("energyratestructure"):
        raise TariffFileError("it has no energyratestructure; ask the API with detail=full")
    return items[0]


def _tier(tier: Tier) -> tuple[Decimal | None, Decimal]:
    if tier.unit not in {"", "kWh"}:
        raise TariffFileError(
            f"energyratestructure: tiers by {quoted(tier.unit)} are not known, only by kWh"
        )
    return tier.max, tier.price


def _one_tier(structure: Sequence[Sequence[Tier]] | None, key: str) -> tuple[Decimal, ...]:
    if any(len(period) != 1 for period in structure or ()):
        raise TariffFileError(f"{key}: tiers of demand are not known")
    return tuple(period[0].price for period in structure or ())


def _schedule(rows: Sequence[Sequence[int]] | None) -> tuple[tuple[int, ...], ...]:
    return tuple(map(tuple, rows or [[0] * HOURS] * MONTHS))


def _fixed(rate: Rate, left_out: list[str]) -> Charge | None:
    amount = rate.fixedchargefirstmeter
    amount = rate.fixedmonthlycharge if amount is None else amount
    per = {"$/month": "month", "$/day": "day"}.get(rate.fixedchargeunits)
    if not amount:
        return None
    if per is None:
        left_out.append(f"a fixed charge in {rate.fixedchargeunits} (fixedchargefirstmeter)")
        return None
    return Charge(amount, per)


def _says_something(value: object) -> bool:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
        elif one:
            return True
    return False


def _day(value: int | str | None, zone: str) -> date | None:
    """A day of the API: seconds since 1970, or ISO."""
    if not value:
        return None
    try:
        if isinstance(value, str) and not value.isdigit():
            return date.fromisoformat(value[:10])
        return datetime.fromtimestamp(int(value), UTC).astimezone(ZoneInfo(zone)).date()
    except (ValueError, OverflowError, OSError):
        raise TariffFileError(f"{quoted(str(value)[:20])} is no day") from None
