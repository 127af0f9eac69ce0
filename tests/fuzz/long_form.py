"""A million inputs: hands jobs to processes, and watches that none of them hangs or dies."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import connection
from typing import Any

from tests.fuzz.every import TARGETS
from tests.fuzz.worker import Job, Limits, Outcome, work

_CHUNK = 2000
_HUNG_SECONDS = 300.0
"""Of no word from a process: much longer than a job takes, also on a machine with other work."""
_DYING_SECONDS = 5.0
"""For so long a process that has closed its pipe may take to end by itself."""


@dataclass(slots=True)
class Total:
    """What became of all inputs of one target so far."""

    inputs: int = 0
    taken: int = 0
    cpu_seconds: float = 0.0
    slowest_seconds: float = 0.0
    slowest_seed: int = 0
    peak_bytes: int = 0
    defects: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Add a job's."""
        self.inputs += outcome.job.count
        self.taken += outcome.taken
        self.cpu_seconds += outcome.cpu_seconds
        self.peak_bytes = max(self.peak_bytes, outcome.peak_bytes)
        for alike, found in outcome.defects.items():
            self.defects.setdefault(alike, found)
        if outcome.slowest_seconds > self.slowest_seconds:
            self.slowest_seconds = outcome.slowest_seconds
            self.slowest_seed = outcome.slowest_seed


def shares(names: Sequence[str], inputs: int) -> dict[str, int]:
    """How many inputs each target gets of so many altogether."""
    whole = sum(TARGETS[name].share for name in names)
    return {name: round(inputs * TARGETS[name].share / whole) for name in names}


def fuzz(
    counts: Mapping[str, int],
    *,
    seed: int,
    processes: int,
    limits: Limits,
    told: Callable[[Mapping[str, Total]], None],
) -> Mapping[str, Total]:
    """Fuzz.

    Args:
        counts: how many inputs each target gets.
        seed: of the whole run; the same one gives the same inputs.
        processes: how many at once.
        limits: what one input may cost.
        told: called after each job.
    """
    os.environ["MALLOC_ARENA_MAX"] = "1"  # each arena takes address space, which is limited
    jobs = _jobs(counts, seed)
    totals = {name: Total() for name in counts}
    workers = [_Worker(limits) for _ in range(processes)]
    busy = [worker for worker in workers if worker.begin(next(jobs, None))]
    while busy:
        ready = connection.wait([worker.pipe for worker in busy], timeout=5)
        for worker in tuple(busy):
            if worker.pipe in ready or worker.hangs:
                outcome = worker.end()
                totals[outcome.job.target].add(outcome)
                told(totals)
                left, worker.left = worker.left, None
                if not worker.begin(left if left and left.count else next(jobs, None)):
                    busy.remove(worker)
    return totals


def _jobs(counts: Mapping[str, int], seed: int) -> Iterator[Job]:
    """A job of each target in turn, so that a run that is stopped has tried them all."""
    left = dict(counts)
    first = dict.fromkeys(counts, seed << 32)
    while left:
        for name in tuple(left):
            count = min(_CHUNK, left[name])
            if count:
                yield Job(name, first[name], count)
            first[name] += count
            left[name] -= count
            if not left[name]:
                del left[name]


class _Worker:
    """A process, begun anew when it died or hung."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._job: Job | None = None
        self._since = 0.0
        self.left: Job | None = None
        """What a process that died has not tried."""
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._at: Any = context.Value("Q", 0)
        self._process = context.Process(target=work, args=(theirs, self._at, self._limits))
        self._process.start()
        theirs.close()

    @property
    def hangs(self) -> bool:
        """Whether nothing was heard of it for too long."""
        return time.monotonic() - self._since > _HUNG_SECONDS

    def begin(self, job: Job | None) -> bool:
        """Give it a job; without one it ends. Whether it has something to do."""
        self._job, self._since = job, time.monotonic()
        self.pipe.send(job)
        if job is None:
            self._process.join()
        return job is not None

    def end(self) -> Outcome:
        """What became of the job, also where the process did not live to say it."""
        job = self._job
        if job is None:
            raise RuntimeError("it has nothing to do")
        try:
            if self.hangs and not self.pipe.poll():
                raise EOFError  # noqa: TRY301 - it hangs: the same as dead
            outcome: Outcome = self.pipe.recv()
        except EOFError:
            if not self.hangs:
                self._process.join(_DYING_SECONDS)  # what it died of is its own code
            self._process.kill()
            self._process.join()
            seed = self._at.value
            how = "hangs" if self.hangs else f"died with code {self._process.exitcode}"
            outcome = Outcome(Job(job.target, job.first, max(1, seed - job.first + 1)))
            outcome.defects[f"the process {how}"] = (seed, "nothing was raised")
            self._start()
            done = outcome.job.count
            self.left = Job(job.target, job.first + done, job.count - done)
        return outcome
