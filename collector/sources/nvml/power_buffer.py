"""The driver's own buffer of power samples, read in bulk (docs/adr/0007)."""

import ctypes
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

from collector.sources.nvml.buffer_guard import BufferGuard
from collector.sources.nvml.calls import SENTINELS, VALUE_TYPES
from collector.sources.nvml.errors import raise_if_fatal, word
from collector.sources.nvml.library import Door, Function, Handle, constant, structure
from collector.sources.nvml.sample_clock import Clock, SampleClock, clock_of
from collector.sources.protocol import PowerReader, PowerSample

SAMPLES = "nvmlDeviceGetSamples"
_TYPES = {"gpu": "NVML_TOTAL_POWER_SAMPLES", "module": "NVML_MODULE_POWER_SAMPLES"}
_NOT_FOUND = 6
"""What the driver answers when no sample is newer than the one last seen."""
_MOST_ROOM = 65_536
_FEWEST = 8
"""Fewer samples say nothing of their period."""
_INTERVAL_NS = 250_000_000
_SILENT_NS = 500_000_000
_GIVEN_UP_NS = 2_000_000_000
_MICROSECOND_NS = 1000
_SENTINEL_MW = 0x7FFFFFFF
"""No board draws two megawatts: what is more, or not a number, is none."""

Kept = list[tuple[int, int]]
"""Samples as the driver keeps them: `(stamp in microseconds, milliwatts)`, oldest first."""


class DriverBuffer:
    """Bulk reads of all scopes of one GPU, held against polls of the sensor itself.

    Attributes:
        distrust: why it is no longer to be used, for people; empty while it is.
        failed: the word for why the last look failed; empty where it did not.

    Args:
        scopes: the scopes, in the order of the reader that polls them.
        kept: what the driver keeps of each.
        clock: the clock of the stamps.
        monotonic: the clock that samples are put on.
    """

    def __init__(
        self,
        scopes: Sequence[str],
        kept: "Sequence[KeptSamples]",
        clock: Clock,
        monotonic: Clock = time.monotonic_ns,
    ) -> None:
        self.scopes = tuple(scopes)
        self.period_ns = max(one.period_ns for one in kept)
        self.depth = min(one.depth for one in kept)
        self.interval_ns = min(_INTERVAL_NS, self.depth * self.period_ns // 3)
        self.distrust = ""
        self.failed = ""
        self._clock = clock
        self._monotonic = monotonic
        now_ns = monotonic()
        offset_ns = clock() - now_ns
        self._scopes = [_Scope(one, offset_ns, now_ns) for one in kept]

    @property
    def compared(self) -> tuple[int, int]:
        """Comparisons of the buffer with the sensor: those that failed, and all of them."""
        guards = [scope.guard for scope in self._scopes]
        return sum(guard.apart for guard in guards), sum(guard.compared for guard in guards)

    def take(self, polled_ns: int, polled_mw: Sequence[int]) -> list[PowerSample]:
        """What is new, by scope and in order of time.

        Args:
            polled_ns: when the sensor itself was read, just now; monotonic.
            polled_mw: what it said, by position of the scope; -1 where it failed.

        Raises:
            GpuLostError, DriverGoneError: nothing more can be read.
        """
        offset_ns = self._offset_ns()
        self.failed = ""
        taken: list[PowerSample] = []
        for position, (scope, power_mw) in enumerate(zip(self._scopes, polled_mw, strict=True)):
            found, failed = scope.take(offset_ns, self._monotonic)
            self.failed = self.failed or failed
            if power_mw >= 0:
                scope.guard.polled(polled_ns, power_mw)
            scope.guard.add(found)
            self.distrust = self.distrust or self._doubt(scope, polled_ns)
            if not found and power_mw >= 0 and polled_ns - scope.last_ns > _SILENT_NS:
                found = [(polled_ns, power_mw)]  # no gap while it is found out what is wrong
            taken += [PowerSample(position, at_ns, mw) for at_ns, mw in found]
        return taken

    def _doubt(self, scope: "_Scope", now_ns: int) -> str:
        guard = scope.guard
        if guard.disagrees:
            return (
                f"it disagreed with the sensor itself in {guard.apart} of {guard.compared} "
                "comparisons"
            )
        if now_ns - scope.last_ns > _GIVEN_UP_NS:
            return f"it gave nothing new for 2 s{f' ({self.failed})' if self.failed else ''}"
        return ""

    def _offset_ns(self) -> int:
        before_ns = self._monotonic()
        wall_ns = self._clock()
        return wall_ns - ((before_ns + self._monotonic()) >> 1)


class KeptSamples:
    """The samples that the driver keeps of one scope.

    Attributes:
        period_ns: median time between them, once looked at.
        depth: how many it keeps.
        newest_us: the stamp of the newest.

    Args:
        function: nvmlDeviceGetSamples.
        handle: the GPU.
        kind: nvmlSamplingType_t.
        room: how many it says that it keeps.
    """

    def __init__(self, function: Function, handle: Handle, kind: int, room: int) -> None:
        self._function = function
        self._handle = handle
        self._kind = kind
        self._value_type = ctypes.c_uint()
        self._count = ctypes.c_uint()
        self._room = room
        self._buffer = (structure("c_nvmlSample_t") * room)()
        self.period_ns = 0
        self.depth = 0
        self.newest_us = 0

    def look(self) -> bool:
        """Find out period and depth. False where there are too few samples to tell."""
        kept, _ = self.ask(0)
        stamps = [stamp_us for stamp_us, _ in kept]
        if len(stamps) < _FEWEST:
            return False
        self.depth, self.newest_us = len(stamps), stamps[-1]
        spans = [late - early for early, late in pairwise(stamps)]
        self.period_ns = round(median(spans) * _MICROSECOND_NS)
        return self.period_ns > 0

    def ask(self, since_us: int) -> tuple[Kept, str]:
        """The samples after a stamp, and the word for why there are none.

        Raises:
            GpuLostError, DriverGoneError: nothing more can be read.
        """
        self._count.value = self._room
        code = self._function(
            self._handle,
            self._kind,
            ctypes.c_ulonglong(since_us),
            ctypes.byref(self._value_type),
            ctypes.byref(self._count),
            self._buffer,
        )
        if code:
            raise_if_fatal(code, SAMPLES)
            return [], "" if code == _NOT_FOUND else word(code)
        member = VALUE_TYPES.get(self._value_type.value)
        if member is None:
            return [], "sentinel"
        entries = self._buffer[: min(self._count.value, self._room)]
        found = [(int(entry.timeStamp), getattr(entry.sampleValue, member)) for entry in entries]
        good = [
            (stamp_us, int(value))
            for stamp_us, value in found
            if value not in SENTINELS and 0 <= value < _SENTINEL_MW
        ]
        return good, "" if len(good) == len(found) else "sentinel"


class _Scope:
    """What was seen of one scope."""

    def __init__(self, kept: KeptSamples, offset_ns: int, now_ns: int) -> None:
        self.guard = BufferGuard(kept.period_ns)
        self.last_ns = now_ns
        """The newest sample, or the start: what is older is another run's."""
        self._kept = kept
        self._clock = SampleClock(offset_ns)
        self._seen_us = kept.newest_us
        self._all_until_ns = 0
        self._expected_ns = kept.newest_us * _MICROSECOND_NS - offset_ns + kept.period_ns

    def take(self, offset_ns: int, monotonic: Clock) -> tuple[list[tuple[int, int]], str]:
        """New samples as `(monotonic_ns, milliwatts)`, and the word for what failed."""
        kept, now_ns = self._kept, monotonic()
        if self._clock.note(offset_ns):
            # Stamps may have gone back: what is new is told by its place, until the last sample
            # from before the step has left the buffer.
            self._all_until_ns = now_ns + 2 * kept.depth * kept.period_ns
        if now_ns < self._all_until_ns:
            everything, failed = kept.ask(0)
            fresh = _after(everything, self._seen_us)
        else:
            fresh, failed = kept.ask(self._seen_us)
        if not fresh:
            return [], failed
        self._seen_us = fresh[-1][0]
        latest_ns = monotonic()
        found = []
        for stamp_us, power_mw in fresh:
            at_ns = self._clock.monotonic_ns(stamp_us, self._expected_ns, latest_ns)
            if at_ns is None:
                continue
            self._expected_ns = at_ns + kept.period_ns
            if at_ns > self.last_ns:
                self.last_ns = at_ns
                found.append((at_ns, power_mw))
        return found, failed if found else failed or "no_data"


def _after(kept: Kept, seen_us: int) -> Kept:
    """What comes after the sample last seen; everything where that has left the buffer."""
    for position in range(len(kept) - 1, -1, -1):
        if kept[position][0] == seen_us:
            return kept[position + 1 :]
    return kept


def driver_buffer(
    door: Door,
    handle: Handle,
    reader: PowerReader,
    find_clock: Callable[[int], Clock | None] = clock_of,
    monotonic: Clock = time.monotonic_ns,
) -> DriverBuffer | None:
    """The driver's buffer for what a reader polls; None where it keeps none for every scope.

    Raises:
        GpuLostError, DriverGoneError: nothing more can be read.
    """
    function = door.function(SAMPLES)
    if function is None or not all(scope in _TYPES for scope in reader.scopes):
        return None
    found: list[KeptSamples] = []
    for scope in reader.scopes:
        kept = _kept(function, handle, constant(_TYPES[scope]))
        if kept is None or not kept.look():
            return None
        found.append(kept)
    clocks = {find_clock(kept.newest_us) for kept in found}
    clock = clocks.pop()
    if clock is None or clocks:
        return None
    return DriverBuffer(reader.scopes, found, clock, monotonic)


def _kept(function: Function, handle: Handle, kind: int) -> KeptSamples | None:
    value_type, count = ctypes.c_uint(), ctypes.c_uint()
    code = function(
        handle,
        kind,
        ctypes.c_ulonglong(0),
        ctypes.byref(value_type),
        ctypes.byref(count),
        None,
    )
    raise_if_fatal(code, SAMPLES)
    if code or not 0 < count.value <= _MOST_ROOM:
        return None
    return KeptSamples(function, handle, kind, count.value)
