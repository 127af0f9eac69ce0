"""Deadlines: absolute, counted, and not in step with other nodes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from collector.sampling.ticker import (
    POWER_STAGGER_NS,
    Ticker,
    first_deadline_ns,
    phase_ns,
)

PERIOD = 10_000_000


@given(st.lists(st.integers(0, 8 * PERIOD), max_size=60))
def test_a_late_read_does_not_make_the_next_one_late(delays: list[int]) -> None:
    ticker = Ticker(PERIOD, 0)
    now = 0
    for delay in delays:
        now = max(now, ticker.deadline_ns) + delay
        ticker.done(now, now + 1000)
        assert ticker.deadline_ns % PERIOD == 0  # the grid never moves
        assert ticker.deadline_ns > now + 1000 - PERIOD
    assert ticker.ticks == len(delays)
    assert ticker.ticks + ticker.skipped == ticker.deadline_ns // PERIOD


def test_what_is_counted() -> None:
    ticker = Ticker(PERIOD, 0)
    ticker.done(1_900_000, 1_950_000)
    assert (ticker.delayed, ticker.late, ticker.skipped) == (0, 0, 0)
    ticker.done(PERIOD + 2_100_000, PERIOD + 2_200_000)
    assert (ticker.delayed, ticker.late, ticker.skipped) == (1, 0, 0)
    ticker.done(2 * PERIOD + 6_000_000, 2 * PERIOD + 6_100_000)
    assert (ticker.delayed, ticker.late, ticker.skipped) == (2, 1, 0)
    ticker.done(3 * PERIOD, 3 * PERIOD + 25_000_000)  # the driver took 25 ms
    assert (ticker.delayed, ticker.late, ticker.skipped) == (2, 1, 2)
    assert ticker.deadline_ns == 6 * PERIOD


@given(st.integers(0, 10**19), st.integers(0, 2 * 10**18), st.integers(0, PERIOD - 1))
def test_the_first_deadline_is_at_the_phase(now: int, wall: int, phase: int) -> None:
    deadline = first_deadline_ns(now, wall, PERIOD, phase)
    assert now <= deadline < now + PERIOD
    assert (wall + deadline - now) % PERIOD == phase


def test_five_thousand_nodes_spread_over_the_period() -> None:
    phases = [phase_ns(PERIOD, f"gpu-node-{n:05}", 0, POWER_STAGGER_NS) for n in range(5000)]
    tenths = [0] * 10
    for phase in phases:
        tenths[phase * 10 // PERIOD] += 1
    assert min(tenths) > 400
    assert max(tenths) < 600


def test_gpus_of_a_node_follow_each_other() -> None:
    phases = [phase_ns(PERIOD, "n", gpu, POWER_STAGGER_NS) for gpu in range(8)]
    steps = {(later - sooner) % PERIOD for sooner, later in pairwise(phases)}
    assert steps == {POWER_STAGGER_NS}
