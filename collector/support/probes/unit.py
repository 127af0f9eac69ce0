"""The systemd unit, where systemd runs."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from collector.support.finding import Finding, Known, Section

_PROPERTIES = (
    "LoadState", "UnitFileState", "ActiveState", "SubState", "Result", "NRestarts", "Type",
    "ExecMainCode", "ExecMainStatus", "NeedDaemonReload", "DynamicUser", "WatchdogUSec",
    "TimeoutStartUSec", "TimeoutStopUSec", "MemoryMax", "MemoryCurrent", "CPUQuotaPerSecUSec",
    "TasksMax", "TasksCurrent", "LimitNOFILE", "Nice", "ProtectSystem", "PrivateDevices",
    "DevicePolicy", "NoNewPrivileges", "ActiveEnterTimestampMonotonic",
)  # fmt: skip
_VALUE = re.compile(r"[a-z][a-z-]{0,20}|\d{1,20}|(\d+(us|ms|s|min|h) ?)+|\[not set\]|infinity")
_SECONDS = 10.0
_MANY_RESTARTS = 3


def unit(name: str) -> Section | None:
    """What systemd knows of the service; None where systemd does not run.

    Args:
        name: `wattkeeper-node` or `wattkeeper-site`.
    """
    if shutil.which("systemctl") is None or not Path("/run/systemd/system").is_dir():
        return None
    shown = _show(name)
    return Section(
        name="unit.json",
        about="how systemd runs the service",
        document={Known(key): Known(value) for key, value in shown.items()},
        findings=tuple(_judge(name, shown)),
    )


def _show(name: str) -> dict[str, str]:
    command = ["systemctl", "show", f"--property={','.join(_PROPERTIES)}", f"{name}.service"]
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {
        key: value
        for key, _, value in pairs
        if key in _PROPERTIES and _VALUE.fullmatch(value.strip())
    }


def _judge(name: str, shown: Mapping[str, str]) -> Iterator[Finding]:
    if shown.get("LoadState") == "not-found":
        return
    if shown.get("ActiveState") not in {None, "active", "reloading"}:
        yield Finding(
            topic="service",
            text=f"{name} is {shown['ActiveState']} ({shown.get('Result', 'result not known')})",
            action=f"journalctl -u {name} says why; systemctl start {name}",
        )
    if shown.get("UnitFileState") == "disabled":
        yield Finding(
            topic="service",
            text=f"{name} is not started at boot",
            action=f"systemctl enable {name}",
        )
    if shown.get("NeedDaemonReload") == "yes":
        yield Finding(
            topic="service",
            text=f"the unit of {name} was changed on disk, and systemd has not read it",
            action=f"systemctl daemon-reload && systemctl restart {name}",
        )
    restarts = int(shown.get("NRestarts", "0"))
    if restarts >= _MANY_RESTARTS:
        yield Finding(
            topic="service",
            text=f"systemd has restarted {name} {restarts} times",
            action=f"journalctl -u {name} -p warning says why it ended",
        )
