"""Bills that others have seen or worked out, to the won."""

from datetime import date
from decimal import Decimal

from exporters.utility.tariff import Contract, PowerFactors, Tariff
from exporters.utility.tariff.levies import levy_line
from exporters.utility.tariff.money import Rounding
from tests.utility.tariff.support import B2, OWN, amounts, day, make_bill, month, seen, spread

SINCE = day("2025-06-10")


def test_the_real_bill_of_july_2025() -> None:
    """General (eul), high voltage A, option II, read on the 10th: June 10 to July 9, 2025.

    base   168 kW x 8,320                = 1,397,760
    off    12,299 x 87.3 = 1,073,702.7  -> 1,073,702
    mid     8,643 x 140.2 = 1,211,748.6 -> 1,211,748
    peak    4,289 x 222.3 = 953,444.7   ->   953,444  (each band is cut: rounding gives 3,238,897)
    climate 25,231 x 9 = 227,079, fuel 25,231 x 5 = 126,155
    power factor 97 %: 5 points x 0.2 % = 1.0 % of 1,397,760 = 13,977.6 -> -13,977
    sum    4,975,911; VAT 497,591.1 -> 497,591
    fund   (21 days x 3.2 % + 9 days x 2.7 %) / 30 = 3.05 %: 151,765.28 -> 151,760
    whole  5,625,262 -> 5,625,260
    """
    name, period = "test-general-eul-hv-a-2", month("2025-07", reading_day=10)
    (tariff,) = Tariff.versions(name, own=OWN)
    bill = make_bill(
        name,
        period,
        spread(period, tariff, {"off_peak": 12_299, "mid": 8_643, "peak": 4_289}),
        contract=Contract(kw=Decimal(700), since=SINCE, billing_demand_kw=Decimal(168)),
        earlier=[],
        adder=None,
        reactive=PowerFactors(Decimal(97), Decimal(100)),
        own=OWN,
    )
    assert (period.start, period.last) == (date(2025, 6, 10), date(2025, 7, 9))
    assert amounts(bill) == {
        "base": 1_397_760,
        "energy_off_peak": 1_073_702,
        "energy_mid": 1_211_748,
        "energy_peak": 953_444,
        "adder_climate": 227_079,
        "adder_fuel": 126_155,
        "power_factor": -13_977,
        "vat": 497_591,
        "fund": 151_760,
        "cut": -2,
    }
    assert bill.line("fund").rate == Decimal("0.0305")
    assert bill.before_levies == 4_975_911
    assert bill.total == 5_625_260
    assert bill.billing_demand_from == "given"


def test_the_worked_sample_with_one_price() -> None:
    """800 kW x 8,320 = 6,656,000; 142,560 kWh x 110.5 = 15,752,880; x 9 = 1,283,040; x 5 = 712,800.

    Sum 24,404,720; VAT 2,440,472; fund 3.7 % = 902,974.64 -> 902,970; whole 27,748,162 -> ...160.
    """
    period = month("2024-05")
    (tariff,) = Tariff.versions("test-flat", own=OWN)
    bill = make_bill(
        "test-flat",
        period,
        spread(period, tariff, {"mid": 142_560}),
        contract=Contract(kw=Decimal(1000), since=period.start, billing_demand_kw=Decimal(800)),
        earlier=[],
        adder=None,
        own=OWN,
    )
    assert [bill.line(name).amount for name in ("base", "energy_mid")] == [6_656_000, 15_752_880]
    assert [bill.line(name).amount for name in ("adder_climate", "adder_fuel")] == [
        1_283_040,
        712_800,
    ]
    assert bill.before_levies == 24_404_720
    assert seen(bill.line("vat").amount, bill.line("fund").amount) == (2_440_472, 902_970)
    assert bill.total == 27_748_160


def test_the_levies_of_a_bill_of_august_2026() -> None:
    """85,484: VAT 8,548.4 -> 8,548; fund 2.7 % = 2,308.07 -> 2,300; whole 96,332 -> 96,330."""
    tariff = Tariff.load(B2, date(2026, 8, 1))
    lines = [
        levy_line(levy, Decimal(85_484), date(2026, 8, 1), date(2026, 9, 1))
        for levy in tariff.spec.levy
    ]
    assert [line.amount for line in lines] == [8_548, 2_300]
    assert tariff.spec.rounding.total.of(Decimal(85_484 + 8_548 + 2_300)) == 96_330


def test_demand_is_rounded_half_up_to_a_kilowatt() -> None:
    """117.76 kW were billed as 118: x 8,230 = 971,140. 506.5 -> 507: x 7,220 = 3,660,540."""
    rounding = Tariff.load(B2, date(2026, 8, 1)).spec.rounding.kw
    assert rounding == Rounding("half_up", Decimal(1))
    assert rounding.of(Decimal("117.76")) * 8_230 == 971_140
    assert rounding.of(Decimal("506.5")) * 7_220 == 3_660_540


def test_the_discount_line_of_a_bill_of_2026() -> None:
    """47,714 kWh x 121.5 = 5,797,251; half of 121.5 is 60.75, cut to 60.7.

    2,349 x 60.7 = 142,584.3 -> 142,584. The difference is 5,797,251 - 142,584 = 5,654,667.
    """
    name, period = "test-industrial-eul-hv-a-1", month("2026-05")
    (tariff,) = Tariff.versions(name, own=OWN)
    bill = make_bill(
        name,
        period,
        spread(
            period,
            tariff,
            {"off_peak": 47_714 - 2_349, "off_peak!": 2_349, "mid": 100_000},
            lambda place: place.band + ("!" if place.discounts else ""),
        ),
        contract=Contract(kw=Decimal(1_000), since=period.start),
        earlier=[],
        own=OWN,
    )
    charge, discount = bill.line("energy_off_peak"), bill.line("discount_weekend_off_peak")
    assert seen(charge.quantity, charge.amount) == (47_714, 5_797_251)
    assert seen(discount.quantity, discount.rate, discount.amount) == (
        2_349,
        Decimal("-60.7"),
        -142_584,
    )
    assert charge.amount + discount.amount == 5_654_667
