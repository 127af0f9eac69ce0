"""What the power factor costs, worked by hand, on 40,000 x 7,380 = 295,200,000 for demand."""

from dataclasses import replace
from decimal import Decimal

import pytest

from exporters.utility.tariff import (
    Bill,
    Contract,
    Interval,
    MonthDemand,
    PowerFactors,
    ReadingsError,
    UnknownTariffError,
)
from tests.utility.tariff.support import B2, flat, history, make_bill, month, seen

PERIOD = month("2027-11")
SECOND = Contract(kw=Decimal(40_000), surcharged_before=True)
FIRST = Contract(kw=Decimal(40_000))


def bill(
    lagging: int | None,
    leading: int | None,
    contract: Contract = SECOND,
    earlier: list[MonthDemand] | None = None,
) -> Bill:
    factors = PowerFactors(
        None if lagging is None else Decimal(lagging),
        None if leading is None else Decimal(leading),
    )
    return make_bill(
        B2,
        PERIOD,
        flat(PERIOD, 36_000),
        contract=contract,
        earlier=earlier or history(PERIOD, m2027_08=40_000),
        reactive=factors,
    )


@pytest.mark.parametrize(
    ("lagging", "leading", "won"),
    [
        (92, 95, 0),
        (96, None, -2_361_600),  # 4 points above 92: -0.8 %
        (96, 93, -1_180_800),  # and 2 points below 95: +0.4 % = +1,180,800
        (97, 100, -2_952_000),  # -1.0 %, and no credit by night
        (100, 100, -2_952_000),  # never more
        (85, 100, 4_132_800),  # 7 points: +1.4 %
        (60, 60, 39_556_800),  # 32 points and 35: +6.4 % + 7.0 % = 13.4 %
        (40, 40, 39_556_800),  # never more than down to 60
    ],
)
def test_from_the_second_month(lagging: int, leading: int | None, won: int) -> None:
    line = bill(lagging, leading).line("power_factor")
    assert line.amount == won
    assert not line.assumed


def test_a_bill_with_credit_and_surcharge() -> None:
    """November's 4,860,446,400 - 1,180,800 = 4,859,265,600; VAT 485,926,560.

    fund 131,200,171.2 -> 131,200,170; total 5,476,392,330
    """
    made = bill(96, 93)
    assert made.before_levies == 4_859_265_600
    assert made.total == 5_476_392_330


def test_a_first_surcharge_is_a_notice_only_and_a_credit_is_none() -> None:
    """Lagging 96 is credited all the same: 4,860,446,400 - 2,361,600 = 4,858,084,800.

    VAT 485,808,480; fund 131,168,289.6 -> 131,168,280; total 5,475,061,560
    """
    made = bill(96, 93, FIRST)
    assert made.line("power_factor").amount == -2_361_600
    assert made.total == 5_475_061_560
    assert any("leading 93 %" in note and "notice" in note for note in made.notes)
    assert bill(85, 100, FIRST).line("power_factor").amount == 0


def test_the_history_tells_whether_it_is_the_first() -> None:
    earlier = history(PERIOD, m2027_08=40_000)
    low = [*earlier[:-1], replace(earlier[-1], lagging_percent=Decimal(91))]
    assert bill(85, 100, FIRST, low).line("power_factor").amount == 4_132_800
    good = [*earlier[:-1], replace(earlier[-1], lagging_percent=Decimal(92))]
    assert bill(85, 100, FIRST, good).line("power_factor").amount == 0
    assert bill(92, 93, FIRST, low).line("power_factor").amount == 0, "leading was not low"


def reactive(lagging_by_day: str, leading_by_night: str, lagging_by_night: str = "0") -> Bill:
    """Reactive energy as a share of the active, by day (08 to 22) and by night."""

    def of(interval: Interval) -> Interval:
        day = 8 <= interval.start.hour < 22
        lagging = Decimal(lagging_by_day if day else lagging_by_night)
        leading = Decimal(0 if day else leading_by_night)
        return replace(
            interval,
            lagging_kvarh=interval.kwh * lagging,
            leading_kvarh=interval.kwh * leading,
        )

    return make_bill(
        B2,
        PERIOD,
        [of(interval) for interval in flat(PERIOD, 36_000)],
        contract=SECOND,
        earlier=history(PERIOD, m2027_08=40_000),
    )


def test_power_factors_from_reactive_readings() -> None:
    """With 0.75 kvarh to a kWh, 1 / sqrt(1.5625) = 80 %: 12 points, 2.4 % = 7,084,800."""
    made = reactive("0.75", "0")
    assert seen(made.lagging_percent, made.leading_percent) == (80, 100)
    assert made.line("power_factor").amount == 7_084_800
    assert not made.line("power_factor").assumed


def test_lagging_by_night_counts_as_one_hundred() -> None:
    assert reactive("0", "0", lagging_by_night="2").leading_percent == 100
    assert reactive("0", "0.75", lagging_by_night="2").leading_percent == 100


def test_leading_by_night_is_charged() -> None:
    """80 % by night: 15 points below 95 = 3.0 %; by day 100, as 97: -1.0 %. 2 % = 5,904,000."""
    made = reactive("0", "0.75")
    assert seen(made.lagging_percent, made.leading_percent) == (97, 80)
    assert made.line("power_factor").amount == 5_904_000


def test_half_hours_are_clamped_one_by_one() -> None:
    """Half of the day's half-hours at 97 and more, half at 0.1 %, taken as 60: mean 78.5 -> 79."""
    intervals = []
    for interval in flat(PERIOD, 36_000):
        bad = interval.start.hour % 2
        kvarh = interval.kwh * 1000 * bad
        intervals.append(replace(interval, lagging_kvarh=kvarh, leading_kvarh=Decimal(0)))
    made = make_bill(B2, PERIOD, intervals, contract=SECOND)
    assert made.lagging_percent == 79


def test_half_hours_are_thirty_minutes_not_fifteen() -> None:
    """First quarter 1 : 1.5, second 1 : 0: together 2 : 1.5, 80 %. By quarters it were 78 %.

    By quarters: 1 / sqrt(3.25) = 55.5 -> 60 and 97 make 78.5 -> 79.
    """
    intervals = []
    for interval in flat(PERIOD, 36_000):
        share = Decimal("1.5") if interval.start.minute % 30 == 0 else Decimal(0)
        kvarh = interval.kwh * share
        intervals.append(replace(interval, lagging_kvarh=kvarh, leading_kvarh=Decimal(0)))
    assert make_bill(B2, PERIOD, intervals, contract=SECOND).lagging_percent == 80


def test_a_month_without_use_counts_as_the_standard() -> None:
    idle = [
        replace(interval, kwh=Decimal(0), lagging_kvarh=Decimal(0), leading_kvarh=Decimal(0))
        for interval in flat(PERIOD, 0)
    ]
    made = make_bill(B2, PERIOD, idle, contract=SECOND)
    assert seen(made.lagging_percent, made.leading_percent) == (92, 95)
    assert made.line("power_factor").amount == 0


def test_reactive_energy_that_is_partly_missing_is_refused() -> None:
    intervals = flat(PERIOD, 36_000)
    intervals[5:] = [replace(each, lagging_kvarh=Decimal(0)) for each in intervals[5:]]
    with pytest.raises(ReadingsError, match="5 readings have no reactive energy"):
        make_bill(B2, PERIOD, intervals)


def test_before_february_2025_no_source_says_all() -> None:
    period = month("2025-01")
    with pytest.raises(UnknownTariffError, match="power factor"):
        make_bill(
            B2, period, flat(period, 36_000), reactive=PowerFactors(Decimal(97), Decimal(100))
        )


def test_a_direction_that_is_not_metered_is_not_called_good() -> None:
    """Leading alone, 80 % by night: 3.0 % of 295,200,000; lagging is not known, so no credit."""
    intervals = [replace(e, leading_kvarh=e.kwh * Decimal("0.75")) for e in flat(PERIOD, 36_000)]
    made = make_bill(
        B2, PERIOD, intervals, contract=SECOND, earlier=history(PERIOD, m2027_08=40_000)
    )
    assert seen(made.lagging_percent, made.leading_percent) == (None, 80)
    assert made.line("power_factor").amount == 8_856_000
    assert any("no lagging reactive energy" in note for note in made.notes)
