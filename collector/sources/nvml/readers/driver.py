"""How readers call the driver: functions and field values, with what is not offered left out."""

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

from collector.sources.nvml.calls import FIELDS, FieldBatch
from collector.sources.nvml.errors import NOT_OFFERED, as_error, raise_if_fatal, word
from collector.sources.nvml.library import Door, Function, Handle
from collector.sources.nvml.readers.base import UnsupportedError

ALL_LINKS = 0xFFFFFFFF
"""Scope of a field for the sum over all links of a GPU."""
_WIDE = frozenset({2, 3, 4})
"""nvmlValueType_t of 64 bits: unsigned long, unsigned long long, signed long long."""

K = TypeVar("K", bound=Hashable)


def function(door: Door, *names: str) -> tuple[str, Function]:
    """The first of some functions that the driver has.

    Raises:
        UnsupportedError: it has none of them.
    """
    for name in names:
        found = door.function(name)
        if found is not None:
            return name, found
    raise UnsupportedError(f"the driver has no {' nor '.join(names)}")


def offered(code: int, what: str) -> None:
    """Judge the first answer of a call.

    Raises:
        UnsupportedError: it is not offered.
        GpuLostError, DriverGoneError: nothing more can be read.
    """
    raise_if_fatal(code, what)
    if code in NOT_OFFERED:
        raise UnsupportedError(f"{what}: {word(code)}")


def done(code: int, what: str) -> None:
    """Judge any later answer.

    Raises:
        SourceError: the call failed.
    """
    if code:
        raise as_error(code, what)


class Fields(Generic[K]):
    """Field values that are asked for with one call; those not offered are left out for good.

    Attributes:
        keys: those that are offered.
        failed: the word for why, where the last call left some out; empty otherwise.

    Args:
        door: NVML.
        handle: the GPU.
        wanted: field id and scope by a key of the caller's own.

    Raises:
        UnsupportedError: none is offered.
        GpuLostError, DriverGoneError: nothing more can be read.
    """

    def __init__(self, door: Door, handle: Handle, wanted: Mapping[K, tuple[int, int]]) -> None:
        _, invoke = function(door, FIELDS)
        probe = FieldBatch(invoke, handle, list(wanted.values()))
        offered(probe.invoke(), FIELDS)
        kept: dict[K, tuple[int, int]] = {}
        self._kinds: dict[K, int] = {}
        for position, (key, pair) in enumerate(wanted.items()):
            code = probe.code(position)
            raise_if_fatal(code, FIELDS)
            if code not in NOT_OFFERED:
                kept[key] = pair
            if not code:
                self._kinds[key] = probe.kind(position)
        if not kept:
            raise UnsupportedError("none of the fields is offered")
        self.keys = tuple(kept)
        self.failed = ""
        self._batch = FieldBatch(invoke, handle, list(kept.values()))

    def wide(self, key: K) -> bool:
        """Whether the first answer for a key was a number of 64 bits."""
        return self._kinds.get(key) in _WIDE

    def narrow(self, key: K) -> bool:
        """Whether the first answer for a key was one of fewer; False too where there was none."""
        return key in self._kinds and not self.wide(key)

    def ask(self) -> dict[K, float]:
        """The values as the driver gives them; what failed or is a sentinel is absent.

        Raises:
            SourceError: the call as a whole failed.
        """
        done(self._batch.invoke(), FIELDS)
        found: dict[K, float] = {}
        self.failed = ""
        for position, key in enumerate(self.keys):
            code = self._batch.code(position)
            raise_if_fatal(code, FIELDS)
            value = None if code else self._batch.value(position)
            if value is None:
                self.failed = self.failed or (word(code) if code else "sentinel")
            else:
                found[key] = float(value)
        return found
