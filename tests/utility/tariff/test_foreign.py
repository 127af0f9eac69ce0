"""A tariff of another country and another currency, by the same engine. Worked by hand."""

from decimal import Decimal

from exporters.utility.tariff import Bill, Contract, Tariff
from tests.utility.tariff.support import amounts, flat, make_bill, month

B20 = "pge-b-20-secondary"
ZONE = Tariff.versions(B20)[0].zone


def bill(text: str, reading_day: int = 1) -> Bill:
    period = month(text, reading_day)
    return make_bill(
        B20, period, flat(period, 2_000, ZONE), contract=Contract(), earlier=[], adder=None
    )


def test_july() -> None:
    """744 hours at 2 MW: peak 5 x 31 = 155, part-peak 4 x 31 = 124, off-peak 465.

    customer 31 x 107.36636 = 3,328.35716 -> 3,328.36
    maximum 2,000 x 39.08 = 78,160; peak x 41.35 = 82,700; part-peak x 9.27 = 18,540
    off 930,000 x 0.11482 = 106,782.60; part 248,000 x 0.14227 = 35,282.96
    peak 310,000 x 0.17702 = 54,876.20; sum 379,670.12
    """
    made = bill("2026-07")
    assert amounts(made) == {
        "customer": Decimal("3328.36"),
        "demand_max": 78_160,
        "demand_peak_summer": 82_700,
        "demand_part_peak_summer": 18_540,
        "energy_super_off_peak": 0,
        "energy_off_peak": Decimal("106782.60"),
        "energy_part_peak": Decimal("35282.96"),
        "energy_peak": Decimal("54876.20"),
    }
    assert made.total == Decimal("379670.12")
    assert made.currency == "USD"


def test_march_has_an_hour_less() -> None:
    """743 hours: summer time begins on the 8th. Super off-peak 155, peak 155, off-peak 433.

    off 866,000 x 0.11460 = 99,243.60; super 310,000 x 0.05872 = 18,203.20
    peak 310,000 x 0.15632 = 48,459.20; maximum 78,160; winter peak 2,000 x 2.32 = 4,640
    customer 3,328.36; sum 252,034.36
    """
    made = bill("2026-03")
    assert sum(made.hours.values()) == 743
    assert made.hours["off_peak"] == 433
    assert made.total == Decimal("252034.36")
    assert "fund" not in amounts(made)


def test_a_demand_charge_of_a_season_counts_its_days() -> None:
    """October read on the 15th: 15 to 30 September are 16 of 30 days in summer, the rest winter.

    summer peak 2,000 x 41.35 x 16 / 30 = 44,106.67; winter peak 2,000 x 2.32 x 14 / 30 = 2,165.33
    """
    made = bill("2026-10", reading_day=15)
    assert made.period.days == 30
    assert amounts(made)["demand_peak_summer"] == Decimal("44106.67")
    assert amounts(made)["demand_peak_winter"] == Decimal("2165.33")
    assert amounts(made)["demand_max"] == 78_160


def test_it_is_not_verified_and_says_so() -> None:
    made = bill("2026-07")
    assert not Tariff.versions(B20)[0].meta.verified
    assert any("pge-b-20-2026-03-01.toml is not verified" in note for note in made.notes)


def test_a_given_demand_is_that_of_the_main_charge_alone() -> None:
    period = month("2026-07")
    made = make_bill(
        B20,
        period,
        flat(period, 2_000, ZONE),
        contract=Contract(billing_demand_kw=Decimal(3_000)),
        earlier=[],
        adder=None,
    )
    assert amounts(made)["demand_max"] == Decimal(3_000) * Decimal("39.08")
    assert amounts(made)["demand_peak_summer"] == 82_700
    assert [each.billed_from for each in made.demands] == ["given", *["current"] * 3]
