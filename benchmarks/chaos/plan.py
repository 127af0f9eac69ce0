"""Which fault begins when: a pure function of the seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final


class Kind(StrEnum):
    """A class of faults, in words for the table."""

    KILL = "daemon: kill -9"
    STOP = "daemon: SIGTERM"
    KILL_AND_RESET = "daemon: kill -9, a counter reset meanwhile"
    STORE_KILL = "VictoriaMetrics: kill -9"
    STORE_REPLACED = "VictoriaMetrics: kill -9, replaced by an empty one"
    BROKER_KILL = "Mosquitto: kill -9, its sessions lost"
    BROKER_FREEZE = "Mosquitto: frozen"
    DISK_FULL = "disk of the ledger full"
    CLOCK_STEP = "wall clock stepped, and back"
    DRIVER_ERROR = "NVML: every call fails, all GPUs"
    POWER_ERROR = "NVML: power fails, one GPU"
    COUNTER_ERROR = "NVML: energy counter fails, one GPU"
    GPU_ERROR = "NVML: every call fails, one GPU"
    HANG = "NVML: every call hangs, one GPU"
    LOST = "GPU lost, back with its counter reset"
    RESET = "energy counter reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        kind: what befalls.
        start_seconds: when, after the begin.
        seconds: for how long.
        gpu: which GPU, where it is one.
        step_seconds: by how much the wall clock is stepped, where it is that.
    """

    kind: Kind
    start_seconds: float
    seconds: float
    gpu: int = -1
    step_seconds: float = 0.0

    @property
    def end_seconds(self) -> float:
        """When it is over."""
        return self.start_seconds + self.seconds

    def __str__(self) -> str:
        of = f" GPU {self.gpu}" if self.gpu >= 0 else ""
        by = f" {self.step_seconds:+.1f} s" if self.step_seconds else ""
        return f"{self.start_seconds:7.1f} s  {self.kind}{of}{by}, for {self.seconds:.1f} s"


UNTOUCHED_COUNTERS: Final = 2
"""The counters of so many GPUs, the first ones, are never reset: theirs is exact truth."""
_GPU_KINDS: Final = (Kind.POWER_ERROR, Kind.COUNTER_ERROR, Kind.GPU_ERROR, Kind.HANG)
_RESETS: Final = (Kind.LOST, Kind.RESET)
_STEPS_SECONDS: Final = (3600.0, -3600.0, 20.0, -20.0, 1.5, -1.5, 90.0, -90.0)
_CALM_SECONDS: Final = 6.0
"""At the begin: each GPU's first window must close."""


@dataclass(frozen=True, slots=True)
class _Victim:
    """What has faults one after the other, while the others have theirs.

    Attributes:
        kinds: what befalls it, dealt like cards: each once before any comes again.
        seconds: how long a fault lasts, at least and at most.
        pause_seconds: how long it is well in between.
        until: in which share of the time; servers need some more to be told all.
    """

    kinds: tuple[Kind, ...]
    seconds: tuple[float, float]
    pause_seconds: tuple[float, float]
    until: float = 1.0


_VICTIMS: Final = {
    "daemon": _Victim(
        (Kind.KILL, Kind.KILL_AND_RESET, Kind.KILL, Kind.STOP), (0.2, 8.0), (35.0, 110.0)
    ),
    "store": _Victim((Kind.STORE_KILL, Kind.STORE_REPLACED), (1.0, 40.0), (15.0, 90.0), 0.7),
    "broker": _Victim((Kind.BROKER_KILL, Kind.BROKER_FREEZE), (1.0, 40.0), (15.0, 90.0), 0.7),
    "disk": _Victim((Kind.DISK_FULL,), (3.0, 45.0), (20.0, 120.0)),
    "clock": _Victim((Kind.CLOCK_STEP,), (4.0, 60.0), (10.0, 60.0)),
    "driver": _Victim((Kind.DRIVER_ERROR,), (1.0, 12.0), (60.0, 240.0)),
}
_GPU_SECONDS: Final = (1.0, 30.0)
_GPU_PAUSE_SECONDS: Final = (15.0, 120.0)


def planned(seed: int, seconds: float, *, gpus: int = 8, pace: float = 1.0) -> tuple[Fault, ...]:
    """All faults of a run, by their begin; those of one victim never overlap.

    Args:
        seed: what the plan is drawn from.
        seconds: all faults are over by then.
        gpus: how many there are.
        pace: multiplies the pauses, and the lengths by its root: below 1 for short runs.
    """
    victims = dict(_VICTIMS)
    for gpu in range(gpus):
        kinds = _GPU_KINDS if gpu < UNTOUCHED_COUNTERS else (*_GPU_KINDS, *_RESETS)
        first = (gpu + 2) % len(kinds)  # among eight GPUs each kind comes first once
        dealt = (*kinds[first:], *kinds[:first])
        victims[f"gpu {gpu}"] = _Victim(dealt, _GPU_SECONDS, _GPU_PAUSE_SECONDS)
    found = [
        fault
        for name, victim in victims.items()
        for fault in _faults(name, victim, Random(f"{seed} {name}"), seconds, pace, gpus)  # noqa: S311 - has to be repeatable
    ]
    return tuple(sorted(found, key=lambda fault: (fault.start_seconds, fault.kind, fault.gpu)))


def _faults(
    name: str, victim: _Victim, chance: Random, seconds: float, pace: float, gpus: int
) -> Iterator[Fault]:
    at = _CALM_SECONDS
    last = _CALM_SECONDS + (seconds - _CALM_SECONDS) * victim.until
    shorter = pace**0.5
    gpu = int(name.removeprefix("gpu ")) if name.startswith("gpu ") else -1
    cards: list[Kind] = []
    steps: list[float] = []
    while True:
        if not cards:
            cards = list(reversed(victim.kinds))
        kind = cards.pop()
        at += chance.uniform(*victim.pause_seconds) * pace
        lasts = chance.uniform(*victim.seconds) * shorter
        if at + lasts > last:
            return
        step = 0.0
        if kind is Kind.CLOCK_STEP:
            if not steps:
                steps = list(_STEPS_SECONDS)
                chance.shuffle(steps)
            step = steps.pop() * chance.uniform(0.9, 1.1)
        whose = chance.randrange(UNTOUCHED_COUNTERS, gpus) if kind is Kind.KILL_AND_RESET else gpu
        yield Fault(kind=kind, start_seconds=at, seconds=lasts, gpu=whose, step_seconds=step)
        at += lasts
