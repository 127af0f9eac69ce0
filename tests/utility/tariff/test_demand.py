"""Which demand is billed: the ratchet, the floor, the excess over the contract. Worked by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest

from exporters.utility.tariff import (
    Bill,
    Contract,
    Month,
    MonthDemand,
    ReadingsError,
    Tariff,
    TariffError,
    price,
)
from tests.utility.tariff.support import (
    ADDER,
    B2,
    amounts,
    flat,
    history,
    make_bill,
    month,
    seen,
    with_peak,
)

CONTRACT = Contract(kw=Decimal(40_000))


def billed(bill: Bill) -> tuple[object, ...]:
    return seen(bill.billing_demand_kw, bill.billing_demand_from)


def test_the_highest_of_the_months_that_count() -> None:
    """August 36,200, September 36,900, October 38,000, November itself 35,500: 36,900 counts.

    base 36,900 x 7,380 = 272,322,000; 35,500 kW in 356, 232, 132 hours:
    off 12,638,000 x 134.6 = 1,701,074,800; mid 8,236,000 x 174.8 = 1,439,652,800
    peak 4,686,000 x 214.1 = 1,003,272,600; adders 25,560,000 x 14 = 357,840,000
    sum 4,774,162,200; VAT 477,416,220; fund 128,902,379.4 -> 128,902,370
    """
    period = month("2027-11")
    earlier = history(period, 35_000, m2027_08=36_200, m2027_09=36_900, m2027_10=38_000)
    bill = make_bill(B2, period, flat(period, 35_500), earlier=earlier)
    assert billed(bill) == (36_900, "2027-09")
    assert amounts(bill)["base"] == 272_322_000
    assert bill.before_levies == 4_774_162_200
    assert bill.total == 5_380_480_790


def test_june_and_november_do_not_carry() -> None:
    """June 39,000 and November 2026 39,500 lie within the year, but are none of the months."""
    period = month("2027-10")
    earlier = history(period, 30_000, m2027_06=39_000, m2026_11=39_500)
    bill = make_bill(B2, period, flat(period, 31_000), earlier=earlier)
    assert billed(bill) == (31_000, "current")
    assert amounts(bill)["base"] == 31_000 * 7_380


@pytest.mark.parametrize("name", ["2026-12", "2027-01", "2027-02", "2027-07", "2027-08", "2027-09"])
def test_every_one_of_the_six_months_carries(name: str) -> None:
    period = month("2027-11")
    earlier = history(period, 30_000, **{f"m{name.replace('-', '_')}": 39_000})
    bill = make_bill(B2, period, flat(period, 31_000), earlier=earlier)
    assert billed(bill) == (39_000, name)


def test_the_year_ends_with_the_bill_itself() -> None:
    """December 2027: December 2026 is the thirteenth month back; January's 33,000 counts.

    W 22, S 3, H 6 (25 and 27 December): 394, 218, 132 hours at 30 MW.
    base 33,000 x 7,380 = 243,540,000; off 11,820,000 x 134.6 = 1,590,972,000
    mid 6,540,000 x 174.8 = 1,143,192,000; peak 3,960,000 x 214.1 = 847,836,000
    adders 22,320,000 x 14 = 312,480,000; sum 4,138,020,000
    VAT 413,802,000; fund 111,726,540
    """
    period = month("2027-12")
    earlier = history(period, 30_000, m2026_12=39_000, m2027_01=33_000)
    bill = make_bill(B2, period, flat(period, 30_000), earlier=earlier)
    assert billed(bill) == (33_000, "2027-01")
    assert bill.before_levies == 4_138_020_000
    assert bill.total == 4_663_548_540


def test_the_floor() -> None:
    """30 % of 40,000 is 12,000; the site draws 10 MW.

    base 12,000 x 7,380 = 88,560,000; off 3,560,000 x 134.6 = 479,176,000
    mid 2,320,000 x 174.8 = 405,536,000; peak 1,320,000 x 214.1 = 282,612,000
    adders 100,800,000; sum 1,356,684,000; VAT 135,668,400; fund 36,630,468 -> 36,630,460
    """
    period = month("2027-11")
    bill = make_bill(B2, period, flat(period, 10_000), earlier=history(period, 9_000))
    assert billed(bill) == (12_000, "floor")
    assert bill.before_levies == 1_356_684_000
    assert bill.total == 1_528_982_860


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        ("2027-11-03T07:45", False),
        ("2027-11-03T08:00", True),
        ("2027-11-03T21:45", True),
        ("2027-11-03T22:00", False),
        ("2027-11-06T17:00", True),  # Saturday: energy is mid, demand counts
        ("2027-11-07T17:00", False),  # Sunday: all is off-peak
    ],
)
def test_only_demand_in_mid_and_peak_hours_counts(at: str, counts: bool) -> None:  # noqa: FBT001
    period = month("2027-11")
    bill = make_bill(B2, period, with_peak(flat(period, 36_000), at, 39_000))
    assert billed(bill) == (39_000 if counts else 36_000, "current")
    assert bill.highest_kw == 39_000
    assert bill.highest_other_kw == (36_000 if counts else 39_000)


def test_a_bill_needs_every_month_that_may_count() -> None:
    period = month("2027-11")
    some = [entry for entry in history(period) if entry.month != Month(2027, 1)]
    with pytest.raises(ReadingsError, match="lacks 2027-01"):
        make_bill(B2, period, flat(period, 36_000), earlier=some)
    bill = make_bill(
        B2,
        period,
        flat(period, 36_000),
        contract=Contract(kw=Decimal(40_000), since=period.start.replace(month=2)),
        earlier=some,
    )
    assert billed(bill) == (36_000, "current")


def test_without_history_and_with_gaps_allowed_the_bill_says_so() -> None:
    period = month("2027-11")
    bill = price(
        flat(period, 36_000),
        versions=Tariff.versions(B2),
        period=period,
        contract=CONTRACT,
        adder=ADDER,
        allow_gaps=True,
    )
    assert any("lacks 2026-12, 2027-01" in note for note in bill.notes)


def test_the_contract_is_needed() -> None:
    period = month("2027-11")
    with pytest.raises(TariffError, match="--contract-kw"):
        make_bill(B2, period, flat(period, 36_000), contract=Contract())


EXCEEDED = 40_500
"""An earlier month above 40,000 kW, in October, which does not carry."""


def excess(kw: int, at: str = "2027-11-03T23:00", october: int = 36_000) -> Bill:
    """A night's excess, so that the demand charge stays at 36,000 x 7,380 = 265,680,000."""
    period = month("2027-11")
    bill = make_bill(
        B2,
        period,
        with_peak(flat(period, 36_000), at, kw),
        earlier=history(period, 36_000, m2027_10=october),
    )
    if at.endswith("23:00"):
        assert amounts(bill)["base"] == 265_680_000
    return bill


@pytest.mark.parametrize(
    ("kw", "multiplier", "won"),
    [
        # (demand - 40,000) x 7,380 x multiplier, all of it at one multiplier
        (41_230, "1.5", 13_616_100),  # 3 %: 1,230 x 7,380 x 1.5
        (47_999, "1.5", 88_548_930),  # 7,999 x 11,070
        (48_000, "2", 118_080_000),  # 20 %: 8,000 x 14,760
        (52_000, "2.5", 221_400_000),  # 30 %: 12,000 x 18,450
        (56_000, "3", 354_240_000),  # 40 %: 16,000 x 22,140
        (60_000, "3.5", 516_600_000),  # 50 %: 20,000 x 25,830
        (64_000, "4", 708_480_000),  # 60 %: 24,000 x 29,520
        (80_000, "4", 1_180_800_000),  # 100 %: 40,000 x 29,520
    ],
)
def test_excess_from_the_second_month(kw: int, multiplier: str, won: int) -> None:
    line = excess(kw, october=EXCEEDED).line("excess")
    assert line.amount == won
    assert line.rate == 7_380 * Decimal(multiplier)
    assert line.quantity == kw - 40_000


def test_a_bill_with_excess() -> None:
    """41,230 kW from 23:00 to 23:15: 1,307.5 kWh more than steady 36 MW, off-peak.

    energy off 12,816,000 + 1,307.5 = 12,817,307.5 -> 12,817,308 x 134.6 = 1,725,209,656.8 -> ...656
    adders 25,921,308 x 14 = 362,898,312; base 265,680,000; mid and peak as in November
    excess 13,616,100; sum 265,680,000 + 1,725,209,656 + 1,459,929,600 + 1,017,403,200
    + 362,898,312 + 13,616,100 = 4,844,736,868; VAT 484,473,686.8 -> 484,473,687
    fund 130,807,895.4 -> 130,807,890; whole 5,460,018,445 -> 5,460,018,440
    """
    bill = excess(41_230, october=EXCEEDED)
    assert bill.before_levies == 4_844_736_868
    assert bill.total == 5_460_018_440


def test_a_first_excess_is_a_notice_only() -> None:
    bill = excess(41_230)
    assert bill.line("excess").amount == 0
    assert "notice" in bill.line("excess").formula
    assert any("13,616,100 is not charged" in note for note in bill.notes)
    assert "excess" not in amounts(excess(40_000))


def test_an_excess_by_day_is_billed_as_demand_too() -> None:
    """41,230 x 7,380 = 304,277,400, and 13,616,100 for the excess."""
    bill = excess(41_230, "2027-11-03T10:00", october=EXCEEDED)
    assert amounts(bill)["base"] == 304_277_400
    assert amounts(bill)["excess"] == 13_616_100


def test_no_excess_is_charged_in_the_month_of_a_raise() -> None:
    period = month("2027-11")
    bill = make_bill(
        B2,
        period,
        with_peak(flat(period, 36_000), "2027-11-03T23:00", 41_230),
        contract=Contract(kw=Decimal(40_000), raised=True, exceeded_before=True),
    )
    assert bill.line("excess").amount == 0


def test_an_earlier_month_that_rounds_to_the_contract_was_none() -> None:
    """40,000.4 kW by night is 40,000 kW in whole kilowatts: no excess, so this one is the first."""
    period = month("2027-11")
    earlier = [replace(entry, kw_off_peak=Decimal("40000.4")) for entry in history(period)]
    bill = make_bill(
        B2,
        period,
        with_peak(flat(period, 36_000), "2027-11-03T23:00", 41_230),
        earlier=earlier,
    )
    assert bill.line("excess").amount == 0


def test_an_earlier_excess_at_night_counts() -> None:
    period = month("2027-11")
    earlier = [
        MonthDemand(
            month=entry.month,
            kw=entry.kw,
            kw_off_peak=Decimal(40_001 if entry.month == Month(2027, 3) else 0),
        )
        for entry in history(period)
    ]
    bill = make_bill(
        B2,
        period,
        with_peak(flat(period, 36_000), "2027-11-03T23:00", 41_230),
        earlier=earlier,
    )
    assert bill.line("excess").amount == 13_616_100
