"""The systemd units: what the daemons and the driver need, and what systemd says of them."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from collector.config.settings import Settings
from collector.config.site_settings import SiteSettings
from tests.packaging.units import (
    DROP_INS,
    NODE,
    SITE,
    UNITS,
    directives,
    exposure,
    laid_out,
    needs_systemd_analyze,
    stated,
)

BOTH = pytest.mark.parametrize("path", [NODE, SITE], ids=lambda path: path.stem)


def of_services() -> list[Path]:
    """The drop-ins; what configures other programs lies beside them."""
    return [path for path in DROP_INS if "[Service]" in path.read_text(encoding="utf-8")]


@BOTH
def test_systemd_watches_it_and_always_brings_it_back(path: Path) -> None:
    unit = directives(path)
    assert unit["Type"] == ["notify"]
    assert unit["Restart"] == ["always"]
    assert unit["StartLimitIntervalSec"] == ["0"]
    assert unit["RestartPreventExitStatus"] == ["2"], "only a wrong configuration stays down"
    assert int(unit["WatchdogSec"][0]) >= 30


@BOTH
def test_its_ledger_is_where_the_default_configuration_wants_it(path: Path) -> None:
    (name,) = directives(path)["StateDirectory"]
    settings = Settings() if path == NODE else SiteSettings()
    assert settings.ledger.path.parent == Path("/var/lib") / name


def test_the_driver_can_be_opened_through_the_hardening() -> None:
    unit = directives(NODE)
    assert "PrivateDevices" not in unit, "it would hide /dev/nvidia*"
    assert "MemoryDenyWriteExecute" not in unit, "the driver's library may need it"
    assert "ProcSubset" not in unit, "the driver's library reads /proc/driver"
    allowed = unit["DeviceAllow"]
    assert "char-nvidia* rw" in allowed
    # Also when the driver is not there yet: by number, 255 being /dev/nvidiactl.
    for minor in (*range(16), 255):
        assert f"/dev/char/195:{minor} rw" in allowed


def test_only_a_node_sees_devices_and_only_its_gpus() -> None:
    for value in directives(NODE)["DeviceAllow"]:
        assert value.startswith(("/dev/char/195:", "char-nvidia")), value
    site = directives(SITE)
    assert "DeviceAllow" not in site
    assert site["PrivateDevices"] == ["yes"]


@BOTH
def test_it_runs_without_privileges(path: Path) -> None:
    unit = directives(path)
    assert unit["CapabilityBoundingSet"] == [""]
    assert unit["NoNewPrivileges"] == ["yes"]
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["DynamicUser"] == ["yes"]
    assert unit["DevicePolicy"] == ["closed"]
    assert unit["UMask"] == ["0077"]
    assert "ReadWritePaths" not in unit


@needs_systemd_analyze
@BOTH
def test_systemd_rates_it_below_two_and_as_it_says(path: Path, tmp_path: Path) -> None:
    rated = exposure(path, [], tmp_path)
    assert rated < 2.0
    assert rated == pytest.approx(stated(path), abs=0.2), "versions of systemd differ a little"


@needs_systemd_analyze
@pytest.mark.parametrize("drop_in", of_services(), ids=lambda path: path.stem)
def test_a_drop_in_states_its_own_rating(drop_in: Path, tmp_path: Path) -> None:
    rated = exposure(NODE, [drop_in], tmp_path)
    assert rated < 2.0
    assert rated == pytest.approx(stated(drop_in), abs=0.2)


@needs_systemd_analyze
def test_the_rating_sees_drop_ins(tmp_path: Path) -> None:
    folders = [tmp_path / "without", tmp_path / "with"]
    for folder in folders:
        folder.mkdir()
    open_wide = tmp_path / "open.conf"
    # Not what DynamicUser implies in any case, such as ProtectSystem.
    open_wide.write_text("[Service]\nCapabilityBoundingSet=~\nProtectKernelModules=no\n")
    assert exposure(NODE, [open_wide], folders[1]) > exposure(NODE, [], folders[0])


def test_what_a_drop_in_sets_in_the_environment_is_a_configuration_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for drop_in in of_services():
        for value in directives(drop_in).get("Environment", []):
            name, _, text = value.partition("=")
            assert name.startswith("WATTKEEPER_")
            monkeypatch.setenv(name, text)
    host = Settings().host
    assert host.kmsg
    assert host.ipmi is not None


def test_every_group_of_a_drop_in_is_made_and_given_its_device() -> None:
    made = re.findall(r"^g (\S+)", (UNITS / "drop-ins/sysusers.conf").read_text(), re.MULTILINE)
    rules = (UNITS / "drop-ins/60-wattkeeper.rules").read_text(encoding="utf-8")
    asked = {
        group
        for drop_in in of_services()
        for value in directives(drop_in).get("SupplementaryGroups", [])
        for group in shlex.split(value)
    }
    assert asked == set(made)
    for group in asked:
        assert re.search(rf'GROUP="{group}"|chgrp {group} ', rules), group


@needs_systemd_analyze
@BOTH
def test_systemd_finds_nothing_wrong(path: Path, tmp_path: Path) -> None:
    # The command is not installed where tests run; all the rest is looked at as it stands.
    unit = laid_out(path, of_services(), tmp_path)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
