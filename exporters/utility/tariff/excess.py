"""What drawing more than the contract allows costs."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from exporters.utility.tariff.bill import Line
from exporters.utility.tariff.case import Case
from exporters.utility.tariff.charges import ExcessSpec
from exporters.utility.tariff.demand import mean_rate, whole_kw
from exporters.utility.tariff.money import exact, plain

LINE = "excess"


def excess_lines(case: Case, notes: list[str]) -> Iterator[Line]:
    """The excess charge, if the highest demand of any band is above the contract's power.

    The whole excess costs the multiplier of the step it reaches. A first month may be a notice
    only: the line is there with nothing charged.
    """
    spec, contract = case.last.spec.excess, case.contract
    rounding = case.last.spec.rounding
    highest = whole_kw(case, case.measured.highest.kw)
    if spec is None or not contract.kw or highest <= contract.kw:
        return
    excess = highest - contract.kw
    ratio = Fraction(excess) / Fraction(contract.kw)
    multiplier = _multiplier(spec, ratio)
    rate = mean_rate(case, spec.demand)
    amount = rounding.line.of(Fraction(excess) * rate * Fraction(multiplier))
    words = (
        f"{plain(excess)} kW above {plain(contract.kw)} kW "
        f"({plain(exact(ratio * 100, 2))} %) x {plain(exact(rate))} x {plain(multiplier)}"
    )
    free = _free(case, spec)
    if free:
        notes.append(f"excess over the contract: {plain(amount)} is not charged: {free}")
    yield Line(
        id=LINE,
        quantity=excess,
        unit="kW",
        rate=exact(rate * Fraction(multiplier)),
        amount=Decimal(0) if free else amount,
        formula=f"{words}; {free}" if free else f"{words}, {rounding.line.words}",
    )


def _multiplier(spec: ExcessSpec, ratio: Fraction) -> Decimal:
    reached = [step for step in spec.steps if ratio >= Fraction(step.from_ratio)]
    return max(reached, key=lambda step: step.from_ratio).multiplier if reached else Decimal(0)


def _free(case: Case, spec: ExcessSpec) -> str:
    """Why nothing is charged; empty when it is."""
    if case.contract.raised:
        return "the contract was raised in this month"
    if not spec.first_month_notice:
        return ""
    before = case.contract.exceeded_before
    if before is None:
        contract = case.contract.kw or Decimal(0)
        before = any(
            whole_kw(case, entry.highest_kw) > contract
            for entry in case.history
            if entry.month < case.period.month
        )
    return "" if before else "a first month is a notice only"
