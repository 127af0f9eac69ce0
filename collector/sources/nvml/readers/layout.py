"""Which numbers a driver gives to fields that were renumbered between its versions."""

from collections.abc import Mapping
from contextlib import suppress

from collector.sources.nvml.library import Door, Handle, constant
from collector.sources.nvml.readers.base import UnsupportedError
from collector.sources.nvml.readers.driver import Fields

_REASONS = ("software_thermal", "hardware_thermal", "power_brake")
_FIRST = (251, 269)
"""Field of the first reason, in drivers 575 and 580 and from 590 on (see `clock_seconds`)."""
_SMOOTHING = {251: 256, 269: 251, None: 251}
"""Field that switches power smoothing, by that of the first reason; driver 570 had none."""


def clock_counter_fields(door: Door, handle: Handle) -> Mapping[str, int]:
    """Field numbers of the counters of slowdown by reason; empty where they are not known.

    Raises:
        GpuLostError, DriverGoneError: nothing more can be read.
    """
    first = _first_counter(door, handle)
    return {} if first is None else {reason: first + i for i, reason in enumerate(_REASONS)}


def smoothing_base(door: Door, handle: Handle) -> int:
    """The first of the power-smoothing fields.

    Raises:
        GpuLostError, DriverGoneError: nothing more can be read.
    """
    return _SMOOTHING[_first_counter(door, handle)]


def _first_counter(door: Door, handle: Handle) -> int | None:
    """The first of three neighbouring fields of 64 bits, where just one place has them."""
    places = []
    for first in _FIRST:
        numbers = range(first, first + len(_REASONS))
        with suppress(UnsupportedError):
            fields = Fields(door, handle, {number: (number, 0) for number in numbers})
            if all(fields.wide(number) for number in numbers):
                places.append(first)
    if len(places) == len(_FIRST):  # both look like counters: the one that agrees with the old one
        places = _like_the_old_counter(door, handle)
    return places[0] if len(places) == 1 else None


def _like_the_old_counter(door: Door, handle: Handle) -> list[int]:
    thermal = constant("NVML_FI_DEV_PERF_POLICY_THERMAL")
    try:
        found = Fields(door, handle, {number: (number, 0) for number in (thermal, *_FIRST)}).ask()
    except UnsupportedError:
        return []
    return [first for first in _FIRST if found.get(thermal) and found.get(first) == found[thermal]]
