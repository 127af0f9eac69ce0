"""Each look at an installation says what is wrong with it, and nothing where all is well."""

import json
import os
import stat
from pathlib import Path

import pytest

from collector.catalogue import BY_NAME
from collector.sources.nvml.installed import installed
from collector.support.finding import Finding, Section
from collector.support.probes import clock as clock_probe
from collector.support.probes.books import books
from collector.support.probes.clock import clock
from collector.support.probes.daemon import daemon, own_metrics
from collector.support.probes.driver import driver
from collector.support.probes.machine import daemon_pid, machine
from collector.support.probes.place import place
from collector.support.probes.program import program
from collector.support.probes.secrets import secrets
from collector.support.probes.unit import _judge as judge_unit
from collector.support.probes.unit import _show as show_unit
from tests.e2e.daemon import free_port
from tests.ledger.places import fill, make_read_only, small_disk
from tests.ledger.test_backup import make
from tests.ledger.values import open_ledger
from tests.support.server import serving


def problems(section: Section) -> list[str]:
    """What is wrong, in words."""
    return [one.text for one in section.findings if one.weight == "problem"]


def test_every_problem_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x")
    (tmp_path / "token").chmod(0o644)
    found: list[Finding] = [
        *place(tmp_path / "no/folder/ledger").findings,
        *secrets({"influxdb.token_file": tmp_path / "token", "a": tmp_path / "no"}).findings,
    ]
    assert len(found) == 3
    assert all(one.action for one in found)


def test_a_secret_that_everybody_may_read_is_told(tmp_path: Path) -> None:
    for name, mode in (("open", 0o644), ("closed", 0o600), ("group", 0o640), ("empty", 0o600)):
        (tmp_path / name).write_text("" if name == "empty" else "s3cret")
        (tmp_path / name).chmod(mode)
    section = secrets(
        {
            "influxdb.token_file": tmp_path / "open",
            "mqtt.password_file": tmp_path / "closed",
            "mqtt.tls.key_file": tmp_path / "group",
            "prometheus.tls.cert_file": tmp_path / "open",
            "prometheus.tls.key_file": tmp_path / "empty",
            "host.redfish.password_file": tmp_path / "none",
        }
    )
    assert problems(section) == [
        f"{tmp_path}/open can be read by every user of this machine",
        f"{tmp_path}/empty is empty",
        f"{tmp_path}/none: no such file or directory",
    ]
    assert "s3cret" not in str(section)


def test_a_credential_of_the_service_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "credentials/wattkeeper-node.service/token"
    (found,) = secrets({"influxdb.token_file": path}).findings
    assert found.weight == "note"
    assert "while the service runs" in found.action


def test_a_place_that_is_well_brings_nothing(tmp_path: Path) -> None:
    make(tmp_path / "ledger")
    section = place(tmp_path / "ledger")
    on_disk = section.document["file_system"] not in {"tmpfs", ""}
    assert problems(section) == [] or not on_disk
    files = section.document["files"]
    assert isinstance(files, dict)
    assert files["ledger"]["owner"] in {"root", "this user"}


def test_files_of_another_owner_are_named(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("needs root")
    make(tmp_path / "ledger")
    os.chown(tmp_path / "ledger", 65534, 65534)
    (text,) = [one for one in problems(place(tmp_path / "ledger")) if "belongs to" in one]
    assert f"{tmp_path}/ledger belongs to" in text


def test_a_disk_in_memory_full_or_read_only_is_told(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1_000_000) as disk:
        make(disk / "ledger")
        told = "\n".join(problems(place(disk / "ledger")))
        assert "is in memory (tmpfs): the ledger is gone after a reboot" in told
        assert "MB left" in told
        fill(disk)
        assert "has 0 MB left" in "\n".join(problems(place(disk / "ledger")))
        make_read_only(disk, read_only=True)
        assert "is on a read-only file system" in "\n".join(problems(place(disk / "ledger")))
        make_read_only(disk, read_only=False)


def test_a_clock_that_nobody_keeps_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = clock()
    assert "kernel" in real.document
    told = {"synchronised": 1, "most_error_us": 500, "estimated_error_us": 1}
    monkeypatch.setattr(clock_probe, "_adjtimex", lambda: told)
    assert clock().findings == ()
    told["synchronised"] = 0
    assert "not synchronised" in problems(clock())[0]
    told |= {"synchronised": 1, "most_error_us": 2_500_000}
    assert "wrong by 2.5 s" in clock().findings[0].text
    monkeypatch.setattr(clock_probe, "_adjtimex", lambda: None)
    assert clock().findings[0].weight == "note"
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert "years behind" in problems(clock())[0]


def test_a_damaged_ledger_is_told_and_one_that_is_missing_noted(tmp_path: Path) -> None:
    assert [one.weight for one in books(tmp_path / "none").findings] == ["note"]
    make(tmp_path / "ledger")
    section = books(tmp_path / "ledger")
    assert section.findings == ()
    assert section.document["accounts"] == 2
    (tmp_path / "ledger").write_bytes(b"\xa5" * 10_000)
    assert "is corrupt" in problems(books(tmp_path / "ledger"))[0]


def test_the_daemon_is_found_by_the_lock_that_it_holds(tmp_path: Path) -> None:
    assert daemon_pid(tmp_path / "ledger") is None
    ledger = open_ledger(tmp_path / "ledger")
    assert daemon_pid(tmp_path / "ledger") == os.getpid()
    section = machine(os.getpid())
    assert section.document["daemon_runs"] is True
    limits = section.document["limits"]
    assert isinstance(limits, dict)
    assert "Max open files" in limits
    assert ledger.close(timeout_seconds=5)
    assert daemon_pid(tmp_path / "ledger") is None


def test_only_the_packages_that_we_ask_for_are_told() -> None:
    packages = program().document["packages"]
    assert isinstance(packages, dict)
    assert {"wattkeeper", "aiohttp", "pydantic"} <= set(packages)


def test_of_metrics_only_the_daemons_own_are_taken() -> None:
    text = (
        '# HELP gpu_power_watts Power.\ngpu_power_watts{gpu="0",uuid="GPU-1"} 300\n'
        'wattkeeper_build_info{version="0.1.0",python="3.11.7",node="secret-node"} 1\n'
        'wattkeeper_ticks_total{thread="power"} 12\n'
        'wattkeeper_outbox_rows{exporter="S3cret.example"} 5\n'
        'wattkeeper_unknown{x="y"} 5\nprocess_open_fds 12\nprocess_open_fds secret\n'
    )
    assert own_metrics(text) == [
        'wattkeeper_build_info{version="0.1.0",python="3.11.7"} 1',
        'wattkeeper_ticks_total{thread="power"} 12',
        "wattkeeper_outbox_rows 5",
        "process_open_fds 12",
    ]
    assert "wattkeeper_ticks_total" in BY_NAME


def test_a_port_that_somebody_else_has_is_told() -> None:
    with serving({}) as address:
        (section,) = daemon(address, "n")
    assert f"{address} cannot be listened at: address already in use" in problems(section)[0]
    (section,) = daemon(f"127.0.0.1:{free_port()}", "n")
    assert problems(section) == []


def test_a_daemon_of_another_name_and_version_and_its_faults_are_told() -> None:
    sick = {"part": "mqtt", "problem": "gone", "action": "start it", "since": 1.0}
    answers = {
        "/livez": (200, b"ok\n"),
        "/healthz": (503, json.dumps({"status": "sick", "sick": [sick]}).encode()),
        "/metrics": (200, b'wattkeeper_build_info{version="0.0.9",python="3.11"} 1\n'),
        "/live.json": (200, b'{"node": "other"}'),
    }
    with serving(answers) as address:
        health, metrics = daemon(address, "mine")
    assert problems(health) == [
        "gone",
        "version 0.0.9 runs, 0.1.0 is installed",
        'the running daemon is "other", the configuration says "mine"',
    ]
    assert metrics.document["samples"] == ['wattkeeper_build_info{version="0.0.9",python="3.11"} 1']


@pytest.mark.parametrize(
    ("library", "module", "words"),
    [
        ("570.148.08", "570.148.08", None),
        ("570.148.08", "550.90.07", "kernel module is 550.90.07, the library 570.148.08"),
    ],
)
def test_a_driver_that_was_updated_under_its_module_is_told(
    tmp_path: Path, library: str, module: str, words: str | None
) -> None:
    folder = tmp_path / "usr/lib/x86_64-linux-gnu"
    folder.mkdir(parents=True)
    (folder / f"libnvidia-ml.so.{library}").write_text("")
    (folder / "libnvidia-ml.so.1").symlink_to(f"libnvidia-ml.so.{library}")
    (tmp_path / "sys/module/nvidia").mkdir(parents=True)
    (tmp_path / "sys/module/nvidia/version").write_text(f"{module}\n")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/modules").write_text("nvidia_uvm 1 0 - Live\nnouveau 2 0\next4 1 0\n")
    found = installed(tmp_path)
    assert (found.libraries, found.module_version) == ((library,), module)
    assert found.modules == ("nvidia_uvm", "nouveau")
    told = problems(driver(tmp_path))
    assert any("nouveau" in one for one in told)
    assert (words is None) == (len(told) == 1)
    assert words is None or words in told[0]


def test_device_files_are_told_with_who_may_open_them(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("needs root, to make device files")
    (tmp_path / "dev").mkdir()
    try:
        os.mknod(tmp_path / "dev/nvidia0", stat.S_IFCHR | 0o666, os.makedev(195, 0))
    except PermissionError:
        pytest.skip("no permission to make device files")
    (tmp_path / "dev/nvidia-of-somebody").touch()
    devices = driver(tmp_path).document["devices"]
    assert isinstance(devices, dict)
    assert set(devices) == {"nvidia0"}
    assert (devices["nvidia0"]["major"], devices["nvidia0"]["owner"]) == (195, "root")


def test_a_service_that_keeps_failing_is_told() -> None:
    shown = {
        "LoadState": "loaded",
        "ActiveState": "failed",
        "Result": "exit-code",
        "UnitFileState": "disabled",
        "NeedDaemonReload": "yes",
        "NRestarts": "12",
    }
    told = list(judge_unit("wattkeeper-node", shown))
    assert [one.text.split(" ")[0] for one in told] == ["wattkeeper-node"] * 2 + ["the", "systemd"]
    assert all(one.action for one in told)
    assert list(judge_unit("wattkeeper-node", {"LoadState": "not-found"})) == []


def test_of_a_unit_only_plain_values_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(
        "#!/bin/sh\necho ActiveState=active\necho Result=/srv/s3cret\necho Environment=T=s3cret\n"
        "echo WatchdogUSec=30s\necho NRestarts=2\n"
    )
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert show_unit("x") == {"ActiveState": "active", "WatchdogUSec": "30s", "NRestarts": "2"}
