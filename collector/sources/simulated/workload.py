"""What a simulated node works on: training jobs with steps, checkpoints and idle spells.

Time is cut into shifts of 15 minutes. A shift's plan depends on the seed and its number alone, so
any instant can be worked out without the ones before it.
"""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from random import Random

from collector.sources.simulated.grid import REFRESHES

SHIFT_SECONDS = 900
_PLANS_KEPT = 64
_RESTART_CHANCE = 0.4
_LONGEST_JOB_SHIFTS = 3
_COOLING_FAILS_CHANCE = 0.35
_STALL_CYCLE = 256
_STALLS = 7
_STALL_LEVEL = 0.3


class Phase(Enum):
    """What the node does for a while."""

    IDLE = "idle"
    LOAD = "load"
    RAMP = "ramp"
    TRAIN = "train"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A phase from one refresh to another, counted from the start of all."""

    phase: Phase
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Job:
    """A training job.

    Attributes:
        step: power of one step in each of its refreshes, 0 idle to 1 full; over 1 asks for more
            than a board may draw.
        mean: mean of `step`, each value cut at 1.
        memory_ratio: share of the memory that it holds.
        stalls: the steps, out of every 256, that wait for their data at first.
    """

    step: tuple[float, ...]
    mean: float
    memory_ratio: float
    stalls: frozenset[int]

    def level(self, number: int, place: int) -> float:
        """Level of a refresh in a step, 0 to a little over 1.

        Args:
            number: of the step, from the beginning of the stretch.
            place: of the refresh in the step.
        """
        if number % _STALL_CYCLE in self.stalls and place * 4 < len(self.step):
            return _STALL_LEVEL
        return self.step[place]


@dataclass(frozen=True, slots=True)
class Shift:
    """Fifteen minutes of a node: stretches without gaps, the job, and a spell of poor cooling."""

    stretches: tuple[Stretch, ...]
    job: Job
    cooling_start: int
    """First second, from the start of all, in which the weak cooler fails; equal to its end if
    it does not."""
    cooling_end: int


def _random(seed: int, what: str, number: int) -> Random:
    return Random(f"{seed}/{what}/{number}")  # noqa: S311 - play, not secrets


@lru_cache(maxsize=_PLANS_KEPT)
def _job(seed: int, number: int) -> Job:
    """Make up a job; steps of 0.3 to 3 s, as large models train with."""
    random = _random(seed, "job", number)
    length = round(REFRESHES * (0.3 + 2.7 * random.random() ** 2))
    compute = round(length * (0.72 + 0.16 * random.random()))
    forward = compute // 3
    height = 0.84 + 0.2 * random.random()
    quiet = 0.42 + 0.2 * random.random()
    step = []
    for at in range(length):
        if at >= compute:  # gradients are exchanged
            level = quiet + 0.08 * random.random()
        elif at < forward:
            level = height * (0.9 + 0.03 * random.random())
        else:
            level = height * (0.97 + 0.05 * random.random())
        step.append(level)
    return Job(
        step=tuple(step),
        mean=sum(min(1.0, level) for level in step) / length,
        memory_ratio=0.72 + 0.24 * random.random(),
        stalls=frozenset(int(_STALL_CYCLE * random.random()) for _ in range(_STALLS)),
    )


def _begins_job(seed: int, number: int) -> bool:
    if number % _LONGEST_JOB_SHIFTS == 0:
        return True
    return _random(seed, "restart", number).random() < _RESTART_CHANCE


@lru_cache(maxsize=_PLANS_KEPT)
def plan_shift(seed: int, number: int) -> Shift:
    """Plan a shift.

    Args:
        seed: the same seed gives the same plan.
        number: of the shift, from 0.
    """
    random = _random(seed, "shift", number)
    first = number * SHIFT_SECONDS * REFRESHES
    end = first + SHIFT_SECONDS * REFRESHES
    stretches: list[Stretch] = []
    at = first

    def add(phase: Phase, seconds: float) -> None:
        nonlocal at
        until = min(end, at + max(1, round(seconds * REFRESHES)))
        if until > at:
            stretches.append(Stretch(phase, at, until))
            at = until

    job_number = number
    while not _begins_job(seed, job_number):
        job_number -= 1
    if job_number == number:
        add(Phase.IDLE, 2 if number == 0 else 15 + 105 * random.random() ** 2)
        add(Phase.LOAD, 3 + 9 * random.random())
        add(Phase.RAMP, 8 + 12 * random.random())
    while at < end:
        add(Phase.TRAIN, 150 + 240 * random.random())
        add(Phase.CHECKPOINT, 3 + 6 * random.random())
    fails = number == 0 or random.random() < _COOLING_FAILS_CHANCE
    cooling = number * SHIFT_SECONDS + 75 + (0 if number == 0 else round(600 * random.random()))
    length = 100 + round(90 * random.random())
    return Shift(
        stretches=tuple(stretches),
        job=_job(seed, job_number),
        cooling_start=cooling,
        cooling_end=cooling + length if fails else cooling,
    )
