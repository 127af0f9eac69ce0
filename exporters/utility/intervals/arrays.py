"""Arrays of integers, and what is done with them exactly."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Codes = NDArray[np.int8]
Mask = NDArray[np.bool_]

_LOW_BITS = 20


def exact_sum(values: Ints) -> int:
    """The sum; millijoules of a gigawatt over a year do not fit into 64 bits, their halves do."""
    high = int((values >> _LOW_BITS).sum())
    low = int((values & ((1 << _LOW_BITS) - 1)).sum())
    return (high << _LOW_BITS) + low


def runs(mask: Mask) -> Iterator[tuple[int, int]]:
    """Where a mask is true without a break: first index, and the one after the last."""
    padded = np.zeros(len(mask) + 2, dtype=np.int8)
    padded[1:-1] = mask
    edges = np.flatnonzero(np.diff(padded))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
