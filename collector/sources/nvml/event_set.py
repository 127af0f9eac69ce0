"""One NVML event set: the GPUs registered with it, and the XID errors that it delivers."""

import ctypes
import threading
from dataclasses import dataclass

from collector.sources.nvml.errors import NOT_OFFERED, as_error
from collector.sources.nvml.library import Door, Handle, constant, structure
from collector.sources.protocol import SourceError

_XID = constant("nvmlEventTypeXidCriticalError")
_TIMEOUT = constant("NVML_ERROR_TIMEOUT")
_EventData = structure("c_nvmlEventData_t")
_FUNCTION_NOT_FOUND = 13


class NotOfferedError(SourceError):
    """This GPU or driver tells of no XID errors."""

    word = "not_supported"


@dataclass(frozen=True, slots=True)
class Delivered:
    """An XID error.

    Attributes:
        uuid: the GPU; empty when it is none that was registered.
        code: the XID.
    """

    uuid: str
    code: int


class EventSet:
    """An open event set. `wait` and `close` belong to one thread, `register` to any.

    Args:
        door: NVML, open.

    Raises:
        NotOfferedError: this driver has no events.
        SourceError: it could not be made.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._set = ctypes.c_void_p()
        self._call("nvmlEventSetCreate", ctypes.byref(self._set))
        self._data = _EventData()
        self._uuids: dict[int | None, str] = {}
        self._lock = threading.Lock()
        self._registering = 0
        self._abandoned = False
        # Before MIG there was no second version; it fills the first part of the same structure.
        names = ("nvmlEventSetWait_v2", "nvmlEventSetWait")
        self._wait = next(filter(None, map(door.function, names)), None)

    def register(self, uuid: str) -> None:
        """Have a GPU's XID errors delivered from now on. May block in the driver.

        Raises:
            NotOfferedError: it tells of none.
            SourceError: it does not answer.
        """
        with self._lock:
            self._registering += 1
        try:
            handle = self._door.handle_by_uuid(uuid)
            types = ctypes.c_ulonglong()
            self._call("nvmlDeviceGetSupportedEventTypes", handle, ctypes.byref(types))
            if not types.value & _XID:
                raise NotOfferedError("the GPU has no XID events")
            if self._abandoned:  # this call hung so long that another set took over
                return
            self._uuids[_address(handle)] = uuid
            self._call("nvmlDeviceRegisterEvents", handle, ctypes.c_ulonglong(_XID), self._set)
        finally:
            with self._lock:
                self._registering -= 1

    def wait(self, timeout_seconds: float) -> Delivered | None:
        """The next XID error, or None when there was none in time.

        Raises:
            NotOfferedError: this driver cannot wait.
            SourceError: it failed; a GPU that is lost can make it fail for all.
        """
        if self._wait is None:
            raise NotOfferedError("nvmlEventSetWait is missing")
        milliseconds = ctypes.c_uint(round(timeout_seconds * 1000))
        code = self._wait(self._set, ctypes.byref(self._data), milliseconds)
        if code == _TIMEOUT:
            return None
        if code:
            raise as_error(code, "nvmlEventSetWait")
        if not self._data.eventType & _XID:
            return None
        return Delivered(self._uuids.get(_address(self._data.device), ""), self._data.eventData)

    def close(self) -> None:
        """Free the set, unless a call that has not returned may still touch it."""
        with self._lock:
            self._abandoned = True
            if self._registering:
                return
        free = self._door.function("nvmlEventSetFree")
        if free is not None:
            free(self._set)

    def _call(self, name: str, *arguments: object) -> None:
        function = self._door.function(name)
        code = _FUNCTION_NOT_FOUND if function is None else function(*arguments)
        if code in NOT_OFFERED:
            raise NotOfferedError(f"{name}: not offered here")
        if code:
            raise as_error(code, name)


def _address(handle: Handle) -> int | None:
    """The pointer in a handle; it names the GPU as long as NVML is open."""
    return ctypes.cast(handle, ctypes.c_void_p).value
