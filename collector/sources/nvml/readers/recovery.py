"""What the driver asks an operator to do with a GPU."""

from collector.sources.nvml.library import Door, Handle, constant
from collector.sources.nvml.readers.base import Found, Reader
from collector.sources.nvml.readers.driver import Fields

_NONE = "none"
_ACTIONS = (
    _NONE,
    "gpu_reset",
    "node_reboot",
    "drain_p2p",
    "drain_and_reset",
    "recover_imex_domain",
    "bus_reset",
    "system_reboot",
)
"""NVML_GPU_RECOVERY_ACTION_* by number."""


class RecoveryAction(Reader):
    """1 for the action that is due; `none` is always there, so that there is a 0 to compare."""

    def __init__(self, door: Door, handle: Handle) -> None:
        number = constant("NVML_FI_DEV_GET_GPU_RECOVERY_ACTION")
        self._field = Fields(door, handle, {"": (number, 0)})

    def read(self) -> Found:
        """The action as 0 or 1 by name; one that is not known is named by its number."""
        value = self._field.ask().get("")
        if value is None:
            return Found(failed={"": self._field.failed})
        number = int(value)
        action = _ACTIONS[number] if 0 <= number < len(_ACTIONS) else f"action_{number}"
        return Found({"": {(_NONE,): 0.0, (action,): 1.0}})
