"""The forecast on a few simulated days; `python -m benchmarks.forecast` goes through a thousand."""

import pytest

from benchmarks.demand_days import DAY_SECONDS, PERIOD_SECONDS, SITE_WATTS, simulate
from benchmarks.forecast import (
    ORACLE,
    PERSISTENCE,
    PRODUCT,
    measure,
    quantile,
    trace_errors,
    within,
)

DAYS = 12


def test_a_day_is_what_its_seed_says() -> None:
    day, again, other = simulate(7), simulate(7), simulate(8)
    assert day == again != other
    assert len(day.watts) == DAY_SECONDS // PERIOD_SECONDS + 1
    assert len(day.ramps) == 37
    assert all(0 < watts < 1.05 * SITE_WATTS for watts in day.watts)
    for before, ramp in zip(day.ramps, day.ramps[1:], strict=False):
        assert 0.0499 < abs(ramp.to_watts - before.to_watts) / SITE_WATTS < 0.3001
        assert 10 <= ramp.end_s - ramp.start_s <= 120


def test_the_forecast_holds_what_can_be_held() -> None:
    errors, _, pages = measure([simulate(seed) for seed in range(DAYS)], [0.01])
    ours, oracle, last = errors[PRODUCT], errors[ORACLE], errors[PERSISTENCE]
    assert quantile(ours.everything, 0.5) <= 0.01
    for share in (0.5, 0.9, 0.95):
        assert quantile(ours.everything, share) < quantile(last.everything, share)
    assert within(ours.steady, 0.03) >= 0.95
    assert within(ours.everything, 0.03) >= within(oracle.everything, 0.03) - 0.04
    for one in pages:
        assert one.over
        assert one.wrong <= 1  # hardly a page without a reason


def test_the_measured_trace_is_foretold() -> None:
    errors = trace_errors()
    if errors is None:
        pytest.skip("no trace; TRACES names the folder")
    assert quantile(errors, 0.5) <= 0.01
    assert within(errors, 0.03) >= 0.95
