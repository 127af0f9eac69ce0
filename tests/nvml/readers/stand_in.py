"""A driver that answers what a test tells it to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from collector.model import GpuIdentity
from collector.sources.nvml.calls import FIELDS
from collector.sources.nvml.library import Function, Handle

UNSUPPORTED, NO_PERMISSION, INSUFFICIENT, NOT_FOUND, GPU_LOST = 3, 4, 7, 6, 15
VERSION_MISMATCH = 25
UINT, ULL = 1, 3
ALL_LINKS = 0xFFFFFFFF
_MEMBERS = {UINT: "uiVal", ULL: "ullVal"}


@dataclass(slots=True)
class Field:
    """What one field answers."""

    value: int = 0
    kind: int = ULL
    code: int = 0


@dataclass(slots=True)
class StandIn:
    """A `Door`: functions and fields that are not named are not there.

    Attributes:
        fields: by id and scope.
        functions: by name.
        fields_code: what the call for fields returns as a whole.
        calls: how often each function was called.
    """

    fields: dict[tuple[int, int], Field] = field(default_factory=dict)
    functions: dict[str, Callable[..., int]] = field(default_factory=dict)
    fields_code: int = 0
    calls: dict[str, int] = field(default_factory=dict)

    def open(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def count(self) -> int:
        """One GPU."""
        return 1

    def handle(self, index: int) -> Handle:
        """Its handle."""
        return index

    def handle_by_uuid(self, uuid: str) -> Handle:
        """Its handle."""
        del uuid
        return 0

    def uuid(self, handle: Handle) -> str:
        """Its UUID."""
        return f"GPU-{handle}"

    def identity(self, handle: Handle, index: int) -> GpuIdentity:
        """Who it is."""
        return GpuIdentity(uuid=self.uuid(handle), index=index, model="stand-in")

    def function(self, name: str) -> Function | None:
        """A function that is counted."""
        found = self._fields if name == FIELDS else self.functions.get(name)
        if found is None or (name == FIELDS and not self.fields):
            return None
        function = found

        def counted(*parameters: Any) -> int:
            self.calls[name] = self.calls.get(name, 0) + 1
            return function(*parameters)

        return counted

    def _fields(self, handle: Handle, count: int, buffer: Any) -> int:
        assert handle == 0
        for entry in buffer[:count]:
            known = self.fields.get((entry.fieldId, entry.scopeId))
            entry.nvmlReturn = UNSUPPORTED if known is None else known.code
            if known is not None:
                entry.valueType = known.kind
                setattr(entry.value, _MEMBERS[known.kind], known.value)
        return self.fields_code


def writes(*values: int, code: int = 0) -> Callable[..., int]:
    """A function that writes numbers to its outputs, whatever its arguments."""

    def answer(*parameters: Any) -> int:
        outputs = [item._obj for item in parameters if hasattr(item, "_obj")]
        for output, value in zip(outputs, values, strict=False):
            output.value = value
        return code

    return answer


def fills(code: int = 0, /, **members: Any) -> Callable[..., int]:
    """A function that fills members of the structure it is given, and refuses other versions."""

    def answer(*parameters: Any) -> int:
        target = next(item._obj for item in parameters if hasattr(item, "_obj"))
        if not all(hasattr(type(target), name) for name in members):
            return VERSION_MISMATCH
        for name, value in members.items():
            setattr(target, name, value)
        return code

    return answer
