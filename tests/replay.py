"""Answers like the driver of a capture: `NvmlSource(door=ReplayDoor(capture))` reads it."""

import ctypes
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.model import GpuIdentity
from collector.sources.nvml.calls import FIELDS
from collector.sources.nvml.library import Function, Handle
from collector.sources.protocol import DriverGoneError, GpuLostError

_INVALID_ARGUMENT = 2

Capture = Mapping[str, Any]
_Key = tuple[str, tuple[int, ...], tuple[int, ...], int]
"""Function, numbers among its arguments, handles that the driver gave out, and the version of the
structure that it fills, if that was kept (see `recording`)."""


def read_capture(path: Path) -> Capture:
    """The capture in a file."""
    capture: Capture = json.loads(path.read_text(encoding="utf-8"))
    return capture


class ReplayDoor:
    """A `collector.sources.nvml.library.Door` that gives the recorded answers, always the same.

    What the capture does not hold, the driver of that time does not offer: a function that was
    not recorded is not there, a field that was not recorded is an invalid argument.

    Args:
        capture: what `wattkeeper check --record` kept.
    """

    def __init__(self, capture: Capture) -> None:
        self._gpus: Sequence[Mapping[str, Any]] = capture["gpus"]
        self._calls: list[dict[_Key, Mapping[str, Any]]] = [
            {_key(call): call for call in gpu["calls"]} for gpu in self._gpus
        ]
        self._is_open = False

    def open(self) -> None:
        """Connect."""
        self._is_open = True

    def close(self) -> None:
        """Disconnect."""
        self._is_open = False

    def count(self) -> int:
        """Number of GPUs captured."""
        return len(self._gpus)

    def handle(self, index: int) -> Handle:
        """A GPU's place in the capture."""
        return index

    def handle_by_uuid(self, uuid: str) -> Handle:
        """The place of the GPU with a UUID.

        Raises:
            GpuLostError: there is none.
        """
        for place, gpu in enumerate(self._gpus):
            if gpu["identity"]["uuid"] == uuid:
                return place
        raise GpuLostError(f"no GPU {uuid} in the capture")

    def uuid(self, handle: Handle) -> str:
        """The UUID of a GPU."""
        return str(self._gpus[handle]["identity"]["uuid"])

    def identity(self, handle: Handle, index: int) -> GpuIdentity:
        """Who a GPU is."""
        return GpuIdentity(**{**self._gpus[handle]["identity"], "index": index})

    def function(self, name: str) -> Function | None:
        """A function, None where the driver had none of that name, or nobody asked it.

        Raises:
            DriverGoneError: not open.
        """
        if not self._is_open:
            raise DriverGoneError("the capture is not open", "uninitialized")
        recorded = [call for calls in self._calls for call in calls.values()]
        if not any(call["function"] == name and call["code"] is not None for call in recorded):
            return None
        return self._fields if name == FIELDS else self._function(name)

    def _function(self, name: str) -> Function:
        def answer(*parameters: Any) -> int:
            numbers, handles, outputs = _sorted(parameters)
            gpus = self._calls
            if isinstance(parameters[0], int):  # the GPU's own handle: its place
                gpus, numbers = [self._calls[numbers[0]]], numbers[1:]
            versions = [output.version for output in outputs if hasattr(output, "version")]
            keys = [(name, tuple(numbers), tuple(handles), one) for one in (*versions[:1], 0)]
            call = next((calls[key] for key in keys for calls in gpus if key in calls), None)
            if call is None or call["code"] is None:
                return _INVALID_ARGUMENT
            for output, written in zip(outputs, call["outputs"], strict=True):
                raw = bytes.fromhex(written)
                size = ctypes.sizeof(output)
                assert len(raw) == size or (len(raw) < size and isinstance(output, ctypes.Array))
                ctypes.memmove(ctypes.addressof(output), raw.ljust(size, b"\0"), size)
            return int(call["code"])

        return answer

    def _fields(self, handle: Handle, count: int, buffer: Any) -> int:
        for position in range(count):
            entry = buffer[position]
            call = self._calls[handle].get((FIELDS, (entry.fieldId, entry.scopeId), (), 0))
            if call is None or call["code"] is None:
                entry.nvmlReturn = _INVALID_ARGUMENT
                continue
            if call["code"]:
                return int(call["code"])
            raw = bytes.fromhex(call["raw"])
            assert len(raw) == ctypes.sizeof(entry)
            ctypes.memmove(ctypes.addressof(entry), raw, len(raw))
        return 0


def _sorted(parameters: Sequence[Any]) -> tuple[list[int], list[int], list[Any]]:
    """Arguments by what they are: numbers, handles, and what is written to."""
    numbers: list[int] = []
    handles: list[int] = []
    outputs: list[Any] = []
    for item in parameters:
        target = getattr(item, "_obj", item)
        if isinstance(target, int):
            numbers.append(target)
        elif target is not item or isinstance(target, ctypes.Array):
            outputs.append(target)
        elif item is not None:
            handles.append(ctypes.cast(item, ctypes.c_void_p).value or 0)
    return numbers, handles, outputs


def _key(call: Mapping[str, Any]) -> _Key:
    if "field" in call:
        return FIELDS, (call["field"], call["scope"]), (), 0
    handles = tuple(call.get("handles", ()))
    return call["function"], tuple(call["arguments"]), handles, call.get("version", 0)


def steady(raw: str) -> str:
    """A field's raw bytes without when and how fast it was read: those differ every time."""
    bare = bytearray.fromhex(raw)
    bare[8:24] = bytes(16)  # timestamp and latency, see `FieldBatch`
    return bare.hex()
