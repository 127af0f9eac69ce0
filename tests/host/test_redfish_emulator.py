"""Against the emulators of sushy-tools: other people's idea of a Redfish service."""

import asyncio
import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collector.sources.host.protocol import HostSourceError, NothingHereError
from collector.sources.host.redfish.options import RedfishOptions
from collector.sources.host.redfish.source import RedfishSource
from tests.host.services import service
from tests.mqtt.certificates import Authority
from tests.servers.process import ServerProcess, free_port, program


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def mockup(folder: Path, name: str) -> Path:
    """A service as a mockup of DMTF's kind: a folder for each resource, `index.json` in it."""
    for address, resource in service(name).items():
        path = folder / address.removeprefix("/redfish/v1").strip("/") / "index.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(resource), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("old-server", ("ac_input", "1", 344_000)),
        ("rack-server", ("ac_input", "System.Embedded.1", 421_000)),
        ("hgx-tray", ("dc_node", "Chassis_0", 5_213_250)),
        ("openbmc", ("ac_input", "chassis", 232_000)),
    ],
)
async def test_a_mockup_served_by_sushy_static(
    tmp_path: Path, name: str, node: tuple[str, str, int]
) -> None:
    port = free_port()
    command = [program("sushy-static"), "-p", str(port), "-m", str(mockup(tmp_path / "m", name))]
    url = f"http://127.0.0.1:{port}"
    with ServerProcess(command, f"{url}/redfish/v1/", tmp_path / "server"):
        source = RedfishSource(RedfishOptions(url=url))
        await source.open()
        first = (await source.read())[0]
        await source.close()
    assert (first.scope, first.device, first.milliwatts) == node


@pytest.fixture
def emulator(tmp_path: Path, authority: Authority) -> Iterator[str]:
    """The emulator with made-up machines, TLS and a password; the URL."""
    command = program("sushy-emulator")
    port = free_port()
    pair = authority.sign("emulator")
    users = tmp_path / "users"
    users.write_text(f"reader:{hashed(command, 'secret')}\n")
    config = tmp_path / "config.py"
    config.write_text(
        f"SUSHY_EMULATOR_AUTH_FILE = {str(users)!r}\n"
        f"SUSHY_EMULATOR_STATE_DIR = {str(tmp_path)!r}\n"
        "SUSHY_EMULATOR_LISTEN_IP = '127.0.0.1'\n"
    )
    arguments = [command, "--fake", "--config", str(config), "--port", str(port)]
    arguments += ["--ssl-certificate", str(pair.cert), "--ssl-key", str(pair.key)]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_for(port, server)
        yield f"https://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    pytest.fail("the emulator did not start")


def hashed(command: str, password: str) -> str:
    """The password's bcrypt hash, by the library that the emulator brought."""
    python = Path(command).resolve().with_name("python")
    code = f"import bcrypt; print(bcrypt.hashpw({password!r}.encode(), bcrypt.gensalt(4)).decode())"
    done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def password_file(folder: Path, password: str) -> Path:
    path = folder / password
    path.write_text(f"{password}\n")
    return path


async def test_the_emulator_knows_no_power_and_that_is_said(
    tmp_path: Path, emulator: str, authority: Authority
) -> None:
    options = RedfishOptions(
        url=emulator,
        username="reader",
        password_file=password_file(tmp_path, "secret"),
        ca_file=authority.pair.cert,
    )
    source = RedfishSource(options)
    with pytest.raises(NothingHereError, match="tells no power"):
        await asyncio.wait_for(source.open(), 20)
    await source.close()
    source = RedfishSource(replace(options, password_file=password_file(tmp_path, "another")))
    with pytest.raises(HostSourceError) as caught:
        await source.open()
    assert caught.value.word == "unauthorized"
    await source.close()
    await asyncio.sleep(0.25)  # TLS takes leave after the connection is closed (aiohttp's manual)
