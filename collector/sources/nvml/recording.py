"""A door that remembers every call made through it, as a capture keeps them."""

import ctypes
import time
from collections.abc import Callable
from typing import Any

from collector.model import GpuIdentity
from collector.sources.nvml.calls import FIELDS
from collector.sources.nvml.library import Door, FieldValue, Function, Handle

Record = dict[str, object]
_PER_GPU = 4096


class RecordingDoor:
    """A `Door` for one GPU that passes every call on, and keeps the last answer to each.

    Of a buffer for a list, zeros at its end are left out. Handles that the driver gives out (MIG
    instances, samples) are addresses, which say nothing and differ every time: they are kept as
    numbers, in the order in which they came.

    Args:
        door: NVML.
        handle: the GPU.
        index: the GPU's index, which keeps its numbers apart from those of others.
        about_to: told the name of each function before it is called.
    """

    def __init__(
        self, door: Door, handle: Handle, index: int, about_to: Callable[[str], None]
    ) -> None:
        self.about_to = about_to
        self._door = door
        self._main = _address(handle)
        self._records: dict[object, Record] = {}
        self._numbers: dict[int, int] = {}
        self._first = (index + 1) * _PER_GPU
        self.open, self.close, self.count = door.open, door.close, door.count
        self.handle, self.handle_by_uuid, self.uuid = door.handle, door.handle_by_uuid, door.uuid

    def identity(self, handle: Handle, index: int) -> GpuIdentity:
        """Who a GPU is."""
        return self._door.identity(handle, index)

    def records(self) -> list[Record]:
        """Every distinct call and its last answer."""
        return list(self._records.values())

    def function(self, name: str) -> Function | None:
        """A function of the library whose calls are kept."""
        found = self._door.function(name)
        if found is None:
            self._records[name, (), (), ()] = {"function": name, "arguments": [], "code": None}
            return None
        function = found

        def recorded(*parameters: Any) -> int:
            self.about_to(name)
            start_ns = time.monotonic_ns()
            code = function(*parameters)
            spent_us = round((time.monotonic_ns() - start_ns) / 1000, 1)
            keep = self._keep_fields if name == FIELDS else self._keep
            keep(name, parameters, code, {"cost_median_us": spent_us, "cost_max_us": spent_us})
            return code

        return recorded

    def _keep_fields(
        self, name: str, parameters: tuple[Any, ...], code: int, cost: dict[str, float]
    ) -> None:
        _, count, buffer = parameters
        for position in range(count):
            entry: Any = buffer[position]
            said: Record = {"function": name, "field": entry.fieldId, "scope": entry.scopeId}
            said |= {"code": code, "raw": bytes(FieldValue.from_buffer_copy(entry)).hex()} | cost
            self._records[name, entry.fieldId, entry.scopeId] = said

    def _keep(
        self, name: str, parameters: tuple[Any, ...], code: int, cost: dict[str, float]
    ) -> None:
        arguments: list[int] = []
        handles: list[int] = []
        outputs: list[str] = []
        versions: list[int] = []
        for position, item in enumerate(parameters):
            target = getattr(item, "_obj", item)
            if position == 0 and _address(item) == self._main:
                continue
            if isinstance(target, int):
                arguments.append(target)
            elif target is not item or isinstance(target, ctypes.Array):
                outputs.append(self._written(target, code).hex())
                versions += [target.version] if hasattr(target, "version") else []
            elif item is not None:
                handles.append(self._number(_address(item)))
        said: Record = {"function": name, "arguments": arguments}
        if handles:
            said["handles"] = handles
        if versions:  # of the structure: the same function takes several
            said["version"] = versions[0]
        said |= {"code": code, "outputs": outputs} | cost
        self._records[name, tuple(handles), tuple(arguments), tuple(versions)] = said

    def _written(self, target: Any, code: int) -> bytes:
        """The bytes of an output, with numbers in the place of addresses."""
        if isinstance(target, ctypes.c_void_p | ctypes._Pointer):  # noqa: SLF001 - no other name
            number = 0 if code else self._number(_address(target))
            return number.to_bytes(ctypes.sizeof(target), "little")
        if isinstance(target, ctypes.Structure):
            copy = type(target).from_buffer_copy(target)
            _forget_addresses(copy)
            return bytes(copy)
        # Lists have room for more than there is.
        return bytes(target).rstrip(b"\0") if isinstance(target, ctypes.Array) else bytes(target)

    def _number(self, address: int) -> int:
        return self._numbers.setdefault(address, self._first + len(self._numbers))


def _forget_addresses(structure: Any) -> None:
    # By the kind of a member: pynvml makes text of bytes, and fails where they are none.
    for name, kind, *_ in structure._fields_:
        if issubclass(kind, ctypes.Structure):
            _forget_addresses(getattr(structure, name))
        elif issubclass(kind, ctypes.Array) and issubclass(kind._type_, ctypes.Structure):
            for item in getattr(structure, name):
                _forget_addresses(item)
        elif issubclass(kind, ctypes.c_char_p | ctypes._Pointer):  # noqa: SLF001
            setattr(structure, name, None)


def _address(handle: Any) -> int:
    """A handle as a number; -1 for what is none."""
    if isinstance(handle, int):
        return handle
    if isinstance(handle, ctypes.c_void_p):
        return handle.value or 0
    if isinstance(handle, ctypes._Pointer):  # noqa: SLF001 - ctypes has no other name for it
        return ctypes.cast(handle, ctypes.c_void_p).value or 0
    return -1
