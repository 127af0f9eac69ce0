"""NVML return codes into our errors and their short words."""

from collector.sources.protocol import DriverGoneError, GpuLostError, SourceError

WORDS = {
    1: "uninitialized",
    2: "invalid_argument",
    3: "not_supported",
    4: "no_permission",
    6: "not_found",
    7: "insufficient_size",
    9: "driver_not_loaded",
    10: "timeout",
    11: "irq_issue",
    12: "library_not_found",
    13: "function_not_found",
    15: "gpu_lost",
    16: "reset_required",
    17: "operating_system",
    18: "version_mismatch",
    19: "in_use",
    20: "memory",
    21: "no_data",
    25: "struct_version",
    26: "deprecated",
    27: "not_ready",
    28: "gpu_not_found",
    29: "invalid_state",
    999: "unknown",
}
"""nvmlReturn_t by number (nvml.h), as the `error` label says it."""

NOT_SUPPORTED = 3
NOT_OFFERED = frozenset({2, NOT_SUPPORTED, 13, 25, 26})
"""What a GPU or driver answers to a question that it does not know: absent, not an error."""

_LOST = frozenset({15, 28})
_GONE = frozenset({1, 9, 18})


def word(code: int) -> str:
    """The short word for a return code."""
    return WORDS.get(code, f"code_{code}")


def raise_if_fatal(code: int, what: str) -> None:
    """Go on unless the GPU or the driver is gone.

    Raises:
        GpuLostError, DriverGoneError: nothing more can be read.
    """
    error = as_error(code, what)
    if code and isinstance(error, GpuLostError | DriverGoneError):
        raise error


def as_error(code: int, what: str) -> SourceError:
    """The error for a return code.

    Args:
        code: what NVML returned, not 0.
        what: the call that failed, for people.
    """
    if code in _LOST:
        return GpuLostError(f"{what}: the GPU is lost (NVML error {code})", word(code))
    if code in _GONE:
        return DriverGoneError(f"{what}: the driver is gone ({word(code)})", word(code))
    return SourceError(f"{what}: NVML error {code} ({word(code)})", word(code))
