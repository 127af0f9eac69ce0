"""The demand charge: this bill's peak, earlier months that still count, and the floor."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from exporters.utility.tariff.bill import Demand, Line
from exporters.utility.tariff.case import Case, Peak
from exporters.utility.tariff.charges import DemandSpec, RatchetSpec
from exporters.utility.tariff.errors import ReadingsError, TariffError
from exporters.utility.tariff.money import plain
from exporters.utility.tariff.period import Month

CURRENT, FLOOR, GIVEN = "current", "floor", "given"


def demands(case: Case, *, allow_gaps: bool, notes: list[str]) -> Iterator[Demand]:
    """What each demand charge bills, the main one first.

    Raises:
        TariffError: the contract's power is needed and not known.
        ReadingsError: months are missing that might still count.
    """
    for index, charge in enumerate(charges(case)):
        peak = case.measured.peaks.get(charge.id, Peak())
        at = peak.at.isoformat() if peak.at else None
        measured = whole_kw(case, peak.kw)
        if index == 0 and case.contract.billing_demand_kw is not None:
            yield Demand(charge.id, case.contract.billing_demand_kw, GIVEN, measured, at)
            continue
        kw, origin = measured, CURRENT
        if charge.ratchet is not None:
            months = _counting(case, charge.ratchet)
            _check_history(case, charge, months, notes, allow_gaps=allow_gaps)
            for entry in sorted(case.history, key=lambda each: each.month):
                earlier = whole_kw(case, entry.kw * charge.ratchet.ratio)
                if entry.month in months and earlier > kw:
                    kw, origin = earlier, str(entry.month)
        if charge.floor_of_contract is not None:
            floor = whole_kw(case, _contract_kw(case) * charge.floor_of_contract)
            if floor > kw:
                kw, origin = floor, FLOOR
        yield Demand(charge.id, kw, origin, measured, at)


def demand_lines(case: Case, found: list[Demand]) -> Iterator[Line]:
    """A line for each demand charge; across a change of its rate, by days."""
    rounding = case.last.spec.rounding.line
    for demand in found:
        rates = _rates(case, demand.id)
        if not rates:
            continue
        days = case.period.days
        mean = sum((Fraction(rate) * n for rate, n in rates.items()), Fraction(0)) / days
        words = " + ".join(
            f"{plain(rate)}" + ("" if n == days else f" x {n}/{days} days")
            for rate, n in rates.items()
        )
        yield Line(
            id=demand.id,
            quantity=demand.billed_kw,
            unit="kW",
            rate=next(iter(rates)) if list(rates.values()) == [days] else None,
            amount=rounding.of(Fraction(demand.billed_kw) * mean),
            formula=f"{plain(demand.billed_kw)} kW ({_origin(demand)}) x "
            f"{words if len(rates) == 1 else f'({words})'}, {rounding.words} "
            f"{case.last.meta.currency}",
        )


def charges(case: Case) -> list[DemandSpec]:
    """The demand charges of all versions of the bill; the later version's word counts."""
    found: dict[str, DemandSpec] = {}
    for stretch in case.stretches:
        found |= {each.id: each for each in stretch.tariff.spec.demand}
    return list(found.values())


def mean_rate(case: Case, charge: str) -> Fraction:
    """The rate of a demand charge over the bill, weighted by days."""
    rates = _rates(case, charge)
    return sum((Fraction(rate) * n for rate, n in rates.items()), Fraction(0)) / case.period.days


def _rates(case: Case, charge: str) -> dict[Decimal, int]:
    """Days of the bill by the rate that they have; days out of the charge's season have none."""
    days: dict[Decimal, int] = {}
    for stretch in case.stretches:
        spec = next((each for each in stretch.tariff.spec.demand if each.id == charge), None)
        if spec is None:
            continue
        rate = stretch.tariff.shelved.option.demand[charge]
        for day in stretch.each_day():
            if not spec.seasons or stretch.tariff.season(day) in spec.seasons:
                days[rate] = days.get(rate, 0) + 1
    return days


def _counting(case: Case, ratchet: RatchetSpec) -> set[Month]:
    """The earlier months that count; the billed month is one of `months_back`."""
    earlier = (case.period.month.plus(-n) for n in range(1, ratchet.months_back))
    return {month for month in earlier if month.month in ratchet.months}


def _check_history(
    case: Case, charge: DemandSpec, months: set[Month], notes: list[str], *, allow_gaps: bool
) -> None:
    since = case.contract.since
    needed = {month for month in months if since is None or Month.of(since) <= month}
    missing = ", ".join(map(str, sorted(needed - {entry.month for entry in case.history})))
    if not missing:
        return
    text = f"the demand history lacks {missing}, which may set the charge {charge.id!r}"
    if not allow_gaps:
        raise ReadingsError(
            f"{text}; add the months, or say since when there is supply (--contract-since), or "
            "bill without them (--allow-gaps)"
        )
    notes.append(f"{text}: it may be higher")


def _contract_kw(case: Case) -> Decimal:
    if case.contract.kw is None:
        raise TariffError(f"{case.last.id} needs the contract's power: --contract-kw")
    return case.contract.kw


def whole_kw(case: Case, kw: Decimal) -> Decimal:
    """Rounded as the tariff rounds demand."""
    rounding = case.last.spec.rounding.kw
    return rounding.of(kw) if rounding else kw


def _origin(demand: Demand) -> str:
    return {
        CURRENT: "peak of this bill",
        FLOOR: "floor by the contract",
        GIVEN: "given",
    }.get(demand.billed_from, f"peak of {demand.billed_from}")
