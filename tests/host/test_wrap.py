"""Counters that wrap: what is given out never falls, and misses nothing that can be known."""

from hypothesis import given
from hypothesis import strategies as st

from collector.energy.wrap import Unwrapper, mean_mw
from collector.model import CounterReading

RANGE_UJ = 262_143_328_850
CEILING_MW = 2_000_000
SECOND_NS = 10**9
# Half the range at the ceiling: as long as this, a wrap cannot be missed.
MOST_NS = RANGE_UJ * 10**6 // (2 * CEILING_MW)

steps = st.lists(
    st.tuples(st.integers(1, MOST_NS - 1), st.integers(0, CEILING_MW)), min_size=1, max_size=40
)


@given(st.integers(0, RANGE_UJ - 1), steps)
def test_over_any_number_of_wraps_it_is_the_true_energy(
    start_uj: int, taken: list[tuple[int, int]]
) -> None:
    unwrapper = Unwrapper(RANGE_UJ, CEILING_MW)
    at_ns, true_uj = 5 * SECOND_NS, start_uj
    first = unwrapper.add(at_ns, start_uj)
    begun_uj = unwrapper.total_uj
    for elapsed_ns, power_mw in taken:
        at_ns += elapsed_ns
        true_uj += power_mw * elapsed_ns // 10**6
        assert unwrapper.knows(at_ns)
        reading = unwrapper.add(at_ns, true_uj % RANGE_UJ)
        assert unwrapper.total_uj - begun_uj == true_uj - start_uj
        assert abs(reading.millijoules - first.millijoules - (true_uj - start_uj) // 1000) <= 1
        assert reading.monotonic_ns == at_ns


@given(st.integers(0, 20 * RANGE_UJ), st.integers(1, MOST_NS - 1), st.integers(0, CEILING_MW))
def test_a_new_run_goes_on_where_the_last_one_was(
    last_uj: int, elapsed_ns: int, power_mw: int
) -> None:
    """By the ledger's whole millijoules, though a wrap fell between the runs."""
    last = CounterReading(monotonic_ns=7, millijoules=last_uj // 1000)
    unwrapper = Unwrapper(RANGE_UJ, CEILING_MW, last)
    true_uj = last_uj + power_mw * elapsed_ns // 10**6
    assert unwrapper.knows(7 + elapsed_ns)
    reading = unwrapper.add(7 + elapsed_ns, true_uj % RANGE_UJ)
    assert reading.millijoules == true_uj // 1000


def test_after_too_long_it_says_that_nobody_knows() -> None:
    unwrapper = Unwrapper(RANGE_UJ, CEILING_MW)
    assert unwrapper.knows(10**18)
    unwrapper.add(0, 5)
    assert unwrapper.knows(MOST_NS - 1)
    assert not unwrapper.knows(MOST_NS + 1)


def test_a_counter_of_unknown_past_is_above_all_that_was_counted_since_a_start() -> None:
    ten_years_at_100_kw_mj = 100_000_000 * 10 * 365 * 86_400
    assert Unwrapper(RANGE_UJ, CEILING_MW).add(0, 0).millijoules > ten_years_at_100_kw_mj


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_mean_power(power_uw: int, elapsed_ns: int) -> None:
    energy_uj = power_uw * elapsed_ns // 10**9
    assert abs(mean_mw(energy_uj, elapsed_ns) * 1000 - power_uw) <= 10**9 * 2 // elapsed_ns + 1000
