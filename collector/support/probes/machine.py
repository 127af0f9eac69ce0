"""The machine: its kernel, the limits of the daemon and of its control group."""

import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

from collector.support.finding import Finding, Known, Section

_GROUPS = Path("/sys/fs/cgroup")
_FILES = ("memory.max", "memory.high", "memory.current", "cpu.max", "pids.max", "pids.current")
_TABLES = ("memory.events", "cpu.stat")
_THROTTLED_SHARE = 0.01


def machine(pid: int | None) -> Section:
    """What the kernel says.

    Args:
        pid: the daemon's process; None where none runs, or not on this machine.
    """
    groups = _groups(pid)
    return Section(
        name="machine.json",
        about="kernel, processors, memory, limits of the process and its control group",
        document={
            "kernel": _kernel(),
            "processors": os.cpu_count(),
            "usable_processors": len(os.sched_getaffinity(pid or 0)) if _seen(pid) else None,
            "load": list(os.getloadavg()),
            "memory": _memory(),
            "daemon_runs": pid is not None,
            "limits": _limits(pid),
            "control_group": groups,
        },
        findings=tuple(_judge(groups)),
    )


def daemon_pid(ledger: Path) -> int | None:
    """The process that holds the ledger's lock, as far as this machine shows it."""
    lock = ledger.with_name(f"{ledger.name}.lock")
    try:
        inode = lock.stat().st_ino
        held = Path("/proc/locks").read_text(encoding="ascii")
        pid = int(lock.read_text(encoding="ascii").strip() or 0)
    except (OSError, ValueError):
        return None
    # 1: FLOCK  ADVISORY  WRITE 712 08:01:1180 0 EOF, see proc(5)
    if not re.search(rf"FLOCK .*:{inode} ", held) or not Path(f"/proc/{pid}").exists():
        return None
    return pid or None


def _kernel() -> Known | None:
    """Its version; what somebody appended to it may be a name."""
    match = re.match(r"\d+\.\d+(\.\d+)?(-\d+)?", platform.release())
    return None if match is None else Known(match.group())


def _seen(pid: int | None) -> bool:
    return pid is None or Path(f"/proc/{pid}").exists()


def _memory() -> dict[str, int]:
    found: dict[str, int] = {}
    for line in _lines(Path("/proc/meminfo")):
        match = re.fullmatch(r"(MemTotal|MemAvailable|SwapTotal|SwapFree): +(\d+) kB", line)
        if match is not None:
            found[Known(match[1])] = int(match[2]) * 1024
    return found


def _limits(pid: int | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _lines(Path(f"/proc/{pid or 'self'}/limits")):
        match = re.fullmatch(
            r"(Max (?:open files|processes|locked memory|address space|file size)) +(\S+) .*", line
        )
        if match is not None:
            found[Known(match[1])] = Known(match[2])
    return found


def _groups(pid: int | None) -> dict[str, object]:
    """Version 2 of control groups; where the host has version 1, nothing."""
    place = next(
        (
            line.removeprefix("0::/")
            for line in _lines(Path(f"/proc/{pid or 'self'}/cgroup"))
            if line.startswith("0::/")
        ),
        None,
    )
    if place is None:
        return {}
    found: dict[str, object] = {}
    for name in _FILES:
        text = " ".join(_lines(_GROUPS / place / name))
        if re.fullmatch(r"(max|\d+)( \d+)?", text):
            found[Known(name)] = Known(text)
    for name in _TABLES:
        pairs = (line.partition(" ") for line in _lines(_GROUPS / place / name))
        table = {Known(key): int(value) for key, _, value in pairs if value.isdecimal()}
        if table:
            found[Known(name)] = table
    return found


def _judge(groups: dict[str, object]) -> Iterator[Finding]:
    events, cpu = groups.get("memory.events"), groups.get("cpu.stat")
    if isinstance(events, dict) and events.get("oom_kill"):
        yield Finding(
            topic="memory",
            text=f"the kernel killed {events['oom_kill']} processes of this control group",
            action="raise its limit (MemoryMax=, or the container's), and send a support bundle",
        )
    if isinstance(cpu, dict) and cpu.get("nr_periods"):
        share = cpu.get("nr_throttled", 0) / cpu["nr_periods"]
        if share > _THROTTLED_SHARE:
            yield Finding(
                topic="processor",
                text=f"a limit held the control group up in {share:.0%} of its periods: samples "
                "come late",
                action="raise CPUQuota= or the container's limit, or take it away",
            )


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
