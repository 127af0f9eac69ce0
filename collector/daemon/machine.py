"""What the daemon must know of the machine it runs on."""

from datetime import datetime
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Identity of this boot; empty where the kernel does not say, which reads as another boot."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def local_midnight_ns(wall_ns: int) -> int:
    """Wall time at which the local day began, nanoseconds."""
    local = datetime.fromtimestamp(wall_ns / 1e9).astimezone()
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    # The offset at midnight may differ from now's, on the days that clocks change.
    return round(midnight.replace(tzinfo=None).astimezone().timestamp()) * 1_000_000_000
