"""Driver calls with their buffers, made once and used again."""

import ctypes
from collections.abc import Mapping, Sequence

from collector.sources.nvml.library import FieldValue, Function, Handle, constant, structure

_UINT_SENTINEL = 0xFFFFFFFF
_ULONG_SENTINEL = 0xFFFFFFFFFFFFFFFF
_TWO_UINTS = (ctypes.c_uint, ctypes.c_uint)

OUTPUTS: Mapping[str, tuple[type, ...]] = {
    "nvmlDeviceGetTotalEnergyConsumption": (ctypes.c_ulonglong,),
    "nvmlDeviceGetCurrentClocksEventReasons": (ctypes.c_ulonglong,),
    "nvmlDeviceGetCurrentClocksThrottleReasons": (ctypes.c_ulonglong,),
    "nvmlDeviceGetPowerManagementLimitConstraints": _TWO_UINTS,
    "nvmlDeviceGetEncoderUtilization": _TWO_UINTS,
    "nvmlDeviceGetDecoderUtilization": _TWO_UINTS,
    "nvmlDeviceGetJpgUtilization": _TWO_UINTS,
    "nvmlDeviceGetOfaUtilization": _TWO_UINTS,
    "nvmlDeviceGetUtilizationRates": (structure("c_nvmlUtilization_t"),),
    "nvmlDeviceGetMemoryInfo": (structure("c_nvmlMemory_t"),),
    "nvmlDeviceGetMemoryInfo_v2": (structure("c_nvmlMemory_v2_t"),),
    "nvmlDeviceGetMarginTemperature": (structure("c_nvmlMarginTemperature_v1_t"),),
}
"""What functions write, where it is not one unsigned int."""

_VERSIONS = {
    "nvmlDeviceGetMemoryInfo_v2": constant("nvmlMemory_v2"),
    "nvmlDeviceGetMarginTemperature": constant("nvmlMarginTemperature_v1"),
}
_ONLY_MEMBER = {"nvmlDeviceGetMarginTemperature": "marginTemperature"}


class Call:
    """One function of NVML for one GPU, bound to its arguments and output buffers."""

    def __init__(
        self, name: str, function: Function, handle: Handle, arguments: Sequence[int]
    ) -> None:
        self.name = name
        self.arguments = tuple(arguments)
        self.outputs = [kind() for kind in OUTPUTS.get(name, (ctypes.c_uint,))]
        self._version = _VERSIONS.get(name)
        self._function = function
        references = [ctypes.byref(output) for output in self.outputs]
        self._parameters = (handle, *arguments, *references)

    def __call__(self) -> int:
        """Call the driver; the outputs hold what it wrote. Returns nvmlReturn_t."""
        if self._version is not None:
            self.outputs[0].version = self._version
        return self._function(*self._parameters)

    def value(self, member: str) -> int | None:
        """What the last call wrote; None where that is a sentinel for 'none'."""
        if member.isdigit():
            output, member = self.outputs[int(member)], ""
        else:
            output = self.outputs[0]
        if isinstance(output, ctypes.Structure):
            found = int(getattr(output, member or _ONLY_MEMBER[self.name]))
        else:
            found = int(output.value)
        return None if found in (_UINT_SENTINEL, _ULONG_SENTINEL) else found


class FieldBatch:
    """Several field values of one GPU, read with one call into one buffer.

    Args:
        function: nvmlDeviceGetFieldValues.
        handle: the GPU.
        fields: field id and scope of each.
    """

    def __init__(
        self, function: Function, handle: Handle, fields: Sequence[tuple[int, int]]
    ) -> None:
        self.fields = tuple(fields)
        self._buffer = (FieldValue * len(fields))()
        for entry, (field_id, scope) in zip(self._buffer, fields, strict=True):
            entry.fieldId, entry.scopeId = field_id, scope
        self._function = function
        self._parameters = (handle, len(fields), self._buffer)
        # nvmlFieldValue_t is 40 bytes: id, scope, timestamp, latency, type, return code, value.
        self.words = memoryview(self._buffer).cast("B").cast("I")

    def __call__(self) -> int:
        """Call the driver. Returns nvmlReturn_t of the whole; each field has its own."""
        return self._function(*self._parameters)

    def code(self, position: int) -> int:
        """nvmlReturn_t of one field."""
        return int(self._buffer[position].nvmlReturn)

    def value(self, position: int) -> float | None:
        """Value of one field by its own type; None for a sentinel or an unknown type."""
        entry = self._buffer[position]
        name = _VALUE_TYPES.get(int(entry.valueType))
        if name is None:
            return None
        found: float = getattr(entry.value, name)
        return None if found in (_UINT_SENTINEL, _ULONG_SENTINEL) else found

    def raw(self) -> bytes:
        """The buffer as the driver left it, for captures."""
        return bytes(self._buffer)


_VALUE_TYPES = {0: "dVal", 1: "uiVal", 2: "ulVal", 3: "ullVal", 4: "sllVal", 5: "siVal", 6: "usVal"}
"""nvmlValueType_t; the type of a field differs between drivers, so it is read, not assumed."""
