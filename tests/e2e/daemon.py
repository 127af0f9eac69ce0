"""Runs `wattkeeper node` as a process of its own and asks it things."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from collector.ledger import AccountKey, AccountState, LedgerReader

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Labels = frozenset[tuple[str, str]]


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def parse_metrics(text: str) -> dict[str, dict[Labels, float]]:
    """Text exposition to `{name: {labels: value}}`."""
    found: dict[str, dict[Labels, float]] = {}
    for line in text.splitlines():
        match = _SAMPLE.match(line)
        if match and not line.startswith("#"):
            labels = frozenset(_LABEL.findall(match[2] or ""))
            found.setdefault(match[1], {})[labels] = float(match[3])
    return found


class Daemon:
    """A node daemon. Use as a context manager; it is killed at the end if it still runs.

    Args:
        folder: for its ledger and log.
        environment: of the fake library.
        settings: `WATTKEEPER_` variables without the prefix, e.g. `SAMPLING__POWER_HZ`.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], **settings: object) -> None:
        self.folder = folder
        self.port = free_port()
        self.ledger = folder / "ledger.sqlite3"
        self.log = folder / "daemon.log"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("WATTKEEPER_")},
            **environment,
            "WATTKEEPER_LEDGER__PATH": str(self.ledger),
            "WATTKEEPER_PROMETHEUS__LISTEN": f"127.0.0.1:{self.port}",
            "WATTKEEPER_NODE__NAME": "test-node",
            **{f"WATTKEEPER_{key}": str(value) for key, value in settings.items()},
        }
        self.arguments = [sys.executable, "-m", "collector", "node"]
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.wait(10)

    def start(self) -> Self:
        """Start it, and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.arguments,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        self.wait_for(self._alive, "the daemon answers", 20)
        return self

    def stop(self, *, timeout_seconds: float = 10) -> tuple[int, float]:
        """SIGTERM. Returns exit code and seconds until the end."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout_seconds)
        return code, time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """GET. Returns status and body."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - http only
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:
            assert self.process is not None
            code = self.process.poll()
            if code is not None:
                raise AssertionError(f"it ended with {code}\n{self.said()}") from error
            raise

    def metrics(self) -> dict[str, dict[Labels, float]]:
        """What /metrics says now."""
        return parse_metrics(self.get("/metrics")[1])

    def value(self, name: str, **labels: str) -> float | None:
        """One sample whose labels include those given; None where there is none."""
        wanted = set(labels.items())
        for found, value in self.metrics().get(name, {}).items():
            if wanted <= found:
                return value
        return None

    def healthz(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /healthz."""
        status, body = self.get("/healthz")
        return status, json.loads(body)

    def wait_for(
        self, condition: Callable[[], object], what: str, timeout_seconds: float = 15
    ) -> float:
        """Wait until a condition holds. Returns the seconds it took."""
        began = time.monotonic()
        while time.monotonic() - began < timeout_seconds:
            if condition():
                return time.monotonic() - began
            time.sleep(0.05)
        raise AssertionError(f"after {timeout_seconds} s still not: {what}\n{self.said()}")

    def said(self) -> str:
        """Its log so far."""
        return self.log.read_text()

    def account(self, uuid: str, scope: str = "gpu") -> AccountState:
        """An account in its ledger."""
        with LedgerReader(self.ledger) as reader:
            return reader.accounts()[AccountKey("gpu", uuid, scope)]

    def registered(self, uuid: str, scope: str = "gpu") -> tuple[int, int]:
        """All minute registers of an account: millijoules and nanoseconds."""
        with LedgerReader(self.ledger) as reader:
            registers = reader.registers("minute", AccountKey("gpu", uuid, scope), 0, 2**62)
        return (
            sum(register.energy.total_mj for register in registers),
            sum(register.elapsed_ns for register in registers),
        )

    def _alive(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}\n{self.said()}")
        try:
            return self.get("/livez")[0] == 200
        except OSError:
            return False
