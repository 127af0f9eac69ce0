"""What a group of nodes works on: training jobs one after the other, in closed form.

A lane is a group of nodes that runs one job at a time. Levels are 0 (idle) to 1 (the most that a
board may draw); their integrals are in seconds of full work.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from math import exp, log
from random import Random
from typing import NamedTuple

LOAD_LEVEL = 0.12
CHECKPOINT_LEVEL = 0.16
_SHORTEST_SECONDS = 1_200.0
_LONGEST_SECONDS = 40_000.0
_NIGHT = (21, 7)
_RETRY_CHANCE = 0.12
_LOOKS = 24
_KEPT = 64
"""All nodes that are scraped at about the same time share what is worked out for their lane."""


class Phase(Enum):
    """What a lane does for a while."""

    IDLE = "idle"
    LOAD = "load"
    RAMP = "ramp"
    TRAIN = "train"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job, and the pause after it.

    Attributes:
        begin_s: when it begins.
        work_seconds: for how long it works; then the lane is idle.
        end_s: when the next job begins.
        load_seconds, ramp_seconds: reading data, then from that to the full level.
        train_seconds: of steps between checkpoints; a whole number of steps.
        checkpoint_seconds: of writing one.
        step_seconds, busy_seconds: a step, and the part of it at the high level.
        high, quiet: levels of a step: computing, and exchanging gradients.
        capped: whether the power limit holds the high level down.
        memory_ratio: share of the memory that it uses.
    """

    begin_s: float
    work_seconds: float
    end_s: float
    load_seconds: float
    ramp_seconds: float
    train_seconds: float
    checkpoint_seconds: float
    step_seconds: float
    busy_seconds: float
    high: float
    quiet: float
    capped: bool
    memory_ratio: float

    @property
    def mean(self) -> float:
        """Mean level of a step."""
        busy = self.busy_seconds
        return (self.high * busy + self.quiet * (self.step_seconds - busy)) / self.step_seconds


class Work(NamedTuple):
    """A lane at an instant: its level, and integrals since the lane's origin, in seconds."""

    phase: Phase
    level: float
    done: float
    """Integral of the level."""
    capped: float
    """Time that the power limit held clocks down."""
    job: Job

    @property
    def held(self) -> bool:
        """Whether the power limit holds clocks down now."""
        return self.job.capped and self.phase is Phase.TRAIN and self.level == self.job.high


def within(job: Job, at_s: float) -> Work:
    """A job at an instant; integrals are since its own begin."""
    left = min(at_s - job.begin_s, job.work_seconds)
    if left <= job.load_seconds:
        return Work(Phase.LOAD, LOAD_LEVEL, LOAD_LEVEL * left, 0.0, job)
    done = LOAD_LEVEL * job.load_seconds
    left -= job.load_seconds
    rise = job.mean - LOAD_LEVEL
    if left <= job.ramp_seconds:
        share = left / job.ramp_seconds
        level = LOAD_LEVEL + rise * share
        return Work(Phase.RAMP, level, done + left * (LOAD_LEVEL + rise * share / 2), 0.0, job)
    done += job.ramp_seconds * (LOAD_LEVEL + rise / 2)
    left -= job.ramp_seconds
    cycles, left = divmod(left, job.train_seconds + job.checkpoint_seconds)
    trained = job.train_seconds * job.mean
    held = job.train_seconds / job.step_seconds * job.busy_seconds
    done += cycles * (trained + job.checkpoint_seconds * CHECKPOINT_LEVEL)
    busy = cycles * held
    if left < job.train_seconds:
        steps, left = divmod(left, job.step_seconds)
        high, low = min(left, job.busy_seconds), max(left - job.busy_seconds, 0.0)
        done += steps * job.mean * job.step_seconds + job.high * high + job.quiet * low
        busy += steps * job.busy_seconds + high
        level = job.high if left < job.busy_seconds else job.quiet
        phase = Phase.TRAIN
    else:
        done += trained + CHECKPOINT_LEVEL * (left - job.train_seconds)
        busy += held
        level, phase = CHECKPOINT_LEVEL, Phase.CHECKPOINT
    if at_s - job.begin_s > job.work_seconds:
        level, phase = 0.0, Phase.IDLE
    return Work(phase, level, done, busy if job.capped else 0.0, job)


class Lane:
    """A lane's jobs, made up as far as they are asked for.

    Args:
        seed: the same seed gives the same jobs.
        number: of the lane.
        origin_s: when its first job begins; nothing is known of the time before.
    """

    def __init__(self, seed: int, number: int, origin_s: float) -> None:
        self.origin_s = origin_s
        self._random = Random(f"{seed}/lane/{number}")  # noqa: S311 - play, not secrets
        self._begins: list[float] = []
        self._jobs: list[Job] = []
        self._before: list[tuple[float, float]] = []
        self._sum = (0.0, 0.0)
        self._seen: dict[float, Work] = {}
        self._spans: dict[tuple[float, float], tuple[float, float]] = {}
        # The first one is found at work, so that not all lanes begin together.
        self._until_s = origin_s - 7200 * self._random.random()
        first = self._look(origin_s)
        self._sum = (self._sum[0] - first.done, self._sum[1] - first.capped)
        self._before = [(d - first.done, c - first.capped) for d, c in self._before]

    def at(self, at_s: float) -> Work:
        """What it does at an instant, not before its origin."""
        work = self._seen.get(at_s)
        if work is None:
            if len(self._seen) > _KEPT:
                self._seen.clear()
            work = self._seen[at_s] = self._look(at_s)
        return work

    def extremes(self, begin_s: float, end_s: float) -> tuple[float, float]:
        """Lowest and highest level of a span of about half a minute."""
        span = (begin_s, end_s)
        found = self._spans.get(span)
        if found is None:
            if len(self._spans) > _KEPT:
                self._spans.clear()
            width = (end_s - begin_s) / _LOOKS
            works = [self._look(begin_s + width * number) for number in range(_LOOKS + 1)]
            levels = [work.level for work in works]
            for work in works:  # a step is too short to be met at both of its levels
                if work.phase is Phase.TRAIN:
                    levels += (work.job.high, work.job.quiet)
            found = self._spans[span] = (min(levels), max(levels))
        return found

    def _look(self, at_s: float) -> Work:
        while self._until_s <= at_s:
            self._add()
        number = bisect_right(self._begins, at_s) - 1
        work = within(self._jobs[number], at_s)
        done, capped = self._before[number]
        return work._replace(done=done + work.done, capped=capped + work.capped)

    def _add(self) -> None:
        job = self._made_up(self._until_s)
        self._jobs.append(job)
        self._begins.append(job.begin_s)
        self._before.append(self._sum)
        whole = within(job, job.end_s)
        self._sum = (self._sum[0] + whole.done, self._sum[1] + whole.capped)
        self._until_s = job.end_s

    def _made_up(self, begin_s: float) -> Job:
        draw = self._random.random
        step = 0.4 + 2.6 * draw() ** 2
        busy = step * (0.72 + 0.16 * draw())
        wanted = 0.84 + 0.2 * draw()
        span = log(_LONGEST_SECONDS / _SHORTEST_SECONDS)
        work = _SHORTEST_SECONDS * exp(span * draw())
        pause = 120 + 900 * draw() ** 2
        if draw() < _RETRY_CHANCE:  # it fails, and begins anew from its checkpoint
            work, pause = work * draw(), 60 + 180 * draw()
        ends = datetime.fromtimestamp(begin_s + work, UTC)
        if ends.hour >= _NIGHT[0] or ends.hour < _NIGHT[1] or ends.weekday() > 4:
            pause *= 3
        return Job(
            begin_s=begin_s,
            work_seconds=work,
            end_s=begin_s + work + pause,
            load_seconds=20 + 60 * draw(),
            ramp_seconds=10 + 30 * draw(),
            train_seconds=step * round((300 + 900 * draw()) / step),
            checkpoint_seconds=5 + 25 * draw(),
            step_seconds=step,
            busy_seconds=busy,
            high=min(1.0, wanted),
            quiet=0.42 + 0.2 * draw(),
            capped=wanted > 1.0,
            memory_ratio=0.72 + 0.24 * draw(),
        )
