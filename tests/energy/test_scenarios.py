"""Known true energy through known faults, each with the tolerance it must hold and why."""

import pytest

from collector.energy.edges import SECOND_NS
from collector.energy.windows import NO_SAMPLES
from tests.energy.rig import CEILING_MW, MS, Rig, Wave

FLAT = Wave(400_000, 400_000)
SQUARES = [
    Wave(650_000, 100_000, round(period * SECOND_NS), round(period * SECOND_NS * 2 / 5))
    for period in (0.3, 0.7, 1.3, 3.0)
]


def mj(seconds: float, wave: Wave = FLAT) -> int:
    return round(wave.low_mw * seconds)


@pytest.mark.parametrize("wave", SQUARES)
@pytest.mark.parametrize("step_ms", [10, 100])
@pytest.mark.parametrize("window_s", [1, 60])
def test_counted_energy_is_true_to_a_step_at_each_end(
    wave: Wave, step_ms: int, window_s: int
) -> None:
    rig = Rig(wave=wave, counter_step_ns=step_ms * MS, window_s=window_s)
    rig.run(125)
    rig.finish()
    assert rig.energy.integrated_mj == rig.energy.estimated_mj == 0
    assert abs(rig.energy.total_mj - rig.true_mj) <= wave.high_mw * step_ms // 1000


@pytest.mark.parametrize("period_s", [0.307, 0.709, 1.303, 3.019])
@pytest.mark.parametrize(("power_hz", "tolerance"), [(10, 0.01), (100, 0.003)])
def test_integrated_energy_of_square_waves(
    period_s: float, power_hz: int, tolerance: float
) -> None:
    """Each flank is known to half a period; where the wave drifts, that averages out.

    What is left over a minute: 1 % at 10 Hz, 0.3 % at 100 Hz.
    """
    period_ns = round(period_s * SECOND_NS)
    wave = Wave(650_000, 100_000, period_ns, period_ns * 2 // 5)
    rig = Rig(wave=wave, power_hz=power_hz, has_counter=False)
    rig.run(61)
    rig.finish()
    assert rig.energy.counter_mj == rig.energy.estimated_mj == 0
    assert abs(rig.error) < tolerance


@pytest.mark.parametrize("wave", SQUARES)
@pytest.mark.parametrize("power_hz", [10, 100])
def test_a_wave_locked_to_the_samples_is_off_by_a_sample_a_period(
    wave: Wave, power_hz: int
) -> None:
    """The limit of sampling, and why the counter comes first: no averaging helps."""
    rig = Rig(wave=wave, power_hz=power_hz, has_counter=False)
    rig.run(61)
    rig.finish()
    waves = 62 * SECOND_NS // wave.period_ns + 1
    flank_mj = (wave.high_mw - wave.low_mw) // power_hz
    assert abs(rig.energy.total_mj - rig.true_mj) <= waves * flank_mj


def test_a_constant_integrates_exactly() -> None:
    rig = Rig(wave=FLAT, has_counter=False)
    rig.run(100)
    rig.finish()
    assert abs(rig.energy.total_mj - rig.true_mj) <= 1


def test_a_reset_loses_nothing_and_takes_nothing_off() -> None:
    rig = Rig(wave=FLAT)
    rig.run(30.4)
    rig.counter.reset(rig.now_ns)
    rig.run(30)
    rig.finish()
    assert rig.meter.account.judge.resets == 1
    assert rig.energy.estimated_mj == 0
    assert abs(rig.energy.total_mj - rig.true_mj) <= mj(0.02)


@pytest.mark.parametrize("power", [True, False])
@pytest.mark.parametrize("reading_mj", [0, 5_000, 20_000_000_000, (1 << 64) - 1])
def test_one_bad_reading_changes_nothing(reading_mj: int, *, power: bool) -> None:
    rig = Rig(wave=FLAT)
    rig.run(20, power=power)
    rig.read_counter(rig.now_ns - 1, reading_mj)
    rig.run(20, power=power)
    rig.finish()
    assert rig.meter.account.judge.resets == 0
    assert sum(rig.meter.account.judge.refusals.values()) == 1
    assert rig.energy.integrated_mj == 0
    assert abs(rig.energy.total_mj - rig.true_mj) <= mj(0.01)


@pytest.mark.parametrize("step_mj", [5_000_000, 10**12, -1_000_000_000])
@pytest.mark.parametrize("wave", [FLAT, Wave(70_000, 70_000)])
def test_a_counter_that_jumped_for_good_is_a_new_base_but_no_energy(
    step_mj: int, wave: Wave
) -> None:
    rig = Rig(wave=wave)
    rig.run(30.3)
    rig.counter.offset_mj += step_mj
    rig.run(30)
    rig.finish()
    assert rig.energy.integrated_mj > 0  # by power while the counter was not believed
    assert abs(rig.energy.total_mj - rig.true_mj) <= mj(0.05, wave)


@pytest.mark.parametrize("catch_up", [True, False])
@pytest.mark.parametrize("seconds", [0.5, 3, 20, 700])
def test_a_frozen_counter(seconds: float, *, catch_up: bool) -> None:
    """Without catching up: a freeze within the patience is missed, a longer one is not."""
    rig = Rig(wave=FLAT)
    rig.run(30.3)
    rig.counter.freeze(rig.now_ns)
    rig.run(seconds)
    rig.counter.go_on(rig.now_ns, catch_up=catch_up)
    rig.run(30)
    rig.finish()
    missed_s = 0.05 if catch_up or seconds > 6 else seconds
    assert abs(rig.energy.total_mj - rig.true_mj) <= mj(missed_s)


@pytest.mark.parametrize("wave", [FLAT, Wave(70_000, 70_000)])
def test_a_frozen_counter_that_catches_up_late_counts_nothing_twice(wave: Wave) -> None:
    rig = Rig(wave=wave)
    rig.run(30.3)
    missed_mj = wave.low_mw * 60
    rig.counter.freeze(rig.now_ns)
    rig.run(60)
    rig.counter.go_on(rig.now_ns, catch_up=False)
    rig.run(1.5)
    rig.counter.offset_mj += missed_mj
    rig.run(30)
    rig.finish()
    assert abs(rig.error) < 0.01


@pytest.mark.parametrize("seconds", [3, 60, 700])
def test_a_counter_that_fails_and_returns_is_stood_in_for(seconds: int) -> None:
    rig = Rig(wave=FLAT)
    rig.run(30)
    rig.run(seconds, counter=False)
    rig.run(30)
    rig.finish()
    assert (rig.energy.integrated_mj > 0) == (seconds > 5)
    assert abs(rig.energy.total_mj - rig.true_mj) <= mj(0.02)


def test_the_counter_has_the_last_word_after_a_late_reading() -> None:
    """Its first reading after a silence comes when power is ahead; the difference counts."""
    rig = Rig(wave=FLAT)
    rig.run(30)
    rig.counter.offset_mj += mj(1.5)  # power is blind to a part of it
    rig.run(20, counter=False)
    late_ns = rig.now_ns - 800 * MS
    rig.read_counter(late_ns)
    rig.run(20)
    rig.finish()
    assert abs(rig.energy.total_mj - rig.true_mj - mj(1.5)) <= mj(0.02)


def test_a_reading_that_took_minutes_is_not_counted_twice() -> None:
    rig = Rig(wave=FLAT)
    rig.run(30)
    rig.run(600, counter=False)
    rig.read_counter(rig.now_ns - 300 * SECOND_NS)  # stamped midway, its value from the end
    rig.run(30)
    rig.finish()
    assert abs(rig.energy.total_mj - rig.true_mj) <= mj(0.05)


def test_readings_that_always_come_late_are_still_used() -> None:
    """Power runs ahead in a silence; a driver that then takes 3 s for a reading is not silent."""
    rig = Rig(wave=FLAT)
    rig.run(30)
    rig.run(60, counter=False)
    for _ in range(120):
        rig.run(1, counter=False)
        rig.read_counter(rig.now_ns - 3 * SECOND_NS)
    rig.finish()
    assert rig.energy.counter_mj > mj(140)
    assert abs(rig.energy.total_mj - rig.true_mj) <= mj(0.05)


def test_a_debt_of_the_counter_is_paid_without_a_spike() -> None:
    """After ten minutes in which power saw 10 % too little, the rest comes as fast as it can."""
    rig = Rig(wave=FLAT)
    rig.run(30)
    rig.run(600, counter=False)
    rig.counter.offset_mj += mj(60)
    rig.run(60)
    rig.finish()
    assert abs(rig.energy.total_mj - rig.true_mj - mj(60)) <= mj(0.02)
    for window in rig.closed:
        spent_ns = window.end_ns - window.start_ns
        # Each reading has 250 ms of slack in what it may bring.
        assert window.energy.total_mj * SECOND_NS <= CEILING_MW * spent_ns * 1.3


@pytest.mark.parametrize("seconds", [2, 8, 600, 2 * 3600])
@pytest.mark.parametrize("returns_first", ["power", "counter"])
def test_both_hang_and_the_counter_bridges_it(seconds: int, returns_first: str) -> None:
    rig = Rig(wave=SQUARES[0])
    rig.run(30)
    rig.run(seconds, power=False, counter=False)
    rig.run(2.5, power=returns_first == "power", counter=returns_first == "counter")
    rig.run(30)
    rig.finish()
    assert rig.energy.integrated_mj == rig.energy.estimated_mj == 0
    assert abs(rig.energy.total_mj - rig.true_mj) <= SQUARES[0].high_mw // 100
    gaps = [window for window in rig.closed if window.gap]
    if seconds >= 600:
        assert {window.gap for window in gaps} == {NO_SAMPLES}
        assert len(gaps) <= 2 + seconds // 900  # one for each quarter-hour it touches
        assert sum(window.end_ns - window.start_ns for window in gaps) >= (seconds - 3) * SECOND_NS
        assert all(window.covered_ns == 0 for window in gaps)


def test_a_gpu_that_only_counts() -> None:
    rig = Rig(wave=FLAT)
    rig.run(30, power=False)
    rig.run(600, power=False, counter=False)
    rig.run(30, power=False)
    rig.finish()
    assert abs(rig.energy.total_mj - rig.true_mj) <= mj(0.02)
    assert rig.energy.counter_mj == rig.energy.total_mj
    gaps_ns = sum(window.end_ns - window.start_ns for window in rig.closed if window.gap)
    assert gaps_ns >= 600 * SECOND_NS


@pytest.mark.parametrize("seconds", [600, 3 * 3600])
@pytest.mark.parametrize("counter", [True, False])
def test_a_hang_with_a_reset_is_estimated_with_bounds(seconds: int, *, counter: bool) -> None:
    """Whichever thread returns first, none of the stretch goes missing."""
    rig = Rig(wave=FLAT)
    rig.run(30)
    rig.run(seconds, power=False, counter=False)
    rig.counter.reset(rig.now_ns)
    rig.run(3, power=not counter, counter=counter)
    rig.run(30)
    rig.finish()
    assert rig.energy.estimated_mj >= mj(seconds - 5)
    assert abs(rig.energy.total_mj - rig.true_mj) <= mj(2)


@pytest.mark.parametrize("gap_s", [0.5, 0.85, 3, 30, 3 * 3600])
def test_a_power_gap_without_a_counter_is_bridged_and_marked(gap_s: float) -> None:
    rig = Rig(wave=FLAT, has_counter=False)
    rig.run(61)
    rig.run(gap_s, power=False)
    rig.run(61)
    rig.finish()
    assert abs(rig.energy.total_mj - rig.true_mj) <= 2
    assert (rig.energy.estimated_mj > 0) == (gap_s > 1)
    blind_ns = sum(w.end_ns - w.start_ns - w.covered_ns for w in rig.closed)
    assert abs(blind_ns / SECOND_NS - (gap_s if gap_s > 1 else 0)) < 0.2
    gaps = [window for window in rig.closed if window.gap]
    assert bool(gaps) == (gap_s >= 10)
    for window in gaps:
        first, last = window.wall_start_ns, window.wall_end_ns - 1
        assert first // (900 * SECOND_NS) == last // (900 * SECOND_NS)


def test_a_power_gap_while_the_counter_runs_leaves_plain_windows() -> None:
    rig = Rig(wave=SQUARES[1])
    rig.run(31)
    rig.run(100, power=False)
    rig.run(31)
    rig.finish()
    assert rig.energy.total_mj == rig.energy.counter_mj
    assert not any(window.gap for window in rig.closed)
    assert min(window.covered_ns for window in rig.closed) == 0


def test_power_that_only_comes_now_and_then_still_counts() -> None:
    """No counter, no two samples close: every stretch is a gap, and memory is bounded."""
    rig = Rig(wave=FLAT)
    for _ in range(400):
        rig.run(0.1, counter=False)
        rig.run(1.4, power=False, counter=False)
    assert len(rig.meter.track.times) < 50
    rig.finish()
    assert abs(rig.energy.total_mj - rig.true_mj) <= mj(0.1)
    assert rig.true_mj > mj(590)


@pytest.mark.parametrize("counter_s", [1, 5, 10])
def test_a_slow_telemetry_rate_is_no_silence(counter_s: int) -> None:
    rig = Rig(wave=SQUARES[2], counter_ns=counter_s * SECOND_NS)
    rig.run(200)
    rig.finish()
    assert rig.energy.integrated_mj == 0


def test_a_counter_that_appears_later_takes_over() -> None:
    rig = Rig(wave=FLAT)
    rig.run(40, counter=False)
    rig.run(40)
    rig.finish()
    assert abs(rig.energy.total_mj - rig.true_mj) <= mj(0.03)
    assert min(rig.energy.counter_mj, rig.energy.integrated_mj) > mj(35)


def test_spikes_zeros_and_sentinels_of_power_are_refused() -> None:
    rig = Rig(wave=FLAT, has_counter=False)
    for value in (0, -1, CEILING_MW + 1, 0xFFFFFFFF, 1 << 63):
        rig.run(3)
        rig.meter.add_samples([(rig.now_ns - 1, value)])
    rig.run(3)
    rig.finish()
    assert rig.meter.refused_samples == 5
    assert abs(rig.energy.total_mj - rig.true_mj) <= 1


def test_samples_ahead_of_the_clock_wait_for_the_edges() -> None:
    """The threads go on reading while the loop works: a window must still end at its edge."""
    rig = Rig(wave=FLAT, power_hz=100, window_s=1, has_counter=False)
    rig.run(0.3)  # ticks shortly before each whole second
    for _ in range(40):
        rig.run(0.5, ticks=False)
        ahead = [(rig.now_ns + i * 10 * MS + 3 * MS, 400_000) for i in range(20)]
        rig.tick()
        rig.meter.add_samples(ahead)
        rig.closed += rig.meter.advance(rig.now_ns)
        rig._power_due_ns += 200 * MS
    rig.finish()
    whole = rig.closed[1:-1]
    assert {window.end_ns - window.start_ns for window in whole} == {SECOND_NS}


def test_memory_is_bounded_over_a_long_run() -> None:
    rig = Rig(wave=FLAT, power_hz=1)
    for _ in range(30):
        rig.run(3600)
        rig.closed.clear()
    assert len(rig.meter.track.times) < 50
    assert len(rig.edges._edges) < 1200
    assert rig.meter.account.total.total_mj > mj(29 * 3600)
