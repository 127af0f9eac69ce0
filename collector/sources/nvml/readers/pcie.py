"""Bytes over PCIe, as the driver counts them. nvmlDeviceGetPcieThroughput blocks for 20 ms."""

from collector.sources.nvml.library import Door, Handle, constant
from collector.sources.nvml.readers.base import Found, Reader, UnsupportedError
from collector.sources.nvml.readers.driver import Fields

_FIELDS = {
    "tx": "NVML_FI_DEV_PCIE_COUNT_TX_BYTES",
    "rx": "NVML_FI_DEV_PCIE_COUNT_RX_BYTES",
}
_NARROW = 2**32


class PcieBytes(Reader):
    """Bytes by direction, seen from the GPU, where the counter has more than 32 bits.

    "Value can be wrapped", says nvml.h. One of 32 bits wraps within 0.1 s on a busy link of today:
    between two reads it tells nothing. Such a one is left out, found out by its type, or else when
    it first falls without ever having been too large for 32 bits.
    """

    def __init__(self, door: Door, handle: Handle) -> None:
        wanted = {name: (constant(field), 0) for name, field in _FIELDS.items()}
        self._fields = Fields(door, handle, wanted)
        if any(self._fields.narrow(name) for name in self._fields.keys):
            raise UnsupportedError("the byte counters have 32 bits")
        self._last: dict[str, float] = {}
        self._is_narrow = False

    def read(self) -> Found:
        """Bytes since the driver was loaded."""
        if self._is_narrow:
            return Found()
        counts = self._fields.ask()
        for name, count in counts.items():
            if count < self._last.get(name, 0) < _NARROW:
                self._is_narrow = True
                return Found(failed={"": "wrapped"})
            self._last[name] = max(count, self._last.get(name, 0))
        found = Found({"": {(name,): count for name, count in counts.items()}})
        if self._fields.failed:
            found.failed[""] = self._fields.failed
        return found
