"""PUE, CUE, load factor; which meters; what is not covered gives no figure."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from collector.site.kpi import KpiMeters, Kpis, compare_it
from collector.site.kpi_meters import kpi_meters
from collector.site.quarters import QUARTER_NS
from collector.sitefile.model import Branch, EmissionFactor, Level, MeterSpec, Role, Site
from tests.site.rig import T0

UTC_ZONE = ZoneInfo("UTC")
METERS = KpiMeters(utility=("u",), generation=("g",), it=("i1", "i2"), category=1)
KWH = 3_600_000_000


def fill(kpis: Kpis, quarters: int, *, skip: tuple[int, ...] = ()) -> int:
    for n in range(quarters):
        start_ns = T0 + n * QUARTER_NS
        for meter, kwh in (("u", 120), ("g", 10), ("i1", 60), ("i2", 40)):
            if n not in skip or meter != "i2":
                kpis.add(meter, start_ns, kwh * KWH, QUARTER_NS)
    return T0 + quarters * QUARTER_NS


def test_pue_is_what_comes_in_over_what_the_it_gets() -> None:
    kpis = Kpis(METERS, UTC_ZONE)
    end_ns = fill(kpis, 96)
    day = kpis.pue("1d", end_ns)
    assert day.value == pytest.approx(1.3)
    assert (day.coverage_ratio, day.interim, day.category) == (1, True, 1)
    assert day.meters == ("u", "g", "i1", "i2")
    assert kpis.pue("15m", end_ns).value == pytest.approx(1.3)
    month = kpis.pue("30d", end_ns)
    assert month.value is None
    assert month.coverage_ratio == pytest.approx(96 / 2880)
    assert not kpis.pue("365d", end_ns).interim


def test_a_quarter_hour_that_one_meter_lacks_counts_on_neither_side() -> None:
    kpis = Kpis(METERS, UTC_ZONE)
    end_ns = fill(kpis, 96, skip=(3, 17))
    assert kpis.pue("1d", end_ns).value == pytest.approx(1.3)
    assert kpis.pue("1d", end_ns).coverage_ratio == pytest.approx(94 / 96)
    kpis = Kpis(METERS, UTC_ZONE)
    assert kpis.pue("1d", fill(kpis, 96, skip=tuple(range(10)))).value is None


def test_windows_of_a_quarter_hour_add_up() -> None:
    kpis = Kpis(METERS, UTC_ZONE)
    for minute in range(15):
        for meter, kwh in (("u", 1), ("g", 1), ("i1", 1), ("i2", 1)):
            kpis.add(meter, T0 + minute * QUARTER_NS // 15, kwh * KWH, QUARTER_NS // 15)
            assert kpis.pue("15m", T0 + QUARTER_NS).value == (
                1 if (minute, meter) == (14, "i2") else None
            )


def test_cue_takes_the_factor_of_the_day() -> None:
    factors = [
        EmissionFactor(name="f", valid_from=date(2020, 1, 1), kg_per_kwh=0.5),
        EmissionFactor(name="f", valid_from=date(2027, 1, 1), kg_per_kwh=0.4),
    ]
    kpis = Kpis(METERS, UTC_ZONE, factors)
    assert kpis.cue("1d", fill(kpis, 96)).value == pytest.approx(120 * 0.4 / 100)
    kpis = Kpis(
        METERS, UTC_ZONE, [EmissionFactor(name="f", valid_from=date(2030, 1, 1), kg_per_kwh=1)]
    )
    assert kpis.cue("1d", fill(kpis, 96)).value is None


def test_load_factor_is_mean_over_peak() -> None:
    kpis = Kpis(KpiMeters(utility=("u",), generation=(), it=(), category=1), UTC_ZONE)
    for n in range(96):
        kpis.add("u", T0 + n * QUARTER_NS, (2 if n == 50 else 1) * KWH, QUARTER_NS)
    end_ns = T0 + 96 * QUARTER_NS
    assert kpis.load_factor("1d", end_ns).value == pytest.approx(97 / 96 / 2)
    assert kpis.pue("1d", end_ns).value is None  # no IT meter


def test_a_late_register_changes_the_figure_that_was_there() -> None:
    kpis = Kpis(METERS, UTC_ZONE)
    end_ns = fill(kpis, 1, skip=(0,))
    assert kpis.pue("15m", end_ns).value is None
    kpis.add("i2", T0, 40 * KWH, QUARTER_NS)
    assert kpis.pue("15m", end_ns).value == pytest.approx(1.3)


def test_nodes_beside_meters() -> None:
    found = compare_it(95.0, 100.0, nodes_coverage=0.9, meters_coverage=1.0)
    assert (found.ratio, found.coverage_ratio) == (0.95, 0.9)
    assert compare_it(95.0, 0.0, nodes_coverage=1, meters_coverage=0).ratio is None


def test_no_meter_counts_what_another_does() -> None:
    levels = {"f": Level.FEED, "u": Level.UPS, "p": Level.BUSWAY, "r": Level.RACK}
    parents = {"f": (), "u": ("f",), "p": ("u",), "r": ("p",)}
    meters = [
        MeterSpec(id="main", branch="f", role=Role.UTILITY, register=True),
        MeterSpec(id="check", branch="f", role=Role.UTILITY),
        MeterSpec(id="sub", branch="u", role=Role.UTILITY),
        MeterSpec(id="sun", branch="f", role=Role.GENERATION),
        *(MeterSpec(id=f"it-{one}", branch=one, role=Role.IT) for one in "upr"),
    ]

    def at(category: int) -> KpiMeters:
        return kpi_meters(
            Site(
                name="s",
                zone=UTC_ZONE,
                branches={
                    one: Branch(id=one, level=levels[one], parents=parents[one]) for one in levels
                },
                meters={one.id: one for one in meters},
                racks={},
                nodes={},
                pue_category=category,
            )
        )

    assert at(1).utility == ("main",)
    assert at(1).generation == ("sun",)
    assert [at(category).it for category in (1, 2, 3)] == [("it-u",), ("it-p",), ("it-r",)]
