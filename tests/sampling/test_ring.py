"""The buffer between a power thread and the loop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.sampling.ring import SampleRing


def write(ring: SampleRing, *values: int) -> None:
    for value in values:
        slot = ring.written & (ring.capacity - 1)
        ring.times[slot] = 1000 + ring.written
        for column in ring.columns:
            column[slot] = value
        ring.written += 1


@given(st.lists(st.integers(0, 20), max_size=20))
def test_everything_arrives_once_or_is_counted(batches: list[int]) -> None:
    ring = SampleRing(1, capacity=16)
    sent, got = 0, []
    for size in batches:
        write(ring, *range(sent, sent + size))
        sent += size
        got += [value for _, value in ring.take()[0]]
    assert got == sorted(set(got))
    assert len(got) + ring.dropped == sent
    if all(size < 16 for size in batches):
        assert got == list(range(sent))


def test_failed_scopes_are_left_out() -> None:
    ring = SampleRing(2, capacity=4)
    write(ring, 5, -1, 7)
    assert ring.take() == [[(1000, 5), (1002, 7)]] * 2
    assert ring.take() == [[], []]


def test_an_overrun_keeps_the_newest() -> None:
    ring = SampleRing(1, capacity=8)
    write(ring, *range(100))
    assert [value for _, value in ring.take()[0]] == list(range(93, 100))
    assert ring.dropped == 93


def test_the_capacity_is_a_power_of_two() -> None:
    with pytest.raises(ValueError, match="power of two"):
        SampleRing(1, capacity=10)
