"""Numbers of nvml.h that tests name, and the word for 'no value'."""

from typing import Final

UINT64_MAX: Final = 2**64 - 1
UINT32_MAX: Final = 2**32 - 1

ERROR_INVALID_ARGUMENT: Final = 2
ERROR_NOT_SUPPORTED: Final = 3
ERROR_NO_PERMISSION: Final = 4
ERROR_NOT_FOUND: Final = 6
ERROR_DRIVER_NOT_LOADED: Final = 9
ERROR_TIMEOUT: Final = 10
ERROR_GPU_IS_LOST: Final = 15
ERROR_LIB_RM_VERSION_MISMATCH: Final = 18
ERROR_IN_USE: Final = 19
ERROR_ARGUMENT_VERSION_MISMATCH: Final = 25
ERROR_NOT_READY: Final = 27
ERROR_UNKNOWN: Final = 999

EVENT_XID: Final = 0x8
