"""The systemd unit: what the daemon and the driver need, and what systemd says of it."""

import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from collector.config.settings import Settings

UNIT = Path(__file__).parents[2] / "deploy/systemd/wattkeeper-node.service"


def directives() -> dict[str, list[str]]:
    """Every directive's values; a name may stand more than once."""
    found = defaultdict(list)
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


def test_systemd_watches_it_and_always_brings_it_back() -> None:
    unit = directives()
    assert unit["Type"] == ["notify"]
    assert unit["Restart"] == ["always"]
    assert unit["StartLimitIntervalSec"] == ["0"]
    assert unit["RestartPreventExitStatus"] == ["2"], "only a wrong configuration stays down"
    assert int(unit["WatchdogSec"][0]) >= 30


def test_its_ledger_is_where_the_default_configuration_wants_it() -> None:
    (name,) = directives()["StateDirectory"]
    assert Settings.model_fields["ledger"].annotation is not None
    assert Settings().ledger.path.parent == Path("/var/lib") / name


def test_the_driver_can_be_opened_through_the_hardening() -> None:
    unit = directives()
    assert "PrivateDevices" not in unit, "it would hide /dev/nvidia*"
    assert "MemoryDenyWriteExecute" not in unit, "the driver's library may need it"
    assert "ProcSubset" not in unit, "the driver's library reads /proc/driver"
    allowed = unit["DeviceAllow"]
    assert "char-nvidia* rw" in allowed
    # Also when the driver is not there yet: by number, 255 being /dev/nvidiactl.
    for minor in (*range(16), 255):
        assert f"/dev/char/195:{minor} rw" in allowed


def test_it_runs_without_privileges() -> None:
    unit = directives()
    assert unit["CapabilityBoundingSet"] == [""]
    assert unit["NoNewPrivileges"] == ["yes"]
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["DynamicUser"] == ["yes"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    # The command is not installed where tests run; all the rest is looked at as it stands.
    text = UNIT.read_text(encoding="utf-8").replace(
        directives()["ExecStart"][0], f"{shutil.which('true')} node"
    )
    unit = tmp_path / UNIT.name
    unit.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
