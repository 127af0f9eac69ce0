"""MIG: a GPU cut into instances. Power and energy are the GPU's alone, and so not repeated here."""

import ctypes
from typing import Any

from collector.sources.nvml.calls import SENTINELS
from collector.sources.nvml.errors import raise_if_fatal
from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.readers.base import Found, Reader, Series
from collector.sources.nvml.readers.driver import done, function, offered
from collector.sources.nvml.readers.mig_instance import Instance, InstanceReads
from collector.sources.protocol import SourceError

_MODE = "nvmlDeviceGetMigMode"
_COUNT = "nvmlDeviceGetMaxMigDeviceCount"
_BY_INDEX = "nvmlDeviceGetMigDeviceHandleByIndex"
_MOST_INSTANCES = 64
"""Of one GPU; there are 8 at most. A count that is garbage must not be walked to its end."""


class Mig(Reader):
    """Whether MIG is on, and its instances with their memory."""

    def __init__(self, door: Door, handle: Handle) -> None:
        self._door, self._handle = door, handle
        _, self._ask_mode = function(door, _MODE)
        self._mode, self._pending = ctypes.c_uint(), ctypes.c_uint()
        offered(self._read_mode(), _MODE)
        self._reads = InstanceReads(door)
        self._instances: list[Instance] = []

    @property
    def outputs(self) -> frozenset[str]:
        """`mode`, and what instances have while it is on."""
        return frozenset({"mode", "info", "memory", "total"} if self._mode.value else {"mode"})

    def read(self) -> Found:
        """The mode, and every instance that there is now."""
        done(self._read_mode(), _MODE)
        if self._mode.value in SENTINELS:
            raise SourceError(f"{_MODE}: the driver gave no value", "sentinel")
        found = Found({"mode": {(): float(self._mode.value)}})
        self._instances = []
        if not self._mode.value:
            return found
        info: Series = {}
        memory: Series = {}
        total: Series = {}
        for handle in self._handles():
            instance = self._reads.read(handle)
            self._instances.append(instance)
            uuid = instance.uuid
            info[uuid, instance.profile, instance.gpu_instance, instance.compute_instance] = 1.0
            if instance.failed:
                found.failed["memory"] = instance.failed
            if instance.memory is not None:
                used, free, whole = instance.memory
                memory[uuid, "used"], memory[uuid, "free"] = float(used), float(free)
                total[uuid,] = float(whole)
        found.values |= {"info": info, "memory": memory, "total": total}
        return found

    def secrets(self) -> tuple[bytes, ...]:
        """The instances' UUIDs."""
        return tuple(instance.uuid.encode() for instance in self._instances if instance.uuid)

    def _read_mode(self) -> int:
        return self._ask_mode(self._handle, ctypes.byref(self._mode), ctypes.byref(self._pending))

    def _handles(self) -> list[Any]:
        """The instances' handles; places without an instance are passed over."""
        _, ask_count = function(self._door, _COUNT)
        _, ask_handle = function(self._door, _BY_INDEX)
        count = ctypes.c_uint()
        done(ask_count(self._handle, ctypes.byref(count)), _COUNT)
        handles = []
        for index in range(min(count.value, _MOST_INSTANCES)):
            handle = ctypes.c_void_p()
            code = ask_handle(self._handle, index, ctypes.byref(handle))
            raise_if_fatal(code, _BY_INDEX)
            if not code:
                handles.append(handle)
        return handles
