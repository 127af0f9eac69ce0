"""The image builds without a container daemon, and runs as its user on a read-only root."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("buildah", "debootstrap", "unshare", "chroot")
# Not WATTKEEPER_...: such a variable would have to be a configuration key.
WANTED = os.environ.get("TEST_IMAGE") == "1"
START_SECONDS = 20

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not WANTED, reason="builds an image for minutes: set TEST_IMAGE=1"),
    pytest.mark.skipif(os.geteuid() != 0, reason="chroot isolation wants root"),
    pytest.mark.skipif(
        any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)}"
    ),
]


@dataclass(frozen=True, slots=True)
class Image:
    """An image, unpacked: its files, its configuration, its archive's size."""

    files: Path
    config: dict[str, Any]
    archive_bytes: int


def unpack(archive: Path, place: Path) -> None:
    """By tar itself: Python's reader changed its ways between the versions we support."""
    place.mkdir(exist_ok=True)
    command = ["tar", "--numeric-owner", "-xpf", str(archive), "-C", str(place)]
    subprocess.run(command, check=True)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("image")
    archive, files = folder / "image.tar", folder / "files"
    subprocess.run([str(ROOT / "scripts/build-image"), str(archive)], check=True, cwd="/")
    parts = folder / "parts"
    unpack(archive, parts)
    (manifest,) = json.loads((parts / "manifest.json").read_text())
    for layer in manifest["Layers"]:
        unpack(parts / layer, files)
    config = json.loads((parts / manifest["Config"]).read_text())["config"]
    return Image(files, config, archive.stat().st_size)


@contextmanager
def running(image: Image, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """The image's entry point as its user, on a read-only root; only the ledger's place is not."""
    script = """
        root=$1 user=$2 volume=$3; shift 3
        mount --bind "$root" "$root"
        mount -t proc proc "$root/proc"
        mount --bind /dev "$root/dev"
        mount -t tmpfs -o "mode=0750,uid=${user%:*},gid=${user#*:}" tmpfs "$root$volume"
        mount -o remount,bind,ro "$root"
        exec chroot --userspec="$user" --groups= "$root" "$@"
    """
    config = image.config
    (volume,) = config["Volumes"]
    environment = [*config["Env"], *(f"{name}={value}" for name, value in variables.items())]
    command = [*config["Entrypoint"], *(arguments or config["Cmd"])]
    process = subprocess.Popen(
        [
            *("unshare", "--mount", "sh", "-ec", script, "sh"),
            *(str(image.files), config["User"], volume),
            *("env", "-i", *environment, *command),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def wait_until_alive(process: subprocess.Popen[str], url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0]
        try:
            if get(f"{url}/livez")[0] == 200:
                return
        except urllib.error.URLError:
            time.sleep(0.1)
    pytest.fail(f"not alive after {START_SECONDS} s")


def gpus_in(metrics: str) -> int:
    return sum(line.startswith("gpu_up{") for line in metrics.splitlines())


@pytest.mark.parametrize(("source", "gpus"), [("nvml", 0), ("simulated", 4)])
def test_it_runs_without_gpus_as_its_user_on_a_read_only_root(
    image: Image, source: str, gpus: int
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    variables = {
        "WATTKEEPER_PROMETHEUS__LISTEN": listen,
        "WATTKEEPER_SAMPLING__SOURCE": source,
        "WATTKEEPER_SIMULATION__GPUS": "4",
    }
    url = f"http://{listen}"
    with running(image, **variables) as process:
        wait_until_alive(process, url)
        deadline = time.monotonic() + START_SECONDS
        while get(f"{url}/readyz")[0] != 200 or gpus_in(get(f"{url}/metrics")[1]) != gpus:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert "wattkeeper_build_info" in get(f"{url}/metrics")[1]
        assert get(url)[0] == 200
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert "Uid:\t9410\t9410\t9410\t9410" in status
        mounts = Path(f"/proc/{process.pid}/mountinfo").read_text().splitlines()
        assert any(line.split()[4:6] == ["/", "ro,relatime"] for line in mounts), mounts
        test = image.config["Healthcheck"]["Test"]
        assert test[0] == "CMD"
        health = ["env", f"WATTKEEPER_PROMETHEUS__LISTEN={listen}", *test[1:]]
        subprocess.run(["chroot", "--userspec=9410:9410", str(image.files), *health], check=True)
        process.terminate()
        output, _ = process.communicate(timeout=10)
        assert process.returncode == 0, output
        assert "Traceback" not in output
    assert subprocess.run(["chroot", str(image.files), *health], check=False).returncode == 1


def test_what_its_configuration_says(image: Image) -> None:
    config = image.config
    assert config["User"] == "9410:9410"
    assert config["ExposedPorts"] == {"9410/tcp": {}, "9411/tcp": {}}
    assert config["Entrypoint"] == ["wattkeeper"]
    assert config["Cmd"] == ["node"]
    assert "NVIDIA_VISIBLE_DEVICES=all" in config["Env"]
    assert "NVIDIA_DRIVER_CAPABILITIES=utility" in config["Env"]


def test_it_is_slim_and_keeps_nothing_of_the_build(image: Image) -> None:
    assert image.archive_bytes < 220e6
    environment = image.files / "opt/wattkeeper"
    (site_packages,) = environment.glob("lib/python*/site-packages")
    present = {path.name.partition("-")[0] for path in site_packages.iterdir()}
    assert "wattkeeper" in present
    assert not present & {"pip", "setuptools", "hatchling", "pytest", "mypy", "tests"}
    for left in ("etc/pip.conf", "run/secrets", "src", "opt/build", "root/.cache"):
        assert not (image.files / left).exists(), left
