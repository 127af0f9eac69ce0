"""Structures of several versions: the newest that the driver takes."""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from collector.sources.nvml.errors import NOT_OFFERED, raise_if_fatal
from collector.sources.nvml.library import Door, Handle, structure
from collector.sources.nvml.readers.base import UnsupportedError


@dataclass(frozen=True, slots=True)
class Version:
    """A function and the structure that it fills; pynvml's constructors set the version in it."""

    function: str
    structure: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The version that a driver takes.

    Attributes:
        function: its name.
        invoke: calls it and returns nvmlReturn_t.
        buffer: the structure that it fills; holds the first answer, if there was one.
        code: what the first call returned: 0, or that it was refused or failed in passing.
    """

    function: str
    invoke: Callable[[], int]
    buffer: Any
    code: int


def first_accepted(door: Door, handle: Handle, versions: Sequence[Version]) -> Accepted:
    """The first version that the driver knows.

    Raises:
        UnsupportedError: it knows none.
        GpuLostError, DriverGoneError: nothing more can be read.
    """
    for version in versions:
        function = door.function(version.function)
        if function is None:
            continue
        buffer = structure(version.structure)()
        invoke = partial(function, handle, ctypes.byref(buffer))
        code = invoke()
        raise_if_fatal(code, version.function)
        if code not in NOT_OFFERED:
            return Accepted(version.function, invoke, buffer, code)
    raise UnsupportedError(f"the driver takes no version of {versions[0].structure}")
