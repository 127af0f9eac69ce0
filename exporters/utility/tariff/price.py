"""From readings to a bill. Pure: no clock, no file."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from exporters.utility.tariff.bill import Bill, Contract, Line, PowerFactors
from exporters.utility.tariff.case import Case, measure
from exporters.utility.tariff.demand import demand_lines, demands
from exporters.utility.tariff.energy import (
    adder_lines,
    discount_lines,
    energy_by_band,
    energy_lines,
)
from exporters.utility.tariff.errors import ReadingsError
from exporters.utility.tariff.excess import excess_lines
from exporters.utility.tariff.fixed import fixed_lines
from exporters.utility.tariff.levies import cut_lines, levy_line
from exporters.utility.tariff.period import BillingPeriod
from exporters.utility.tariff.power_factor import found_factors, power_factor_line
from exporters.utility.tariff.readings import Gap, Interval, MonthDemand, shortened, within
from exporters.utility.tariff.stretches import stretches
from exporters.utility.tariff.tariff import Tariff


def price(  # noqa: PLR0913 - what a bill depends on
    intervals: Iterable[Interval],
    *,
    versions: Sequence[Tariff],
    period: BillingPeriod,
    contract: Contract,
    history: Sequence[MonthDemand] = (),
    reactive: PowerFactors | None = None,
    adder: Decimal | None = None,
    allow_gaps: bool = False,
) -> Bill:
    """Work out a bill.

    Args:
        intervals: quarter-hours in order; those outside the period are not used.
        versions: every version of the tariff (`Tariff.versions`).
        period: the days of the bill.
        contract: what the customer agreed on.
        history: earlier months.
        reactive: the month's power factors, instead of those of the readings.
        adder: so much on every kWh instead of the tariff's adders.
        allow_gaps: bill what there is, and say what is missing.

    Returns:
        The bill; its amounts add up to the total exactly.

    Raises:
        UnknownTariffError: no file says what these days cost.
        ReadingsError: the readings or the history are not whole, or cannot be believed.
        TariffError: something else that the tariff needs is not known.
    """
    parts = stretches(versions, period, deferred=contract.deferred)
    inside, gaps = within(intervals, period, parts[0].tariff.zone)
    if gaps and not allow_gaps:
        raise ReadingsError(
            f"{missing_hours(gaps).normalize():f} hours of readings are missing:\n"
            + shortened([str(gap) for gap in gaps])
            + "\nadd them, or bill without them (--allow-gaps)"
        )
    case = Case(
        period=period,
        stretches=parts,
        contract=contract,
        history=history,
        intervals=inside,
        measured=measure(inside, parts),
    )
    return _bill(case, gaps, reactive, adder, allow_gaps=allow_gaps)


def _bill(
    case: Case,
    gaps: tuple[Gap, ...],
    reactive: PowerFactors | None,
    adder: Decimal | None,
    *,
    allow_gaps: bool,
) -> Bill:
    notes = _notes(case, gaps)
    found = list(demands(case, allow_gaps=allow_gaps, notes=notes))
    factors = found_factors(case, reactive, allow_gaps=allow_gaps, notes=notes)
    base = list(demand_lines(case, found))
    demanded = sum((line.amount for line in base), Decimal(0))
    factor_line = power_factor_line(case, factors, demanded, notes)
    charges = [
        *fixed_lines(case),
        *base,
        *energy_lines(case),
        *discount_lines(case),
        *adder_lines(case, adder),
        *([factor_line] if factor_line else []),
        *excess_lines(case, notes),
    ]
    before = sum((line.amount for line in charges), Decimal(0))
    lines, total = _with_levies(case, charges, before)
    return Bill(
        period=case.period,
        stretches=case.stretches,
        energy_kwh=energy_by_band(case),
        hours=case.measured.hours,
        demands=tuple(found),
        highest_kw=case.measured.highest.kw,
        highest_other_kw=case.measured.highest_other.kw,
        lagging_percent=factors.lagging_percent if factors else None,
        leading_percent=factors.leading_percent if factors else None,
        lines=tuple(lines),
        before_levies=before,
        total=total,
        gaps=gaps,
        notes=tuple(notes),
    )


def _with_levies(case: Case, charges: list[Line], before: Decimal) -> tuple[list[Line], Decimal]:
    levies = [
        levy_line(levy, before, case.period.start, case.period.end) for levy in case.last.spec.levy
    ]
    whole = before + sum((line.amount for line in levies), Decimal(0))
    rounding = case.last.spec.rounding.total
    total = rounding.of(whole)
    return [*charges, *levies, *cut_lines(whole, total, rounding.words)], total


def _notes(case: Case, gaps: tuple[Gap, ...]) -> list[str]:
    notes = []
    if gaps:
        notes.append(
            f"{missing_hours(gaps).normalize():f} hours of readings are missing: energy and demand "
            "may be higher"
        )
    notes += [
        f"{stretch.tariff.files[0].name} is not verified: {stretch.tariff.meta.verified_how}"
        for stretch in case.stretches
        if not stretch.tariff.meta.verified
    ]
    return notes


def missing_hours(gaps: Iterable[Gap]) -> Decimal:
    """How many hours of readings are missing."""
    return sum((Decimal(gap.quarters) / 4 for gap in gaps), Decimal(0))
