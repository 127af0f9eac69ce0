"""Import of OpenEI's form: what it says is priced as it says, what is left out is told."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exporters.utility.tariff import Contract, Tariff, TariffFileError
from exporters.utility.tariff.urdb import import_urdb
from tests.utility.tariff.support import amounts, flat, make_bill, month

ZONE = "America/Los_Angeles"
DAY = [0] * 16 + [1] * 5 + [0] * 3
"""Period 1 from 16 to 21."""
FLAT = [0] * 24


def rate(**other: Any) -> dict[str, Any]:
    """Period 1 on weekdays of June to September; tiers in period 0; a flat demand of two kinds."""
    summer = [DAY if month in range(5, 9) else FLAT for month in range(12)]
    return {
        "label": "539f6d0aec4f024411ecb11d",
        "utility": "Example Power",
        "name": "TOU-8",
        "startdate": 1767254400,  # 2026-01-01 00:00 in Los Angeles
        "source": "https://example.com/tou-8.pdf",
        "energyratestructure": [
            [{"max": 100000, "rate": 0.10, "adj": 0.01, "unit": "kWh"}, {"rate": 0.08}],
            [{"rate": 0.30}],
        ],
        "energyweekdayschedule": summer,
        "energyweekendschedule": [FLAT] * 12,
        "demandratestructure": [[{"rate": 0}], [{"rate": 20.5}]],
        "demandweekdayschedule": summer,
        "demandweekendschedule": [FLAT] * 12,
        "flatdemandstructure": [[{"rate": 5}], [{"rate": 7, "adj": 0.5}]],
        "flatdemandmonths": [1 if month in range(5, 9) else 0 for month in range(12)],
        "fixedchargefirstmeter": 300,
        "fixedchargeunits": "$/month",
        **other,
    }


def imported(tmp_path: Path, content: dict[str, Any]) -> Path:
    path = tmp_path / "tou.toml"
    path.write_text(import_urdb(json.dumps(content), zone=ZONE, tariff_id="tou-8").text, "utf-8")
    return path


def test_a_summer_month_by_an_imported_rate(tmp_path: Path) -> None:
    """July 2026 at 1 MW: 23 weekdays x 5 h = 115 h of period 1, 629 h of period 0.

    The form has one schedule for energy and one for demand; here both part the day alike, so there
    are two bands. Period 0: 100,000 x 0.11 + 529,000 x 0.08 = 53,320; period 1: 115,000 x 0.30 =
    34,500; demand 1,000 x 20.5 = 20,500; flat 1,000 x 7.5 = 7,500; fixed 300; sum 116,120
    """
    path = imported(tmp_path, {"items": [rate()]})
    zone = Tariff.versions("tou-8", own=path)[0].zone
    period = month("2026-07")
    bill = make_bill(
        "tou-8",
        period,
        flat(period, 1_000, zone),
        contract=Contract(),
        earlier=[],
        adder=None,
        own=path,
    )
    assert amounts(bill) == {
        "customer": 300,
        "demand_1": 20_500,
        "demand_flat_1": 7_500,
        "energy_energy_0_demand_0": 53_320,
        "energy_energy_1_demand_1": 34_500,
    }
    assert bill.total == 116_120


def test_a_winter_month_by_an_imported_rate(tmp_path: Path) -> None:
    """January: 744 MWh: 100,000 x 0.11 + 644,000 x 0.08 = 62,520; flat 5,000; fixed 300."""
    path = imported(tmp_path, rate())
    zone = Tariff.versions("tou-8", own=path)[0].zone
    period = month("2026-01")
    bill = make_bill(
        "tou-8",
        period,
        flat(period, 1_000, zone),
        contract=Contract(),
        earlier=[],
        adder=None,
        own=path,
    )
    assert bill.total == Decimal(62_520 + 5_000 + 300)


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    content = rate(
        demandratchetpercentage=[0, 0, 80, *[0] * 9],
        coincidentratestructure=[[{"rate": 3}]],
        fueladjustmentsmonthly=[0] * 12,
        fixedchargeunits="$/kVA",
        mincharge=100,
    )
    content["energyratestructure"][1][0]["sell"] = 0.05
    found = import_urdb(json.dumps(content), zone=ZONE)
    assert found.left_out == (
        "a ratchet on demand (demandratchetpercentage)",
        "a charge for demand at the grid's peak (coincidentratestructure)",
        "a least charge (mincharge)",
        "payment for energy fed in (sell)",
        "a fixed charge in $/kVA (fixedchargefirstmeter)",
    )
    assert any("holidays" in text for text in found.cannot_say)
    path = tmp_path / "x.toml"
    path.write_text(found.text, encoding="utf-8")
    meta = Tariff.versions("urdb-539f6d0aec4f024411ecb11d", own=path)[0].meta
    assert not meta.verified
    assert "left out by the import: a least charge (mincharge)" in meta.unverified
    assert meta.valid_from == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "line 1: it is no JSON"),
        ('{"items": []}', "one rate"),
        ("[1]", "one rate"),
        ('{"name": "x"}', "energyratestructure"),
        (json.dumps(rate(startdate=None)), "no startdate"),
        (json.dumps(rate(energyweekdayschedule=[FLAT] * 11)), "12 rows of 24"),
        (json.dumps(rate(energyweekdayschedule=[[7] * 24] * 12)), "has no price"),
        (json.dumps(rate(flatdemandstructure=[[{"rate": 1}, {"rate": 2}]])), "tiers of demand"),
        (
            json.dumps(rate(energyratestructure=[[{"rate": 1, "unit": "kWh/kW"}]])),
            "tiers by 'kWh/kW'",
        ),
    ],
)
def test_what_is_refused(content: str, message: str) -> None:
    with pytest.raises(TariffFileError, match=message):
        import_urdb(content, zone=ZONE)
