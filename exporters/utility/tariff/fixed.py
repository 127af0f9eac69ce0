"""Charges for being a customer."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from exporters.utility.tariff.bill import Line
from exporters.utility.tariff.case import Case
from exporters.utility.tariff.money import plain


def fixed_lines(case: Case) -> Iterator[Line]:
    """A line for each fixed charge; one by month is shared out by days across a change."""
    rounding = case.last.spec.rounding.line
    names = dict.fromkeys(each.id for part in case.stretches for each in part.tariff.spec.fixed)
    for name in names:
        amount, rates, words = Fraction(0), [], []
        for stretch in case.stretches:
            for charge in stretch.tariff.spec.fixed:
                if charge.id == name:
                    share = Fraction(stretch.days, 1 if charge.per == "day" else case.period.days)
                    amount += Fraction(charge.amount) * share
                    rates.append(charge)
                    words.append(f"{stretch.days} days at {plain(charge.amount)} a {charge.per}")
        per_day = all(charge.per == "day" for charge in rates)
        yield Line(
            id=name,
            quantity=Decimal(case.period.days if per_day else 1),
            unit="day" if per_day else "month",
            rate=rates[0].amount if len({charge.amount for charge in rates}) == 1 else None,
            amount=rounding.of(amount),
            formula=" + ".join(words) + f", {rounding.words}",
        )
