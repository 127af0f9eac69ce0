"""PUE, carbon, grid impact and hashes, against figures worked out by hand."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.sitefile.model import EmissionFactor
from exporters.utility.intervals.quality import Quality
from exporters.utility.report.carbon import carbon
from exporters.utility.report.impact import impact
from exporters.utility.report.numbers import percent
from exporters.utility.report.pue import pue, whole_wh
from exporters.utility.report.sources import series_sha256
from tests.utility.intervals.support import days, series, watt_hours, without
from tests.utility.report.support import FACTORS, full

DAY = days("2027-11-01", 1)


def flat(wh: int, name: str = "m") -> "object":
    return series(DAY, watt_hours(*[wh] * 96), name)


def test_pue_is_one_side_over_the_other() -> None:
    meters = {name: series(DAY, watt_hours(*[wh] * 96), name)
              for name, wh in (("border", 1200), ("sun", 300), ("a", 400), ("b", 600))}  # fmt: skip
    found = pue(meters, ("border", "sun"), ("a", "b"), 2)
    assert found is not None
    assert (found.value, found.category, found.coverage_ratio) == (Decimal("1.500"), 2, 1.0)
    assert found.interim
    assert (found.dc_wh, found.it_wh) == (1500 * 96, 1000 * 96)
    assert whole_wh(meters, ("a", "b")) == 1000 * 96


def test_both_sides_of_pue_cover_the_same_time() -> None:
    border = series(DAY, watt_hours(*[1200] * 96), "border")
    it = without(series(DAY, watt_hours(*[1000] * 96), "it"), (0, 4))
    found = pue({"border": border, "it": it}, ("border",), ("it",), 1)
    assert found is not None
    assert (found.value, found.coverage_ratio) == (Decimal("1.200"), 92 / 96)
    assert found.dc_wh == 92 * 1200
    assert whole_wh({"it": it}, ("it",)) is None


def test_an_estimate_makes_no_pue() -> None:
    border = series(DAY, watt_hours(*[1200] * 96), "border")
    it = series(DAY, watt_hours(*[1000] * 96), "it")
    it.quality[:5] = Quality.INTERPOLATED
    found = pue({"border": border, "it": it}, ("border",), ("it",), 1)
    assert found is not None
    assert (found.value, found.coverage_ratio) == (None, 91 / 96)


@pytest.mark.parametrize(("dc", "it"), [((), ("it",)), (("border",), ()), (("border",), ("x",))])
def test_no_pue_without_meters(dc: tuple[str, ...], it: tuple[str, ...]) -> None:
    meters = {"border": series(DAY), "it": series(DAY)}
    assert pue(meters, dc, it, 1) is None


def test_carbon_by_the_factor_of_the_day() -> None:
    grid = days("2027-11-15", 4)
    energy = series(grid, watt_hours(*[1000] * 96 * 4))
    (found,) = carbon(energy, FACTORS)
    assert [(part.start, part.end, part.energy_wh, part.grams) for part in found.parts] == [
        (date(2027, 11, 15), date(2027, 11, 16), 96_000, 40_061),  # 96 x 417.3 = 40,060.8
        (date(2027, 11, 16), date(2027, 11, 19), 288_000, 115_200),
    ]
    assert (found.grams, found.without_wh) == (155_261, 0)


def test_carbon_before_the_first_factor_is_in_no_sum() -> None:
    grid = days("2025-12-15", 4)
    factors = (*FACTORS, EmissionFactor(name="ets", valid_from=date(2020, 1, 1), kg_per_kwh=0.5))
    consumption, ets = carbon(series(grid, watt_hours(*[1000] * 96 * 4)), factors)
    assert (consumption.without_wh, sum(p.energy_wh for p in consumption.parts)) == (
        2 * 96_000,
        2 * 96_000,
    )
    assert (ets.without_wh, ets.grams) == (0, 192_000)
    assert carbon(series(grid), ()) == ()


def test_peaks_ramps_and_load_factor() -> None:
    energy = [250] * 96
    energy[10], energy[11], energy[50] = 500, 400, 500
    found = impact(series(DAY, watt_hours(*energy)))
    assert [(peak.at.strftime("%H:%M"), peak.kw) for peak in found.peaks[:3]] == [
        ("02:30", Decimal("2.0")), ("12:30", Decimal("2.0")), ("02:45", Decimal("1.6")),
    ]  # fmt: skip
    assert len(found.peaks) == 10
    assert found.ramp_up is not None
    assert found.ramp_down is not None
    assert (f"{found.ramp_up.at:%H:%M}", found.ramp_up.kw) == ("02:30", Decimal("1.0"))
    assert (f"{found.ramp_down.at:%H:%M}", found.ramp_down.kw) == ("12:45", Decimal("1.0"))
    assert found.load_factor == (Decimal(93 * 250 + 1400) / 96 / 500).quantize(Decimal("0.0001"))


def test_a_ramp_does_not_cross_a_gap() -> None:
    energy = [250] * 50 + [500] * 46
    found = impact(without(series(DAY, watt_hours(*energy)), (49, 51)))
    assert (found.ramp_up, found.ramp_down) == (None, None)
    nothing = impact(without(series(DAY), (0, 96)))
    assert (nothing.peaks, nothing.load_factor, nothing.mean_kw) == ((), None, None)


def test_the_hash_tells_every_value_and_code_apart() -> None:
    first = series(DAY)
    hashes = {series_sha256(first), series_sha256(series(days("2027-11-02", 1), first.energy_mj))}
    for index in (0, 95):
        energy = first.energy_mj.copy()
        energy[index] += 1
        hashes.add(series_sha256(series(DAY, energy)))
        other = series(DAY)
        other.quality[index] = Quality.RAW
        hashes.add(series_sha256(other))
    assert len(hashes) == 6
    assert series_sha256(first) == series_sha256(series(DAY, np.array(first.energy_mj)))


@given(st.decimals(0, 1, places=6), st.integers(0, 2))
def test_a_percentage_is_never_rounded_to_all_or_nothing(ratio: Decimal, digits: int) -> None:
    shown = percent(ratio, digits)
    assert (shown.startswith("100")) == (ratio == 1)
    assert (Decimal(shown.strip("<% ")) == 0) == (ratio == 0)


def test_the_document_has_it_all() -> None:
    report = full()
    document = report.document()
    assert document["pue"]["value"] == Decimal("1.234")
    assert document["carbon"][0]["kg"] == Decimal(report.extras.carbon[0].grams) / 1000
    assert sum(each["cost"] for each in document["split"]["cuts"]["tenant"]) == report.total
    assert document["grid_impact"]["peaks"][0]["kw"] > 36_000
    assert document["sources"][0]["sha256"] == "ab" * 32
    assert {"metering", "bill", "reconciliation"} <= set(document)
