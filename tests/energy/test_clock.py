"""Steps and slews of the wall clock move edges, never energy or durations."""

from itertools import pairwise

import pytest

from collector.energy.edges import SECOND_NS
from tests.energy.rig import MS, Rig, Wave

FLAT = Wave(400_000, 400_000)


@pytest.mark.parametrize("has_counter", [True, False])
@pytest.mark.parametrize("steps", [(3600,), (-3600,), (3600, -3600), (-7, 3, -0.06)])
def test_steps_begin_a_window_and_change_no_energy(
    steps: tuple[float, ...], *, has_counter: bool
) -> None:
    rig = Rig(wave=FLAT, has_counter=has_counter)
    rig.run(33.2)
    for step in steps:  # the second within the same second
        rig.wall_offset_ns += round(step * SECOND_NS)
        rig.run(0.5)
    rig.run(33)
    rig.finish()
    assert rig.edges.steps == len(steps)
    assert abs(rig.energy.total_mj - rig.true_mj) <= FLAT.low_mw // 50
    jumps = [
        right.wall_start_ns - left.wall_end_ns
        for left, right in pairwise(rig.closed)
        if right.wall_start_ns != left.wall_end_ns
    ]
    assert jumps == [round(step * SECOND_NS) for step in steps]
    for window in rig.closed:
        assert window.wall_end_ns - window.wall_start_ns == window.end_ns - window.start_ns


@pytest.mark.parametrize("slew_ms", [-30, 30])
def test_a_slew_moves_edges_a_little(slew_ms: int) -> None:
    rig = Rig(wave=FLAT, window_s=1)
    for _ in range(120):
        rig.wall_offset_ns += slew_ms * MS
        rig.run(0.5)
    rig.finish()
    assert rig.edges.steps == 0
    assert abs(rig.energy.total_mj - rig.true_mj) <= FLAT.low_mw // 50
    for left, right in pairwise(rig.closed):
        assert right.wall_start_ns == left.wall_end_ns
    ends = [window.wall_end_ns for window in rig.closed[:-1]]
    assert all(end % SECOND_NS == 0 for end in ends)


@pytest.mark.parametrize("has_counter", [True, False])
@pytest.mark.parametrize("step_s", [3600, -3600])
def test_a_step_during_a_gap(step_s: int, *, has_counter: bool) -> None:
    rig = Rig(wave=FLAT, has_counter=has_counter)
    rig.run(33.2)
    rig.run(40, power=False, counter=False)
    rig.wall_offset_ns += step_s * SECOND_NS
    rig.run(40, power=False, counter=False)
    rig.run(33.2)
    rig.finish()
    assert abs(rig.energy.total_mj - rig.true_mj) <= FLAT.low_mw // 50
    gaps = [window for window in rig.closed if window.gap]
    assert len(gaps) == 2
    for window in gaps:  # the step is seen at the next tick
        assert abs((window.end_ns - window.start_ns) / SECOND_NS - 40) < 1.1
    for window in rig.closed:  # the wall clock of then, not of now
        assert window.wall_end_ns - window.wall_start_ns == window.end_ns - window.start_ns


def test_a_gap_over_hours_is_cut_at_quarter_hours_only() -> None:
    rig = Rig(wave=FLAT, has_counter=False)
    rig.run(33)
    rig.run(5 * 3600, power=False)
    rig.run(33)
    rig.finish()
    gaps = [window for window in rig.closed if window.gap]
    assert 20 <= len(gaps) <= 22
    for window in gaps[1:-1]:
        assert window.wall_end_ns - window.wall_start_ns == 900 * SECOND_NS
        assert window.wall_end_ns % (900 * SECOND_NS) == 0


def test_an_hours_pause_of_the_loop_loses_shape_only() -> None:
    rig = Rig(wave=FLAT, power_hz=1)
    rig.run(30)
    rig.run(3600, ticks=False)
    rig.run(30)
    rig.finish()
    assert abs(rig.energy.total_mj - rig.true_mj) <= FLAT.low_mw // 50


def test_a_slew_back_at_a_gap_turns_no_window_round() -> None:
    """The gap begins 10 ms after an edge, by a clock that has been slewed back 40 ms since."""
    rig = Rig(wave=FLAT, has_counter=False)
    rig.run(20)
    edge_ns = rig.closed[-1].end_ns + 10 * SECOND_NS
    rig.run((edge_ns - rig.now_ns) / SECOND_NS + 0.01)
    rig.meter.add_samples([(rig.now_ns, FLAT.low_mw)])
    rig.wall_offset_ns -= 40 * MS
    rig.run(30, power=False)
    rig.run(10)
    rig.finish()  # checks that each window ends after it began
    assert [window.end_ns - window.start_ns < 11 * MS for window in rig.closed].count(True) == 1
