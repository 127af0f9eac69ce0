"""The door to libnvidia-ml.so.1: the only module that imports pynvml.

pynvml loads the library, knows every structure and constant, and reads what is read once. What is
read often is called through pynvml's library handle directly, into buffers that are kept: its
convenience functions make a new structure for every call.
"""

import ctypes
from collections.abc import Callable
from typing import Any, Protocol

import pynvml

from collector.model import GpuIdentity
from collector.sources.nvml.errors import as_error, word
from collector.sources.protocol import DriverGoneError, DriverMissingError, SourceError

Handle = Any
"""An opaque nvmlDevice_t; ctypes has no better type for it."""
Function = Callable[..., int]
"""A C function that returns nvmlReturn_t."""

_TRY_SIMULATED = 'or set sampling.source = "simulated" to try Wattkeeper without GPUs'
_WHY_NOT = {
    4: (
        "no permission to use the NVIDIA driver",
        "let its user open /dev/nvidiactl and /dev/nvidia*; in a container, use --gpus all",
    ),
    9: (
        "the NVIDIA kernel module is not loaded",
        f"load it (modprobe nvidia; nvidia-smi must work), {_TRY_SIMULATED}",
    ),
    12: (
        "no NVIDIA driver: libnvidia-ml.so.1 is not there",
        f"install the NVIDIA driver (nvidia-smi must work), {_TRY_SIMULATED}",
    ),
}
_MISMATCH = 18


class Door(Protocol):
    """What the rest of this package needs of NVML; the tests replay captures behind it."""

    def open(self) -> None:
        """Load the library and connect to the driver."""

    def close(self) -> None:
        """Disconnect."""

    def count(self) -> int:
        """Number of GPUs the driver shows."""

    def handle(self, index: int) -> Handle:
        """The GPU at an index."""

    def handle_by_uuid(self, uuid: str) -> Handle:
        """The GPU with a UUID."""

    def uuid(self, handle: Handle) -> str:
        """The UUID of a GPU."""

    def identity(self, handle: Handle, index: int) -> GpuIdentity:
        """Who a GPU is."""

    def function(self, name: str) -> Function | None:
        """A function of the library, None where this driver has none of that name."""


def constant(name: str) -> int:
    """A constant of nvml.h by its name.

    Raises:
        AttributeError: pynvml knows no such constant.
    """
    return int(getattr(pynvml, name))


def structure(name: str) -> type[ctypes.Structure]:
    """A structure of nvml.h by pynvml's name for it.

    Raises:
        AttributeError: pynvml knows no such structure.
    """
    found: type[ctypes.Structure] = getattr(pynvml, name)
    return found


FieldValue = structure("c_nvmlFieldValue_t")


class Library:
    """The real library, through pynvml."""

    def open(self) -> None:
        """Load the library and connect to the driver.

        Raises:
            DriverMissingError: no library, no kernel module, or no permission.
            DriverGoneError: library and kernel module do not fit together.
        """
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            raise _cannot_open(error.value) from None

    def close(self) -> None:
        """Disconnect from the driver."""
        try:
            pynvml.nvmlShutdown()
        except pynvml.NVMLError as error:
            raise as_error(error.value, "nvmlShutdown") from None

    def count(self) -> int:
        """Number of GPUs the driver shows."""
        return int(self._ask(pynvml.nvmlDeviceGetCount))

    def handle(self, index: int) -> Handle:
        """The GPU at an index."""
        return self._ask(pynvml.nvmlDeviceGetHandleByIndex, index)

    def handle_by_uuid(self, uuid: str) -> Handle:
        """The GPU with a UUID."""
        return self._ask(pynvml.nvmlDeviceGetHandleByUUID, uuid)

    def uuid(self, handle: Handle) -> str:
        """The UUID of a GPU."""
        return str(self._ask(pynvml.nvmlDeviceGetUUID, handle))

    def identity(self, handle: Handle, index: int) -> GpuIdentity:
        """Who a GPU is; what it does not say is empty."""
        architecture = self._ask_softly(pynvml.nvmlDeviceGetArchitecture, handle)
        pci = self._ask_softly(pynvml.nvmlDeviceGetPciInfo, handle)
        return GpuIdentity(
            uuid=self.uuid(handle),
            index=index,
            model=str(self._ask_softly(pynvml.nvmlDeviceGetName, handle) or ""),
            architecture=_architectures().get(architecture, ""),
            serial=str(self._ask_softly(pynvml.nvmlDeviceGetSerial, handle) or ""),
            pci_bus_id=str(getattr(pci, "busId", "") or ""),
            driver_version=str(self._ask_softly(pynvml.nvmlSystemGetDriverVersion) or ""),
            vbios_version=str(self._ask_softly(pynvml.nvmlDeviceGetVbiosVersion, handle) or ""),
        )

    def function(self, name: str) -> Function | None:
        """A function of the library, None where this driver has none of that name."""
        if pynvml.nvmlLib is None:
            raise DriverGoneError("NVML is not open", "uninitialized")
        found: Function | None = getattr(pynvml.nvmlLib, name, None)
        return found

    @staticmethod
    def _ask(function: Callable[..., Any], *arguments: object) -> Any:
        try:
            return function(*arguments)
        except pynvml.NVMLError as error:
            raise as_error(error.value, function.__name__) from None

    def _ask_softly(self, function: Callable[..., Any], *arguments: object) -> Any:
        try:
            return self._ask(function, *arguments)
        except DriverGoneError:
            raise
        except SourceError:
            return None


def _cannot_open(code: int) -> SourceError:
    if code == _MISMATCH:
        # The library stays loaded in this process, so only a new one can use another.
        return DriverGoneError(
            "the NVIDIA library and the kernel module are of different versions", word(code)
        )
    why, action = _WHY_NOT.get(
        code,
        (f"the NVIDIA driver does not answer ({word(code)})", "run 'nvidia-smi' to see more"),
    )
    return DriverMissingError(why, word(code), action)


def _architectures() -> dict[Any, str]:
    prefix = "NVML_DEVICE_ARCH_"
    return {
        value: name.removeprefix(prefix).title()
        for name, value in vars(pynvml).items()
        if name.startswith(prefix) and name != f"{prefix}UNKNOWN"
    }
