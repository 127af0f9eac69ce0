"""What holds for every bill."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.utility.tariff import (
    Bill,
    BillingPeriod,
    Contract,
    Interval,
    Month,
    Tariff,
    price,
)
from exporters.utility.tariff.shelf import shelf
from tests.utility.tariff.support import ADDER, B2, SEOUL, flat, history, month, starts

KEPCO = sorted(name for name in shelf() if name.startswith("kepco"))
CONTRACT = Contract(kw=Decimal(40_000), exceeded_before=True)
PERIODS = st.builds(
    BillingPeriod.of,
    st.builds(Month, st.integers(2025, 2030), st.integers(1, 12)),
    st.integers(1, 28),
)


def by(versions: Sequence[Tariff], period: BillingPeriod, intervals: list[Interval]) -> Bill:
    return price(
        intervals,
        versions=versions,
        period=period,
        contract=CONTRACT,
        history=history(period),
        adder=ADDER,
    )


@settings(max_examples=25, deadline=None)
@given(period=PERIODS, name=st.sampled_from(KEPCO))
def test_hours_add_up_to_the_days(period: BillingPeriod, name: str) -> None:
    bill = by(Tariff.versions(name), period, flat(period, 30_000))
    assert sum(bill.hours.values()) == 24 * period.days
    assert sum(stretch.days for stretch in bill.stretches) == period.days


@settings(max_examples=25, deadline=None)
@given(
    period=PERIODS,
    name=st.sampled_from(KEPCO),
    base=st.integers(0, 12_000),
    more=st.lists(st.tuples(st.integers(0, 2_500), st.integers(1, 5_000)), max_size=30),
)
def test_more_energy_never_costs_less(
    period: BillingPeriod, name: str, base: int, more: list[tuple[int, int]]
) -> None:
    less = [Interval(at, Decimal(base)) for at in starts(period)]
    rising = list(less)
    for index, kwh in more:
        at = index % len(rising)
        rising[at] = replace(rising[at], kwh=rising[at].kwh + kwh)
    versions = Tariff.versions(name)
    assert by(versions, period, less).total <= by(versions, period, rising).total


@settings(max_examples=25, deadline=None)
@given(
    text=st.sampled_from(["2027-02", "2027-05", "2027-08", "2028-02"]),
    cut=st.integers(1, 27),
    quarters=st.lists(st.integers(0, 10_000_000), min_size=8, max_size=8),
)
def test_a_split_changes_a_bill_by_rounding_only(text: str, cut: int, quarters: list[int]) -> None:
    """The same version twice, split at a day: each band's energy is rounded twice, not once.

    Two halves of a kWh in each of three bands, and of a discount in each of two, at less than 260
    won, adders and levies with it: below 3,000 won.
    """
    period = month(text)
    intervals = [
        Interval(at, Decimal(quarters[n % 8]) / 1000) for n, at in enumerate(starts(period))
    ]
    (one,) = [each for each in Tariff.versions(B2) if each.covers(period.start)]
    edge = period.start + timedelta(days=cut)
    first = ending(one, edge - timedelta(days=1))
    second = beginning(one, edge)
    whole, split = by([one], period, intervals), by([first, second], period, intervals)
    assert len(split.stretches) == 2
    assert abs(whole.total - split.total) < 3_000
    assert whole.billing_demand_kw == split.billing_demand_kw
    assert whole.line("base").amount == split.line("base").amount
    assert whole.hours == split.hours


def ending(tariff: Tariff, day: date) -> Tariff:
    meta = replace(tariff.meta, valid_to=day)
    return Tariff.of(replace(tariff.shelved, spec=replace(tariff.spec, meta=meta)))


def beginning(tariff: Tariff, day: date) -> Tariff:
    meta = replace(tariff.meta, valid_from=day)
    return Tariff.of(replace(tariff.shelved, spec=replace(tariff.spec, meta=meta)))


def test_a_split_in_whole_kilowatt_hours_changes_nothing() -> None:
    period = month("2027-05")
    (one,) = [each for each in Tariff.versions(B2) if each.covers(period.start)]
    parts = [ending(one, date(2027, 5, 11)), beginning(one, date(2027, 5, 12))]
    intervals = flat(period, 36_000)
    assert by(parts, period, intervals).total == by([one], period, intervals).total


@settings(max_examples=20, deadline=None)
@given(day=st.dates(date(2025, 1, 1), date(2030, 12, 31)), name=st.sampled_from(KEPCO))
def test_saturdays_have_no_peak_and_holidays_only_off_peak(day: date, name: str) -> None:
    seen = Tariff.load(name, day).day(day)
    if seen.day_type == "weekday":
        assert seen.bands.count("peak") == 6 * 4
        assert seen.bands.count("off_peak") == 10 * 4
    elif seen.day_type == "saturday":
        assert set(seen.bands) == {"off_peak", "mid"}
    else:
        assert set(seen.bands) == {"off_peak"}
    assert SEOUL.key == Tariff.load(name, day).meta.zone
