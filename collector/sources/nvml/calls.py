"""Driver calls with their buffers, made once and used again."""

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import isfinite

from collector.sources.nvml.library import FieldValue, Function, Handle, constant, structure

SENTINELS = frozenset({0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF})
"""What NVML writes for 'no value': all ones."""
FIELDS = "nvmlDeviceGetFieldValues"
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
    "nvmlDeviceGetTotalEccErrors": (ctypes.c_ulonglong,),
    "nvmlDeviceGetMemoryErrorCounter": (ctypes.c_ulonglong,),
    "nvmlDeviceGetSramEccErrorStatus": (structure("c_nvmlEccSramErrorStatus_v1_t"),),
    "nvmlDeviceGetRemappedRows": (ctypes.c_uint,) * 4,
    "nvmlDeviceGetRowRemapperHistogram": (structure("c_nvmlRowRemapperHistogramValues"),),
    "nvmlDeviceGetRepairStatus": (structure("c_nvmlRepairStatus_t"),),
}
"""What functions write, where it is not one unsigned int."""

_VERSIONS = {
    "nvmlDeviceGetMemoryInfo_v2": constant("nvmlMemory_v2"),
    "nvmlDeviceGetMarginTemperature": constant("nvmlMarginTemperature_v1"),
    "nvmlDeviceGetSramEccErrorStatus": constant("nvmlEccSramErrorStatus_v1"),
    "nvmlDeviceGetRepairStatus": constant("nvmlRepairStatus_v1"),
}
_ONLY_MEMBER = {"nvmlDeviceGetMarginTemperature": "marginTemperature"}


class Call:
    """One function of NVML for one GPU, bound to its arguments and output buffers.

    Attributes:
        invoke: calls the driver and returns nvmlReturn_t; the outputs hold what it wrote.
    """

    def __init__(
        self, name: str, function: Function, handle: Handle, arguments: Sequence[int]
    ) -> None:
        self.name = name
        self.arguments = tuple(arguments)
        self.outputs = [kind() for kind in OUTPUTS.get(name, (ctypes.c_uint,))]
        if name in _VERSIONS:
            self.outputs[0].version = _VERSIONS[name]
        references = [ctypes.byref(output) for output in self.outputs]
        # A partial adds no Python frame to the call: this runs often.
        self.invoke: Callable[[], int] = partial(function, handle, *arguments, *references)

    def value(self, member: str) -> int | None:
        """What the last call wrote; None where that is a sentinel for 'none'."""
        found = self.reader(member)()
        return None if found in SENTINELS else found

    def reader(self, member: str) -> Callable[[], int]:
        """A function that fetches what the last call wrote: a member, or the Nth output."""
        output = self.outputs[int(member)] if member.isdigit() else self.outputs[0]
        if not isinstance(output, ctypes.Structure):
            return partial(getattr, output, "value")
        return partial(getattr, output, member or _ONLY_MEMBER[self.name])


class FieldBatch:
    """Several field values of one GPU, read with one call into one buffer.

    Attributes:
        invoke: calls the driver and returns nvmlReturn_t of the whole; each field has its own.

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
        self.invoke: Callable[[], int] = partial(function, handle, len(fields), self._buffer)
        # nvmlFieldValue_t is 40 bytes: id, scope, timestamp, latency, type, return code, value.
        self.words = memoryview(self._buffer).cast("B").cast("I")

    def code(self, position: int) -> int:
        """nvmlReturn_t of one field."""
        return int(self._buffer[position].nvmlReturn)

    def value(self, position: int) -> float | None:
        """Value of one field by its own type; None for a sentinel, NaN or an unknown type."""
        entry = self._buffer[position]
        name = VALUE_TYPES.get(int(entry.valueType))
        if name is None:
            return None
        found: float = getattr(entry.value, name)
        return None if found in SENTINELS or not isfinite(found) else found

    def kind(self, position: int) -> int:
        """nvmlValueType_t of one field's value."""
        return int(self._buffer[position].valueType)

    def raw(self) -> bytes:
        """The buffer as the driver left it, for captures."""
        return bytes(self._buffer)


VALUE_TYPES = {0: "dVal", 1: "uiVal", 2: "ulVal", 3: "ullVal", 4: "sllVal", 5: "siVal", 6: "usVal"}
"""nvmlValueType_t; the type of a field differs between drivers, so it is read, not assumed."""
