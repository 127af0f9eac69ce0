"""Which rows of a lane were acknowledged, and when: stretches of ids, however many rows there are.

They are remembered in memory only. A restart therefore counts as a lost connection: what was
acknowledged last and not yet deleted is sent again, and receivers drop what they have.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from operator import attrgetter

Span = tuple[int, int]
"""The first and the last of a stretch of row ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A stretch of acknowledged rows.

    Attributes:
        first: its first row id.
        last: its last; there need not be a row for every id in between.
        rows: how many rows there are.
        payload_bytes: their payloads together.
        second: when the last of them was acknowledged, CLOCK_MONOTONIC, rounded up.
    """

    first: int
    last: int
    rows: int
    payload_bytes: int
    second: int


Marks = tuple[Mark, ...]
"""In order of id, without overlap."""


def runs(ids: Iterable[int]) -> Iterator[Span]:
    """The stretches of ids without a hole, in order."""
    ordered = sorted(set(ids))
    if not ordered:
        return
    first = ordered[0]
    for one, following in pairwise(ordered):
        if following != one + 1:
            yield first, one
            first = following
    yield first, ordered[-1]


def gaps(marks: Marks, first: int, last: int) -> Iterator[Span]:
    """What lies between the marks, within `first` to `last`, in order."""
    for mark in islice(marks, bisect_left(marks, first, key=attrgetter("last")), None):
        if mark.first > last:
            break
        if mark.first > first:
            yield first, mark.first - 1
        first = mark.last + 1
    if first <= last:
        yield first, last


def merged(marks: Iterable[Mark], more: Iterable[Mark]) -> Marks:
    """Both together, neighbours of the same second as one. They must not overlap."""
    found: list[Mark] = []
    for mark in sorted((*marks, *more), key=attrgetter("first")):
        if found and found[-1].last + 1 == mark.first and found[-1].second == mark.second:
            found[-1] = replace(
                found[-1],
                last=mark.last,
                rows=found[-1].rows + mark.rows,
                payload_bytes=found[-1].payload_bytes + mark.payload_bytes,
            )
        else:
            found.append(mark)
    return tuple(found)
