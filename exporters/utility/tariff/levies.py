"""Levies on all charges, and the rounding of the total."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from exporters.utility.tariff.bill import Kind, Line
from exporters.utility.tariff.charges import LevySpec, in_force
from exporters.utility.tariff.errors import UnknownTariffError
from exporters.utility.tariff.money import exact, plain

CUT = "cut"


def levy_line(levy: LevySpec, before_levies: Decimal, start: date, end: date) -> Line:
    """A levy on all charges; across a change of its ratio, blended by days.

    Args:
        levy: the rule.
        before_levies: the sum of all charges.
        start: first day of the bill.
        end: the day after its last.

    Raises:
        UnknownTariffError: no source says what it is on a day.
    """
    total = (end - start).days
    days: dict[Decimal, int] = {}
    for n in range(total):
        ratio = _ratio(levy, start + timedelta(days=n))
        days[ratio] = days.get(ratio, 0) + 1
    blended = sum((Fraction(ratio) * n for ratio, n in days.items()), Fraction(0)) / total
    percent = exact(blended * 100)
    mix = " + ".join(f"{plain(ratio * 100)} % x {n}" for ratio, n in days.items())
    words = f"{plain(percent)} %" + (f" ({mix} of {total} days)" if len(days) > 1 else "")
    return Line(
        id=levy.id,
        kind=Kind.LEVY,
        quantity=before_levies,
        unit="",
        rate=exact(blended, 8),
        amount=levy.rounding.of(Fraction(before_levies) * blended),
        formula=f"{words} of {plain(before_levies)}, {levy.rounding.words}",
    )


def _ratio(levy: LevySpec, day: date) -> Decimal:
    for value in levy.ratios:
        if in_force(value.valid_from, value.valid_to, day):
            return value.value
    raise UnknownTariffError(f"no source says what the levy {levy.id!r} ({levy.title}) is on {day}")


def cut_lines(whole: Decimal, total: Decimal, how: str) -> Iterator[Line]:
    """What the rounding of the total takes away, if anything."""
    if whole != total:
        yield Line(
            id=CUT,
            kind=Kind.CUT,
            amount=total - whole,
            formula=f"{plain(whole)} {how}",
        )
