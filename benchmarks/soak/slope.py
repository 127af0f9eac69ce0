"""How fast a value grows."""

from collections.abc import Sequence
from itertools import combinations
from statistics import median

_MOST_POINTS = 200


def per_second(points: Sequence[tuple[float, float]]) -> float:
    """The slope of a value over time: the median of the slopes between its points.

    One outlier, a collection of garbage for one, does not move it (Theil, 1950; Sen, 1968).

    Args:
        points: seconds and value; of many, evenly spread ones are used.

    Raises:
        ValueError: fewer than two points.
    """
    if len(points) < 2:
        raise ValueError("a slope needs two points")
    used = points[:: -(-len(points) // _MOST_POINTS)]
    slopes = [
        (after[1] - before[1]) / (after[0] - before[0])
        for before, after in combinations(used, 2)
        if after[0] > before[0]
    ]
    return median(slopes)
