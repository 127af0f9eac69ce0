"""A run with every secret there is tells none of them, however it is asked, however it fails."""

import asyncio
import base64
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from exporters.http.passwords import PasswordHash
from tests.e2e.daemon import Daemon
from tests.e2e.site import SiteDaemon, write_site
from tests.fake_nvml import FakeNvml
from tests.host.bmc import Bmc, serving
from tests.host.services import service
from tests.http.secure_daemon import SecureDaemon
from tests.mqtt.scripted import CONNECT, Script, scripted

WRONG_CREDENTIALS = 0x86
"""MQTT 5's reason code."""
BROKER, CONTROLLER, PAGE, TOKEN, METERS = (
    f"s3cret-{name}-7f3a91" for name in ("broker", "controller", "page", "token", "meters")
)


@dataclass(slots=True)
class Servers:
    """Servers that ask for secrets; that for InfluxDB repeats the one that it was shown."""

    influx_port: int = 0
    mqtt_port: int = 0
    bmc: Bmc = field(default_factory=lambda: Bmc(service("old-server")))
    script: Script = field(default_factory=lambda: Script(connect_code=WRONG_CREDENTIALS))
    tokens_shown: int = 0

    async def repeat(self, request: web.Request) -> web.Response:
        """Refuse, and repeat what was shown."""
        shown = request.headers.get("Authorization", "")
        self.tokens_shown += TOKEN in shown
        return web.json_response({"message": f"unauthorized: {shown}"}, status=401)


@asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    """All of them."""
    found = Servers()
    found.bmc.user, found.bmc.password = "reader", CONTROLLER
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", found.repeat)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.influx_port = runner.addresses[0][1]
    try:
        async with serving(found.bmc), scripted(found.script) as found.mqtt_port:
            yield found
    finally:
        await runner.cleanup()


def kept(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


def settings(folder: Path, found: Servers) -> Mapping[str, object]:
    """The configuration of a node that pushes and reads everything."""
    return {
        "SAMPLING__SOURCE": "simulated",
        "SIMULATION__GPUS": 1,
        "WINDOW__SECONDS": 1,
        "INFLUXDB__URL": f"http://127.0.0.1:{found.influx_port}",
        "INFLUXDB__BUCKET": "power",
        "INFLUXDB__TOKEN_FILE": kept(folder, "token", TOKEN),
        "INFLUXDB__BATCH_SECONDS": 0.2,
        "MQTT__HOST": "127.0.0.1",
        "MQTT__PORT": found.mqtt_port,
        "MQTT__USERNAME": "node",
        "MQTT__PASSWORD_FILE": kept(folder, "broker", BROKER),
        "MQTT__BATCH_SECONDS": 0.2,
        "HOST__REDFISH__URL": found.bmc.url,
        "HOST__REDFISH__USERNAME": "reader",
        "HOST__REDFISH__PASSWORD_FILE": kept(folder, "controller", CONTROLLER),
        "HOST__REDFISH__SECONDS": 5,
    }


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"prom:{password}".encode()).decode()


def told(daemon: Daemon) -> dict[str, str]:
    """All that it tells anybody: its log, its answers, its place in the process list, its files."""
    assert daemon.process is not None
    proc = Path(f"/proc/{daemon.process.pid}")
    right = {"Authorization": basic(PAGE)}
    found = {
        path: daemon.get(path, **headers)[1]
        for headers in ({}, right, {"Authorization": basic("s3cret-wrong-7f3a91")})
        for path in ("/metrics", "/live.json?history=1", "/healthz", "/", "/nothing")
    }
    found["log"] = daemon.said()
    for name in ("cmdline", "environ"):
        found[name] = (proc / name).read_text()
    for file in daemon.folder.glob("ledger.sqlite3*"):
        found[file.name] = file.read_bytes().decode("latin-1")
    return found


def forms(secret: str) -> tuple[str, ...]:
    """A secret, and what it looks like when it is sent."""
    encoded = [base64.b64encode(f"{who}{secret}".encode()).decode() for who in ("", "prom:")]
    return secret, *encoded, base64.b64encode(f"reader:{secret}".encode()).decode()


def check(found: Mapping[str, str], secrets: tuple[str, ...]) -> None:
    for where, text in found.items():
        for secret in secrets:
            assert not any(form in text for form in forms(secret)), (where, secret)


async def test_a_node_tells_none(tmp_path: Path) -> None:
    hashed = PasswordHash.of(PAGE, b"a salt of it", n=1024)
    async with servers() as found:
        daemon = SecureDaemon(
            tmp_path,
            PROMETHEUS__BASIC_AUTH__USERNAME="prom",
            PROMETHEUS__BASIC_AUTH__PASSWORD_HASH_FILE=kept(tmp_path, "hash", hashed),
            **settings(tmp_path, found),
        )
        daemon.arguments.append("--debug")
        await asyncio.to_thread(daemon.start)
        with ended(daemon):
            for _ in range(200):
                if found.tokens_shown and CONNECT in found.script.packets and found.bmc.logins:
                    break
                await asyncio.sleep(0.1)
            else:
                pytest.fail(f"not every server was shown its secret\n{daemon.said()}")
            await asyncio.sleep(0.5)
            said = await asyncio.to_thread(told, daemon)
    key = (tmp_path / "localhost.key").read_text().splitlines()[1]
    sessions = tuple(found.bmc.tokens)
    assert "unauthorized: Token ***" in said["log"], "the echo was told, without the token"
    check(said, (BROKER, CONTROLLER, PAGE, TOKEN, *hashed.split(":")[-2:], key, *sessions))
    check(said, ("s3cret-wrong-7f3a91",))


def ended(daemon: Daemon) -> ExitStack:
    """Ends a daemon that was started elsewhere."""
    stack = ExitStack()
    stack.push(daemon.__exit__)
    return stack


async def test_a_site_tells_none(tmp_path: Path) -> None:
    async with servers() as found:
        daemon = SiteDaemon(
            tmp_path,
            write_site(tmp_path),
            found.mqtt_port,
            METERS__MQTT__USERNAME="reader",
            METERS__MQTT__PASSWORD_FILE=kept(tmp_path, "meters", METERS),
        )
        daemon.arguments.append("--debug")
        await asyncio.to_thread(daemon.start)
        with ended(daemon):
            for _ in range(100):
                if CONNECT in found.script.packets:
                    break
                await asyncio.sleep(0.1)
            else:
                pytest.fail(f"the broker was not shown the password\n{daemon.said()}")
            await asyncio.sleep(0.5)
            check(await asyncio.to_thread(told, daemon), (METERS,))


@pytest.mark.parametrize("broken", ["web_config_file", "password_hash_file", "token_file"])
def test_a_wrong_file_is_not_repeated(tmp_path: Path, broken: str) -> None:
    """A secret put where something else belongs."""
    secret = f"alice: {PAGE}\n\0" if broken == "token_file" else f"basic_auth_users: {{a: {PAGE}}}"
    file = str(kept(tmp_path, "secret", secret))
    environment = {
        "web_config_file": {"PROMETHEUS__WEB_CONFIG_FILE": file},
        "password_hash_file": {
            "PROMETHEUS__BASIC_AUTH__USERNAME": "prom",
            "PROMETHEUS__BASIC_AUTH__PASSWORD_HASH_FILE": file,
        },
        "token_file": {
            "INFLUXDB__URL": "http://127.0.0.1:9",
            "INFLUXDB__BUCKET": "b",
            "INFLUXDB__TOKEN_FILE": file,
            "INFLUXDB__BATCH_SECONDS": "0.1",
        },
    }[broken]
    daemon = Daemon(tmp_path, {}, SAMPLING__SOURCE="simulated", WINDOW__SECONDS=1, **environment)
    daemon.arguments.append("--debug")
    if broken == "token_file":
        with daemon:
            daemon.wait_for(lambda: "token file" in daemon.said(), "it says so")
            check(told(daemon), (PAGE,))
    else:
        refused = subprocess.run(
            daemon.arguments, env=daemon.environment, capture_output=True, text=True, check=False,
            timeout=30,
        )  # fmt: skip
        assert refused.returncode == 1
        assert file in refused.stderr
        assert PAGE not in refused.stderr
        assert "Traceback" not in refused.stderr


async def test_a_capture_holds_none(tmp_path: Path) -> None:
    capture = tmp_path / "capture.json"
    arguments = ("-m", "collector", "check", "--seconds", "0.5", "--record", str(capture))
    async with servers() as found:
        with FakeNvml(tmp_path / "fake", gpus=1) as fake:
            chosen = dict(settings(tmp_path, found)) | {"SAMPLING__SOURCE": "nvml"}
            checked = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, *arguments, "--debug"],
                env=Daemon(tmp_path, fake.environment(), **chosen).environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=50,
            )
        assert checked.returncode == 0, checked.stderr
        assert found.bmc.logins
        said = {"table": checked.stdout, "log": checked.stderr, "capture": capture.read_text()}
        check(said, (BROKER, CONTROLLER, TOKEN, *found.bmc.tokens, "token-1"))
