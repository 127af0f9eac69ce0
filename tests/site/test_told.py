"""What cannot be taken as it is: counted, and told in words, not in silence."""

import pytest

from collector.model import Energy
from collector.site.state import SiteState
from collector.sources.meters.reading import MeterReading, Shape
from tests.site.rig import KILOWATT, at, meter_account, mono, power, register, run
from tests.site.test_state import drive, series, small_site, span


def test_a_power_that_cannot_be_is_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    readings = [power(t, -5 * KILOWATT) for t in range(0, 101, 10)]
    account, _ = run([*readings, power(200, 50_000 * KILOWATT)])
    assert account.not_booked == {"impossible": 12}
    assert "power of -5 kW is below zero" in caplog.text
    assert 3 <= len(caplog.records) <= 4


def test_an_idle_meter_that_shows_a_little_below_zero_draws_nothing() -> None:
    """Otherwise a rack that is off would be filled up from before it was switched off."""
    powers = [(0, 120 * KILOWATT), *((t, -20.0) for t in range(60, 3600, 60)), (3600, 0.0)]
    account, closed = run([power(t, watts, shape=Shape.HELD) for t, watts in powers])
    assert account.total == Energy(integrated_mj=120_000_000 * 60)
    assert not account.not_booked
    assert not any(window.gap for window in closed)


def test_a_replaced_register_is_told(caplog: pytest.LogCaptureFixture) -> None:
    run([register(t, 7.2e9 + t * 1000 if t < 600 else t * 1000.0) for t in range(0, 1201, 60)])
    (record,) = caplog.records
    assert "meter m: its register went from 2000.150 kWh to 0.167 kWh" in record.getMessage()


def test_a_refused_register_is_counted() -> None:
    values = [1e9 + 6e4 * i for i in range(20)]
    values[5] = 0.0
    account, _ = run([register(60 * i, value) for i, value in enumerate(values)])
    assert account.not_booked == {"register": 1}


def test_what_a_site_does_not_book_is_added_up() -> None:
    state = SiteState(small_site())
    drive(state, [power(t, -5e3, meter=meter) for t in range(0, 60, 10) for meter in ("a", "b")])
    state.finish(at(60), mono(60))
    assert state.refused == {"impossible": 12}


def test_words_that_are_never_of_use_take_no_memory() -> None:
    account = meter_account()
    for t in range(30_000):
        account.add(power(t, -5e3))
        account.settle(t * 10**9)
    assert account.booked_ns is None
    assert len(account._tiles._samples) <= 20_000


def test_after_a_clock_was_set_back_level_and_ramps_begin_anew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def set_back(one: MeterReading, came: int) -> MeterReading:
        return power(came - 3600, one.value, meter="main", came=came)

    state = SiteState(small_site())
    drive(state, span(0, 1200, 10, main=9e5, racks=5e5))
    drive(state, [set_back(power(t, 5e5), t) for t in range(1200, 2400, 10)])
    found = series(state, 2400)
    assert found["site_demand_watts"]["feed", "forecast"] == pytest.approx(5e5)
    assert found["site_power_ramp_watts"]["feed", "60s"] == 0
    assert "meter main: its clock was set by -3600 s" in caplog.text
