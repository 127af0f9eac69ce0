"""Token buckets keep their promise whatever comes when."""

from hypothesis import given
from hypothesis import strategies as st

from exporters.http.buckets import Buckets
from exporters.http.limits import Rate

ONE = ("10.0.0.1", "")


@given(
    st.lists(st.floats(0, 3), min_size=1, max_size=200),
    st.floats(0.1, 50),
    st.integers(1, 20),
)
def test_never_more_than_burst_and_rate_allow(
    gaps: list[float], per_second: float, burst: int
) -> None:
    buckets = Buckets(Rate(per_second=per_second, burst=burst))
    now, taken = 1000.0, 0
    for gap in gaps:
        now += gap
        taken += buckets.take(ONE, now)
        assert taken <= burst + (now - 1000.0) * per_second + 1e-6


@given(st.lists(st.floats(0.2, 3), min_size=1, max_size=50))
def test_who_asks_no_faster_than_the_rate_is_never_refused(gaps: list[float]) -> None:
    buckets = Buckets(Rate(per_second=5, burst=1))
    now = 0.0
    for gap in gaps:
        now += gap + 1e-9
        assert buckets.take(ONE, now)


def test_each_key_has_its_own_and_full_ones_are_forgotten() -> None:
    buckets = Buckets(Rate(per_second=1, burst=2))
    other = ("10.0.0.1", "known")
    assert [buckets.take(ONE, 0.0) for _ in range(3)] == [True, True, False]
    assert buckets.take(other, 0.0)
    buckets.forget(1.9)
    assert len(buckets) == 2
    buckets.forget(2.0)
    assert len(buckets) == 0


def test_many_addresses_take_no_more_memory_than_said() -> None:
    buckets = Buckets(Rate(per_second=1, burst=1), most=10)
    for number in range(1000):
        assert buckets.take((str(number), ""), 0.0)
    assert len(buckets) == 10


def test_another_rate_counts_at_once() -> None:
    buckets = Buckets(Rate(per_second=1, burst=100))
    assert buckets.take(ONE, 0.0)
    buckets.use(Rate(per_second=1, burst=2))
    assert [buckets.take(ONE, 0.0) for _ in range(3)] == [True, True, False]
