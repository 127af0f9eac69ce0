"""What a simulated node's counters grew by together: `collector.summary` without its memory."""

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.fleet.gpu_values import GpuTruth, Seen, Series
from benchmarks.fleet.machines import Machine
from collector.catalogue import Values
from collector.model import GpuSnapshot
from collector.summary.node import SUMMED_REASONS, SUMS

_CLOCK_EVENTS = "gpu_clock_event_seconds_total"


class Times(NamedTuple):
    """An instant, and when the machine was switched on; UTC seconds since 1970."""

    at_s: float
    boot_s: float


class NodeSums:
    """Adds up counters as if they were looked at all the time.

    Args:
        gpus: makes the GPUs' values.
    """

    def __init__(self, gpus: GpuTruth) -> None:
        self._gpus = gpus
        self._then: dict[tuple[int, int, float], Values] = {}

    def grown(
        self, machine: Machine, started_s: float, times: Times, gpus: Sequence[GpuSnapshot]
    ) -> Series:
        """Growth since the daemon's start, by metric name and labels.

        Args:
            machine: the node.
            started_s: when its daemon was started, UTC seconds since 1970.
            times: the instant.
            gpus: its GPUs as they are shown then.
        """
        sums: Series = {}
        for index, gpu in enumerate(gpus):
            now = gpu.values if gpu.up else self._counts(machine, index, times)
            key = (machine.number, index, started_s)
            then = self._then.get(key)
            if then is None:
                then = self._counts(machine, index, Times(started_s, times.boot_s))
                self._then[key] = then
            for name, sum_name in SUMS.items():
                before = then.get(name, {})
                for labels, count in now.get(name, {}).items():
                    if name != _CLOCK_EVENTS or labels in SUMMED_REASONS:
                        series = sums.setdefault(sum_name, {})
                        grown = max(count - before.get(labels, 0.0), 0.0)
                        series[labels] = series.get(labels, 0.0) + grown
        return sums

    def _counts(self, machine: Machine, index: int, times: Times) -> Values:
        course, at_s = machine.courses[index], times.at_s
        seen = Seen(at_s, times.boot_s, course.at(at_s), course.at(times.boot_s), 0.0)
        values = self._gpus.values(machine.boards[index], course, seen)
        return {name: values[name] for name in SUMS if name in values}
