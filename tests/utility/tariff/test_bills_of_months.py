"""Bills of whole months under steady load, worked by hand.

With W weekdays, S Saturdays and H Sundays and holidays, a month has 10 (W + S) + 24 H hours of
off_peak, 8 W + 14 S of mid and 6 W of peak, in every season, before and after the reform. A steady
36 MW is 36,000 kWh an hour. Adders are 14.0 won, so 36,000 x 14 = 504,000 won an hour, if not said
otherwise; VAT is 10 % and the fund 2.7 % of all charges, the fund and the total cut to 10 won.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from exporters.utility.tariff import Contract, UnknownTariffError
from tests.utility.tariff.support import ADDER, B2, amounts, flat, history, make_bill, month, seen


def hours(bill_hours: dict[str, Decimal]) -> tuple[object, ...]:
    return seen(*(bill_hours[band] for band in ("off_peak", "mid", "peak")))


def test_november_2027() -> None:
    """W 22, S 4, H 4: 10 x 26 + 96 = 356, 176 + 56 = 232, 132 hours.

    base 40,000 x 7,380 = 295,200,000
    off  12,816,000 x 134.6 = 1,725,033,600; mid 8,352,000 x 174.8 = 1,459,929,600
    peak  4,752,000 x 214.1 = 1,017,403,200; adders 25,920,000 x 14 = 362,880,000
    sum 4,860,446,400; VAT 486,044,640; fund 131,232,052.8 -> 131,232,050
    """
    period = month("2027-11")
    bill = make_bill(B2, period, flat(period, 36_000), earlier=history(period, m2027_08=40_000))
    assert hours(dict(bill.hours)) == (356, 232, 132)
    assert amounts(bill) == {
        "base": 295_200_000,
        "energy_off_peak": 1_725_033_600,
        "energy_mid": 1_459_929_600,
        "energy_peak": 1_017_403_200,
        "adder": 362_880_000,
        "power_factor": 0,
        "vat": 486_044_640,
        "fund": 131_232_050,
    }
    assert bill.before_levies == 4_860_446_400
    assert bill.total == 5_477_723_090
    assert seen(bill.billing_demand_kw, bill.billing_demand_from) == (40_000, "2027-08")
    assert bill.line("power_factor").assumed


def test_april_2026_is_split_at_the_reform() -> None:
    """Each half of the month: W 11, S 2, H 2: 178, 116 and 66 hours (no holiday in April).

    off  36,000 x 178 x (122.5 + 127.6) = 1,602,640,800
    mid  36,000 x 116 x (144.8 + 144.8) = 1,209,369,600
    peak 36,000 x 66 x (175.1 + 161.9) = 800,712,000
    discount from the 16th on: 6 h of Saturdays at 72.4 = 15,638,400, 6 h of Sundays at 63.8 =
    13,780,800; base 295,200,000; adders 362,880,000; sum 4,241,383,200
    VAT 424,138,320; fund 114,517,346.4 -> 114,517,340
    """
    period = month("2026-04")
    bill = make_bill(B2, period, flat(period, 36_000), earlier=history(period, m2025_08=40_000))
    assert [(stretch.start.day, stretch.days) for stretch in bill.stretches] == [(1, 15), (16, 15)]
    assert amounts(bill) == {
        "base": 295_200_000,
        "energy_off_peak": 1_602_640_800,
        "energy_mid": 1_209_369_600,
        "energy_peak": 800_712_000,
        "discount_weekend_mid": -15_638_400,
        "discount_weekend_off_peak": -13_780_800,
        "adder": 362_880_000,
        "power_factor": 0,
        "vat": 424_138_320,
        "fund": 114_517_340,
    }
    assert bill.total == 4_780_038_860


def test_a_band_is_cut_once_over_a_split() -> None:
    """1 kWh off-peak on each side: 122.5 + 127.6 = 250.1 -> 250, not 122 + 127 = 249."""
    period = month("2026-04")
    intervals = [
        replace(each, kwh=Decimal(1 if each.start.hour == 3 and each.start.minute == 0 else 0))
        for each in flat(period, 0)
    ]
    intervals = [
        replace(each, kwh=each.kwh if each.start.day in {1, 30} else Decimal(0))
        for each in intervals
    ]
    bill = make_bill(B2, period, intervals)
    assert bill.line("energy_off_peak").amount == 250
    assert bill.line("energy_off_peak").quantity == 2


def test_april_2026_of_a_customer_who_kept_the_old_version() -> None:
    """W 22, S 4, H 4 as in November: 356, 232 and 132 hours, all at the old prices, no discount.

    off 12,816,000 x 122.5 = 1,569,960,000; mid 8,352,000 x 144.8 = 1,209,369,600
    peak 4,752,000 x 175.1 = 832,075,200; sum 4,269,484,800
    VAT 426,948,480; fund 115,276,089.6 -> 115,276,080
    """
    period = month("2026-04")
    bill = make_bill(
        B2,
        period,
        flat(period, 36_000),
        contract=Contract(kw=Decimal(40_000), deferred=True),
        earlier=history(period, m2025_08=40_000),
    )
    assert [line.id for line in bill.lines if "discount" in line.id] == []
    assert bill.before_levies == 4_269_484_800
    assert bill.total == 4_811_709_360


def test_the_old_version_cannot_be_kept_beyond_september_2026() -> None:
    period = month("2026-10")
    bill = make_bill(
        B2,
        period,
        flat(period, 36_000),
        contract=Contract(kw=Decimal(40_000), deferred=True),
    )
    assert [stretch.tariff.files[0].name for stretch in bill.stretches] == [
        "kepco-industrial-eul-2026-04-16.toml"
    ]


def test_a_leap_day() -> None:
    """February 2028 has 29 days: W 21, S 4, H 4: 346, 224 and 126 hours, together 696.

    base 36,000 x 7,380 = 265,680,000; off 12,456,000 x 134.6 = 1,676,577,600
    mid 8,064,000 x 174.8 = 1,409,587,200; peak 4,536,000 x 214.1 = 971,157,600
    adders 696 x 504,000 = 350,784,000; sum 4,673,786,400
    VAT 467,378,640; fund 126,192,232.8 -> 126,192,230
    """
    period = month("2028-02")
    bill = make_bill(B2, period, flat(period, 36_000))
    assert hours(dict(bill.hours)) == (346, 224, 126)
    assert bill.before_levies == 4_673_786_400
    assert bill.total == 5_267_357_270


def test_spring_weekends_are_half_price_at_noon() -> None:
    """March 2027, option III: W 22, S 4, H 5 (1 March is a Monday): 380, 232 and 132 hours.

    base 36,000 x 8,190 = 294,840,000; off 13,680,000 x 125.9 = 1,722,312,000
    mid 8,352,000 x 143.2 = 1,196,006,400; peak 4,752,000 x 160.3 = 761,745,600
    Saturdays 12 h = 432,000 kWh x 71.6 = 30,931,200
    Sundays and 1 March 15 h = 540,000 kWh x 62.9 (62.95 cut) = 33,966,000
    adders 744 x 504,000 = 374,976,000; sum 4,284,982,800
    VAT 428,498,280; fund 115,694,535.6 -> 115,694,530
    """
    period = month("2027-03")
    bill = make_bill("kepco-industrial-eul-hv-b-3", period, flat(period, 36_000))
    assert amounts(bill)["discount_weekend_mid"] == -30_931_200
    assert amounts(bill)["discount_weekend_off_peak"] == -33_966_000
    assert bill.line("discount_weekend_off_peak").rate == Decimal("-62.9")
    assert bill.before_levies == 4_284_982_800
    assert bill.total == 4_829_175_610


def test_spring_weekends_at_high_voltage_c() -> None:
    """March 2027, high voltage C, option III; hours as above.

    base 36,000 x 8,090 = 291,240,000; off 13,680,000 x 125.1 = 1,711,368,000
    mid 8,352,000 x 142.9 = 1,193,500,800; peak 4,752,000 x 160.1 = 760,795,200
    discounts 432,000 x 71.4 (71.45 cut) = 30,844,800 and 540,000 x 62.5 (62.55 cut) = 33,750,000
    adders 374,976,000; sum 4,267,285,200; VAT 426,728,520; fund 115,216,700.4 -> 115,216,700
    """
    period = month("2027-03")
    bill = make_bill("kepco-industrial-eul-hv-c-3", period, flat(period, 36_000))
    assert bill.before_levies == 4_267_285_200
    assert bill.total == 4_809_230_420


def test_a_holiday_on_a_saturday() -> None:
    """October 2027 at 31 MW: the 9th is a Saturday and a holiday; the 4th and 11th are substitutes.

    Saturdays left: 4. Sundays 5 (the 3rd is one), and 4, 9, 11: H 8, W 19: 422, 208, 114 hours.
    base 31,000 x 7,380 = 228,780,000; off 13,082,000 x 127.6 = 1,669,263,200
    mid 6,448,000 x 144.8 = 933,670,400; peak 3,534,000 x 161.9 = 572,154,600
    discounts: Saturdays 12 h = 372,000 x 72.4 = 26,932,800; H 24 h = 744,000 x 63.8 = 47,467,200
    adders 744 x 31,000 x 14 = 322,896,000; sum 3,652,364,200
    VAT 365,236,420; fund 98,613,833.4 -> 98,613,830
    """
    period = month("2027-10")
    bill = make_bill(B2, period, flat(period, 31_000), earlier=history(period, 30_000))
    assert hours(dict(bill.hours)) == (422, 208, 114)
    assert bill.before_levies == 3_652_364_200
    assert bill.total == 4_116_214_450


def test_temporary_holidays_are_weekdays() -> None:
    """January 2025: the 27th was proclaimed; New Year and 28 to 30 count: W 19, S 4, H 8.

    422, 208 and 114 hours; base 265,680,000; off 15,192,000 x 129.5 = 1,967,364,000
    mid 7,488,000 x 174.8 = 1,308,902,400; peak 4,104,000 x 231.0 = 948,024,000
    adders 374,976,000; sum 4,864,946,400; VAT 486,494,640; fund 3.2 % = 155,678,284.8 -> ...280
    """
    period = month("2025-01")
    bill = make_bill(B2, period, flat(period, 36_000))
    assert hours(dict(bill.hours)) == (422, 208, 114)
    assert bill.before_levies == 4_864_946_400
    assert bill.line("fund").amount == 155_678_280
    assert bill.total == 5_507_119_320


def test_the_adders_of_the_tariff() -> None:
    """January 2026, option I: climate 9.0 and fuel 5.0, each a line. W 21, S 5, H 5.

    380, 238 and 126 hours; base 36,000 x 6,630 = 238,680,000
    off 13,680,000 x 133.3 = 1,823,544,000; mid 8,568,000 x 178.6 = 1,530,244,800
    peak 4,536,000 x 234.8 = 1,065,052,800
    climate 26,784,000 x 9 = 241,056,000; fuel 26,784,000 x 5 = 133,920,000
    sum 5,032,497,600; VAT 503,249,760; fund 135,877,435.2 -> 135,877,430
    """
    period = month("2026-01")
    bill = make_bill("kepco-industrial-eul-hv-b-1", period, flat(period, 36_000), adder=None)
    assert amounts(bill)["adder_climate"] == 241_056_000
    assert amounts(bill)["adder_fuel"] == 133_920_000
    assert bill.before_levies == 5_032_497_600
    assert bill.total == 5_671_624_790


def test_adders_that_no_source_gives_are_refused() -> None:
    for text, missing in (("2026-05", "fuel"), ("2026-10", "climate"), ("2027-11", "climate")):
        period = month(text)
        with pytest.raises(UnknownTariffError, match=f"adder '{missing}'.*--adder"):
            make_bill(B2, period, flat(period, 36_000), adder=None)


def test_the_general_tariff() -> None:
    """November 2027, general (eul) B, option II: hours as above, base 295,200,000.

    off 12,816,000 x 99.1 = 1,270,065,600; mid 8,352,000 x 144.4 = 1,206,028,800
    peak 4,752,000 x 200.6 = 953,251,200; adders 362,880,000; sum 4,087,425,600
    VAT 408,742,560; fund 110,360,491.2 -> 110,360,490
    """
    period = month("2027-11")
    bill = make_bill(
        "kepco-general-eul-hv-b-2",
        period,
        flat(period, 36_000),
        earlier=history(period, m2027_08=40_000),
    )
    assert bill.before_levies == 4_087_425_600
    assert bill.total == 4_606_528_650


def test_the_general_tariff_before_and_after_its_reform() -> None:
    """Option III at 20 MW: base 20,000 x 8,190 = 163,800,000, the last month of the old hours.

    May 2026: W 18, S 5, H 8 (1, 5 and 25 May, and 24 May is a Sunday): 422, 214, 108 hours.
    off 8,440,000 x 90.4 = 762,976,000; mid 4,280,000 x 112.8 = 482,784,000
    peak 2,160,000 x 143.1 = 309,096,000; adders 208,320,000; sum 1,926,976,000
    VAT 192,697,600; fund 52,028,352 -> 52,028,350
    June 2026: W 21, S 3, H 6 (election on the 3rd; the 6th is a Saturday and a holiday).
    384, 210, 126 hours: off 7,680,000 x 90.4 = 694,272,000; mid 4,200,000 x 142.7 = 599,340,000
    peak 2,520,000 x 224.0 = 564,480,000; adders 201,600,000; sum 2,223,492,000
    VAT 222,349,200; fund 60,034,284 -> 60,034,280
    """
    totals = []
    for text in ("2026-05", "2026-06"):
        period = month(text)
        bill = make_bill(
            "kepco-general-eul-hv-b-3",
            period,
            flat(period, 20_000),
            earlier=history(period, 20_000),
        )
        totals.append(seen(bill.before_levies, bill.total))
    assert totals == [(1_926_976_000, 2_171_701_950), (2_223_492_000, 2_505_875_480)]


def test_august_at_high_voltage_c() -> None:
    """August 2027, C, option I, 20 MW: W 21, S 4, H 6 (the 15th is a Sunday, the 16th substitute).

    394, 224, 126 hours; base 20,000 x 6,590 = 131,800,000; off 7,880,000 x 130.9 = 1,031,492,000
    mid 4,480,000 x 178.7 = 800,576,000; peak 2,520,000 x 242.7 = 611,604,000
    adders 208,320,000; sum 2,783,792,000; VAT 278,379,200; fund 75,162,384 -> 75,162,380
    """
    period = month("2027-08")
    bill = make_bill(
        "kepco-industrial-eul-hv-c-1",
        period,
        flat(period, 20_000),
        earlier=history(period, 20_000),
    )
    assert bill.before_levies == 2_783_792_000
    assert bill.total == 3_137_333_580


def test_a_bill_that_crosses_seasons() -> None:
    """September 2027 read on the 15th: 15 August to 14 September, steady 36 MW.

    August part: W 11, S 2, H 4: 226, 116, 66 hours; September part: W 9, S 2, H 3 (the 14th): 182,
    100, 54. off 14,688,000 x 127.6 = 1,874,188,800
    mid 4,176,000 x 174.8 + 3,600,000 x 144.8 = 1,251,244,800
    peak 2,376,000 x 239.1 + 1,944,000 x 161.9 = 882,835,200
    discount in September: Saturdays 6 h, 216,000 x 72.4 = 15,638,400
    Sundays and the 14th 9 h, 324,000 x 63.8 = 20,671,200
    base 265,680,000; adders 26,784,000 x 14 = 374,976,000; sum 4,612,615,200
    VAT 461,261,520; fund 124,540,610.4 -> 124,540,610
    """
    period = month("2027-09", reading_day=15)
    bill = make_bill(B2, period, flat(period, 36_000))
    assert hours(dict(bill.hours)) == (408, 216, 120)
    assert bill.before_levies == 4_612_615_200
    assert bill.total == 5_198_417_330
    assert bill.line("energy_mid").rate is None
    assert "4,176,000 kWh x 174.8 + 3,600,000 kWh x 144.8" in bill.line("energy_mid").formula


def test_a_levy_that_changes_within_a_bill_is_blended_by_days() -> None:
    """July 2025 read on the 15th: 15 June to 14 July, 36 MW: W 21, S 4, H 5: 370, 224, 126 hours.

    off 13,320,000 x 122.5 = 1,631,700,000; mid 8,064,000 x 174.8 = 1,409,587,200
    peak 4,536,000 x 256.0 = 1,161,216,000; base 265,680,000
    climate 25,920,000 x 9 = 233,280,000; fuel 129,600,000; sum 4,831,063,200
    fund (16 x 3.2 % + 14 x 2.7 %) / 30 = 89 / 30 %: 143,321,541.6 -> 143,321,540
    VAT 483,106,320
    """
    period = month("2025-07", reading_day=15)
    bill = make_bill(B2, period, flat(period, 36_000), adder=None)
    assert bill.before_levies == 4_831_063_200
    assert bill.line("fund").amount == 143_321_540
    assert bill.total == 5_457_491_060


def test_days_that_no_file_covers_are_refused() -> None:
    period = month("2024-10")
    with pytest.raises(UnknownTariffError, match=r"costs on 2024-10-01.*from 2024-10-24"):
        make_bill(B2, period, flat(period, 36_000), adder=ADDER)
