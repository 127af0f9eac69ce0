"""A whole small site, driven as the daemon drives it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from collector.catalogue import BY_NAME, Subject
from collector.ledger.model import Register
from collector.model import Energy, Point, Window
from collector.site.quarters import DAY_NS, QUARTER_NS
from collector.site.state import Earlier, SiteState, account_key
from collector.sitefile.model import (
    Branch,
    EmissionFactor,
    Level,
    MeterSpec,
    Rack,
    Role,
    Site,
)
from collector.sources.meters.reading import MeterReading, Quantity, Shape
from tests.site.rig import BOOT, T0, at, check_windows, mono, power, register, sum_of

SEOUL = ZoneInfo("Asia/Seoul")


def small_site(target_watts: float | None = None) -> Site:
    """A feed with a contract, two UPSs that stand in for each other, two racks."""
    branches = [
        Branch(
            id="feed",
            level=Level.FEED,
            rating_watts=2e6,
            contract_watts=1e6,
            ramp_limits_watts={60: 3e5},
        ),
        Branch(
            id="ups-a", level=Level.UPS, parents=("feed",), rating_watts=8e5, redundancy_group="g"
        ),
        Branch(
            id="ups-b", level=Level.UPS, parents=("feed",), rating_watts=8e5, redundancy_group="g"
        ),
        *(
            Branch(
                id=f"rack-{n}",
                level=Level.RACK,
                parents=("ups-a", "ups-b"),
                rating_watts=4e5,
                budget_watts=3e5,
                rack=f"r{n}",
            )
            for n in (1, 2)
        ),
    ]
    meters = [
        MeterSpec(id="main", branch="feed", role=Role.UTILITY, register=True),
        MeterSpec(id="a", branch="ups-a", role=Role.IT),
        MeterSpec(id="b", branch="ups-b", role=Role.IT),
        MeterSpec(id="pdu-1", branch="rack-1"),
        MeterSpec(id="cdu", branch="rack-2", role=Role.COOLING),
    ]
    return Site(
        name="site",
        zone=SEOUL,
        branches={one.id: one for one in branches},
        meters={one.id: one for one in meters},
        racks={"r1": Rack(id="r1"), "r2": Rack(id="r2")},
        nodes={},
        demand_target_watts=target_watts,
        emission_factors=(
            EmissionFactor(name="f", valid_from=datetime(2020, 1, 1).date(), kg_per_kwh=0.4),  # noqa: DTZ001 - a day
        ),
    )


def moment(seconds: float, *, main: float, racks: float) -> list[MeterReading]:
    """What the site's meters say at an instant, in watts; the register counts from 0 s."""
    return [
        power(seconds, main, meter="main"),
        power(seconds, racks / 2, meter="a", shape=Shape.HELD),
        power(seconds, racks / 2, meter="b", shape=Shape.HELD),
        power(seconds, racks / 2, meter="pdu-1", shape=Shape.HELD),
        MeterReading(
            meter="cdu",
            quantity=Quantity.SUPPLY_TEMPERATURE,
            value=25.5,
            source_ns=at(seconds),
            received_ns=mono(seconds),
        ),
    ]


def drive(state: SiteState, readings: Iterable[MeterReading]) -> tuple[list[Window], list[Point]]:
    """Readings as they arrive, with a look after each."""
    windows: list[Window] = []
    points: list[Point] = []
    for reading in readings:
        state.add(reading, reading.received_ns + BOOT)
        update = state.advance(reading.received_ns + BOOT, reading.received_ns)
        windows += update.windows
        points += update.points
    return windows, points


def span(start: int, end: int, step: int, *, main: float, racks: float) -> list[MeterReading]:
    return [one for t in range(start, end, step) for one in moment(t, main=main, racks=racks)]


def series(state: SiteState, seconds: float) -> Mapping[str, Mapping[tuple[str, ...], float]]:
    return state.values(at(seconds), mono(seconds))


def test_every_value_is_of_the_catalogue_and_labelled_as_it_says() -> None:
    state = SiteState(small_site())
    drive(state, span(0, 2000, 10, main=8e5, racks=5e5))
    state.kept(state.accounts(boot_id="b", monotonic_ns=mono(2000)))
    found = series(state, 2000)
    for name, values in found.items():
        metric = BY_NAME[name]
        assert metric.subject is Subject.SITE
        assert values
        for labels in values:
            assert len(labels) == len(metric.labels), name
    expected = {name for name, metric in BY_NAME.items() if metric.subject is Subject.SITE}
    absent = {"site_demand_cut_deadline_timestamp_seconds", "site_meter_power_factor_ratio"}
    by_the_daemon = {name for name in expected if name.startswith("site_it_")}
    assert expected - set(found) == absent | by_the_daemon


def test_a_quarter_hour_over_its_target_is_foretold_and_cut_in_time() -> None:
    state = SiteState(small_site(), lowest_watts={"feed": 2e5}, band=lambda _: "mid")
    drive(state, span(0, 601, 2, main=1.1e6, racks=5e5))
    found = series(state, 600)
    demand = found["site_demand_watts"]
    assert found["site_demand_target_watts"]["feed",] == 1e6
    assert demand["feed", "so_far"] == pytest.approx(1.1e6)
    assert demand["feed", "forecast"] == pytest.approx(1.1e6)
    assert demand["feed", "forecast_low"] > 1e6  # what a page goes by
    assert demand["feed", "allowed"] == pytest.approx((1e6 * 900 - 1.1e6 * 600) / 300)
    assert found["site_demand_cut_watts"]["feed",] == pytest.approx(3e5)
    deadline = found["site_demand_cut_deadline_timestamp_seconds"]["feed",]
    assert deadline == pytest.approx(T0 / 1e9 + 600 + (900e6 - 660e6 - 2e5 * 300) / (1.1e6 - 2e5))
    (running,) = state.running(at(600), mono(600))
    assert (running.measurement, running.topic) == ("", "demand")
    assert running.fields["allowed_watts"] == demand["feed", "allowed"]
    assert running.fields["cut_watts"] == pytest.approx(3e5)
    assert running.fields["interval_start_timestamp_seconds"] == T0 / 1e9
    _, points = drive(state, span(602, 1000, 2, main=1.1e6, racks=5e5))
    (point,) = points
    assert (point.measurement, point.topic, point.wall_ns) == ("demand", "interval", at(900))
    assert point.tags == {"branch": "feed", "meter": "main"}
    assert point.fields["demand_watts"] == pytest.approx(1.1e6)
    assert point.fields["band"] == "mid"
    peaks = series(state, 1000)["site_demand_peak_watts"]
    assert peaks == {
        ("feed", "month", "mid"): pytest.approx(1.1e6),
        ("feed", "year", "mid"): pytest.approx(1.1e6),
    }


def test_a_silent_main_meter_takes_the_lower_bound_with_it() -> None:
    state = SiteState(small_site())
    drive(state, span(0, 301, 2, main=1.1e6, racks=5e5))
    found = series(state, 700)
    assert "site_meter_power_watts" not in found
    assert found["site_meter_good"]["main",] == 0
    assert found["site_meter_age_seconds"]["main",] == 400
    demand = found["site_demand_watts"]
    assert demand["feed", "forecast"] == pytest.approx(1.1e6)
    assert demand["feed", "forecast_low"] < 1e6
    assert "site_power_watts" not in found


def test_the_tree_and_the_pair() -> None:
    state = SiteState(small_site())
    drive(state, span(0, 101, 10, main=8e5, racks=5e5))
    found = series(state, 101)
    assert found["site_redundant_power_watts"] == {("g",): 5e5}
    assert found["site_redundant_limit_watts"] == {("g",): 8e5}
    headroom = found["site_power_headroom_watts"]
    assert headroom["feed", "feed", ""] == pytest.approx(2e5)  # to the contract
    assert headroom["ups-a", "ups", ""] == pytest.approx(2e5)
    assert headroom["rack-1", "rack", "r1"] == pytest.approx(1.5e5)
    assert found["site_power_coverage_ratio"]["rack-2", "rack", "r2"] == 0
    assert ("rack-2", "rack", "r2") not in found["site_power_watts"]
    assert found["site_coolant_temperature_celsius"]["cdu", "supply"] == 25.5


def test_energy_adds_up_over_all_meters_and_pue_comes_from_it() -> None:
    state = SiteState(small_site())
    windows, _ = drive(state, span(0, 2000, 10, main=8e5, racks=5e5))
    windows += state.finish(at(2000), mono(2000)).windows
    for meter, account in state.meters.items():
        mine = [window for window in windows if window.device.key == meter]
        check_windows(mine)
        assert sum_of(mine) == account.total
    found = series(state, 2000)
    assert found["site_pue_ratio"]["15m",] == pytest.approx(1.6)
    assert "site_meter_energy_joules_total" not in found  # nothing is on disk yet
    state.kept(state.accounts(boot_id="b", monotonic_ns=mono(2000), clean=True))
    found = series(state, 2000)
    joules = found["site_meter_energy_joules_total"]["main", "utility"]
    assert joules == pytest.approx(8e5 * 1990)


def test_a_crash_lets_no_counter_fall() -> None:
    """Only what is on disk is shown, and a new run begins with that."""
    first = SiteState(small_site())
    drive(first, span(0, 1000, 10, main=8e5, racks=5e5))
    states = first.accounts(boot_id="b", monotonic_ns=mono(1000))
    first.kept(states)
    shown = series(first, 1000)["site_meter_energy_joules_total"]
    drive(first, span(1000, 1100, 10, main=8e5, racks=5e5))
    assert series(first, 1100)["site_meter_energy_joules_total"] == shown  # not committed yet
    second = SiteState(small_site(), Earlier(accounts=states))
    assert series(second, 1105)["site_meter_energy_joules_total"] == shown


def test_a_restart_goes_on_in_the_middle_of_an_interval() -> None:
    first = SiteState(small_site())
    readings = span(0, 1400, 10, main=8e5, racks=5e5)
    windows, points = drive(first, readings)
    windows += first.finish(at(1400), mono(1400)).windows
    assert len(points) == 1
    states = first.accounts(boot_id="b", monotonic_ns=mono(1400), clean=True)
    registers = [quarter_hour(windows, "main", n) for n in range(2)]
    earlier = Earlier(accounts=states, quarter_hours={"main": registers})
    second = SiteState(small_site(), earlier)
    assert series(second, 1405)["site_demand_peak_watts"]
    later, points = drive(second, span(1410, 2000, 10, main=8e5, racks=5e5))
    (point,) = points
    assert point.wall_ns == at(1800)
    assert point.fields["demand_watts"] == pytest.approx(8e5)
    assert point.fields["known_ratio"] == 1
    mine = [one for one in windows + list(later) if one.device.key == "main"]
    check_windows(mine)
    assert account_key("main") in states


def quarter_hour(windows: list[Window], meter: str, number: int) -> Register:
    """The ledger's register of a quarter-hour."""
    start_ns = T0 + number * QUARTER_NS
    mine = [
        one
        for one in windows
        if one.device.key == meter and one.start_ns // QUARTER_NS * QUARTER_NS == start_ns
    ]
    return Register(
        start_ns=start_ns,
        energy=sum_of(mine),
        covered_ns=sum(one.covered_ns for one in mine),
        elapsed_ns=sum(one.duration_ns for one in mine),
        peak_mw=None,
    )


def test_a_register_alone_gives_power_demand_and_energy() -> None:
    state = SiteState(small_site())
    readings = [register(t, 5e9 + 9e5 * t, meter="main") for t in range(0, 1000, 60)]
    _, points = drive(state, readings)
    found = series(state, 1000)
    assert found["site_meter_power_watts"]["main", "utility"] == pytest.approx(9e5)
    assert found["site_demand_watts"]["feed", "forecast"] == pytest.approx(9e5)
    assert [point.fields["demand_watts"] for point in points] == [pytest.approx(9e5)]


def test_a_void_interval_is_no_demand_and_no_peak() -> None:
    state = SiteState(small_site())
    readings = span(300, 1000, 10, main=8e5, racks=5e5)
    _, points = drive(state, readings)
    (point,) = points
    assert "demand_watts" not in point.fields
    assert point.fields["known_ratio"] == pytest.approx(600 / 900)
    assert "site_demand_peak_watts" not in series(state, 1000)


def test_an_interval_waits_for_a_silent_meter_and_closes_without_it_in_the_end() -> None:
    state = SiteState(small_site())
    drive(state, span(0, 600, 10, main=8e5, racks=5e5))
    assert not state.advance(at(1000), mono(1000)).points
    assert not state.advance(at(8000), mono(8000)).points
    (point,) = state.advance(at(8101), mono(8101)).points
    assert "demand_watts" not in point.fields
    assert point.fields["energy_joules"] == pytest.approx(8e5 * 590)


def test_peaks_of_the_year_come_from_the_ledger_by_month_and_band() -> None:
    def band(local: datetime) -> str:
        return "day" if 8 <= local.hour < 22 else "night"

    def quarter(days_ago: int, hour: int, watts: float) -> Register:
        start_ns = T0 - days_ago * DAY_NS
        # T0 is 17:00 in Seoul.
        start_ns += (hour - 17) * 4 * QUARTER_NS
        mj = round(watts * 900 * 1000)
        return Register(
            start_ns=start_ns,
            energy=Energy(counter_mj=mj),
            covered_ns=QUARTER_NS,
            elapsed_ns=QUARTER_NS,
            peak_mw=None,
        )

    registers = [
        quarter(400, 12, 9e5),  # over a year ago
        quarter(300, 12, 8e5),
        quarter(300, 3, 7e5),
        quarter(2, 12, 5e5),
        quarter(1, 3, 6e5),
    ]
    earlier = Earlier(quarter_hours={"main": registers})
    state = SiteState(small_site(), earlier, band=band)
    assert series(state, 0)["site_demand_peak_watts"] == {
        ("feed", "month", "day"): 5e5,
        ("feed", "month", "night"): 6e5,
        ("feed", "year", "day"): 8e5,
        ("feed", "year", "night"): 7e5,
    }


def test_ramps_are_followed_where_a_limit_is_stated() -> None:
    state = SiteState(small_site())
    drive(state, span(0, 100, 2, main=5e5, racks=3e5))
    drive(state, span(100, 130, 2, main=9e5, racks=3e5))
    found = series(state, 130)
    assert found["site_power_ramp_watts"]["feed", "10s"] == pytest.approx(4e5)
    assert found["site_power_ramp_watts"]["feed", "900s"] == pytest.approx(4e5)
    assert ("feed", "1s") not in found["site_power_ramp_watts"]
    assert found["site_power_ramp_limit_watts"] == {("feed", "60s"): 3e5}


def test_accounts_are_given_when_a_window_closed_and_all_at_the_end() -> None:
    state = SiteState(small_site())
    drive(state, span(0, 101, 10, main=8e5, racks=5e5))
    now = mono(101)
    metered = {account_key(meter) for meter in ("main", "a", "b", "pdu-1")}
    assert set(state.accounts(boot_id="b", monotonic_ns=now)) == metered
    assert state.accounts(boot_id="b", monotonic_ns=now) == {}
    state.finish(at(101), now)
    given = state.accounts(boot_id="b", monotonic_ns=now, clean=True)
    assert set(given) == metered
    assert all(one.clean for one in given.values())


def test_silent_meters_are_named() -> None:
    state = SiteState(small_site())
    drive(state, span(0, 101, 10, main=8e5, racks=5e5))
    assert state.silent(mono(101)) == []
    assert set(state.silent(mono(400))) == set(state.meters)


def test_how_pue_is_measured_is_said() -> None:
    state = SiteState(small_site())
    drive(state, span(0, 1000, 10, main=8e5, racks=5e5))
    found = series(state, 1000)
    assert found["site_pue_info"] == {("1", "main", "a b"): 1.0}
    assert found["site_pue_coverage_ratio"]["15m",] == 1
    assert found["site_pue_coverage_ratio"]["1d",] == pytest.approx(1 / 96)


def test_readings_of_unknown_meters_are_counted() -> None:
    state = SiteState(small_site())
    state.add(power(0, 5.0, meter="who"))
    assert state.unknown == 1


def test_a_target_of_the_site_file_comes_before_the_contract() -> None:
    state = SiteState(small_site(target_watts=9e5))
    assert series(state, 0)["site_demand_target_watts"] == {("feed",): 9e5}
    assert series(state, 0)["site_contract_power_watts"] == {("feed",): 1e6}


def test_nor_does_a_generator_without_a_meter_of_the_utility_take_it_away() -> None:
    site = small_site(target_watts=7e5)
    branches = {**site.branches, "genset": Branch(id="genset", level=Level.FEED)}
    state = SiteState(replace(site, branches=branches))
    drive(state, span(0, 100, 10, main=8e5, racks=5e5))
    assert series(state, 100)["site_demand_target_watts"] == {("feed",): 7e5}
