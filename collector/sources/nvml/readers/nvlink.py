"""NVLink: what a GPU's links do together. All links are asked with one call."""

from collections.abc import Mapping
from contextlib import suppress

from collector.sources.nvml.library import Door, Handle, constant
from collector.sources.nvml.readers.base import Found, Reader, Series, UnsupportedError
from collector.sources.nvml.readers.driver import ALL_LINKS, Fields
from collector.sources.nvml.readers.links import LinkStates

_TOTALS = {
    "replay": "NVML_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL",
    "recovery": "NVML_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL",
    "crc_flit": "NVML_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL",
    "crc_data": "NVML_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL",
    "ecc_data": "NVML_FI_DEV_NVLINK_ECC_DATA_ERROR_COUNT_TOTAL",
}
"""Up to NVLink 3: counted over all links."""
LINK_ERRORS_4 = {
    "replay": "NVML_FI_DEV_NVLINK_ERROR_DL_REPLAY",
    "recovery": "NVML_FI_DEV_NVLINK_ERROR_DL_RECOVERY",
    "crc": "NVML_FI_DEV_NVLINK_ERROR_DL_CRC",
}
"""NVLink 4, by link; the change log of nvml.h has them go with Blackwell."""
LINK_ERRORS_5 = {
    "malformed_packet": "NVML_FI_DEV_NVLINK_COUNT_MALFORMED_PACKET_ERRORS",
    "buffer_overrun": "NVML_FI_DEV_NVLINK_COUNT_BUFFER_OVERRUN_ERRORS",
    "receive": "NVML_FI_DEV_NVLINK_COUNT_RCV_ERRORS",
    "receive_remote": "NVML_FI_DEV_NVLINK_COUNT_RCV_REMOTE_ERRORS",
    "receive_general": "NVML_FI_DEV_NVLINK_COUNT_RCV_GENERAL_ERRORS",
    "link_integrity": "NVML_FI_DEV_NVLINK_COUNT_LOCAL_LINK_INTEGRITY_ERRORS",
    "transmit_discard": "NVML_FI_DEV_NVLINK_COUNT_XMIT_DISCARDS",
    "recovery": "NVML_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_EVENTS",
    "recovery_failed": "NVML_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_FAILED_EVENTS",
    "effective": "NVML_FI_DEV_NVLINK_COUNT_EFFECTIVE_ERRORS",
    "symbol": "NVML_FI_DEV_NVLINK_COUNT_SYMBOL_ERRORS",
}
"""From NVLink 5 on, by link or over all."""
ERROR_TYPES = tuple(dict.fromkeys((*_TOTALS, *LINK_ERRORS_4, *LINK_ERRORS_5)))
"""Every type of error that some generation counts."""


class NvlinkLinks(Reader):
    """Links by state: `up`, `down`, and `disabled`, which carry no traffic by decision."""

    def __init__(self, door: Door, handle: Handle) -> None:
        self._states = LinkStates(door, handle)

    def read(self) -> Found:
        """How many links are in each state."""
        states = self._states.ask()
        if self._states.failed:  # a count of some of the links would look like links gone
            return Found(failed={"": self._states.failed})
        counts: Series = {("up",): 0.0, ("down",): 0.0, ("disabled",): 0.0}
        for state in states.values():
            counts[state,] += 1
        return Found({"": counts})


class NvlinkErrors(Reader):
    """Errors by type, over all links, by the counters of the generation at hand."""

    def __init__(self, door: Door, handle: Handle) -> None:
        self._fields = _first_offered(door, handle)

    def read(self) -> Found:
        """Errors since the driver was loaded."""
        counts: dict[str, float] = {}
        missing: set[str] = set()
        found = self._fields.ask()
        for kind, link in self._fields.keys:
            count = found.get((kind, link))
            if count is None:  # without one link the sum would fall, and look like a reset
                missing.add(kind)
            else:
                counts[kind] = counts.get(kind, 0.0) + count
        series: Series = {(kind,): n for kind, n in counts.items() if kind not in missing}
        return Found({"": series}, {"": self._fields.failed} if self._fields.failed else {})


def _first_offered(door: Door, handle: Handle) -> Fields[tuple[str, int]]:
    """The fields of the newest generation that are answered.

    Those of NVLink 4 before the older sums, which Hopper may still answer: with zeros.
    """
    for names in (LINK_ERRORS_5, LINK_ERRORS_4):
        with suppress(UnsupportedError):
            return Fields(door, handle, _pairs(names, (ALL_LINKS,)))
    with suppress(UnsupportedError):
        return Fields(door, handle, _pairs(LINK_ERRORS_4, LinkStates(door, handle).links))
    return Fields(door, handle, _pairs(_TOTALS, (0,)))


def _pairs(
    names: Mapping[str, str], scopes: tuple[int, ...]
) -> dict[tuple[str, int], tuple[int, int]]:
    return {
        (kind, scope): (constant(name), scope) for kind, name in names.items() for scope in scopes
    }
