"""Time that each reason held the clocks down, from the driver's own counters.

Three of them have had two sets of field numbers, by nvidia-ml-py of each version: 251 to 253 in
drivers 575 and 580, 269 to 271 from 590 on, where 251 is a switch of power smoothing, as it was in
570, which had no such counters. So the numbers are told apart by what they answer: the counters
have 64 bits, the switches 32. All counters are in nanoseconds by the documentation; those of the
policies, which had no unit in theirs before, are held against the clock (`count_unit`).
"""

import ctypes
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from collector.sources.nvml.calls import SENTINELS
from collector.sources.nvml.errors import NOT_OFFERED, raise_if_fatal, word
from collector.sources.nvml.library import Door, Handle, constant, structure
from collector.sources.nvml.readers.base import Found, Reader, UnsupportedError
from collector.sources.nvml.readers.count_unit import NANOSECONDS, CountUnit
from collector.sources.nvml.readers.driver import Fields, function
from collector.sources.nvml.readers.layout import clock_counter_fields

_STATUS = "nvmlDeviceGetViolationStatus"
_POLICIES = {
    "power_cap": "POWER",
    "thermal": "THERMAL",
    "sync_boost": "SYNC_BOOST",
    "board_limit": "BOARD_LIMIT",
    "idle": "LOW_UTILIZATION",
    "reliability": "RELIABILITY",
}
"""Reasons by the driver's policy; `thermal` is software and hardware in one, where it is split."""
_EVENTS = ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons")
_BITS = {"power_cap": 0x4, "thermal": 0x20 | 0x40, "sync_boost": 0x10, "idle": 0x1}
"""nvmlClocksEventReason*, for those policies that have one."""


class ClockEventSeconds(Reader):
    """Seconds by reason; see `collector.sources.nvml.readers.base.Reader`.

    Args:
        clock_ns: monotonic clock, in nanoseconds.
    """

    def __init__(
        self, door: Door, handle: Handle, clock_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        split = clock_counter_fields(door, handle)
        policies = {
            reason: name
            for reason, name in _POLICIES.items()
            if not (split and reason == "thermal")
        }
        wanted = {
            reason: (constant(f"NVML_FI_DEV_PERF_POLICY_{name}"), 0)
            for reason, name in policies.items()
        }
        wanted |= {reason: (number, 0) for reason, number in split.items()}
        self._split = frozenset(split)
        self._clock_ns = clock_ns
        self._unit = CountUnit()
        self._events = _Events(door, handle)
        self._fields: Fields[str] | None = None
        with suppress(UnsupportedError):
            self._fields = Fields(door, handle, wanted)
        by_field = self._fields.keys if self._fields is not None else ()
        others = {reason: name for reason, name in policies.items() if reason not in by_field}
        self._status = _Status(door, handle, others)
        if not by_field and not self._status.reasons:
            raise UnsupportedError("the driver does not count time by reason")

    def read(self) -> Found:
        """Seconds by reason since the driver was loaded."""
        found = Found()
        counts: dict[str, float] = {}
        if self._fields is not None:
            counts |= self._fields.ask()
            if self._fields.failed:
                found.failed[""] = self._fields.failed
        for reason in self._status.reasons:
            count = self._status.ask(reason)
            if count is None:
                found.failed[""] = self._status.failed
            else:
                counts[reason] = float(count)
        if not self._unit.is_settled:
            policies = {name: count for name, count in counts.items() if name not in self._split}
            self._unit.note(self._clock_ns(), policies, self._events.held())
        found.values[""] = {
            (reason,): count * (NANOSECONDS if reason in self._split else self._unit.seconds)
            for reason, count in counts.items()
        }
        return found


class _Events:
    """The reasons that hold the clocks down now."""

    def __init__(self, door: Door, handle: Handle) -> None:
        self._mask = ctypes.c_ulonglong()
        self._invoke: Callable[[], int] | None = None
        with suppress(UnsupportedError):
            _, invoke = function(door, *_EVENTS)
            self._invoke = partial(invoke, handle, ctypes.byref(self._mask))

    def held(self) -> frozenset[str]:
        """Those of the policies; none where the driver does not say."""
        if self._invoke is None or self._invoke():
            return frozenset()
        return frozenset(reason for reason, bits in _BITS.items() if self._mask.value & bits)


class _Status:
    """nvmlDeviceGetViolationStatus by reason.

    Attributes:
        reasons: those of the policies that it answers for.
        failed: the word for why the last one has no answer.
    """

    def __init__(self, door: Door, handle: Handle, policies: Mapping[str, str]) -> None:
        self._function = door.function(_STATUS)
        self._handle = handle
        self._time = structure("c_nvmlViolationTime_t")()
        self._reference = ctypes.byref(self._time)
        self._policies = {
            reason: constant(f"NVML_PERF_POLICY_{name}") for reason, name in policies.items()
        }
        self.failed = ""
        self.reasons = tuple(reason for reason in policies if self._is_offered(reason))

    def ask(self, reason: str) -> int | None:
        """What is counted for a reason; None where the call failed.

        Raises:
            GpuLostError, DriverGoneError: nothing more can be read.
        """
        code = self._invoke(reason)
        raise_if_fatal(code, _STATUS)
        count = int(self._time.violationTime)
        self.failed = word(code) if code else "sentinel" if count in SENTINELS else ""
        return None if self.failed else count

    def _is_offered(self, reason: str) -> bool:
        code = self._invoke(reason) if self._function is not None else None
        if code is None:
            return False
        raise_if_fatal(code, _STATUS)
        return code not in NOT_OFFERED

    def _invoke(self, reason: str) -> int:
        if self._function is None:
            raise UnsupportedError(f"the driver has no {_STATUS}")
        return self._function(self._handle, self._policies[reason], self._reference)
