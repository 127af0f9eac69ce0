"""Fans of an air-cooled board."""

import ctypes

from collector.sources.nvml.calls import SENTINELS
from collector.sources.nvml.errors import raise_if_fatal, word
from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.readers.base import Found, Reader, Series, UnsupportedError
from collector.sources.nvml.readers.driver import function, offered

_COUNT, _SPEED = "nvmlDeviceGetNumFans", "nvmlDeviceGetFanSpeed_v2"
_MOST = 16


class Fans(Reader):
    """What each fan is told to do, as a share of the most; liquid-cooled boards have none."""

    def __init__(self, door: Door, handle: Handle) -> None:
        _, count = function(door, _COUNT)
        _, self._speed = function(door, _SPEED)
        self._handle = handle
        self._value = ctypes.c_uint()
        offered(count(handle, ctypes.byref(self._value)), _COUNT)
        self._fans = range(min(self._value.value, _MOST))
        if not self._fans:
            raise UnsupportedError("no fans")
        offered(self._speed(handle, 0, ctypes.byref(self._value)), _SPEED)

    def read(self) -> Found:
        """Ratios by fan."""
        found = Found()
        speeds: Series = {}
        for fan in self._fans:
            code = self._speed(self._handle, fan, ctypes.byref(self._value))
            raise_if_fatal(code, _SPEED)
            if code or self._value.value in SENTINELS:
                found.failed[""] = word(code) if code else "sentinel"
            else:
                speeds[str(fan),] = self._value.value / 100
        found.values[""] = speeds
        return found
