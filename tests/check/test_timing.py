"""Refresh periods, steps and anchors out of samples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.check.timing import anchors, cost, period_ns, recommended_power_hz, steps

MS = 1_000_000


def _polled(refresh_ns: int, poll_ns: int, phase_ns: int, until_ns: int) -> list[tuple[int, int]]:
    """A value that grows by 7 at every refresh, looked at every `poll_ns`."""
    return [
        (at_ns, 7 * ((at_ns + phase_ns) // refresh_ns)) for at_ns in range(0, until_ns, poll_ns)
    ]


@given(
    refresh_ms=st.integers(10, 200), poll_us=st.integers(500, 2000), phase_ms=st.integers(0, 200)
)
def test_a_refresh_is_found_to_within_one_poll(
    refresh_ms: int, poll_us: int, phase_ms: int
) -> None:
    poll_ns = poll_us * 1000
    found = steps(_polled(refresh_ms * MS, poll_ns, phase_ms * MS, 2000 * MS))
    assert found is not None
    assert abs(found.refresh_ns - refresh_ms * MS) <= poll_ns
    assert found.size == 7


@given(value=st.integers(0, 10**6), times=st.lists(st.integers(0, 10**12), unique=True))
def test_a_value_that_stands_still_has_no_refresh(value: int, times: list[int]) -> None:
    assert steps([(at_ns, value) for at_ns in sorted(times)]) is None


def test_some_renewals_that_do_not_change_the_value_are_borne() -> None:
    values = [5, 6, 7, 7, 8, 9, 10, 11, 11, 12, 13]
    samples = [(at * 20 * MS, value) for at, value in enumerate(values)]
    found = steps(samples)
    assert found is not None
    assert found.refresh_ns == 20 * MS


def test_sizes_of_steps_down_count_as_those_up() -> None:
    found = steps([(at * MS, 100 if at % 2 else 40) for at in range(20)])
    assert found is not None
    assert found.size == 60


@given(
    refresh_ms=st.integers(5, 100),
    power_w=st.integers(1, 2000),
    phase_ms=st.integers(0, 100),
)
def test_between_anchors_a_stepping_counter_says_the_true_power(
    refresh_ms: int, power_w: int, phase_ms: int
) -> None:
    refresh_ns, poll_ns = refresh_ms * MS, 2 * MS

    def count(at_ns: int) -> int:
        seen_ns = (at_ns + phase_ms * MS) // refresh_ns * refresh_ns
        return seen_ns * power_w // MS

    opening = [(at, count(at)) for at in range(0, 1000 * MS, poll_ns)]
    closing = [(at, count(at)) for at in range(5750 * MS, 6000 * MS, poll_ns)]
    ends = anchors([*opening, *closing], close_ns=10 * MS)
    assert ends is not None
    (start_ns, start_mj), (end_ns, end_mj) = ends
    truth_mj = power_w * (end_ns - start_ns) / MS
    # Each end is known to within a poll; a naive difference is off by up to a refresh.
    assert abs((end_mj - start_mj) - truth_mj) <= power_w * poll_ns / MS * 1.01 + 2


def test_without_a_step_seen_closely_first_and_last_stand_in() -> None:
    samples = [(0, 5), (100 * MS, 6), (200 * MS, 9)]
    assert anchors(samples, close_ns=10 * MS) == ((0, 5), (200 * MS, 9))
    assert anchors(samples[:1], close_ns=10 * MS) is None


@pytest.mark.parametrize(
    ("refresh_ms", "hertz"), [(100, 20), (20, 100), (5, 100), (25, 80), (3000, 1)]
)
def test_twice_the_refresh_rate_is_recommended_within_bounds(refresh_ms: int, hertz: float) -> None:
    assert recommended_power_hz(refresh_ms * MS) == hertz


def test_costs_and_periods() -> None:
    assert cost([]) is None
    found = cost([3000, 1000, 200_000])
    assert found is not None
    assert (found.median_us, found.max_us, found.reads) == (3.0, 200.0, 3)
    assert period_ns([(0, 1)]) is None
    assert period_ns([(0, 1), (10, 1), (20, 1), (90, 1)]) == 10
