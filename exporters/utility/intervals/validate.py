"""Looks at a meter's quarter-hours by the rules. It changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from exporters.utility.intervals.arrays import Ints, Mask, runs
from exporters.utility.intervals.grid import Grid
from exporters.utility.intervals.quality import SLOT_MS, SLOT_SECONDS
from exporters.utility.intervals.rules import (
    HIGH,
    LOW,
    MULTIPLIER,
    NEGATIVE,
    SAME,
    SIZE,
    SPIKE,
    ZERO,
    Limits,
    Rule,
)
from exporters.utility.intervals.series import Raw

_STEADY = 4
_STEPS = (10, 100, 1000)
_SLACK = 0.05
_NTH_HIGHEST = 3


@dataclass(frozen=True, slots=True)
class Marked:
    """What a rule has something to say about.

    Attributes:
        where: quarter-hours.
        rejects: whether they may not be used.
    """

    rule: Rule
    where: Mask
    rejects: bool = False


def validate(raw: Raw, grid: Grid, limits: Limits, ceiling_watts: float | None) -> Iterator[Marked]:
    """Look at a meter's quarter-hours by each rule.

    Args:
        raw: as they were found.
        grid: which they are.
        limits: from where on a rule has something to say.
        ceiling_watts: more cannot flow there; None when that is not known.

    Yields:
        What rules have something to say about.
    """
    energy, there = raw.energy_mj, raw.elapsed_ms > 0
    yield Marked(SIZE, there & (abs(raw.elapsed_ms - SLOT_MS) > limits.size_ms))
    negative = there & (energy < 0)
    yield Marked(NEGATIVE, negative, rejects=True)
    high = np.zeros_like(there)
    if ceiling_watts is not None:
        high = there & (energy > round(ceiling_watts * 1000) * SLOT_SECONDS)
        yield Marked(HIGH, high, rejects=True)
    whole = there & (raw.elapsed_ms >= SLOT_MS - limits.size_ms) & ~negative & ~high
    used = energy[whole]
    nonzero = used[used > 0]
    if not len(nonzero):
        return
    median = float(np.median(nonzero))
    yield Marked(ZERO, whole & (energy == 0))
    yield Marked(LOW, whole & (energy > 0) & (energy < median * limits.low_ratio))
    yield Marked(SPIKE, _spikes(energy, whole, grid, limits))
    shown = raw.covered_ms >= raw.elapsed_ms * limits.covered_ratio
    yield Marked(SAME, _same(energy, whole & shown & ~raw.estimated, limits.same_slots))
    yield Marked(MULTIPLIER, _steps(energy, whole))


def _spikes(energy: Ints, whole: Mask, grid: Grid, limits: Limits) -> Mask:
    found = np.zeros_like(whole)
    three = whole[:-2] & whole[1:-1] & whole[2:]
    highest = np.maximum(energy[:-2], energy[2:]) * limits.spike_ratio
    found[1:-1] = three & (energy[1:-1] > highest)
    for index in np.flatnonzero(found).tolist():
        day = grid.days[index]
        span = slice(int(grid.edges[day]), int(grid.edges[day + 1]))
        values = np.sort(energy[span][whole[span]])
        third = values[-_NTH_HIGHEST] if len(values) >= _NTH_HIGHEST else 0
        found[index] = energy[index] > third * limits.spike_day_ratio
    return found


def _same(energy: Ints, where: Mask, least: int) -> Mask:
    """Runs of readings that are alike; nothing at all is another rule's."""
    found = np.zeros_like(where)
    both = where & (energy != 0)
    alike = both[1:] & both[:-1] & (energy[1:] == energy[:-1])
    for low, high in runs(alike):
        if high - low + 1 >= least:
            found[low : high + 1] = True
    return found


def _steps(energy: Ints, whole: Mask) -> Mask:
    """The first reading after a step by a power of ten between two steady hours."""
    found = np.zeros_like(whole)
    value = np.where(whole & (energy > 0), energy, 0).astype(np.float64)
    both = np.maximum(value[1:], value[:-1]), np.minimum(value[1:], value[:-1])
    ratio = np.divide(*both, out=np.zeros_like(both[0]), where=both[1] > 0)
    near = np.zeros(len(ratio), dtype=np.bool_)
    for step in _STEPS:
        near |= abs(ratio / step - 1) <= _SLACK
    for index in (np.flatnonzero(near) + 1).tolist():
        groups = value[max(index - _STEADY, 0) : index], value[index : index + _STEADY]
        found[index] = all(
            len(group) == _STEADY and group.min() * 2 > group.max() for group in groups
        )
    return found
