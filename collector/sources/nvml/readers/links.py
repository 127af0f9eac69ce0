"""The state of each NVLink of a GPU, by its field or by the older function."""

import ctypes

from collector.sources.nvml.errors import NOT_OFFERED, raise_if_fatal, word
from collector.sources.nvml.library import Door, Handle, constant
from collector.sources.nvml.readers.base import UnsupportedError
from collector.sources.nvml.readers.driver import Fields, function, offered

_STATES = {0: "down", 1: "up", 2: "up", 3: "disabled"}
"""NVML_NVLINK_STATE_*: inactive, active, asleep to save power, active with its traffic disabled."""
_STATE = "nvmlDeviceGetNvLinkState"


class LinkStates:
    """States of all links.

    Attributes:
        links: the numbers of the links that there are.
        failed: the word for why, where the last look left some out; empty otherwise.

    Raises:
        UnsupportedError: there are no links.
        GpuLostError, DriverGoneError: nothing more can be read.
    """

    def __init__(self, door: Door, handle: Handle) -> None:
        self.links = tuple(range(_count(door, handle)))
        if not self.links:
            raise UnsupportedError("no NVLink")
        self.failed = ""
        field = constant("NVML_FI_DEV_NVLINK_GET_STATE")
        self._fields: Fields[int] | None = None
        self._older: _OlderStates | None = None
        try:
            self._fields = Fields(door, handle, {link: (field, link) for link in self.links})
        except UnsupportedError:
            self._older = _OlderStates(door, handle)

    def ask(self) -> dict[int, str]:
        """State by link: `up`, `down` or `disabled`; one that is not offered counts as disabled.

        Raises:
            SourceError: the call as a whole failed.
        """
        found: dict[int, float] = {}
        known: set[int] = set()
        if self._fields is not None:
            found = self._fields.ask()
            self.failed = self._fields.failed
            known = set(self._fields.keys)
        elif self._older is not None:
            found, self.failed = self._older.ask(self.links)
            known = set(found)
        states = {link: _STATES.get(int(state), "down") for link, state in found.items()}
        return states | {link: "disabled" for link in self.links if link not in known}


class _OlderStates:
    """nvmlDeviceGetNvLinkState, a call a link."""

    def __init__(self, door: Door, handle: Handle) -> None:
        _, self._function = function(door, _STATE)
        self._handle = handle
        self._state = ctypes.c_uint()
        offered(self._function(handle, 0, ctypes.byref(self._state)), _STATE)

    def ask(self, links: tuple[int, ...]) -> tuple[dict[int, float], str]:
        found: dict[int, float] = {}
        failed = ""
        for link in links:
            code = self._function(self._handle, link, ctypes.byref(self._state))
            raise_if_fatal(code, _STATE)
            if not code:
                found[link] = float(self._state.value)
            elif code not in NOT_OFFERED:
                failed = word(code)
        return found, failed


def _count(door: Door, handle: Handle) -> int:
    field = constant("NVML_FI_DEV_NVLINK_LINK_COUNT")
    count = int(Fields(door, handle, {"": (field, 0)}).ask().get("", 0))
    most = constant("NVML_NVLINK_MAX_LINKS")
    return count if 0 < count <= most else 0
