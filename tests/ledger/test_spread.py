"""Spreading a window over minutes loses nothing."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from collector.ledger.spread import spread
from collector.model import Energy
from tests.ledger.values import MINUTE_NS, QUARTER_NS, SECOND_NS, energies, window

START_NS = 1_700_000_100 * SECOND_NS  # a quarter-hour begins here
anywhere = st.integers(-QUARTER_NS, QUARTER_NS)


@given(anywhere, st.integers(-MINUTE_NS, QUARTER_NS), energies, st.integers(0, QUARTER_NS))
def test_the_shares_add_up_exactly(
    offset_ns: int, length_ns: int, energy: Energy, duration_ns: int
) -> None:
    one = replace(
        window(START_NS + offset_ns, energy=energy),
        end_ns=START_NS + offset_ns + length_ns,
        duration_ns=duration_ns,
        covered_ns=duration_ns // 3,
    )
    shares = [delta for _, delta in spread(one)]
    assert sum(share.counter_mj for share in shares) == energy.counter_mj
    assert sum(share.integrated_mj for share in shares) == energy.integrated_mj
    assert sum(share.estimated_mj for share in shares) == energy.estimated_mj
    assert sum(share.elapsed_ns for share in shares) == duration_ns
    assert sum(share.covered_ns for share in shares) == duration_ns // 3
    assert sum(share.windows for share in shares) == 1


@given(anywhere, st.integers(1, QUARTER_NS), energies)
def test_each_minute_gets_its_share_by_time(offset_ns: int, length_ns: int, energy: Energy) -> None:
    start_ns, end_ns = START_NS + offset_ns, START_NS + offset_ns + length_ns
    one = replace(window(start_ns, energy=energy), end_ns=end_ns)
    at_s = [start_s for start_s, _ in spread(one)]
    assert at_s == list(range(start_ns // MINUTE_NS * 60, (end_ns - 1) // MINUTE_NS * 60 + 1, 60))
    for start_s, share in spread(one):
        from_ns = max(start_ns, start_s * SECOND_NS)
        to_ns = min(end_ns, start_s * SECOND_NS + MINUTE_NS)
        exact = Fraction(energy.counter_mj * (to_ns - from_ns), length_ns)
        assert abs(share.counter_mj - exact) < 1


def test_a_window_that_ends_with_its_minute_stays_in_it() -> None:
    one = window(START_NS + 50 * SECOND_NS, seconds=10)
    assert [start_s for start_s, _ in spread(one)] == [START_NS // SECOND_NS]


def test_a_window_over_a_leap_of_the_wall_clock_is_not_spread_over_years() -> None:
    one = replace(window(0), end_ns=START_NS + SECOND_NS)
    ((start_s, share),) = spread(one)
    assert start_s == START_NS // SECOND_NS
    assert share.counter_mj == one.energy.counter_mj


def test_the_peak_is_kept_and_absent_when_there_is_none() -> None:
    assert next(spread(window(START_NS, peak_watts=700.5)))[1].peak_mw == 700_500
    assert next(spread(window(START_NS, peak_watts=None)))[1].peak_mw is None
