"""What the driver tells of one MIG instance."""

import ctypes
from dataclasses import dataclass
from typing import Any

from collector.sources.nvml.errors import raise_if_fatal, word
from collector.sources.nvml.library import Door, constant, structure

_MIG = "MIG "
_TEXT_BYTES = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance; what is not known is empty or None.

    Attributes:
        uuid: its UUID.
        profile: such as `1g.10gb`.
        gpu_instance: the id of the GPU instance that it is in.
        compute_instance: its own id in that.
        memory: bytes used, free and in all.
        failed: the word for why the memory is not known.
    """

    uuid: str
    profile: str
    gpu_instance: str
    compute_instance: str
    memory: tuple[int, int, int] | None
    failed: str


class InstanceReads:
    """Reads instances, with one set of buffers for all.

    Args:
        door: NVML.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._text = ctypes.create_string_buffer(_TEXT_BYTES)
        self._number = ctypes.c_uint()
        self._memory_v2 = structure("c_nvmlMemory_v2_t")()
        self._memory_v1 = structure("c_nvmlMemory_t")()

    def read(self, handle: Any) -> Instance:
        """One instance.

        Raises:
            GpuLostError, DriverGoneError: nothing more can be read.
        """
        memory, failed = self._read_memory(handle)
        return Instance(
            uuid=self._read_text("nvmlDeviceGetUUID", handle),
            profile=self._read_text("nvmlDeviceGetName", handle).rpartition(_MIG)[2],
            gpu_instance=self._read_number("nvmlDeviceGetGpuInstanceId", handle),
            compute_instance=self._read_number("nvmlDeviceGetComputeInstanceId", handle),
            memory=memory,
            failed=failed,
        )

    def _read_memory(self, handle: Any) -> tuple[tuple[int, int, int] | None, str]:
        self._memory_v2.version = constant("nvmlMemory_v2")
        failed = "function_not_found"
        for name, memory in (
            ("nvmlDeviceGetMemoryInfo_v2", self._memory_v2),
            ("nvmlDeviceGetMemoryInfo", self._memory_v1),
        ):
            code = self._call(name, handle, ctypes.byref(memory))
            if code == 0:
                return (memory.used, memory.free, memory.total), ""
            failed = failed if code is None else word(code)
        return None, failed

    def _read_text(self, name: str, handle: Any) -> str:
        code = self._call(name, handle, self._text, _TEXT_BYTES)
        return "" if code or code is None else self._text.value.decode(errors="replace")

    def _read_number(self, name: str, handle: Any) -> str:
        code = self._call(name, handle, ctypes.byref(self._number))
        return "" if code or code is None else str(self._number.value)

    def _call(self, name: str, *parameters: Any) -> int | None:
        function = self._door.function(name)
        if function is None:
            return None
        code = function(*parameters)
        raise_if_fatal(code, name)
        return code
