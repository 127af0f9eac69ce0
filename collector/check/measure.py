"""Reads one GPU for a few seconds, in the thread that calls. Collects, does not judge."""

import time
from collections.abc import Callable
from typing import TypeVar

from collector.check.measurement import Heartbeat, Measurement, Schedule, Spent
from collector.check.plain import survey_of
from collector.check.survey import Survey
from collector.energy.edges import SECOND_NS
from collector.energy.track import PowerTrack
from collector.sources.protocol import (
    DriverGoneError,
    Gpu,
    GpuLostError,
    KeepsPower,
    PowerReader,
    SourceError,
)

_T = TypeVar("_T")
_GAP_NS = SECOND_NS
_FAST_NS = 1_000_000
_PAIR_NS = 2_000_000
_CALM_NS = 20_000_000
_ROUND_NS = 250_000_000


class Measurer:
    """Reads one GPU.

    Args:
        gpu: the GPU.
        source: its source's name in `Metric.reads`.
        heartbeat: told of every call.
    """

    def __init__(self, gpu: Gpu, source: str, heartbeat: Heartbeat) -> None:
        self.found = Measurement(gpu.identity)
        self._gpu = gpu
        self._source = source
        self._heartbeat = heartbeat
        self._survey: Survey | None = None
        self._reader: PowerReader | None = None
        self._milliwatts: list[int] = []
        self._has_counter = False

    def run(self, seconds: float) -> Measurement:
        """Find out what it offers, then read it for so long.

        Raises:
            SourceError: it does not answer.
        """
        schedule = Schedule.over(seconds)
        self._look()
        deadline_ns = time.monotonic_ns() + schedule.opening_ns
        self._poll(deadline_ns, _PAIR_NS, self._read_pair)
        self.found.closely_counted = list(self.found.counter)
        seen = self._seen()
        deadline_ns += schedule.fast_ns
        self._poll(deadline_ns, _FAST_NS, self._read_power)
        self.found.fast = self._samples(seen)
        deadline_ns += schedule.middle_ns
        while time.monotonic_ns() < deadline_ns:
            self._round()
            pause_ns = min(time.monotonic_ns() + _ROUND_NS, deadline_ns)
            self._poll(pause_ns, _CALM_NS, self._read_power)
        self._poll(deadline_ns + schedule.closing_ns, _PAIR_NS, self._read_pair)
        if self._survey is not None:
            calls = self._survey.calls()
            self.found.calls = None if calls is None else tuple(dict(call) for call in calls)
        return self.found

    def _look(self) -> None:
        """The first answers; what hangs is named by the survey, call by call."""
        self._heartbeat.about_to("its sensors")
        self._survey = survey_of(self._gpu, self._source)
        self.found.answers = self._survey.ask(self._heartbeat.about_to)
        self._heartbeat.about_to("its power sensor")
        self._reader = self._gpu.power_reader()
        if self._reader is not None:
            self.found.scopes = self._reader.scopes
            self.found.tracks = {scope: PowerTrack(_GAP_NS) for scope in self._reader.scopes}
            self._milliwatts = [0] * len(self._reader.scopes)
            self._find_buffer(self._reader)
        self._heartbeat.about_to("its energy counter")
        self._has_counter = self._try(self._survey.counter) is not None
        self._telemetry(slow=True, into=Spent())
        self._heartbeat.idle()

    def _find_buffer(self, reader: PowerReader) -> None:
        gpu = self._gpu
        if isinstance(gpu, KeepsPower):
            self._heartbeat.about_to("the driver's own power samples")
            self.found.buffer = self._try(lambda: gpu.power_buffer(reader))

    def _take_buffer(self) -> None:
        """Hold the driver's own samples against the sensor, as the daemon does."""
        buffer, reader = self.found.buffer, self._reader
        if buffer is None or reader is None:
            return
        self._heartbeat.about_to("the driver's own power samples")
        try:
            reader.read(self._milliwatts)
            buffer.take(time.monotonic_ns(), self._milliwatts)
        except (GpuLostError, DriverGoneError):
            raise
        except SourceError as error:
            self._note(error)

    def _round(self) -> None:
        """Everything once: call by call, and as the daemon reads it."""
        self._take_buffer()
        self._ask()
        self._telemetry(slow=False, into=self.found.fast_spent)
        self._telemetry(slow=True, into=self.found.slow_spent)
        self._heartbeat.idle()

    def _ask(self) -> None:
        if self._survey is None:
            return
        self.found.answers = self._survey.ask(self._heartbeat.about_to)
        for answer in self.found.answers:
            if answer.spent_ns is not None and answer.offered:
                key = (answer.metric, answer.labels)
                self.found.series_ns.setdefault(key, []).append(answer.spent_ns)

    def _telemetry(self, *, slow: bool, into: Spent) -> None:
        self._heartbeat.about_to("its telemetry")
        start_ns, core_ns = time.monotonic_ns(), time.thread_time_ns()
        reading = self._try(lambda: self._gpu.read(slow=slow))
        into.core_ns.append(time.thread_time_ns() - core_ns)
        into.wall_ns.append(time.monotonic_ns() - start_ns)
        if reading is not None:
            average = reading.values.get("gpu_power_average_watts", {}).get(())
            if average is not None:
                self.found.averages.append((reading.monotonic_ns, average))

    def _poll(self, end_ns: int, period_ns: int, read: Callable[[], None]) -> None:
        """Read at absolute deadlines; what was missed is skipped, not made up for."""
        deadline_ns = time.monotonic_ns()
        while deadline_ns < end_ns:
            read()
            now_ns = time.monotonic_ns()
            deadline_ns = max(deadline_ns + period_ns, now_ns)
            self._heartbeat.idle()
            if deadline_ns > now_ns:
                time.sleep((deadline_ns - now_ns) * 1e-9)

    def _read_pair(self) -> None:
        self._read_power()
        if not self._has_counter or self._survey is None:
            return
        self._heartbeat.about_to("its energy counter")
        start_ns = time.monotonic_ns()
        reading = self._try(self._survey.counter)
        self.found.counter_spent.wall_ns.append(time.monotonic_ns() - start_ns)
        if reading is not None:
            self.found.counter.append((reading.monotonic_ns, reading.millijoules))

    def _read_power(self) -> None:
        if self._reader is None:
            return
        self._heartbeat.about_to("its power sensor")
        core_ns, start_ns = time.thread_time_ns(), time.monotonic_ns()
        try:
            self._reader.read(self._milliwatts)
        except (GpuLostError, DriverGoneError):
            raise
        except SourceError as error:
            self._note(error)
            return
        end_ns = time.monotonic_ns()
        self.found.power_spent.core_ns.append(time.thread_time_ns() - core_ns)
        self.found.power_spent.wall_ns.append(end_ns - start_ns)
        for scope, power_mw in zip(self.found.scopes, self._milliwatts, strict=True):
            if power_mw >= 0:
                self.found.tracks[scope].extend([((start_ns + end_ns) >> 1, power_mw)])

    def _seen(self) -> int:
        return len(self.found.tracks[self.found.scopes[0]].times) if self.found.scopes else 0

    def _samples(self, since: int) -> list[tuple[int, int]]:
        if not self.found.scopes:
            return []
        track = self.found.tracks[self.found.scopes[0]]
        return list(zip(track.times[since:], track.milliwatts[since:], strict=True))

    def _try(self, read: Callable[[], _T]) -> _T | None:
        """A read whose failure alone does not end the check."""
        try:
            return read()
        except (GpuLostError, DriverGoneError):
            raise
        except SourceError as error:
            self._note(error)
            return None

    def _note(self, error: SourceError) -> None:
        self.found.problems[str(error)] = self.found.problems.get(str(error), 0) + 1
