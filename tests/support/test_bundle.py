"""A bundle, made beside a running daemon, with secrets planted wherever there is a place."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import MakeFake, library, make_fake  # noqa: F401 - fixtures
from tests.e2e.daemon import Daemon
from tests.ledger.test_backup import make

SECRETS = tuple(
    f"Plant{name}x7Q"
    for name in (
        "Node", "Site", "Rack", "User", "Bucket", "Org", "Prefix", "Token", "Password", "Path",
        "Variable", "Environment", "Host", "Key", "Meters", "Url",
    )
)  # fmt: skip
SECRET = dict(zip((one[5:-3].lower() for one in SECRETS), SECRETS, strict=True))


def check(
    *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("WATTKEEPER_")}
    return subprocess.run(
        [sys.executable, "-m", "collector", "check", "--seconds", "0.5", *arguments],
        env=inherited | (environment or {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def unpacked(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        found = {}
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is not None
            assert (member.mode, member.uid, member.uname) == (0o600, 0, "")
            found[member.name.partition("/")[2]] = file.read().decode()
        return found


def planted(text: str) -> set[str]:
    """Which of the secrets are in a text, whatever the case."""
    return {one for one in SECRETS if one.lower() in text.lower()}


def plant(folder: Path, ledger: Path, listen: str) -> Path:
    """A configuration in which every text is a secret. Returns its file."""
    place = folder / SECRET["path"]
    place.mkdir()
    for name in ("token", "password"):
        (place / name).write_text(SECRET[name])
        (place / name).chmod(0o644)
    config = folder / "w.toml"
    config.write_text(f"""
[node]
name = "{SECRET["node"]}"
site = "{SECRET["site"]}"
rack = "{SECRET["rack"]}"
[ledger]
path = "{ledger}"
[prometheus]
listen = "{listen}"
[influxdb]
url = "http://{SECRET["host"]}.example:1"
bucket = "{SECRET["bucket"]}"
org = "{SECRET["org"]}"
token_file = "{place}/token"
[mqtt]
host = "{SECRET["host"]}.example"
username = "{SECRET["user"]}"
password_file = "{place}/password"
topic_prefix = "{SECRET["prefix"]}"
[mqtt.tls]
cert_file = "{place}/{SECRET["key"]}.pem"
key_file = "{place}/{SECRET["key"]}.key"
""")
    return config


@pytest.mark.timeout(180)
def test_nothing_of_the_site_is_in_a_bundle_of_a_running_daemon(
    make_fake: MakeFake,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    fake = make_fake(gpus=2)
    folder = tmp_path / "node"
    folder.mkdir()
    daemon = Daemon(folder, fake.environment(), WINDOW__SECONDS=1)
    listen = daemon.environment.pop("WATTKEEPER_PROMETHEUS__LISTEN")
    config = plant(tmp_path, daemon.ledger, listen)
    del daemon.environment["WATTKEEPER_NODE__NAME"], daemon.environment["WATTKEEPER_LEDGER__PATH"]
    daemon.arguments += ["--config", str(config)]
    environment = {
        **fake.environment(),
        "AWS_SECRET_ACCESS_KEY": SECRET["environment"],
        "WATTKEEPER_NODE__HALL": SECRET["variable"],
    }
    with daemon:
        daemon.wait_for(lambda: (daemon.value("wattkeeper_windows_total") or 0) > 3, "windows")
        daemon.wait_for(lambda: len(daemon.healthz()[1]["sick"]) > 1, "faults with addresses")
        bundle = tmp_path / "bundle.tar.gz"
        arguments = ("--bundle", str(bundle), "--config", str(config))
        done = check(*arguments, environment=environment)
        quiet = check("--json", "--deep", "--config", str(config), environment=environment)
    assert done.returncode == 1, done.stderr
    assert "can be read by every user of this machine" in done.stdout
    # A person at the machine sees its names, but no secret.
    assert not planted(done.stdout) & {SECRET["token"], SECRET["password"], SECRET["environment"]}
    assert bundle.stat().st_mode & 0o777 == 0o600
    files = unpacked(bundle)
    for name, text in files.items():
        assert planted(text) == set(), name
        assert planted(name) == set()
        for uuid in (gpu.uuid for gpu in fake.gpus):
            assert uuid not in text, name
        assert str(tmp_path) not in text, name
        assert os.uname().nodename not in text.split(), name
        assert f"{name} " in done.stdout, "the list names every file"
        if name.endswith(".json"):
            json.loads(text)
    assert {"check.json", "metrics.json", "healthz.json", "ledger.json"} <= set(files)
    keys = json.loads(files["configuration.json"])["keys"]
    assert keys["node"]["name"] == keys["mqtt"]["host"] == "[set, not shown]"
    assert keys["sampling"]["power_hz"] == 10
    assert keys["host"]["sysfs_root"] == "/sys"
    assert json.loads(files["configuration.json"])["variables"] == ["WATTKEEPER_NODE__HALL"]
    samples = json.loads(files["metrics.json"])["samples"]
    assert any(line.startswith("wattkeeper_windows_total ") for line in samples)
    sick = json.loads(files["healthz.json"])["sick"]
    assert {one["part"] for one in sick} >= {"influxdb", "mqtt"}
    assert any("[...]" in one["problem"] for one in sick)
    assert json.loads(files["ledger.json"])["accounts"] == 2
    gpu = json.loads(files["check.json"])["gpus"][0]
    assert gpu["identity"]["model"] == "NVIDIA H200"
    assert gpu["identity"]["uuid"] == gpu["identity"]["serial"] == "[...]"
    assert any(one["metric"] == "gpu_power_watts" and one["value"] for one in gpu["series"])
    topics = {one["topic"] for one in json.loads(quiet.stdout)["findings"]}
    assert {"influxdb.token_file", "mqtt.password_file"} <= topics


def test_names_are_told_where_that_is_wanted_and_secrets_are_not(tmp_path: Path) -> None:
    make(tmp_path / "ledger")
    config = plant(tmp_path, tmp_path / "ledger", "127.0.0.1:1")
    bundle = tmp_path / "bundle.tar.gz"
    done = check(
        *("--deep", "--simulated", "--bundle", str(bundle), "--keep-names", "--config", str(config))
    )
    assert done.returncode == 1, done.stderr
    files = unpacked(bundle)
    keys = json.loads(files["configuration.json"])["keys"]
    assert keys["node"]["name"] == SECRET["node"]
    assert keys["mqtt"]["host"] == f"{SECRET['host']}.example"
    assert keys["mqtt"]["username"] == "[set, not shown]"
    hidden = {SECRET[name] for name in ("token", "password", "environment")}
    assert not planted("".join(files.values())) & hidden


def test_a_wrong_configuration_is_told_and_all_else_looked_at(tmp_path: Path) -> None:
    config = tmp_path / "w.toml"
    url = f"http://{SECRET['user']}:{SECRET['password']}@db:8086"
    config.write_text(
        f'[influxdb]\nurl = "{url}"\nbucket = "b"\n[nod]\nname = "{SECRET["node"]}"\n'
    )
    bundle = tmp_path / "bundle.tar.gz"
    done = check("--bundle", str(bundle), "--simulated", "--config", str(config))
    assert done.returncode == 1
    assert "nod: unknown key" in done.stdout
    assert "Traceback" not in done.stderr
    assert not planted(done.stdout)
    files = unpacked(bundle)
    assert planted("".join(files.values())) == set()
    told: list[dict[str, Any]] = json.loads(files["findings.json"])["findings"]
    assert "unknown key" in next(one["text"] for one in told if one["topic"] == "configuration")


def test_a_site_daemon_has_no_gpus_and_its_own_keys(tmp_path: Path) -> None:
    config = tmp_path / "site-daemon.toml"
    config.write_text(
        f'[site]\nfile = "{tmp_path}/{SECRET["path"]}"\n'
        f'[meters.mqtt]\nhost = "{SECRET["meters"]}"\n'
        f'[ledger]\npath = "{tmp_path}/ledger"\n[prometheus]\nlisten = "127.0.0.1:1"\n'
    )
    bundle = tmp_path / "bundle.tar.gz"
    done = check("--deep", "--site", "--bundle", str(bundle), "--config", str(config))
    assert f"site.file: {tmp_path}/{SECRET['path']}: no such file" in done.stdout
    files = unpacked(bundle)
    assert planted("".join(files.values())) == set()
    assert "check.json" not in files
    assert "driver.json" not in files
    assert json.loads(files["configuration.json"])["keys"]["meters"]["mqtt"]["dsx"] is True


def test_without_a_driver_that_is_one_of_the_problems(tmp_path: Path) -> None:
    done = check(
        "--deep",
        "--json",
        environment={
            "WATTKEEPER_LEDGER__PATH": str(tmp_path / "ledger"),
            "WATTKEEPER_PROMETHEUS__LISTEN": "127.0.0.1:1",
        },
    )
    document = json.loads(done.stdout)
    assert document["format"] == "wattkeeper-deep/1"
    topics = {one["topic"]: one for one in document["findings"]}
    if Path("/dev/nvidiactl").exists():
        pytest.skip("there is a driver here")
    assert "driver" in topics["gpus"]["text"]
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--deep", "--record", "x"), 2, "two commands"),
        (("--keep-names",), 2, "belong to --deep"),
        (("--bundle", "/nowhere/b.tar.gz", "--simulated"), 1, "cannot write there"),
    ],
)
def test_mistakes_are_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ledger = {"WATTKEEPER_LEDGER__PATH": str(tmp_path / "ledger")}
    done = check(*arguments, environment=ledger)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
