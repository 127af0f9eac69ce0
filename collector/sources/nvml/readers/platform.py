"""Where in a rack a GPU sits, as its platform tells the driver (NVL72 and its like)."""

from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.readers.base import Found, Reader
from collector.sources.nvml.readers.driver import done
from collector.sources.nvml.readers.versions import Version, first_accepted

_FUNCTION = "nvmlDeviceGetPlatformInfo"
_VERSIONS = (
    Version(_FUNCTION, "c_nvmlPlatformInfo_v2_t"),
    Version(_FUNCTION, "c_nvmlPlatformInfo_v1_t"),
)
_MEMBERS = (
    ("chassisSerialNumber", "slotNumber", "trayIndex", "hostId", "moduleId"),
    ("rackGuid", "chassisPhysicalSlotNumber", "computeSlotIndex", "nodeIndex", "moduleId"),
)
"""Version 2 renamed what version 1 had."""


class Platform(Reader):
    """Chassis, slot, tray, host and module."""

    def __init__(self, door: Door, handle: Handle) -> None:
        accepted = first_accepted(door, handle, _VERSIONS)
        self._name, self._invoke, self._info = accepted.function, accepted.invoke, accepted.buffer
        self._members = next(
            members for members in _MEMBERS if hasattr(type(self._info), members[0])
        )

    def read(self) -> Found:
        """One series, with all of it as labels."""
        done(self._invoke(), self._name)
        chassis, *places = self._members
        text = self._bytes(chassis).split(b"\0")[0].decode("ascii", "replace")
        serial = "".join(letter for letter in text if letter.isalnum() or letter in "-_")
        return Found({"": {(serial, *(str(self._bytes(place)[0]) for place in places)): 1.0}})

    def secrets(self) -> tuple[bytes, ...]:
        """The chassis' serial number and the port's GUID."""
        chassis, guid = self._bytes(self._members[0]).rstrip(b"\0"), self._bytes("ibGuid")
        return tuple(secret for secret in (chassis, guid) if any(secret))

    def _bytes(self, member: str) -> bytes:
        """A member as it lies in memory: pynvml makes text of bytes, which numbers are not."""
        place = getattr(type(self._info), member)
        return bytes(self._info)[place.offset : place.offset + place.size]
