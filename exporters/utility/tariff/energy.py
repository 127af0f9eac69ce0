"""Energy, its discounts and its adders. A band is rounded once, over all versions and seasons."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from exporters.utility.tariff.bill import Line
from exporters.utility.tariff.case import Case, Cell
from exporters.utility.tariff.charges import AdderSpec, Tier, in_force
from exporters.utility.tariff.errors import UnknownTariffError
from exporters.utility.tariff.money import plain
from exporters.utility.tariff.period import Month


@dataclass(frozen=True, slots=True)
class _Part:
    kwh: Decimal
    rate: Decimal

    @property
    def words(self) -> str:
        return f"{plain(self.kwh)} kWh x {plain(self.rate)}"


def billed_kwh(case: Case) -> dict[Cell, Decimal]:
    """Energy by stretch, season and band, rounded as the tariff counts it."""
    return {cell: _whole(case, cell[0], kwh) for cell, kwh in case.measured.energy.items()}


def energy_by_band(case: Case) -> dict[str, Decimal]:
    """Billed energy by band, kWh; every band of the tariff is there."""
    total = dict.fromkeys(case.measured.quarters, Decimal(0))
    for (_, _, band), kwh in billed_kwh(case).items():
        total[band] += kwh
    return total


def energy_lines(case: Case) -> Iterator[Line]:
    """A line for each band, in the tariff's order."""
    billed = billed_kwh(case)
    for band in case.measured.quarters:
        parts = [
            part
            for cell, kwh in billed.items()
            if cell[2] == band
            for part in _tiered(case, cell, kwh)
        ]
        yield _line(case, f"energy_{band}", parts, sign=1)


def discount_lines(case: Case) -> Iterator[Line]:
    """A line for each discount and band that has energy in it."""
    grouped: dict[tuple[str, str], list[_Part]] = {}
    for (cell, discount), kwh in case.measured.discounted.items():
        number, season, band = cell
        tariff = case.stretches[number].tariff
        # A discount on tiers is on the first: that is what its first kWh costs.
        rate = tariff.unit_discount(discount, tariff.tiers(season, band)[0].rate)
        part = _Part(_whole(case, number, kwh), rate)
        grouped.setdefault((discount, band), []).append(part)
    for (discount, band), parts in grouped.items():
        yield _line(case, f"{discount}_{band}", parts, sign=-1)


def adder_lines(case: Case, given: Decimal | None) -> Iterator[Line]:
    """The tariff's adders, or the one given instead of them.

    Raises:
        UnknownTariffError: no source says what an adder is for these days.
    """
    billed = billed_kwh(case)
    if given is not None:
        total = sum(billed.values(), Decimal(0))
        yield _line(case, "adder", [_Part(total, given)], sign=1)
        return
    names = dict.fromkeys(adder.id for each in case.stretches for adder in each.tariff.spec.adder)
    for name in names:
        yield _line(case, f"adder_{name}", list(_added(case, name)), sign=1)


def _added(case: Case, name: str) -> Iterator[_Part]:
    """An adder's parts. One by date changes within the bill on its day."""
    by_rate: dict[Decimal, Decimal] = {}
    for number, stretch in enumerate(case.stretches):
        adder = next((each for each in stretch.tariff.spec.adder if each.id == name), None)
        if adder is None:
            continue
        rates = {day: _value(case, adder, day) for day in stretch.each_day()}
        if len(set(rates.values())) == 1:
            kwh = sum((k for cell, k in billed_kwh(case).items() if cell[0] == number), Decimal(0))
            rate = rates[stretch.start]
            by_rate[rate] = by_rate.get(rate, Decimal(0)) + kwh
            continue
        apart: dict[Decimal, Decimal] = {}
        for interval in case.intervals:
            day = interval.start.astimezone(stretch.tariff.zone).date()
            if day in rates:
                apart[rates[day]] = apart.get(rates[day], Decimal(0)) + interval.kwh
        for rate, kwh in apart.items():
            by_rate[rate] = by_rate.get(rate, Decimal(0)) + _whole(case, number, kwh)
    for rate, kwh in by_rate.items():
        yield _Part(kwh, rate)


def _value(case: Case, adder: AdderSpec, day: date) -> Decimal:
    month = case.period.month
    for value in adder.values:
        if adder.by == "date":
            found = in_force(value.valid_from, value.valid_to, day)
        else:
            ended = value.valid_to is not None and Month.of(value.valid_to) < month
            found = Month.of(value.valid_from) <= month and not ended
        if found:
            return value.value
    when = f"on {day}" if adder.by == "date" else f"for the bill of {month}"
    raise UnknownTariffError(
        f"no source says what the adder {adder.id!r} ({adder.title}) is {when}; "
        "give all adders with --adder"
    )


def _tiered(case: Case, cell: Cell, kwh: Decimal) -> Iterator[_Part]:
    number, season, band = cell
    tiers = case.stretches[number].tariff.tiers(season, band)
    share = _share(case, number, season)
    rest, below = kwh, Decimal(0)
    for tier in tiers:
        end = _tier_end(tier, share)
        here = rest if end is None else min(rest, max(end - below, Decimal(0)))
        if here or len(tiers) == 1:
            yield _Part(here, tier.rate)
        rest -= here
        below = below if end is None else end


def _tier_end(tier: Tier, share: Fraction) -> Decimal | None:
    if tier.up_to_kwh is None:
        return None
    end = Fraction(tier.up_to_kwh) * share
    return Decimal(end.numerator // end.denominator) if share != 1 else tier.up_to_kwh


def _share(case: Case, number: int, season: str) -> Fraction:
    """The share of the bill's days that a tier's limit is for."""
    stretch = case.stretches[number]
    days = sum(stretch.tariff.season(day) == season for day in stretch.each_day())
    return Fraction(days, case.period.days)


def _whole(case: Case, number: int, kwh: Decimal) -> Decimal:
    rounding = case.stretches[number].tariff.spec.rounding.kwh
    return rounding.of(kwh) if rounding else kwh


def _line(case: Case, name: str, parts: list[_Part], *, sign: int) -> Line:
    rounding = case.last.spec.rounding.line
    parts = _joined(parts)
    amount = rounding.of(sum((part.kwh * part.rate for part in parts), Decimal(0)))
    currency = case.last.meta.currency
    words = " + ".join(part.words for part in parts) or "no energy"
    rates = {part.rate for part in parts}
    return Line(
        id=name,
        quantity=sum((part.kwh for part in parts), Decimal(0)),
        unit="kWh",
        rate=sign * rates.pop() if len(rates) == 1 else None,
        amount=sign * amount + Decimal(0),
        formula=f"{'- (' if sign < 0 else ''}{words}{')' if sign < 0 else ''}, {rounding.words} "
        f"{currency}",
    )


def _joined(parts: list[_Part]) -> list[_Part]:
    by_rate: dict[Decimal, Decimal] = {}
    for part in parts:
        by_rate[part.rate] = by_rate.get(part.rate, Decimal(0)) + part.kwh
    return [_Part(kwh, rate) for rate, kwh in by_rate.items()]
