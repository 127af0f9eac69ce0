"""What the power factor adds to the demand charges, or takes off them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from exporters.utility.tariff.bill import Line, PowerFactors
from exporters.utility.tariff.case import Case
from exporters.utility.tariff.charges import PowerFactorSpec, in_force
from exporters.utility.tariff.errors import ReadingsError, UnknownTariffError
from exporters.utility.tariff.hours import slots_of
from exporters.utility.tariff.money import Rounding, plain
from exporters.utility.tariff.readings import SLOT, Interval
from exporters.utility.tariff.tariff import Tariff

LINE = "power_factor"
_PERCENT = Rounding("half_up", Decimal(1))
_ASSUMED = "no reactive readings: the power factor is taken to be the standard"


@dataclass(frozen=True, slots=True)
class _Adjustment:
    ratio: Decimal
    words: str
    percent: Decimal


def found_factors(
    case: Case, given: PowerFactors | None, *, allow_gaps: bool, notes: list[str]
) -> PowerFactors | None:
    """The month's power factors: given, or from the reactive readings; None without either.

    Raises:
        ReadingsError: some readings have reactive energy and others do not.
        UnknownTariffError: there are readings, but no source says what these days make of them.
    """
    metered = [
        each
        for each in case.intervals
        if each.lagging_kvarh is not None or each.leading_kvarh is not None
    ]
    if (given is not None or metered) and _known(case) and not _specs(case):
        raise UnknownTariffError(
            f"no source says what the power factor costs by {case.last.id} on "
            f"{case.period.last}; leave the reactive energy out"
        )
    if given is not None or not metered:
        return given
    if len(metered) < len(case.intervals):
        lacking = next(
            each
            for each in case.intervals
            if each.lagging_kvarh is None and each.leading_kvarh is None
        )
        text = (
            f"{len(case.intervals) - len(metered)} readings have no reactive energy, the first "
            f"{lacking.start:%Y-%m-%d %H:%M}" + (f", line {lacking.line}" if lacking.line else "")
        )
        if not allow_gaps:
            raise ReadingsError(f"{text}; add it, or bill without them (--allow-gaps)")
        notes.append(f"power factor: {text}")
    percents: dict[str, Decimal | None] = {}
    for spec in _specs(case):
        if all(getattr(each, f"{spec.direction}_kvarh") is None for each in metered):
            notes.append(
                f"power factor: the readings have no {spec.direction} reactive energy, so nothing "
                "is charged or credited for it"
            )
            continue
        percent = month_percent(metered, spec, case.last)
        percents[spec.direction] = spec.standard_percent if percent is None else percent
    return PowerFactors(percents.get("lagging"), percents.get("leading"))


def power_factor_line(
    case: Case, factors: PowerFactors | None, base: Decimal, notes: list[str]
) -> Line | None:
    """The line; None when the tariff knows no power factor.

    Args:
        case: what is priced.
        factors: the month's; None when not known.
        base: the demand charges, in currency.
        notes: what a reader must know is added here.
    """
    specs = _specs(case)
    if factors is None and not _known(case):
        return None
    if factors is None:
        return Line(
            id=LINE, quantity=Decimal(0), unit="%", amount=Decimal(0), formula=_ASSUMED,
            rate=base, assumed=_ASSUMED,
        )  # fmt: skip
    if not specs:
        return None
    values = {"lagging": factors.lagging_percent, "leading": factors.leading_percent}
    adjustments = [
        _noticed(case, spec, _adjust(spec, percent), notes)
        for spec in specs
        if (percent := values[spec.direction]) is not None
    ]
    ratio = sum((each.ratio for each in adjustments), Decimal(0))
    rounding = case.last.spec.rounding.line
    return Line(
        id=LINE,
        quantity=ratio * 100,
        unit="%",
        rate=base,
        amount=rounding.of(base * ratio),
        formula=f"{plain(ratio * 100)} % of {plain(base)}: "
        + "; ".join(each.words for each in adjustments)
        + f"; {rounding.words}",
    )


def month_percent(
    intervals: Sequence[Interval], spec: PowerFactorSpec, tariff: Tariff
) -> Decimal | None:
    """The mean of the power factors of all half-hours, rounded to 1 %; None without any use.

    Each half-hour counts with at least the floor and at most the cap. One of the other direction
    counts as 100 %, so at most as the cap (KEPCO terms, articles 42 and 43).
    """
    slots = set(slots_of(spec.hours))
    halves: dict[datetime, list[Interval]] = {}
    for interval in intervals:
        place = tariff.place(interval.start)
        if place.slot in slots:
            minute = (place.local.hour * 60 + place.local.minute) % spec.interval_minutes
            begun = interval.start - SLOT * (minute * 60 // int(SLOT.total_seconds()))
            halves.setdefault(begun, []).append(interval)
    values = [
        min(max(percent, spec.floor_percent), spec.cap_percent)
        for half in halves.values()
        if (percent := _percent(half, spec)) is not None
    ]
    if not values:
        return None
    return _PERCENT.of(Fraction(sum(values, Decimal(0))) / len(values))


def _percent(half: Sequence[Interval], spec: PowerFactorSpec) -> Decimal | None:
    kwh = sum((each.kwh for each in half), Decimal(0))
    lagging = sum((each.lagging_kvarh or Decimal(0) for each in half), Decimal(0))
    leading = sum((each.leading_kvarh or Decimal(0) for each in half), Decimal(0))
    kvarh, other = (lagging, leading) if spec.direction == "lagging" else (leading, lagging)
    if not kwh:
        return None
    if other > kvarh:
        return Decimal(100)
    return 100 * kwh / (kwh * kwh + kvarh * kvarh).sqrt()


def _known(case: Case) -> bool:
    return any(each.tariff.spec.power_factor for each in case.stretches)


def _specs(case: Case) -> list[PowerFactorSpec]:
    """The rules of the bill's last day."""
    return [
        each
        for each in case.last.spec.power_factor
        if in_force(each.valid_from, each.valid_to, case.period.last)
    ]


def _adjust(spec: PowerFactorSpec, percent: Decimal) -> _Adjustment:
    percent = min(max(percent, spec.floor_percent), spec.cap_percent)
    points = spec.standard_percent - percent
    if points < 0 and not spec.credit:
        points = Decimal(0)
    ratio = points * spec.ratio_per_point
    words = (
        f"{spec.direction} {plain(percent)} % against {plain(spec.standard_percent)} %, "
        f"{plain(ratio * 100)} %"
    )
    return _Adjustment(ratio, words, percent)


def _noticed(
    case: Case, spec: PowerFactorSpec, found: _Adjustment, notes: list[str]
) -> _Adjustment:
    """A surcharge of a first month is a notice only."""
    if found.ratio <= 0 or not spec.first_month_notice:
        return found
    before = case.contract.surcharged_before
    if before is None:
        before = any(_was_low(case, spec, index) for index in range(len(case.history)))
    if before:
        return found
    notes.append(
        f"power factor: {spec.direction} {plain(found.percent)} % is below "
        f"{plain(spec.standard_percent)} %; a first month is a notice only, the next is charged"
    )
    return replace(found, ratio=Decimal(0), words=f"{found.words}, a notice only")


def _was_low(case: Case, spec: PowerFactorSpec, index: int) -> bool:
    entry = case.history[index]
    percent = entry.lagging_percent if spec.direction == "lagging" else entry.leading_percent
    return (
        entry.month < case.period.month and percent is not None and percent < spec.standard_percent
    )
