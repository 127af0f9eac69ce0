"""Sums that only grow, whatever counters do."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from collector.summary.growth import SPACING_NS, Growth, Recent

_SPAN_NS = 300_000_000_000
_COUNTS = st.lists(st.integers(0, 1_000_000), min_size=1, max_size=50)


@given(_COUNTS)
def test_the_sum_is_of_what_each_reading_added(counts: list[int]) -> None:
    growth = Growth()
    before = 0.0
    for count in counts:
        growth.take("a", count)
        assert growth.total >= before
        before = growth.total
    steps = [max(b - a, 0) for a, b in pairwise(counts)]
    assert growth.total == sum(steps)


def test_one_that_comes_later_brings_nothing_of_its_past() -> None:
    growth = Growth()
    growth.take("a", 100)
    growth.take("b", 5_000)
    growth.take("b", 5_007)
    assert growth.total == 7


def test_one_that_was_away_brings_what_it_grew_by() -> None:
    growth = Growth()
    growth.take("a", 100)
    growth.take("b", 1)
    growth.take("a", 130)
    assert growth.total == 30


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), min_size=1, max_size=200))
def test_recent_is_the_growth_of_the_span(steps: list[tuple[int, int]]) -> None:
    recent = Recent(_SPAN_NS)
    now_ns, count = 0, 1000
    marks = []
    for seconds, more in steps:
        now_ns, count = now_ns + seconds * 1_000_000_000, count + more
        marks.append((now_ns, count))
        found = recent.take(now_ns, {"": count})
        # Told to within the spacing of the notes: no less than the span's, no more than the wider.
        least = count - _at(marks, now_ns - _SPAN_NS)
        most = count - _at(marks, now_ns - _SPAN_NS - 2 * SPACING_NS - 60_000_000_000)
        assert least <= found <= most


def _at(marks: list[tuple[int, int]], at_ns: int) -> int:
    earlier = [count for ns, count in marks if ns <= at_ns]
    return earlier[-1] if earlier else marks[0][1]


def test_a_counter_that_is_missing_for_once_is_no_error() -> None:
    recent = Recent(_SPAN_NS)
    assert recent.take(0, {"crc": 70, "replay": 1}) == 0
    assert recent.take(SPACING_NS, {"crc": 70}) == 0
    assert recent.take(2 * SPACING_NS, {"crc": 70, "replay": 1}) == 0
    assert recent.take(3 * SPACING_NS, {"crc": 71, "replay": 3}) == 3


def test_recent_errors_are_forgotten() -> None:
    recent = Recent(_SPAN_NS)
    recent.take(0, {"": 0})
    assert recent.take(SPACING_NS, {"": 4}) == 4
    later = [recent.take(n * SPACING_NS, {"": 4}) for n in range(2, 40)]
    assert later[0] == 4
    assert later[-1] == 0
