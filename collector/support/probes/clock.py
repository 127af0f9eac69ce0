"""The clock: whether anybody keeps it right."""

import ctypes
import os
import time

from collector.support.finding import Finding, Section

_TIMEX_BYTES = 208
_MAXERROR, _ESTERROR, _STATUS = 24, 32, 40
"""Offsets in `struct timex` of 64-bit Linux, see adjtimex(2)."""
_UNSYNCHRONISED = 0x40
_ERROR = 5
_FIRST_YEAR_SECONDS = 1_767_225_600  # 2026-01-01: this program is no older
_MOST_ERROR_US = 1_000_000


def clock() -> Section:
    """What the kernel says of its clock, which alone knows whether a daemon disciplines it."""
    found = _adjtimex()
    findings = []
    if found is None:
        findings.append(
            Finding(
                topic="clock",
                text="the kernel does not say whether its clock is synchronised",
                weight="note",
            )
        )
    elif not found["synchronised"]:
        findings.append(
            Finding(
                topic="clock",
                text="the clock is not synchronised: registers would be of the wrong minutes, and "
                "InfluxDB and Prometheus refuse points from the future",
                action="start chrony or systemd-timesyncd; 'timedatectl' shows how it stands",
            )
        )
    elif found["most_error_us"] > _MOST_ERROR_US:
        findings.append(
            Finding(
                topic="clock",
                text=f"the clock may be wrong by {found['most_error_us'] / 1e6:.1f} s",
                action="look at 'chronyc tracking' or 'timedatectl timesync-status'",
                weight="note",
            )
        )
    if time.time() < _FIRST_YEAR_SECONDS:
        findings.append(
            Finding(
                topic="clock",
                text="the clock is years behind",
                action="set it: windows would be kept under a time long ago, and pruned",
            )
        )
    return Section(
        name="clock.json",
        about="whether the clock is synchronised",
        document={"kernel": found, "utc_offset_seconds": time.localtime().tm_gmtoff},
        findings=tuple(findings),
    )


def _adjtimex() -> dict[str, int] | None:
    """Asks without setting anything, which everybody may."""
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    except (AttributeError, OSError):
        return None
    if state < 0:
        return None

    def number(offset: int, kind: type[ctypes.c_long | ctypes.c_int]) -> int:
        return int(kind.from_buffer(buffer, offset).value)

    synchronised = state != _ERROR and not number(_STATUS, ctypes.c_int) & _UNSYNCHRONISED
    return {
        "synchronised": int(synchronised),
        "most_error_us": number(_MAXERROR, ctypes.c_long),
        "estimated_error_us": number(_ESTERROR, ctypes.c_long),
        "ticks_per_second": os.sysconf("SC_CLK_TCK"),
    }
