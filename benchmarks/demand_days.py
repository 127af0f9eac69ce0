"""Simulated days of a GPU site's power: jobs that come and go, ramps, checkpoints, noise.

A day has 36 steps of 5 to 30 % of the site's power, each over a ramp of 10 to 120 s, and dips while
jobs write checkpoints. It depends on its seed alone. Between steps power is flat but for 0.5 % of
noise: what the MLPerf trace of 64 nodes shows between its phases.
"""

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

DAY_SECONDS = 86_400
PERIOD_SECONDS = 2
"""Between two samples, as the MLPerf trace's meters have it."""
SITE_WATTS = 36e6
STEPS = 36
_DIPS = 72
_LOW, _HIGH = 0.15, 1.0
"""Between these shares of the site's power the steps stay."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """A step of the level: it begins at one instant and is done at another."""

    start_s: float
    end_s: float
    to_watts: float


@dataclass(frozen=True, slots=True)
class Day:
    """A day's power.

    Attributes:
        watts: a sample each `PERIOD_SECONDS` from 0 to 86,400 s, both ends included.
        ramps: the steps in order; the first gives the level at the day's begin.
    """

    watts: Sequence[float]
    ramps: Sequence[Ramp]

    def level_to_come(self, at_s: float) -> float:
        """Where the level is, or is on its way to: all that can be known without the future."""
        done = bisect_right(self.ramps, at_s, key=lambda ramp: ramp.start_s)
        return self.ramps[done - 1].to_watts


def simulate(seed: int, site_watts: float = SITE_WATTS) -> Day:
    """The day of a seed."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    ramps = _ramps(chance, site_watts)
    watts = _levels(ramps)
    for _ in range(_DIPS):
        _dip(chance, watts)
    noise = 0.0
    for i in range(len(watts)):
        noise = 0.7 * noise + chance.gauss(0, 0.0035)
        watts[i] *= 1 + noise
    return Day(watts, ramps)


def _ramps(chance: random.Random, site_watts: float) -> list[Ramp]:
    level = chance.uniform(0.4, 0.9)
    ramps = [Ramp(-1.0, -1.0, level * site_watts)]
    begin_s = 0.0
    for start_s in sorted(chance.uniform(0, DAY_SECONDS - 120) for _ in range(STEPS)):
        size = chance.uniform(0.05, 0.30) * chance.choice((-1, 1))
        if not _LOW <= level + size <= _HIGH:
            size = -size
        level += size
        begin_s = max(start_s, begin_s)  # a ramp that would begin in another one follows it
        end_s = begin_s + chance.uniform(10, 120)
        ramps.append(Ramp(begin_s, end_s, level * site_watts))
        begin_s = end_s
    return ramps


def _levels(ramps: Sequence[Ramp]) -> list[float]:
    samples = DAY_SECONDS // PERIOD_SECONDS + 1
    watts: list[float] = []
    for last, ramp in pairwise([*ramps, Ramp(DAY_SECONDS + 1, DAY_SECONDS + 2, 0.0)]):
        first = len(watts)
        until = min(int(ramp.start_s // PERIOD_SECONDS) + 1, samples)
        watts += [last.to_watts] * (until - first)
        rise = ramp.to_watts - last.to_watts
        slope = rise / (ramp.end_s - ramp.start_s)
        while len(watts) < samples and len(watts) * PERIOD_SECONDS < ramp.end_s:
            watts.append(last.to_watts + slope * (len(watts) * PERIOD_SECONDS - ramp.start_s))
    return watts


def _dip(chance: random.Random, watts: list[float]) -> None:
    """All or some jobs wait for a checkpoint: 10 to 40 s at 50 to 95 % of the power."""
    first = chance.randrange(len(watts))
    share = chance.uniform(0.5, 0.95)
    for i in range(first, min(first + round(chance.uniform(10, 40) / PERIOD_SECONDS), len(watts))):
        watts[i] *= share
