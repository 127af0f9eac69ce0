"""NVLink, link by link: many series, and so off unless asked for."""

from contextlib import suppress

from collector.sources.nvml.library import Door, Handle, constant
from collector.sources.nvml.readers.base import Found, Reader, Series, UnsupportedError
from collector.sources.nvml.readers.driver import Fields
from collector.sources.nvml.readers.links import LinkStates
from collector.sources.nvml.readers.nvlink import LINK_ERRORS_4, LINK_ERRORS_5

_KIB = 1024.0
_BYTES = (
    (
        {
            "tx": "NVML_FI_DEV_NVLINK_COUNT_XMIT_BYTES",
            "rx": "NVML_FI_DEV_NVLINK_COUNT_RCV_BYTES",
        },
        1.0,
    ),
    (
        {
            "tx": "NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX",
            "rx": "NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX",
        },
        _KIB,
    ),
)
"""Fields with their unit in bytes: from NVLink 5 on, and before."""


class NvlinkEach(Reader):
    """State, bytes and errors of each link."""

    def __init__(self, door: Door, handle: Handle) -> None:
        self._states = LinkStates(door, handle)
        self._bytes: Fields[tuple[str, str]] | None = None
        self._errors: Fields[tuple[str, str]] | None = None
        self._unit = 1.0
        for names, unit in _BYTES:
            if self._bytes is None:
                self._bytes, self._unit = self._fields(door, handle, names), unit
        for names in (LINK_ERRORS_5, LINK_ERRORS_4):
            self._errors = self._errors or self._fields(door, handle, names)

    @property
    def outputs(self) -> frozenset[str]:
        """`up`, and `bytes` and `errors` where the driver counts them."""
        outputs = {"up": self._states, "bytes": self._bytes, "errors": self._errors}
        return frozenset(name for name, source in outputs.items() if source is not None)

    def read(self) -> Found:
        """Everything by link, links counted from 0."""
        found = Found()
        states = self._states.ask()
        found.values["up"] = {(str(link),): float(state == "up") for link, state in states.items()}
        if self._states.failed:
            found.failed["up"] = self._states.failed
        for output, fields, unit in (
            ("bytes", self._bytes, self._unit),
            ("errors", self._errors, 1.0),
        ):
            if fields is None:
                continue
            series: Series = {key: count * unit for key, count in fields.ask().items()}
            found.values[output] = series
            if fields.failed:
                found.failed[output] = fields.failed
        return found

    def _fields(
        self, door: Door, handle: Handle, names: dict[str, str]
    ) -> Fields[tuple[str, str]] | None:
        wanted = {
            (str(link), kind): (constant(name), link)
            for link in self._states.links
            for kind, name in names.items()
        }
        with suppress(UnsupportedError):
            return Fields(door, handle, wanted)
        return None
