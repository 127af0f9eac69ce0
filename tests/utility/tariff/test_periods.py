"""Months, quarters and years, and the months' bills in a row."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from exporters.utility.tariff import BillingPeriod, Contract, Month, Tariff, TariffError
from exporters.utility.tariff import parse_period as parse
from exporters.utility.tariff.document import document
from exporters.utility.tariff.months import Order, bills
from tests.utility.tariff.support import ADDER, B2, flat, history, month, seen, with_peak


def test_periods() -> None:
    assert parse("2027-11") == (month("2027-11"),)
    assert [str(each.month) for each in parse("2027-Q4")] == ["2027-10", "2027-11", "2027-12"]
    assert [each.month.month for each in parse("2027")] == list(range(1, 13))
    for wrong in ("2027-13", "2027-00", "2027-Q5", "27-11", "november", "2027-1", "0000"):
        with pytest.raises(TariffError, match="is no period"):
            parse(wrong)


def test_reading_days() -> None:
    assert month("2027-11") == BillingPeriod(Month(2027, 11), date(2027, 11, 1), date(2027, 12, 1))
    july = month("2027-07", reading_day=10)
    assert (july.start, july.last, july.days) == (date(2027, 6, 10), date(2027, 7, 9), 30)
    assert month("2027-01", reading_day=2).start == date(2026, 12, 2)
    for wrong in (0, 29):
        with pytest.raises(TariffError, match="allowed are 1 to 28"):
            month("2027-11", reading_day=wrong)


def test_bills_without_gap_or_overlap_fill_the_year() -> None:
    for reading_day in (1, 2, 15, 28):
        periods = parse("2027", reading_day)
        for one, other in pairwise(periods):
            assert one.end == other.start


def test_each_month_is_history_for_the_next_and_months_sum_to_the_quarter() -> None:
    """September's own peak of 39,000 is billed in September, and carries to October and later."""
    periods = parse("2027-Q3") + parse("2027-Q4")
    intervals = [interval for period in periods for interval in flat(period, 36_000)]
    order = Order(
        intervals=with_peak(intervals, "2027-09-08T10:00", 39_000),
        periods=periods,
        contract=Contract(kw=Decimal(40_000)),
        history=history(periods[0]),
        adder=ADDER,
    )
    made = bills(order, Tariff.versions(B2))
    assert [seen(bill.billing_demand_kw, bill.billing_demand_from) for bill in made] == [
        (36_000, "current"),
        (36_000, "current"),
        (39_000, "current"),
        (39_000, "2027-09"),
        (39_000, "2027-09"),
        (39_000, "2027-09"),
    ]
    report = document("2027-Q4", made[3:])
    assert report["bill"]["total"] == sum(bill.total for bill in made[3:])
    assert report["bill"]["total"] == sum(line["amount"] for line in report["bill"]["lines"])
    assert report["energy_kwh_total"] == (744 + 720 + 744) * 36_000
    assert [(file["name"], file["days"]) for file in report["files"]] == [
        ("kepco-industrial-eul-2026-04-16.toml", 92),
        ("kepco-common.toml", 92),
    ]
    kinds = [line["kind"] for line in report["bill"]["lines"]]
    assert kinds == sorted(kinds)
    assert sum(report["hours"].values()) == 744 + 720 + 744
    assert [each["period"] for each in report["months"]] == ["2027-10", "2027-11", "2027-12"]
