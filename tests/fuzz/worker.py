"""A process that fuzzes: little memory, and a limit of processor time for each input."""

import ctypes
import gc
import resource
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from types import FrameType

from tests.fuzz import logs
from tests.fuzz.choices import Choices
from tests.fuzz.every import TARGETS

_FRAMES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one input may cost.

    Attributes:
        seconds: of processor time.
        memory_bytes: of address space, beyond what the process has before its first input.
    """

    seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Job:
    """Inputs of one target: the seeds from `first` on."""

    target: str
    first: int
    count: int


@dataclass(slots=True)
class Outcome:
    """What became of a job's inputs.

    Attributes:
        defects: by what is alike (kind, and where): the first seed and the words.
        peak_bytes: the most memory of the process beyond what it had before its first input.
    """

    job: Job
    taken: int = 0
    cpu_seconds: float = 0.0
    slowest_seconds: float = 0.0
    slowest_seed: int = 0
    peak_bytes: int = 0
    defects: dict[str, tuple[int, str]] = field(default_factory=dict)


class TooSlowError(BaseException):
    """The input took longer than it may. No parser may catch it."""


def work(pipe: Connection, at: "Synchronized[int]", limits: Limits) -> None:
    """Do jobs until there are no more.

    Args:
        pipe: gives jobs, takes outcomes; None ends it.
        at: told the seed that is tried now.
        limits: what one input may cost.
    """
    signal.signal(signal.SIGPROF, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    allowed = used * resource.getpagesize() + limits.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    before = _peak()
    with logs.read():
        while (job := pipe.recv()) is not None:
            _give_back()
            _forget_peak()
            outcome = _done(job, at, limits)
            outcome.peak_bytes = max(0, _peak() - before)
            pipe.send(outcome)


def _done(job: Job, at: "Synchronized[int]", limits: Limits) -> Outcome:
    outcome, target = Outcome(job), TARGETS[job.target]
    for seed in range(job.first, job.first + job.count):
        at.value = seed
        began = time.process_time()
        try:
            given = target.make(Choices.seeded(seed))
            began = time.process_time()
            with _limited(limits.seconds):
                outcome.taken += target.run(given)
        except (Exception, TooSlowError) as error:  # noqa: BLE001 - that is what is looked for
            outcome.defects.setdefault(_alike(error), (seed, _words(error)))
        spent = time.process_time() - began
        outcome.cpu_seconds += spent
        if spent > outcome.slowest_seconds:
            outcome.slowest_seconds, outcome.slowest_seed = spent, seed
    return outcome


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlowError


def _alike(error: BaseException) -> str:
    """Defects of one kind at one place are one defect."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    where = " ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"{type(error).__name__} at {where}"


def _words(error: BaseException) -> str:
    return ascii(str(error))[:300]


def _give_back() -> None:
    """Hand freed memory back, so that what one target took is not counted against the next."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None:
        trim(0)


def _forget_peak() -> None:
    """Let the kernel count the peak anew (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> int:
    """The most memory since then, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
