"""The level, the forecast, the guard, ramps and peaks."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.site.forecast import Level, forecast
from collector.site.guard import guard
from collector.site.ramps import Ramps
from tests.site.rig import STALE_NS, at


def level_of(samples: Sequence[tuple[float, float]], now: float) -> float | None:
    level = Level()
    for seconds, watts in samples:
        level.add(at(seconds), watts)
    return level.watts(at(now))


def test_a_checkpoints_dip_does_not_count() -> None:
    samples = [(t, 300.0 if 30 <= t < 58 else 1000.0) for t in range(0, 60, 2)]
    assert level_of(samples, 60) == 1000


def test_a_rise_is_believed_within_seconds_and_a_fall_within_half_a_minute() -> None:
    up = [(float(t), 1000.0 if t < 100 else 1200.0) for t in range(0, 120, 2)]
    assert level_of(up, 108) == 1200
    down = [(float(t), 1000.0 if t < 100 else 700.0) for t in range(0, 140, 2)]
    level = level_of([one for one in down if one[0] <= 120], 120)
    assert level is not None
    assert 900 < level < 1000  # the mean over a dip, should it be one
    assert level_of(down, 134) == 700


def test_dips_that_come_all_the_time_have_their_share() -> None:
    """A tenth of the time at half power, as training does: the mean, not the median, goes on."""
    samples = [(float(t), 500.0 if t % 20 < 2 else 1000.0) for t in range(0, 400, 2)]
    assert level_of(samples, 400) == pytest.approx(950, rel=0.005)


def test_the_mean_reaches_back_to_the_last_step_only() -> None:
    samples = [(float(t), 600.0 if t < 200 else 1000.0 + t % 4) for t in range(0, 400, 2)]
    assert level_of(samples, 400) == pytest.approx(1001, abs=1)


def test_a_value_that_is_published_on_change_counts_as_long_as_it_holds() -> None:
    assert level_of([(0, 500.0), (70, 1000.0), (72, 100.0), (74, 1000.0)], 130) == 1000
    assert level_of([(0, 500.0)], 100) == 500
    assert level_of([], 0) is None


def test_the_forecast_is_what_was_used_and_the_level_to_the_end() -> None:
    found = forecast(600 * 1000.0, 600, 2000.0)
    assert found.watts == pytest.approx((600_000 + 300 * 2000) / 900)
    assert found.low_watts == pytest.approx(found.watts, rel=0.001)
    assert found.low_watts < found.watts < found.high_watts


@given(
    elapsed=st.floats(0, 899),
    mean=st.floats(0, 1e8),
    level=st.floats(0, 1e8),
)
def test_the_band_holds_the_forecast_and_closes_in(
    elapsed: float, mean: float, level: float
) -> None:
    now = forecast(mean * elapsed, elapsed, level)
    assert mean * elapsed / 900 - 1e-3 <= now.low_watts <= now.watts <= now.high_watts
    if elapsed < 180:
        assert now.low_watts == pytest.approx(mean * elapsed / 900)


def test_what_is_still_allowed_and_by_when_to_cut() -> None:
    found = guard(1000.0, 300 * 1200.0, 300, 1200.0, lowest_watts=600.0)
    assert found.allowed_watts == pytest.approx((900_000 - 360_000) / 600)
    assert found.cut_watts == pytest.approx(300)
    assert found.deadline_seconds is not None
    wait = found.deadline_seconds - 300
    used = 360_000 + 1200 * wait + 600 * (600 - wait)
    assert used == pytest.approx(900_000)
    at_once = guard(1000.0, 300 * 1200.0, 300, 1200.0)
    assert at_once.deadline_seconds == 300


def test_a_target_that_is_lost_has_no_deadline() -> None:
    found = guard(1000.0, 1_000_000.0, 600, 1500.0)
    assert (found.allowed_watts, found.cut_watts) == (0, 1500)
    assert found.deadline_seconds is None
    assert found.lost
    assert guard(1000.0, 880_000.0, 600, 1500.0, lowest_watts=100.0).lost


@given(
    elapsed=st.floats(0, 899),
    used=st.floats(0, 1e9),
    level=st.floats(0, 1e6),
    lowest=st.floats(0, 1e6),
    target=st.floats(1, 1e6),
)
def test_a_cut_at_the_deadline_keeps_the_target(
    elapsed: float, used: float, level: float, lowest: float, target: float
) -> None:
    found = guard(target, used, elapsed, level, lowest)
    if found.deadline_seconds is None:
        assert found.lost or found.cut_watts == 0
        return
    assert elapsed <= found.deadline_seconds + 1e-6
    total = (
        used + level * (found.deadline_seconds - elapsed) + lowest * (900 - found.deadline_seconds)
    )
    assert total == pytest.approx(target * 900, rel=1e-6, abs=1)


def test_ramps_are_the_largest_change_within_a_span() -> None:
    ramps = Ramps((1, 10, 60, 900), STALE_NS)
    for t in range(601):
        watts = 1000.0 + (50.0 * (t - 300) if 300 <= t < 310 else 500.0 if t >= 310 else 0.0)
        ramps.add(at(t), watts, held=False)
        if t == 315:
            assert ramps.largest(at(t)) == {1: 50, 10: 500, 60: 500, 900: 500}
    assert ramps.largest(at(600)) == {1: 0, 10: 0, 60: 0, 900: 500}
    assert ramps.largest(at(700)) == {}


def test_a_held_value_changes_at_once_and_slow_samples_say_nothing_of_short_spans() -> None:
    held = Ramps((1, 60), STALE_NS)
    held.add(at(0), 100.0, held=True)
    held.add(at(90), 400.0, held=True)
    assert held.largest(at(90)) == {1: 300, 60: 300}
    sampled = Ramps((1, 60), STALE_NS)
    for t in (0, 30, 60):
        sampled.add(at(t), 10.0 * t, held=False)
    assert sampled.largest(at(60)) == {60: 600}


@given(st.lists(st.tuples(st.integers(1, 400), st.floats(0, 1e6)), min_size=2, max_size=80))
def test_ramps_are_what_a_plain_search_finds(steps: list[tuple[int, float]]) -> None:
    times, watts, now = [], [], 0
    ramps = Ramps((10, 900), STALE_NS)
    for gap, power in steps:
        now += gap
        times.append(now)
        watts.append(power)
        ramps.add(at(now), power, held=False)
    for span in (10, 900):
        changes = [
            max(seen) - min(seen)
            for i, end in enumerate(times)
            if end >= now - 60
            and len(
                seen := [w for t, w in zip(times[: i + 1], watts, strict=False) if t >= end - span]
            )
            > 1
        ]
        assert ramps.largest(at(now)).get(span) == (max(changes) if changes else None)
