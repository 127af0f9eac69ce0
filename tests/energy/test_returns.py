"""A counter that did not answer for a while and ran on: its difference is what counts."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.energy.edges import SECOND_NS
from tests.energy.rig import MONOTONIC_NS, MS, Rig, Wave
from tests.energy.test_restart import again, left_by

SQUARE = Wave(650_000, 100_000, 2300 * MS, 900 * MS)


def counted_mj(*rigs: Rig) -> int:
    """What the counter counted over the runs."""
    start_ns, end_ns = rigs[0].closed[0].start_ns, rigs[-1].closed[-1].end_ns
    return rigs[0].counter.running(end_ns) - rigs[0].counter.running(start_ns)


@settings(max_examples=60, deadline=None)
@given(
    phase_ms=st.integers(0, 2300),
    silent_s=st.sampled_from([6, 7.3, 10, 30.9, 100]),
    power_hz=st.sampled_from([4, 10, 100]),
)
@example(phase_ms=560, silent_s=6, power_hz=4)  # paid back over two readings
def test_the_total_is_the_counters_however_the_integral_was(
    phase_ms: int, silent_s: float, power_hz: int
) -> None:
    """At 4 Hz the integral of a square wave is off by percents, also upwards."""
    rig = Rig(wave=SQUARE, power_hz=power_hz, now_ns=MONOTONIC_NS + phase_ms * MS)
    rig.run(10)
    rig.run(silent_s, counter=False)
    rig.run(20)
    rig.finish()
    assert rig.energy.total_mj == counted_mj(rig)


@pytest.mark.parametrize("catch_up", [True, False])
def test_a_surplus_of_a_frozen_counter_is_not_held_back(*, catch_up: bool) -> None:
    """It was frozen and lost what it did not count: the integral stays, and the counter goes on."""
    rig = Rig(wave=SQUARE)
    rig.run(10)
    rig.counter.freeze(rig.now_ns)
    rig.run(30)
    rig.counter.go_on(rig.now_ns, catch_up=catch_up)
    rig.run(30)
    rig.finish()
    assert abs(rig.error) < 0.02
    assert all(window.energy.total_mj for window in rig.closed)


def test_a_surplus_that_would_take_long_is_not_held_back() -> None:
    """After hours at full load the GPU rests: it must not read zero for hours."""
    rig = Rig(wave=Wave(650_000, 100_000, 600 * SECOND_NS, 590 * SECOND_NS), power_hz=10)
    rig.run(10)
    at_ns = rig.now_ns
    rig.run(590, counter=False)
    rig.counter.offset_mj -= 60_000_000  # a sixth less than the integral says
    rig.run(5)
    rig.run(300)
    rig.finish()
    dark = [w for w in rig.closed if w.start_ns > at_ns and not w.energy.total_mj]
    assert sum(window.end_ns - window.start_ns for window in dark) <= 60 * SECOND_NS


@pytest.mark.parametrize("down_s", [0.5, 3, 60])
@pytest.mark.parametrize("silent_s", [4, 8, 20, 50])
@pytest.mark.parametrize("clean", [True, False])
def test_a_restart_while_the_counter_does_not_answer(
    down_s: float, silent_s: float, *, clean: bool
) -> None:
    """It is waited for: nothing need be estimated, and the shown total goes on."""
    first = Rig(wave=SQUARE)
    first.run(30)
    if clean:
        first.finish()
    second = again(first, down_s, left_by(first, clean=clean))
    second.run(silent_s, counter=False)
    second.run(20)
    second.finish()
    assert second.energy.estimated_mj == second.energy.integrated_mj == 0
    assert first.energy.total_mj + second.energy.total_mj == counted_mj(first, second)
    assert second.meter.bridged is not None
    assert second.meter.bridged.continues


@pytest.mark.parametrize("phase_ms", range(0, 2300, 230))
def test_a_counter_that_returns_long_after_a_restart_has_the_last_word(phase_ms: int) -> None:
    """By then the stretch between the runs was estimated; too little is made up for."""
    first = Rig(wave=SQUARE, now_ns=MONOTONIC_NS + phase_ms * MS)
    first.run(30)
    second = again(first, 20, left_by(first, clean=False))
    second.run(100, counter=False)
    assert second.meter.started
    estimated_mj = second.meter.account.total.estimated_mj
    assert estimated_mj
    second.run(60)
    second.finish()
    too_much_mj = first.energy.total_mj + second.energy.total_mj - counted_mj(first, second)
    assert 0 <= too_much_mj <= estimated_mj


def test_a_kill_after_the_estimate_still_finds_the_counter() -> None:
    first = Rig(wave=SQUARE)
    first.run(30)
    second = again(first, 20, left_by(first, clean=False))
    second.run(100, counter=False)
    third = again(second, 20, left_by(second, clean=False))
    third.run(40)
    third.finish()
    assert third.energy.estimated_mj == 0
    found_mj = first.energy.total_mj + second.energy.total_mj + third.energy.total_mj
    assert found_mj == counted_mj(first, third)
