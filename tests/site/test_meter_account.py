"""A meter's books: registers, power, gaps, replacement, restarts, clocks."""

from dataclasses import replace

import pytest

from collector.ledger.model import AccountState
from collector.model import Energy, EnergySource, Meter, Window
from collector.site.booking import INTERPOLATED, LONG, MISSING
from collector.site.meter_account import MeterAccount
from collector.site.quarters import MINUTE_NS
from collector.sources.meters.reading import MeterReading, Quantity, Shape
from tests.site.rig import (
    KILOWATT,
    at,
    check_windows,
    feed,
    joules,
    meter_account,
    mono,
    plan,
    power,
    register,
    run,
    sum_of,
)

HOUR = 3600


def test_a_register_gives_the_total_exactly() -> None:
    readings = [register(t, 5e9 + 100.123 * t) for t in range(0, 1801, 60)]
    account, closed = run(readings)
    assert account.total == Energy(counter_mj=round(100.123 * 1800 * 1000))
    assert all(w.coverage_ratio == 1 and not w.gap for w in closed)
    assert [w.end_ns for w in closed] == [at(t) for t in range(60, 1801, 60)]


def test_power_shapes_what_a_register_counts() -> None:
    """A register read every 15 minutes; power says that all of it fell into the last five."""
    readings = [register(0, 0.0), register(900, 300 * KILOWATT)]
    readings += [power(t, 0.0 if t <= 600 else KILOWATT) for t in range(0, 901, 20)]
    readings.sort(key=lambda one: one.source_ns)
    account, closed = run(readings)
    assert account.total == Energy(counter_mj=300_000_000)
    assert joules(closed, 0, 600) == pytest.approx(0, abs=1)
    assert joules(closed, 660, 900) == pytest.approx(240 * KILOWATT, rel=0.05)
    assert all(w.coverage_ratio == 1 for w in closed)


def test_a_held_value_holds_until_the_next_message_and_no_longer_than_it_is_good() -> None:
    held = [power(0, 1000.0, shape=Shape.HELD), power(90, 2000.0, shape=Shape.HELD)]
    _, closed = run([*held, power(180, 0.0, shape=Shape.HELD)])
    assert sum_of(closed) == Energy(integrated_mj=(90 * 1000 + 90 * 2000) * 1000)
    assert all(w.coverage_ratio == 1 for w in closed)
    _, closed = run([*held, power(90 + 500, 2000.0, shape=Shape.HELD)])
    gap = [w for w in closed if w.gap]
    assert [(w.start_ns, w.end_ns, w.gap) for w in gap] == [(at(290), at(590), INTERPOLATED)]
    assert sum_of(gap) == Energy(estimated_mj=300 * 2000 * 1000)
    assert gap[0].low_mj == 0
    assert gap[0].high_mj == 300 * 1_000_000 * 1000


def test_samples_are_joined_by_straight_lines() -> None:
    _, closed = run([power(0, 1000.0), power(100, 3000.0)])
    assert sum_of(closed) == Energy(integrated_mj=200_000_000)
    assert closed[0].energy.total_mj == (1000 + 2200) * 30 * 1000


def test_a_bad_reading_ends_a_held_value_but_only_leaves_out_a_sample() -> None:
    _, closed = run(
        [power(0, 1000.0, shape=Shape.HELD), power(30, None), power(60, 1000.0, shape=Shape.HELD)]
    )
    assert sum_of(closed) == Energy(integrated_mj=30_000_000, estimated_mj=30_000_000)
    assert sum(w.covered_ns for w in closed) == at(30) - at(0)
    _, closed = run([power(0, 1000.0), power(30, None), power(60, 1000.0)])
    assert sum_of(closed) == Energy(integrated_mj=60_000_000)


def test_a_gap_over_two_hours_without_a_register_is_missing_not_zero_and_not_guessed() -> None:
    _, closed = run([power(0, KILOWATT), power(60, KILOWATT), power(3 * HOUR, KILOWATT)])
    assert sum_of(closed) == Energy(integrated_mj=60_000_000)
    gaps = [w for w in closed if w.gap]
    assert {w.gap for w in gaps} == {MISSING}
    assert len(gaps) == 12  # one for each quarter-hour
    assert all(w.duration_ns == 0 and w.low_mj == 0 and w.high_mj for w in gaps)


def test_a_gap_between_two_registers_is_spread_evenly_and_marked_in_shape() -> None:
    readings = [register(0, 0.0), register(60, 6e4), register(60 + HOUR, 6e4 + 3.6e6)]
    _, closed = run(readings)
    assert sum_of(closed) == Energy(counter_mj=6_000_0000 + 3_600_000_000)
    gaps = [w for w in closed if w.gap]
    assert {w.gap for w in gaps} == {INTERPOLATED}
    assert sum(w.end_ns - w.start_ns for w in gaps) == HOUR * 10**9
    assert all(
        w.energy.total_mj == pytest.approx((w.end_ns - w.start_ns) / 1e9 * 1e6, abs=2) for w in gaps
    )
    assert all(w.low_mj == 0 and w.high_mj == 3_600_000_000 for w in gaps)  # bounded by the branch
    _, closed = run([register(0, 0.0), register(5 * HOUR, 5e6)])
    assert {w.gap for w in closed} == {LONG}


def test_a_rollover_is_no_reset() -> None:
    how = plan(rollover_joules=1e9)
    readings = [register(60 * i, (1e9 - 5e4 + 2e4 * i) % 1e9) for i in range(10)]
    account, _ = run(readings, how)
    assert account.total == Energy(counter_mj=180_000_000)
    assert account.judge.replaced == 0


def test_a_replaced_meter_is_bridged_by_power() -> None:
    readings: list[MeterReading] = []
    for t in range(0, 1201, 10):
        readings.append(power(t, KILOWATT))
        if t % 60 == 0 and t != 600:
            readings.append(register(t, 7e9 + t * 1000 if t < 600 else (t - 630) * 1000.0))
    account, closed = run(readings)
    # 540 s by the old register, 120 s to the new one's first reading by power, 540 s by the new.
    assert account.total == Energy(counter_mj=1_080_000_000, integrated_mj=120_000_000)
    assert account.judge.replaced == 1
    assert all(w.coverage_ratio == 1 for w in closed)


def test_a_replaced_meter_without_power_leaves_a_hole_that_is_seen() -> None:
    readings = [register(t, 7e9 + t * 1000 if t < 600 else t * 1000.0) for t in range(0, 1201, 60)]
    account, closed = run(readings)
    assert account.total == Energy(counter_mj=(540 + 600) * 1_000_000)
    assert [w.gap for w in closed if w.gap] == [MISSING]


def test_a_single_zero_or_an_impossible_jump_is_refused_and_costs_nothing() -> None:
    values = [1e9 + 6e4 * i for i in range(20)]
    values[5], values[11] = 0.0, 9e12
    account, _ = run([register(60 * i, value) for i, value in enumerate(values)])
    assert account.total == Energy(counter_mj=19 * 60_000_000)
    assert account.judge.refused == 2
    assert account.judge.replaced == 0


def test_a_coarse_register_is_not_taken_for_jumps() -> None:
    """Steps of 100 kWh, read every minute, at 4 of 5 MW: one step every 90 s."""
    how = plan(ceiling_watts=5e6)
    readings = [register(t, 3.6e8 * (t * 4e6 // 3.6e8)) for t in range(0, 3601, 60)]
    account, closed = run(readings, how)
    assert account.total.counter_mj == pytest.approx(4e6 * 3600 * 1000, rel=0.03)
    assert account.total.total_mj == account.total.counter_mj
    assert account.judge.refused == 0
    assert all(w.coverage_ratio == 1 for w in closed)


def test_the_pace_of_a_register_that_stopped_fades() -> None:
    account = meter_account()
    feed(account, [register(0, 0.0), register(60, 6e4), register(120, 12e4)])
    feed(account, [register(t, 12e4) for t in range(180, 1321, 60)])
    assert account.rate_mw == 60_000_000 // 1140  # 60 kJ at most, in 19 minutes


def test_power_stands_in_for_a_dead_register_and_is_taken_off_when_it_returns() -> None:
    """Power reads 10 % high; four hours of silence end with the register's truth."""
    readings: list[MeterReading] = []
    for t in range(0, 6 * HOUR + 1, 20):
        readings.append(power(t, 1.1 * KILOWATT))
        if t % 60 == 0 and not 600 < t < 5 * HOUR:
            readings.append(register(t, 1e9 + t * 1000))
    account, closed = run(readings)
    assert account.total.total_mj == 6 * HOUR * 1_000_000
    assert account.total.integrated_mj > 3 * HOUR * 1_000_000
    assert account.total.estimated_mj == 0
    assert all(w.coverage_ratio == 1 for w in closed)


def test_a_register_that_comes_to_a_power_meter_later_takes_over() -> None:
    readings: list[MeterReading] = [power(t, KILOWATT) for t in range(0, 1801, 10)]
    readings += [register(t, 9e9 + t * 1000, came=t + 30) for t in range(300, 1741, 60)]
    readings.sort(key=lambda one: one.received_ns)
    account, _ = run(readings)
    assert account.total.total_mj == pytest.approx(1_740_000_000, abs=60_000_000)
    assert account.total.counter_mj > 1_300_000_000


def test_late_readings_within_the_tolerance_are_put_in_their_place() -> None:
    ordered = [power(t, 1000.0 + 10 * (t % 7)) for t in range(0, 301, 2)]
    swapped = ordered.copy()
    for i in range(4, len(swapped) - 4, 5):
        swapped[i], swapped[i + 1] = swapped[i + 1], swapped[i]
    _, one = run(ordered)
    account, other = run(swapped)
    assert sum_of(one) == sum_of(other)
    assert account.clock.refused == {}


def test_a_reading_that_comes_too_late_is_refused_and_counted() -> None:
    readings = [power(t, KILOWATT) for t in range(0, 301, 2)]
    readings.insert(100, power(100, 9 * KILOWATT, came=199))
    readings.insert(120, power(110.5, 9 * KILOWATT, came=239))
    account, _ = run(readings)
    assert account.total == Energy(integrated_mj=300_000_000)
    assert account.clock.refused in ({"repeated": 1, "late": 1}, {"late": 2})


def test_a_burst_of_old_messages_is_refused_and_no_set_clock() -> None:
    readings = [power(t, KILOWATT) for t in range(0, 601, 2)]
    burst = [power(t + 1, 5 * KILOWATT, came=400 + t / 1e4) for t in range(0, 200, 2)]
    account, _ = run([*readings[:201], *burst, *readings[201:]])
    assert account.total == Energy(integrated_mj=600_000_000)
    assert account.clock.steps == 0
    assert account.clock.refused == {"late": 100}


@pytest.mark.parametrize("step", [-HOUR, -600, 600, HOUR])
@pytest.mark.parametrize("shape", list(Shape))
def test_a_meters_clock_that_is_set_neither_makes_nor_loses_energy(step: int, shape: Shape) -> None:
    readings = [power(t, KILOWATT, shape=shape) for t in range(0, 1201, 10)]
    readings += [power(t + step, KILOWATT, shape=shape, came=t) for t in range(1210, 2401, 10)]
    account = meter_account()
    closed = feed(account, readings) + account.finish()
    check_windows(closed, tiled=False)
    assert sum_of(closed) == account.total
    assert account.total.total_mj == pytest.approx(2_400_000_000, abs=2)
    assert account.total.estimated_mj == 0
    assert account.clock.steps == 1
    durations = sum(w.duration_ns for w in closed)
    assert durations == at(2400) - at(0)


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_nor_does_it_with_a_register(step: int) -> None:
    readings = [register(t, 5e9 + 1000.0 * t) for t in range(0, 1201, 10)]
    readings += [register(t + step, 5e9 + 1000.0 * t, came=t) for t in range(1210, 2401, 10)]
    account = meter_account()
    closed = feed(account, readings) + account.finish()
    check_windows(closed, tiled=False)
    assert account.total == Energy(counter_mj=2_400_000_000)
    assert sum(w.duration_ns for w in closed) == at(2400) - at(0)


def test_one_reading_from_the_far_future_stops_nothing() -> None:
    readings = [power(t, KILOWATT) for t in range(0, 301, 10)]
    readings.insert(10, power(3e8, KILOWATT, came=95))
    account, _ = run(readings)
    assert account.total == Energy(integrated_mj=300_000_000)
    assert account.clock.refused == {"ahead": 1}


def test_a_clock_that_was_behind_and_is_put_right_makes_no_energy() -> None:
    readings = [power(t - HOUR, KILOWATT, came=t) for t in range(0, 301, 10)]
    readings += [power(t, KILOWATT) for t in range(310, 601, 10)]
    account = meter_account()
    closed = feed(account, readings) + account.finish()
    check_windows(closed, tiled=False)
    assert account.total == Energy(integrated_mj=600_000_000)
    assert account.clock.steps == 1


def test_a_backlog_that_is_delivered_at_once_is_no_set_clock() -> None:
    """The broker was away for ten minutes; then all of it comes within a second."""
    readings = [power(t, KILOWATT) for t in range(0, 301, 20)]
    readings += [power(t, KILOWATT, came=900 + t / 1e4) for t in range(320, 901, 20)]
    readings += [power(t, KILOWATT) for t in range(920, 1201, 20)]
    account, _ = run(readings)
    assert account.total == Energy(integrated_mj=1_200_000_000)
    assert account.clock.steps == 0
    assert account.clock.refused == {}


def test_after_a_restart_a_reading_from_the_far_future_stops_nothing_either() -> None:
    first = meter_account()
    feed(first, [power(t, KILOWATT) for t in range(0, 301, 10)])
    second, _ = restart(first, clean=False)
    readings = [power(t, KILOWATT) for t in range(310, 601, 10)]
    closed = feed(second, [power(3e8, KILOWATT, came=305), *readings]) + second.finish()
    assert second.total.total_mj == 600_000_000
    assert len(closed) < 20


def test_impossible_power_is_left_out() -> None:
    account, _ = run([power(0, KILOWATT), power(10, 5e6), power(20, -3e3), power(30, KILOWATT)])
    assert account.total == Energy(integrated_mj=30_000_000)
    assert account.refused == {"impossible": 2}


def test_a_notice_of_silence_ends_a_held_value_at_once() -> None:
    notice = replace(power(1_000, None, shape=Shape.HELD, came=50), notice=True)
    held = [power(0, KILOWATT, shape=Shape.HELD), notice, power(150, KILOWATT, shape=Shape.HELD)]
    _, closed = run(held)
    assert sum_of(closed) == Energy(integrated_mj=50_000_000, estimated_mj=100_000_000)


# Restarts.


def restart(account: MeterAccount, *, clean: bool) -> tuple[MeterAccount, AccountState]:
    """A new run that has what the old one's last window left."""
    state = account.state(boot_id="b", monotonic_ns=mono(0), clean=clean)
    assert state is not None
    return MeterAccount(account.meter, account.plan, state), state


def kept(windows: list[Window], state: AccountState) -> list[Window]:
    """The windows that were committed together with a state."""
    return [w for w in windows if w.end_ns <= state.anchor_wall_ns]


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("dark", [30, 600, 3 * HOUR])
def test_a_register_makes_up_for_a_restart(dark: int, *, clean: bool) -> None:
    first = meter_account()
    closed = feed(first, [register(t, 1e9 + 1000.0 * t) for t in range(0, 1000, 30)])
    if clean:
        closed += first.finish()
    second, state = restart(first, clean=clean)
    closed = kept(closed, state)
    assert sum_of(closed) == state.total
    again = range(990 + dark, 990 + dark + 601, 30)
    closed += feed(second, [register(t, 1e9 + 1000.0 * t) for t in again]) + second.finish()
    check_windows(closed)
    assert sum_of(closed) == second.total == Energy(counter_mj=again[-1] * 1_000_000)


def test_without_a_register_a_restart_is_an_estimate_and_said_to_be() -> None:
    first = meter_account()
    closed = feed(first, [power(t, KILOWATT) for t in range(0, 1000, 10)])
    second, state = restart(first, clean=False)
    closed = kept(closed, state)
    closed += feed(second, [power(t, KILOWATT) for t in range(1500, 2001, 10)]) + second.finish()
    check_windows(closed)
    assert second.total.total_mj == 2_000_000_000
    assert second.total.estimated_mj == (1500 * 10**9 - (state.anchor_wall_ns - at(0))) // 1000
    assert closed[-1].energy.source is EnergySource.INTEGRATED


def test_a_restart_while_power_stands_in_keeps_the_registers_truth() -> None:
    """The integral had given more than the register had counted."""
    first = meter_account()
    readings: list[MeterReading] = [register(0, 1e9), register(60, 1e9 + 6e4)]
    readings += [power(t, 1.05 * KILOWATT) for t in range(60, 4 * HOUR, 20)]
    closed = feed(first, readings)
    second, state = restart(first, clean=False)
    assert state.anchor_counter_mj is not None
    closed = kept(closed, state)
    again = [register(t, 1e9 + 1000.0 * t) for t in range(4 * HOUR, 5 * HOUR + 1, 60)]
    closed += feed(second, again) + second.finish()
    check_windows(closed)
    assert second.total.total_mj == 5 * HOUR * 1_000_000
    assert second.judge.replaced == 0


def test_windows_are_of_the_meter_and_count_its_readings() -> None:
    _, closed = run([power(t, 1000.0 + t) for t in range(0, 121, 10)])
    assert closed[0].device == Meter(id="m", role="it", branch="b")
    assert [w.samples for w in closed] == [6, 6]
    assert closed[0].power is not None
    assert (closed[0].power.minimum, closed[0].power.maximum) == (1000, 1060)
    assert closed[0].power.mean == pytest.approx(1030)
    assert closed[0].end_ns - closed[0].start_ns == MINUTE_NS


def test_other_quantities_are_no_energy() -> None:
    account = meter_account()
    reading = replace(power(0, 5.0), quantity=Quantity.VOLTAGE)
    assert feed(account, [reading]) == []
    assert account.booked_ns is None
