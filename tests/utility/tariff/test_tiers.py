"""Prices by the amount of energy, and what is shared out by days across a change."""

from decimal import Decimal
from pathlib import Path

from exporters.utility.tariff import Contract
from tests.utility.tariff.support import flat, make_bill, month

FILE = """
[meta]
title = "tiers"
currency = "EUR"
zone = "Asia/Seoul"
bands = ["all"]
valid_from = 2026-01-01
verified = false
verified_how = "for tests"
sources = [{ what = "none", where = "none", seen = "none" }]
[rounding]
line = { mode = "half_up", to = 0.01 }
total = { mode = "half_up", to = 0.01 }
[[season]]
name = "year"
months = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
[[bands]]
days = ["weekday", "saturday", "sunday", "holiday"]
hours.all = ["00:00-24:00"]
[[demand]]
id = "half_hour"
title = "mean of 30 minutes"
window_minutes = 30
[[fixed]]
id = "meter"
title = "meter"
amount = 12.5
per = "month"
[[tariff]]
id = "tiers"
name = "tiers"
demand.half_hour = 2
energy.year.all = [
  { up_to_kwh = 1000, rate = 0.30 },
  { up_to_kwh = 5000, rate = 0.20 },
  { rate = 0.10 },
]
"""


def test_tiers_and_demand_over_half_an_hour(tmp_path: Path) -> None:
    """10 kW for 720 h: 7,200 kWh: 1,000 x 0.30 + 4,000 x 0.20 + 2,200 x 0.10 = 1,320.

    One quarter-hour at 30 kW makes 5 kWh more (0.50) and a half-hour of 20 kW: 40. Meter 12.50.
    """
    path = tmp_path / "tiers.toml"
    path.write_text(FILE, encoding="utf-8")
    period = month("2027-11")
    intervals = flat(period, 10)
    intervals[42] = type(intervals[42])(intervals[42].start, Decimal("7.5"))
    bill = make_bill(
        "tiers", period, intervals, contract=Contract(), earlier=[], adder=None, own=path
    )
    assert bill.line("energy_all").amount == Decimal("1320.50")
    assert bill.line("half_hour").amount == 40
    assert bill.line("meter").amount == Decimal("12.50")
    assert bill.total == Decimal("1373.00")
    assert bill.billing_demand_kw == 20
    assert bill.highest_kw == 30


def split_at(tmp_path: Path, meter: str) -> Path:
    """The same in two files, the second from 16 November 2027 on with another fixed charge."""
    folder = tmp_path / "split"
    folder.mkdir()
    first = FILE.replace(
        "valid_from = 2026-01-01", "valid_from = 2026-01-01\nvalid_to = 2027-11-15"
    )
    second = FILE.replace("valid_from = 2026-01-01", "valid_from = 2027-11-16")
    (folder / "a.toml").write_text(first, encoding="utf-8")
    (folder / "b.toml").write_text(second.replace("amount = 12.5", meter), encoding="utf-8")
    return folder


def test_tiers_and_fixed_charges_go_by_days_across_a_change(tmp_path: Path) -> None:
    """10 kW: 3,600 kWh in each half: 500 x 0.30 + 2,000 x 0.20 + 1,100 x 0.10 = 660, twice.

    The meter costs 12.50 / 2 + 25.00 / 2 = 18.75; demand 10 kW x 2 = 20.
    """
    period = month("2027-11")
    bill = make_bill(
        "tiers",
        period,
        flat(period, 10),
        contract=Contract(),
        earlier=[],
        adder=None,
        own=split_at(tmp_path, "amount = 25"),
    )
    assert bill.line("energy_all").amount == 1320
    assert bill.line("meter").amount == Decimal("18.75")
    assert bill.line("half_hour").amount == 20


ADDED = """
[[adder]]
id = "grid"
title = "grid"
by = "date"
values = [
  { valid_from = 2026-01-01, valid_to = 2027-11-10, value = 0.01, source = "none" },
  { valid_from = 2027-11-11, value = 0.02, source = "none" },
]
"""


def test_an_adder_by_date_changes_within_a_bill(tmp_path: Path) -> None:
    """10 kW: 10 days of 240 kWh at 0.01 = 24, 20 days at 0.02 = 96."""
    path = tmp_path / "adders.toml"
    path.write_text(FILE + ADDED, encoding="utf-8")
    period = month("2027-11")
    bill = make_bill(
        "tiers",
        period,
        flat(period, 10),
        contract=Contract(),
        earlier=[],
        adder=None,
        own=path,
    )
    assert bill.line("adder_grid").amount == 120
    assert bill.line("adder_grid").rate is None


def test_a_version_by_billing_month_prices_a_whole_bill(tmp_path: Path) -> None:
    """Read on the 15th, December's bill begins on 15 November; by month it is wholly December's."""
    folder = tmp_path / "months"
    folder.mkdir()
    by_month = 'takes_effect = "billing_month"\n'
    first = FILE.replace(
        "valid_from = 2026-01-01", f"{by_month}valid_from = 2026-01-01\nvalid_to = 2027-11-30"
    )
    second = FILE.replace("valid_from = 2026-01-01", f"{by_month}valid_from = 2027-12-01")
    (folder / "a.toml").write_text(first, encoding="utf-8")
    (folder / "b.toml").write_text(second, encoding="utf-8")
    for text, name in (("2027-11", "a.toml"), ("2027-12", "b.toml")):
        period = month(text, reading_day=15)
        bill = make_bill(
            "tiers",
            period,
            flat(period, 10),
            contract=Contract(),
            earlier=[],
            adder=None,
            own=folder,
        )
        assert [stretch.tariff.files[0].name for stretch in bill.stretches] == [name]
