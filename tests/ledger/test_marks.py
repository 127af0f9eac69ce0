"""Stretches of acknowledged ids say the same as the ids would one by one."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from collector.ledger.marks import Mark, Marks, gaps, merged, runs

ids = st.sets(st.integers(1, 60))


def mark(first: int, last: int, second: int) -> Mark:
    rows = last - first + 1
    return Mark(first=first, last=last, rows=rows, payload_bytes=10 * rows, second=second)


def acknowledged(batches: list[set[int]]) -> Marks:
    """Marks as they come about: only what is not marked yet is added."""
    marks: Marks = ()
    for second, batch in enumerate(batches):
        new = [
            mark(*span, second // 2)  # two batches within a second
            for run in runs(batch)
            for span in gaps(marks, *run)
        ]
        marks = merged(marks, new)
    return marks


@given(ids)
def test_runs_are_the_ids_and_none_touches_the_next(some: set[int]) -> None:
    found = list(runs(some))
    assert [one for first, last in found for one in range(first, last + 1)] == sorted(some)
    assert all(after[0] > before[1] + 1 for before, after in pairwise(found))


@given(st.lists(ids, max_size=6), st.integers(0, 61), st.integers(0, 61))
def test_gaps_are_what_is_not_marked(batches: list[set[int]], first: int, last: int) -> None:
    found = list(gaps(acknowledged(batches), first, last))
    free = [one for one in range(first, last + 1) if one not in set().union(*batches)]
    assert [one for a, b in found for one in range(a, b + 1)] == free


@given(st.lists(ids, max_size=6))
def test_a_row_is_marked_once_and_with_its_first_second(batches: list[set[int]]) -> None:
    marks = acknowledged(batches)
    seconds: dict[int, int] = {}
    for number, batch in enumerate(batches):
        for one in batch:
            seconds.setdefault(one, number // 2)
    assert {
        one: each.second for each in marks for one in range(each.first, each.last + 1)
    } == seconds
    assert sum(each.rows for each in marks) == len(seconds)
    assert sum(each.payload_bytes for each in marks) == 10 * len(seconds)


def test_neighbours_of_one_second_become_one_mark() -> None:
    marks = merged((mark(1, 5, 7),), (mark(6, 9, 7), mark(11, 12, 7), mark(13, 14, 8)))
    assert [(one.first, one.last) for one in marks] == [(1, 9), (11, 12), (13, 14)]
