"""Processes that use a GPU."""

import ctypes

from collector.sources.nvml.calls import SENTINELS
from collector.sources.nvml.errors import as_error
from collector.sources.nvml.library import Door, Handle, structure
from collector.sources.nvml.readers.base import Found, Reader, Series, UnsupportedError
from collector.sources.nvml.readers.driver import function, offered

_KINDS = ("Compute", "Graphics")
_INSUFFICIENT_SIZE = 7
_ROOM = 64
_MOST_ROOM = 65_536
_NO_INSTANCE = 0xFFFFFFFF


class Processes(Reader):
    """How many there are, and what memory each uses; one in both lists counts once."""

    def __init__(self, door: Door, handle: Handle) -> None:
        self._lists = []
        for kind in _KINDS:
            try:
                self._lists.append(_List(door, handle, kind))
            except UnsupportedError:
                continue
        if not self._lists:
            raise UnsupportedError("the driver lists no processes")

    @property
    def outputs(self) -> frozenset[str]:
        """`count` and `memory`."""
        return frozenset({"count", "memory"})

    def read(self) -> Found:
        """The count, and bytes by process and MIG instance; the latter is empty without MIG."""
        pids: set[int] = set()
        memory: Series = {}
        for processes in self._lists:
            for process in processes.read():
                pids.add(process.pid)
                used = process.usedGpuMemory
                if used not in SENTINELS:
                    instance = getattr(process, "gpuInstanceId", _NO_INSTANCE)
                    shown = "" if instance == _NO_INSTANCE else str(instance)
                    labels = (str(process.pid), shown)
                    memory[labels] = max(float(used), memory.get(labels, 0.0))
        return Found({"count": {(): float(len(pids))}, "memory": memory})


class _List:
    """One kind of processes, with a buffer that grows when there are more of them."""

    def __init__(self, door: Door, handle: Handle, kind: str) -> None:
        # Version 2 brought the MIG instance; the first one ends after the memory.
        base = f"nvmlDeviceGet{kind}RunningProcesses"
        self._name, self._function = function(door, f"{base}_v3", f"{base}_v2", base)
        self._entry = _Plain if self._name == base else structure("c_nvmlProcessInfo_v3_t")
        self._handle = handle
        self._count = ctypes.c_uint()
        self._room = _ROOM
        self._buffer = (self._entry * self._room)()
        code = self._ask()
        if code != _INSUFFICIENT_SIZE:
            offered(code, self._name)

    def read(self) -> list[ctypes.Structure]:
        """The processes of now.

        Raises:
            SourceError: the driver refused, or there are more than can be.
        """
        code = self._ask()
        while code == _INSUFFICIENT_SIZE and self._room < _MOST_ROOM:
            self._room = min(_MOST_ROOM, max(2 * self._room, self._count.value + _ROOM))
            self._buffer = (self._entry * self._room)()
            code = self._ask()
        if code:
            raise as_error(code, self._name)
        return list(self._buffer[: self._count.value])

    def _ask(self) -> int:
        self._count.value = self._room
        return self._function(self._handle, ctypes.byref(self._count), self._buffer)


class _Plain(ctypes.Structure):
    """nvmlProcessInfo_v1_t, which pynvml no longer has."""

    _fields_ = (("pid", ctypes.c_uint), ("usedGpuMemory", ctypes.c_ulonglong))
