"""The simulated site: power adds up through the tree, and the register is its exact integral."""

import asyncio
import tomllib
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.site.quarters import QUARTER_NS
from collector.site.state import SiteState
from collector.sitefile import load
from collector.sitefile.model import Role
from collector.sources.meters.mapfile import load_map
from collector.sources.meters.reading import MeterReading, Quantity, Shape
from collector.sources.simulated import site as model
from collector.sources.simulated.site import UTILITY_METER, SimulatedSite
from collector.sources.simulated.site_dsx import REGISTER_TOPIC, point_of
from collector.sources.simulated.site_meters import (
    HISTORY_SECONDS,
    SECOND_NS,
    SimulatedMeters,
    SiteMeters,
    history,
)

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(model.__file__).parent
SITE = load(FOLDER / "demo-site.toml")
NOW = 1_795_000_300
SECONDS = st.integers(1_700_000_000, 1_900_000_000)


@settings(max_examples=60, deadline=None)
@given(SECONDS, st.integers(0, 5))
def test_what_enters_is_what_leaves_and_what_is_lost(second: int, seed: int) -> None:
    power = SimulatedSite(seed).power(second)
    assert sum(power.ups_out_mw) == sum(power.racks_mw)
    for into, out in zip(power.ups_in_mw, power.ups_out_mw, strict=True):
        assert into == out + 3_000_000 + out * 22 // 1000
    for feed, ups, cooling in zip(power.feeds_mw, power.ups_in_mw, power.cooling_mw, strict=True):
        assert feed == ups + cooling
    lost = power.grid_mw - sum(power.feeds_mw)
    assert lost == 1_200_000 + sum(power.feeds_mw) * 6 // 1000
    assert all(30_000_000 < rack <= 129_000_000 for rack in power.racks_mw)


@settings(max_examples=40, deadline=None)
@given(SECONDS)
def test_no_branch_is_over_its_limit(second: int) -> None:
    """The demo is a site that is well; only its demand target is hard to keep."""
    by_meter = SimulatedSite().power(second).by_meter()
    for meter, milliwatts in by_meter.items():
        branch = SITE.branches[SITE.meters[meter].branch]
        rack = SITE.racks.get(branch.rack)
        limit = rack.limit_watts if rack else branch.limit_watts or branch.contract_watts
        assert limit is not None
        assert milliwatts / 1000 < limit, meter


def test_it_is_the_same_each_time_and_another_with_another_seed() -> None:
    def powers(seed: int) -> list[int]:
        site = SimulatedSite(seed)
        return [site.power(NOW + second).grid_mw for second in range(0, 3600, 60)]

    assert powers(1) == powers(1)
    assert powers(1) != powers(2)


def test_it_trains() -> None:
    """Power changes by tens of kilowatts within seconds, as when a job saves its state."""
    site = SimulatedSite()
    grid = [site.power(NOW + second).grid_mw / 1e6 for second in range(3600)]
    assert max(grid) - min(grid) > 100
    assert max(abs(a - b) for a, b in pairwise(grid)) > 50


def test_every_meter_of_the_file_speaks_and_no_other() -> None:
    said = {one.meter for one in SiteMeters(SimulatedSite()).readings(NOW, 0)}
    assert said == set(SITE.meters)
    utility = [spec.id for spec in SITE.meters.values() if spec.role is Role.UTILITY]
    assert utility == [UTILITY_METER]


def test_the_register_is_the_integral_of_what_was_said() -> None:
    """Over any gaps: each power holds until the next reading."""
    meters = SiteMeters(SimulatedSite())
    registers: list[float] = []
    joules, held, before = 0.0, 0.0, NOW
    for second in (NOW, NOW + 1, NOW + 2, NOW + 50, NOW + 4000):
        said = {
            one.quantity: one for one in meters.readings(second, 0) if one.meter == UTILITY_METER
        }
        joules += held * (second - before)
        held, before = said[Quantity.POWER].value or 0.0, second
        assert said[Quantity.POWER].shape is Shape.HELD
        registers.append(said[Quantity.ENERGY].value or 0.0)
        assert registers[-1] - registers[0] == pytest.approx(joules, abs=1e-3)
    assert registers == sorted(registers)


def test_a_clock_that_was_set_back_says_nothing_twice() -> None:
    meters = SiteMeters(SimulatedSite())
    assert meters.readings(NOW, 0)
    assert meters.readings(NOW - 30, 0) == []
    assert meters.readings(NOW, 0) == []
    assert meters.readings(NOW + 1, 0)


def test_one_meter_is_silent_for_a_while_each_hour() -> None:
    meters = SiteMeters(SimulatedSite())
    hour = NOW // 3600 * 3600
    said = {one.meter for one in meters.readings(hour + 41 * 60, 0)}
    assert set(SITE.meters) - said == {"rack-3-power"}
    assert SITE.meters["rack-3-power"].stale_seconds < 4 * 60


def test_the_past_is_told_in_order_and_ends_now() -> None:
    seconds = list(history(NOW, HISTORY_SECONDS))
    assert seconds == sorted(set(seconds))
    assert seconds[-1] == NOW - 1
    steps = {b - a for a, b in pairwise(seconds)}
    assert max(steps) <= min(spec.stale_seconds for spec in SITE.meters.values())


def test_a_site_knows_its_quarter_hour_and_its_day_at_once() -> None:
    """All by the daemon's own arithmetic; energy is the sum of what the meters said."""
    state = SiteState(SITE)
    now_ns, up_ns = NOW * SECOND_NS, 5_000 * SECOND_NS

    async def run() -> None:
        told = asyncio.Event()

        def sink(readings: Sequence[MeterReading], safe: Callable[[], None]) -> None:
            for reading in readings:
                state.add(reading, now_ns)
            safe()
            if readings[0].source_ns == now_ns:
                told.set()

        source = SimulatedMeters(
            SimulatedSite(), wall_ns=lambda: now_ns, monotonic_ns=lambda: up_ns
        )
        task = asyncio.create_task(source.run(sink))
        await told.wait()
        task.cancel()

    asyncio.run(run())
    points = state.advance(now_ns, up_ns).points
    assert 26 * 4 <= len(points) <= 26 * 4 + 1
    found = state.values(now_ns, up_ns)
    assert set(found["site_power_coverage_ratio"].values()) == {1.0}
    assert ("grid", "forecast") in found["site_demand_watts"]
    assert 1.1 < found["site_pue_ratio"]["1d",] < 1.3
    so_far = found["site_demand_watts"]["grid", "so_far"]
    begin = NOW * SECOND_NS // QUARTER_NS * QUARTER_NS // SECOND_NS
    site = SimulatedSite()
    true = sum(site.power(second).grid_mw for second in range(begin, NOW)) / 1000 / (NOW - begin)
    assert so_far == pytest.approx(true, rel=1e-6)


def test_the_contracts_points_are_those_that_a_facility_publishes() -> None:
    said = [
        one
        for one in SiteMeters(SimulatedSite()).readings(NOW, 0)
        if one.quantity is not Quantity.ENERGY
    ]
    paths = [point_of(one).path for one in said]
    assert len(set(paths)) == len(said)
    assert "PowerMeter/ActivePower/wattkeeper-demo/grid-border" in paths
    assert "Rack/RackLiquidReturnTemperature/wattkeeper-demo/rack-2-power" in paths


def test_the_register_is_mapped_where_it_is_published() -> None:
    (rule,) = load_map(FOLDER / "demo-meters.toml").topics
    assert rule.topic == REGISTER_TOPIC
    assert rule.meter == UTILITY_METER


def test_the_packages_files_are_toml() -> None:
    for path in FOLDER.glob("*.toml"):
        tomllib.loads(path.read_text(encoding="utf-8"))
        assert path.read_text(encoding="utf-8").startswith("# ")
