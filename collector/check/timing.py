"""Costs, refresh periods and steps out of raw samples. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from collector.check.model import Cost

_LEAST_CHANGES = 4
"""Fewer changes of a value say little of how often it is renewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """How a value moved.

    Attributes:
        refresh_ns: median time between two changes.
        size: median difference of a change, in the value's unit.
    """

    refresh_ns: int
    size: float


def cost(spent_ns: Sequence[int]) -> Cost | None:
    """Median and maximum of durations; None where there are none."""
    if not spent_ns:
        return None
    return Cost(median_us=median(spent_ns) / 1000, max_us=max(spent_ns) / 1000, reads=len(spent_ns))


def steps(samples: Sequence[tuple[int, int]]) -> Steps | None:
    """How often a value is renewed, and by how much it moves.

    A sensor that happens to read the same twice hides a renewal; the median bears with less than
    half of them. Nothing finer than the polling can be seen.

    Args:
        samples: `(monotonic_ns, value)` in order of time.

    Returns:
        None below four changes.
    """
    changes = [
        (late[0], late[1] - early[1]) for early, late in pairwise(samples) if late[1] != early[1]
    ]
    if len(changes) < _LEAST_CHANGES:
        return None
    return Steps(
        refresh_ns=round(median(late[0] - early[0] for early, late in pairwise(changes))),
        size=median(abs(difference) for _, difference in changes),
    )


def period_ns(samples: Sequence[tuple[int, int]]) -> int | None:
    """Median time between samples; None below two."""
    gaps = [late[0] - early[0] for early, late in pairwise(samples)]
    return round(median(gaps)) if gaps else None


def anchors(
    samples: Sequence[tuple[int, int]], *, close_ns: int
) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The two readings of a counter that are best compared: just after its first and last step.

    A counter that moves in steps lags behind by up to one; right after a step it does not. Only
    steps seen between samples no further apart than `close_ns` will do. Where there are none, the
    first and the last sample stand in.

    Args:
        samples: `(monotonic_ns, count)` in order of time.
        close_ns: how precisely a step must be known.

    Returns:
        Each as `(monotonic_ns, count)`, the time halfway between the samples around the step;
        None below two samples.
    """
    if len(samples) < 2:  # noqa: PLR2004 - a difference needs two
        return None
    fresh = [
        ((early[0] + late[0]) >> 1, late[1])
        for early, late in pairwise(samples)
        if late[1] != early[1] and late[0] - early[0] <= close_ns
    ]
    if len(fresh) < 2:  # noqa: PLR2004 - likewise
        return samples[0], samples[-1]
    return fresh[0], fresh[-1]


def recommended_power_hz(refresh_ns: int, *, least: float = 1.0, most: float = 100.0) -> float:
    """Twice the refresh rate, in whole hertz, within bounds: then no value is missed.

    Args:
        refresh_ns: time between the sensor's values.
        least: the lowest rate that may be set.
        most: the highest.
    """
    return float(min(most, max(least, round(2e9 / refresh_ns))))
