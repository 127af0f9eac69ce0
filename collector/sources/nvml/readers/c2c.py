"""NVLink-C2C, which joins a GPU to the CPU of its module."""

from contextlib import suppress

from collector.sources.nvml.library import Door, Handle, constant
from collector.sources.nvml.readers.base import Found, Reader, Series, UnsupportedError
from collector.sources.nvml.readers.driver import Fields

_ERRORS = {
    "crc": "NVML_FI_DEV_C2C_LINK_ERROR_INTR",
    "replay": "NVML_FI_DEV_C2C_LINK_ERROR_REPLAY",
    "replay_b2b": "NVML_FI_DEV_C2C_LINK_ERROR_REPLAY_B2B",
}
_MOST_LINKS = 64


class C2c(Reader):
    """Links by state and errors by type, over all links."""

    def __init__(self, door: Door, handle: Handle) -> None:
        count = Fields(door, handle, {"": (constant("NVML_FI_DEV_C2C_LINK_COUNT"), 0)}).ask()
        links = range(min(int(count.get("", 0)), _MOST_LINKS))
        if not links:
            raise UnsupportedError("no C2C link")
        status = constant("NVML_FI_DEV_C2C_LINK_GET_STATUS")
        self._status = Fields(door, handle, {link: (status, link) for link in links})
        self._errors: Fields[tuple[str, int]] | None = None
        with suppress(UnsupportedError):
            self._errors = Fields(
                door,
                handle,
                {
                    (kind, link): (constant(name), link)
                    for kind, name in _ERRORS.items()
                    for link in links
                },
            )

    @property
    def outputs(self) -> frozenset[str]:
        """`links`, and `errors` where the driver counts them."""
        return frozenset({"links", "errors"} if self._errors is not None else {"links"})

    def read(self) -> Found:
        """Links up and down, and errors since the driver was loaded."""
        found = Found()
        states = self._status.ask()
        if self._status.failed:
            found.failed["links"] = self._status.failed
        else:
            up = float(sum(1 for state in states.values() if state))
            found.values["links"] = {("up",): up, ("down",): len(states) - up}
        if self._errors is not None:
            counts = self._errors.ask()
            if self._errors.failed:
                found.failed["errors"] = self._errors.failed
            else:
                series: Series = {}
                for (kind, _), count in counts.items():
                    series[kind,] = series.get((kind,), 0.0) + count
                found.values["errors"] = series
        return found
