"""What must hold in a tariff file: no hour without a band, no band without a price."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from collector.shown import quoted
from exporters.utility.tariff.charges import DAY_TYPES
from exporters.utility.tariff.hours import day_of_bands, slots_of
from exporters.utility.tariff.spec import BandsSpec, FileSpec

_SLOT_MINUTES, _DAY_MINUTES = 15, 24 * 60
_PARTS = "allowed are parts of a day by quarter-hours"
Problem = tuple[tuple[str | int, ...], str]
"""Where, as in `("energy", 3, "rate")`, and what."""


def problems(spec: FileSpec) -> list[Problem]:
    """Everything that is wrong; prices are looked at only when all else is right."""
    found = [*_meta(spec), *_names(spec), *_months(spec), *_references(spec)]
    found += [*_windows(spec), *_hours(spec)]
    return found or [*_prices(spec)]


def is_zone(name: str) -> bool:
    """Whether there is such a time zone."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # OSError: a folder of zones, such as Asia
        return False
    return True


def _meta(spec: FileSpec) -> Iterator[Problem]:
    if not is_zone(spec.meta.zone):
        yield (
            ("meta", "zone"),
            f"{quoted(spec.meta.zone)} is no time zone; write it like Asia/Seoul",
        )
    if spec.meta.valid_to is not None and spec.meta.valid_to < spec.meta.valid_from:
        yield ("meta", "valid_to"), "it is before valid_from"
    if not spec.meta.sources:
        yield ("meta", "sources"), "a tariff needs its source"


def _names(spec: FileSpec) -> Iterator[Problem]:
    tables: dict[str, list[str]] = {
        "season": [season.name for season in spec.season],
        "tariff": [option.id for option in spec.tariff],
        "demand": [charge.id for charge in spec.demand],
        "fixed": [charge.id for charge in spec.fixed],
        "discount": [discount.id for discount in spec.discount],
        "adder": [adder.id for adder in spec.adder],
        "levy": [levy.id for levy in spec.levy],
    }
    for table, names in tables.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield (table, _last(names, name)), f"{quoted(name)} stands {count} times"


def _months(spec: FileSpec) -> Iterator[Problem]:
    months = Counter(month for season in spec.season for month in season.months)
    for index, season in enumerate(spec.season):
        for month in season.months:
            if not 1 <= month <= 12 or months[month] > 1:  # noqa: PLR2004 - months of a year
                yield ("season", index, "months"), f"month {month} is none, or has two seasons"
    for month in range(1, 13):
        if not months[month]:
            yield ("season",), f"month {month} has no season"


def _last(names: list[str], name: str) -> int:
    return len(names) - 1 - names[::-1].index(name)


def _references(spec: FileSpec) -> Iterator[Problem]:
    seasons = {season.name for season in spec.season}
    tables = {
        "bands": [entry.seasons for entry in spec.bands],
        "demand": [entry.seasons for entry in spec.demand],
        "discount": [entry.seasons for entry in spec.discount],
    }
    for table, entries in tables.items():
        for index, named in enumerate(entries):
            for name in sorted(set(named) - seasons):
                yield (table, index, "seasons"), f"there is no season {quoted(name)}"
    for index, bands in enumerate(spec.bands):
        for name in sorted(set(bands.hours) - set(spec.meta.bands)):
            yield ("bands", index, "hours"), f"there is no band {quoted(name)}; see meta.bands"
    for index, demand in enumerate(spec.demand):
        for name in sorted(set(demand.bands) - set(spec.meta.bands)):
            yield ("demand", index, "bands"), f"there is no band {quoted(name)}; see meta.bands"
    if spec.excess is not None and spec.excess.demand not in {each.id for each in spec.demand}:
        yield ("excess", "demand"), f"there is no demand charge {quoted(spec.excess.demand)}"


def _windows(spec: FileSpec) -> Iterator[Problem]:
    for index, demand in enumerate(spec.demand):
        if not _parts_a_day(demand.window_minutes):
            yield ("demand", index, "window_minutes"), _PARTS
    for index, rule in enumerate(spec.power_factor):
        if not _parts_a_day(rule.interval_minutes):
            yield ("power_factor", index, "interval_minutes"), _PARTS


def _parts_a_day(minutes: int) -> bool:
    return minutes >= _SLOT_MINUTES and not minutes % _SLOT_MINUTES and not _DAY_MINUTES % minutes


def _hours(spec: FileSpec) -> Iterator[Problem]:
    for index, bands in enumerate(spec.bands):
        try:
            day_of_bands(bands.hours)
        except ValueError as error:
            yield ("bands", index, "hours"), f"{', '.join(bands.days)}: {error}"
    for season in spec.season:
        for day in DAY_TYPES:
            those = [n for n, bands in enumerate(spec.bands) if applies(bands, season.name, day)]
            if not those:
                yield ("bands",), f"{day} in {season.name} has no bands"
            elif len(those) > 1:
                yield ("bands", those[1]), f"{day} in {season.name} has bands twice"
    tables = {
        "discount": [entry.hours for entry in spec.discount],
        "power_factor": [entry.hours for entry in spec.power_factor],
    }
    for table, entries in tables.items():
        for index, hours in enumerate(entries):
            try:
                slots_of(hours)
            except ValueError as error:
                yield (table, index, "hours"), str(error)


def applies(bands: BandsSpec, season: str, day: str) -> bool:
    """Whether these bands are for such a day in a season."""
    return day in bands.days and (not bands.seasons or season in bands.seasons)


def _prices(spec: FileSpec) -> Iterator[Problem]:
    for index, option in enumerate(spec.tariff):
        for season, band in sorted(_used(spec)):
            price = option.energy.get(season, {}).get(band)
            if price is None:
                yield ("tariff", index, "energy"), f"{option.id}: no price for {band} in {season}"
            elif isinstance(price, tuple) and not _tiers_close([tier.up_to_kwh for tier in price]):
                yield (
                    ("tariff", index, "energy"),
                    f"{option.id}: tiers of {band} in {season} must rise to an open last",
                )
        for name in sorted({demand.id for demand in spec.demand} ^ set(option.demand)):
            yield ("tariff", index, "demand"), f"{option.id}: {name!r} is only here, or only there"


def _used(spec: FileSpec) -> set[tuple[str, str]]:
    return {
        (season.name, band)
        for season in spec.season
        for bands in spec.bands
        if not bands.seasons or season.name in bands.seasons
        for band in bands.hours
    }


def _tiers_close(ends: list[Decimal | None]) -> bool:
    closed = [end for end in ends if end is not None]
    rising = all(low < high for low, high in pairwise(closed))
    return bool(ends) and ends[-1] is None and len(closed) == len(ends) - 1 and rising
