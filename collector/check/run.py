"""Checks all GPUs at the same time, and waits for none that hangs."""

import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from collector import __version__
from collector.check.judge import Rates, judge
from collector.check.measure import Measurer
from collector.check.measurement import Heartbeat, Measurement
from collector.check.model import GpuReport, HostReport, Report
from collector.check.survey import finders
from collector.energy.edges import SECOND_NS
from collector.sources.protocol import Gpu, GpuSource, SourceError

HUNG_NS = 5 * SECOND_NS
"""A driver call that takes longer than this is taken to hang."""
_LOOK_SECONDS = 0.05
_SWITCH_SECONDS = 0.0005
"""As in the daemon: how long a sampling thread may be kept waiting behind other Python code."""


class NoSuchGpuError(Exception):
    """There is no GPU with the index asked for. The text says which there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to do.

    Attributes:
        seconds: how long to read.
        gpu: index of the only GPU to check, or None for all.
        rates: what the daemon is configured to do.
        host: reads the host's own sources of power; None where that is not wanted.
    """

    seconds: float
    gpu: int | None
    rates: Rates
    host: Callable[[], HostReport] | None = None


class _Thread:
    """A piece of work in a daemon thread, which may be abandoned: it delays no exit."""

    def __init__(self, work: Callable[[Heartbeat], None], name: str) -> None:
        self.heartbeat = Heartbeat()
        self.error: BaseException | None = None
        self._work = work
        self._thread = threading.Thread(target=self._guard, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it is still at work."""
        return self._thread.is_alive()

    @property
    def hung(self) -> bool:
        """Whether it waits for a call that does not return."""
        since_ns = self.heartbeat.since_ns
        return bool(since_ns) and time.monotonic_ns() - since_ns > HUNG_NS

    def wait(self) -> None:
        """Wait until it is done or hangs."""
        while self.alive and not self.hung:
            self._thread.join(_LOOK_SECONDS)

    def _guard(self) -> None:
        try:
            self._work(self.heartbeat)
        except BaseException as error:  # noqa: BLE001 - the main thread raises or reports it
            self.error = error


class _Check:
    """One GPU's check."""

    def __init__(self, index: int, find: Callable[[], Gpu], source: str, seconds: float) -> None:
        self.index = index
        self._find = find
        self._source = source
        self._seconds = seconds
        self.measurement: Measurement | None = None
        self._measurer: Measurer | None = None
        self.thread = _Thread(self._run, f"check-gpu{index}")

    def _run(self, heartbeat: Heartbeat) -> None:
        heartbeat.about_to("who it is")
        self._measurer = Measurer(self._find(), self._source, heartbeat)
        self.measurement = self._measurer.run(self._seconds)
        heartbeat.idle()

    def report(self, rates: Rates) -> GpuReport:
        """What came of it.

        Raises:
            Exception: a bug.
        """
        error = self.thread.error
        if error is not None and not isinstance(error, SourceError):
            raise error
        if error is None and self.measurement is not None:
            return judge(self.measurement, rates)
        problem = (
            str(error)
            if error is not None
            else (
                f"it did not answer within {HUNG_NS // SECOND_NS} s when asked for "
                f"{self.thread.heartbeat.what}"
            )
        )
        known = self._measurer.found.identity if self._measurer is not None else None
        return GpuReport(index=self.index, identity=known, problem=problem)


def check(source: GpuSource, task: Task) -> Report:
    """Check the GPUs of a source.

    Raises:
        SourceError: there is no driver, it does not answer, or it shows no GPU.
        NoSuchGpuError: the GPU asked for is not there.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    found = _chosen(_open(source), task.gpu)
    checks = [_Check(index, find, source.name, task.seconds) for index, find in found.items()]
    host = None if task.host is None or source.simulated else task.host()
    for one in checks:
        one.thread.wait()
    reports = tuple(one.report(task.rates) for one in checks)
    if not any(one.thread.alive for one in checks):
        source.close()
    return Report(
        version=__version__,
        simulated=source.simulated,
        seconds=task.seconds,
        gpus=reports,
        host=host,
    )


def _open(source: GpuSource) -> Mapping[int, Callable[[], Gpu]]:
    found: dict[int, Callable[[], Gpu]] = {}

    def work(heartbeat: Heartbeat) -> None:
        heartbeat.about_to("its GPUs")
        source.open()
        found.update(finders(source))
        heartbeat.idle()

    thread = _Thread(work, "check-driver")
    thread.wait()
    if thread.error is not None:
        raise thread.error
    if thread.alive:
        raise SourceError(
            f"the driver did not answer within {HUNG_NS // SECOND_NS} s; look into the kernel log",
            "timeout",
        )
    if not found:
        raise SourceError("the driver shows no GPU; look at what 'nvidia-smi -L' says", "no_data")
    return found


def _chosen(
    found: Mapping[int, Callable[[], Gpu]], index: int | None
) -> Mapping[int, Callable[[], Gpu]]:
    if index is None:
        return found
    if index not in found:
        there = ", ".join(str(known) for known in sorted(found))
        raise NoSuchGpuError(f"--gpu {index}: there is no such GPU; there are {there}")
    return {index: found[index]}
