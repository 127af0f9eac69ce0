"""Runs `wattkeeper site` as a process of its own, with a broker and a publisher in others."""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.daemon import Daemon

SITE = """\
[site]
name = "test-site"
zone = "Asia/Seoul"

[[branch]]
id = "grid"
level = "feed"
contract_watts = "1 MW"
rating_watts = "1.2 MW"

[[branch]]
id = "ups-a"
level = "ups"
parent = "grid"
rating_watts = "500 kW"
derating_ratio = 0.8
redundancy_group = "ups"

[[branch]]
id = "ups-b"
level = "ups"
parent = "grid"
rating_watts = "500 kW"
derating_ratio = 0.8
redundancy_group = "ups"
"""
METERS = (("utility", "grid", "true"), ("it", "ups-a", "true"), ("it", "ups-b", "false"))


def write_site(folder: Path, extra: str = "") -> Path:
    """A small site whose meters the publisher of the tests speaks for."""
    text = SITE + extra
    for number, (role, branch, register) in enumerate(METERS):
        text += (
            f'\n[[meter]]\nid = "m{number}"\nbranch = "{branch}"\nrole = "{role}"\n'
            f'register = {register}\ndsx_object = "EM-{number:04d}"\nstale_seconds = 200\n'
        )
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


class SiteDaemon(Daemon):
    """A site daemon."""

    def __init__(self, folder: Path, site: Path, broker_port: int, **settings: object) -> None:
        super().__init__(
            folder,
            {},
            SITE__FILE=site,
            METERS__MQTT__HOST="127.0.0.1",
            METERS__MQTT__PORT=broker_port,
            **settings,
        )
        self.arguments = [sys.executable, "-m", "collector", "site"]


class Publisher:
    """The building's management system; a context manager."""

    def __init__(self, port: int, *more: str, meters: int = len(METERS)) -> None:
        self._arguments = [
            *(sys.executable, "-m", "tests.meters.publisher"),
            *("--port", str(port), "--meters", str(meters), *more),
        ]
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self._arguments, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> dict[str, int]:
        """End it. Returns what it sent."""
        process, self.process = self.process, None
        if process is None:
            return {}
        process.terminate()
        said, _ = process.communicate(timeout=60)
        told: dict[str, int] = json.loads(said.strip().splitlines()[-1])
        return told
