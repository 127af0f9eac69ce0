"""Writes a rate of the Utility Rate Database as the TOML of a tariff file."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from exporters.utility.tariff.errors import TariffFileError
from exporters.utility.tariff.hours import in_words

_QUARTERS = 4
_DAYS = ('"weekday", "holiday"', '"saturday", "sunday"')
Hours = tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]
"""Periods by hour and month, of weekdays and of weekends."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A fixed charge by day or month."""

    amount: Decimal
    per: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What a rate says, as far as a tariff file can say it too."""

    id: str
    name: str
    utility: str
    source: str
    zone: str
    valid_from: date
    valid_to: date | None
    energy: tuple[tuple[tuple[Decimal | None, Decimal], ...], ...]
    energy_hours: Hours
    demand: tuple[Decimal, ...]
    demand_hours: Hours
    flat_demand: tuple[Decimal, ...]
    flat_months: tuple[int, ...]
    window_minutes: int
    fixed: Charge | None


@dataclass(frozen=True, slots=True)
class _Season:
    name: str
    months: tuple[int, ...]


def as_toml(rates: Rates, left_out: Sequence[str], cannot_say: Sequence[str]) -> str:
    """The text of a tariff file.

    Raises:
        TariffFileError: a schedule names a period that has no price.
    """
    seasons = _seasons(rates)
    lines = [
        *_meta(rates, seasons, left_out, cannot_say),
        *_bands(rates, seasons),
        *_charges(rates, seasons),
        *_prices(rates, seasons),
    ]
    return "\n".join(lines) + "\n"


def _seasons(rates: Rates) -> list[_Season]:
    """Months with the same schedules are one season."""
    alike: dict[object, list[int]] = {}
    for month in range(12):
        key = (
            *(hours[month] for hours in (*rates.energy_hours, *rates.demand_hours)),
            rates.flat_months[month],
        )
        alike.setdefault(key, []).append(month + 1)
    return [_Season(f"season_{n}", tuple(months)) for n, months in enumerate(alike.values(), 1)]


def _band(rates: Rates, energy: int, demand: int) -> str:
    if not 0 <= energy < len(rates.energy) or (rates.demand and demand >= len(rates.demand)):
        raise TariffFileError(f"a schedule names period {energy} or {demand}, which has no price")
    return f"energy_{energy}_demand_{demand}" if rates.demand else f"energy_{energy}"


def _of_day(rates: Rates, season: _Season, weekend: int) -> list[tuple[int, int]]:
    month = season.months[0] - 1
    energy, demand = rates.energy_hours[weekend][month], rates.demand_hours[weekend][month]
    return list(zip(energy, demand, strict=True))


def _pairs(rates: Rates, season: _Season) -> list[tuple[int, int]]:
    found = {pair for weekend in (0, 1) for pair in _of_day(rates, season, weekend)}
    return sorted(found if rates.demand else {(energy, 0) for energy, _ in found})


def _meta(
    rates: Rates, seasons: list[_Season], left_out: Sequence[str], cannot_say: Sequence[str]
) -> Iterator[str]:
    bands = {_band(rates, *pair): None for each in seasons for pair in _pairs(rates, each)}
    notes = [f"left out by the import: {text}" for text in left_out]
    notes += [f"the form cannot say: {text}" for text in cannot_say]
    yield "[meta]"
    yield f"title = {_text(f'{rates.utility} {rates.name}'.strip())}"
    yield 'currency = "USD"'
    yield f"zone = {_text(rates.zone)}"
    yield f"bands = [{', '.join(map(_text, bands))}]"
    yield f"valid_from = {rates.valid_from}"
    if rates.valid_to is not None:
        yield f"valid_to = {rates.valid_to}"
    yield "verified = false"
    yield 'verified_how = "imported from OpenEI; not compared with the utility\'s text"'
    source = f'what = "OpenEI URDB", where = {_text(rates.source)}, seen = "its JSON"'
    yield f"sources = [{{ {source} }}]"
    yield f"unverified = [{', '.join(map(_text, notes))}]"
    yield ""
    yield "[rounding]"
    yield 'line = { mode = "half_up", to = 0.01 }'
    yield 'total = { mode = "half_up", to = 0.01 }'
    for season in seasons:
        yield from ("", "[[season]]", f'name = "{season.name}"', f"months = {list(season.months)}")


def _bands(rates: Rates, seasons: list[_Season]) -> Iterator[str]:
    for season in seasons:
        for weekend, days in enumerate(_DAYS):
            yield from ("", "[[bands]]", f'seasons = ["{season.name}"]', f"days = [{days}]")
            hours: dict[str, list[int]] = {}
            for hour, pair in enumerate(_of_day(rates, season, weekend)):
                slots = range(hour * _QUARTERS, (hour + 1) * _QUARTERS)
                hours.setdefault(_band(rates, *pair), []).extend(slots)
            for band, slots_of_band in hours.items():
                ranges = ", ".join(map(_text, in_words(slots_of_band).split(", ")))
                yield f"hours.{band} = [{ranges}]"


def _charges(rates: Rates, seasons: list[_Season]) -> Iterator[str]:
    window = f"window_minutes = {rates.window_minutes}"
    for period, rate in enumerate(rates.demand):
        bands = {
            _band(rates, *pair): None
            for season in seasons
            for pair in _pairs(rates, season)
            if pair[1] == period
        }
        if rate and bands:
            listed = ", ".join(map(_text, bands))
            name = f"demand_{period}"
            yield from ("", "[[demand]]", f'id = "{name}"', f'title = "Demand, period {period}"')
            yield from (f"bands = [{listed}]", window)
            seen = [s.name for s in seasons if any(p[1] == period for p in _pairs(rates, s))]
            yield f"seasons = [{', '.join(map(_text, seen))}]"
    for period, _ in _flat(rates):
        seen = [s.name for s in seasons if rates.flat_months[s.months[0] - 1] == period]
        name = f"demand_flat_{period}"
        yield from ("", "[[demand]]", f'id = "{name}"', f'title = "Demand of the month, {period}"')
        yield from (f"seasons = [{', '.join(map(_text, seen))}]", window)
    if rates.fixed is not None:
        yield from ("", "[[fixed]]", 'id = "customer"', 'title = "Fixed charge"')
        yield from (f"amount = {rates.fixed.amount}", f'per = "{rates.fixed.per}"')


def _flat(rates: Rates) -> list[tuple[int, Decimal]]:
    used = set(rates.flat_months)
    return [(n, rate) for n, rate in enumerate(rates.flat_demand) if rate and n in used]


def _prices(rates: Rates, seasons: list[_Season]) -> Iterator[str]:
    yield from ("", "[[tariff]]", f"id = {_text(rates.id)}", f"name = {_text(rates.name)}")
    used = {pair[1] for season in seasons for pair in _pairs(rates, season)}
    for period, rate in enumerate(rates.demand):
        if rate and period in used:
            yield f"demand.demand_{period} = {rate}"
    for period, rate in _flat(rates):
        yield f"demand.demand_flat_{period} = {rate}"
    for season in seasons:
        for pair in _pairs(rates, season):
            yield f"energy.{season.name}.{_band(rates, *pair)} = {_price(rates.energy[pair[0]])}"


def _price(tiers: Sequence[tuple[Decimal | None, Decimal]]) -> str:
    if len(tiers) == 1:
        return f"{tiers[0][1]}"
    parts = (
        f"{{ rate = {rate} }}" if end is None else f"{{ up_to_kwh = {end}, rate = {rate} }}"
        for end, rate in tiers
    )
    return f"[{', '.join(parts)}]"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
