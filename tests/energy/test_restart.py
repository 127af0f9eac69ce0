"""Between two runs: nothing lost, nothing twice, and what is guessed is marked."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.energy.edges import QUARTER_HOUR_NS, SECOND_NS
from collector.energy.restart import Before, Bridge, Now, bridge, pieces
from collector.model import Energy
from tests.energy.rig import BOOT, CEILING_MW, MONOTONIC_NS, MS, TICK_NS, Rig, Wave

FLAT = Wave(400_000, 400_000)


def left_by(rig: Rig, *, clean: bool = True) -> tuple[Before, Energy]:
    """What the ledger would hold after a run's last window."""
    last = rig.closed[-1]
    before = Before(
        wall_ns=last.wall_end_ns,
        monotonic_ns=last.end_ns,
        boot_id=BOOT,
        counter_mj=last.counter_mj,
        power_mw=rig.meter.recent_mw or 0,
        idle_mw=rig.meter.idle_mw or 0,
        clean=clean,
    )
    return before, last.total


def again(rig: Rig, down_s: float, before: tuple[Before, Energy]) -> Rig:
    """The next run of the daemon on the same GPU."""
    new = Rig(
        wave=rig.wave,
        power_hz=rig.power_hz,
        window_s=rig.window_s,
        has_counter=rig.has_counter,
        before=before,
        now_ns=rig.now_ns + round(down_s * SECOND_NS),
        wall_offset_ns=rig.wall_offset_ns,
    )
    new.counter.offset_mj = rig.counter.offset_mj
    new.counter.held_mj = rig.counter.held_mj
    return new


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("down_s", [0.3, 2, 600, 3 * 3600])
@pytest.mark.parametrize("first_s", [0.8, 4.2, 57.7])
def test_a_counter_that_runs_on_gives_everything(
    down_s: float, first_s: float, *, clean: bool
) -> None:
    first = Rig(wave=FLAT)
    first.run(first_s + 12)
    if clean:
        first.finish()
    second = again(first, down_s, left_by(first, clean=clean))
    second.run(32.3)
    second.finish()
    assert second.meter.bridged is not None
    assert second.meter.bridged.continues
    assert second.closed[0].start_ns == first.closed[-1].end_ns
    assert second.energy.counter_mj == second.energy.total_mj
    assert abs(second.energy.total_mj - second.true_mj) <= FLAT.low_mw // 50


@pytest.mark.parametrize("bad_mj", [0, 77, 1 << 60, (1 << 64) - 1])
def test_a_bad_first_reading_costs_nothing(bad_mj: int) -> None:
    first = Rig(wave=FLAT)
    first.run(30)
    second = again(first, 600, left_by(first, clean=False))
    second.read_counter(second.now_ns + 1, bad_mj)
    second.run(32)
    second.finish()
    assert second.energy.estimated_mj == second.energy.integrated_mj == 0
    assert abs(second.energy.total_mj - second.true_mj) <= FLAT.low_mw // 50


def test_a_reset_in_between_is_estimated_within_bounds() -> None:
    first = Rig(wave=FLAT)
    first.run(30)
    second = again(first, 600, left_by(first, clean=False))
    second.counter.reset(second.now_ns - 100 * SECOND_NS)
    second.run(32)
    second.finish()
    found = second.meter.bridged
    assert found is not None
    assert (found.reason, found.continues) == ("driver reload", False)
    assert found.energy.estimated_mj > 490 * FLAT.low_mw
    assert abs(second.energy.total_mj - second.true_mj) <= FLAT.low_mw


def test_a_counter_that_does_not_answer_any_more_is_estimated() -> None:
    first = Rig(wave=FLAT)
    first.run(30)
    second = again(first, 600, left_by(first))
    second.run(92, counter=False)
    second.finish()
    assert second.energy.estimated_mj > 590 * FLAT.low_mw
    assert abs(second.energy.total_mj - second.true_mj) <= 2


def test_sparse_power_alone_does_not_wait_for_ever() -> None:
    first = Rig(wave=FLAT)
    first.run(30)
    second = again(first, 60, left_by(first))
    for _ in range(300):
        second.run(0.1, counter=False)
        second.read_counter(second.now_ns, (1 << 64) - 1)
        second.run(1.4, power=False, counter=False)
    assert second.meter.started
    assert len(second.meter.track.times) < 50
    second.finish()
    assert abs(second.energy.total_mj - second.true_mj) <= FLAT.low_mw // 10


def test_a_crash_right_after_the_bridge_keeps_the_counter() -> None:
    first = Rig(wave=FLAT)
    first.run(30)
    second = again(first, 60, left_by(first))
    second.run(1.2)
    assert len(second.closed) == 1
    third = again(second, 60, left_by(second, clean=False))
    third.run(30)
    third.finish()
    assert third.energy.estimated_mj == 0
    assert abs(third.energy.total_mj - third.true_mj) <= FLAT.low_mw // 50


@pytest.mark.parametrize("step_s", [-3600, -5, 5, 3600])
def test_the_wall_clock_stepped_while_down(step_s: int) -> None:
    """The time it took is the monotonic clock's; windows still tile."""
    first = Rig(wave=FLAT)
    first.run(30)
    before = left_by(first)
    second = again(first, 100, before)
    second = replace(
        second, wall_offset_ns=first.wall_offset_ns + step_s * SECOND_NS, closed=[], before=before
    )
    second.run(30)
    second.finish()
    bridged = [window for window in second.closed if window.gap]
    assert bridged[0].start_ns == first.closed[-1].end_ns
    spent_ns = sum(window.end_ns - window.start_ns for window in bridged)
    assert abs(spent_ns - 100 * SECOND_NS) < 12 * SECOND_NS
    assert abs(second.energy.total_mj - second.true_mj) <= FLAT.low_mw // 50


def test_another_boot_counts_what_its_counter_says_and_marks_the_rest() -> None:
    first = Rig(wave=FLAT)
    first.run(30)
    state, total = left_by(first, clean=False)
    second = again(first, 0, (replace(state, boot_id="another"), total))
    second = replace(
        second,
        now_ns=60 * SECOND_NS,  # one minute up, one hour dark
        wall_offset_ns=state.wall_ns + 3600 * SECOND_NS,
        closed=[],
    )
    second.counter.offset_mj = -FLAT.energy_mj(20 * SECOND_NS)
    second.run(30)
    second.finish()
    found = second.meter.bridged
    assert found is not None
    assert (found.reason, found.continues) == ("reboot", False)
    assert abs(found.energy.counter_mj - 40 * FLAT.low_mw) <= FLAT.low_mw // 20
    assert found.energy.estimated_mj == 5 * FLAT.low_mw
    assert found.low_mj is not None
    assert found.high_mj is not None
    assert found.low_mj <= found.energy.total_mj <= found.high_mj


counters = st.one_of(st.none(), st.integers(0, 1 << 63))
powers = st.integers(0, CEILING_MW)


@settings(max_examples=300)
@given(
    elapsed_ns=st.integers(-(10**12), 10**15),
    wall_ns=st.integers(-(10**15), 10**15),
    counters=st.tuples(counters, counters),
    powers=st.tuples(powers, powers, powers),
    same_boot=st.booleans(),
    clean=st.booleans(),
)
def test_every_bridge_is_bounded_and_its_pieces_add_up(
    elapsed_ns: int,
    wall_ns: int,
    counters: tuple[int | None, int | None],
    powers: tuple[int, int, int],
    *,
    same_boot: bool,
    clean: bool,
) -> None:
    before = Before(
        wall_ns=10**18,
        monotonic_ns=10**13,
        boot_id="a",
        counter_mj=counters[0],
        power_mw=powers[0],
        idle_mw=min(powers),
        clean=clean,
    )
    now = Now(
        wall_ns=10**18 + wall_ns,
        monotonic_ns=10**13 + elapsed_ns,
        boot_id="a" if same_boot else "b",
        counter_mj=counters[1],
        power_mw=powers[1],
        ceiling_mw=CEILING_MW,
        window_ns=10 * SECOND_NS,
    )
    found = bridge(before, now)
    energy = found.energy
    assert min(energy.counter_mj, energy.integrated_mj, energy.estimated_mj) >= 0
    span_ns = max(elapsed_ns, 10**13 + elapsed_ns, 0)
    assert energy.total_mj <= CEILING_MW * (span_ns + 11 * SECOND_NS) // SECOND_NS
    if energy.estimated_mj:
        assert found.low_mj is not None
        assert found.high_mj is not None
        assert found.low_mj <= energy.total_mj <= found.high_mj
    check_pieces(found, before.wall_ns, now.wall_ns)


def check_pieces(found: Bridge, start_ns: int, end_ns: int) -> None:
    parts = pieces(start_ns, end_ns, found)
    whole = Energy()
    for part in parts:
        whole += part.energy
        assert part.start_ns // QUARTER_HOUR_NS == (part.end_ns - 1) // QUARTER_HOUR_NS
        assert part.start_ns < part.end_ns
    assert whole == found.energy
    assert parts[0].start_ns == start_ns
    assert parts[-1].end_ns == max(end_ns, start_ns + 1)
    for bounds, total in (
        ([part.low_mj for part in parts], found.low_mj),
        ([part.high_mj for part in parts], found.high_mj),
    ):
        assert sum(bound or 0 for bound in bounds) == (total or 0)


def test_ticks_are_as_the_daemons() -> None:
    assert TICK_NS == 500 * MS


@pytest.mark.parametrize("phase_ms", range(0, 2300, 230))
def test_a_load_that_swings_is_estimated_by_its_mean(phase_ms: int) -> None:
    """Not by the sample that happened to be the last, nor by the first one after."""
    wave = Wave(650_000, 100_000, 2300 * MS, 900 * MS)
    first = Rig(wave=wave, now_ns=MONOTONIC_NS + phase_ms * MS)
    first.run(30)
    second = again(first, 100, left_by(first, clean=False))
    second.counter.reset(second.now_ns - 60 * SECOND_NS)
    second.run(32)
    second.finish()
    assert second.energy.estimated_mj
    assert abs(second.error) < 0.1
