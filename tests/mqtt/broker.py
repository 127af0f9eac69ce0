"""A real Mosquitto, and a real subscriber."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
SUBSCRIBER = shutil.which("mosquitto_sub")
needs_mosquitto = pytest.mark.skipif(
    MOSQUITTO is None or SUBSCRIBER is None, reason="mosquitto or mosquitto_sub is not installed"
)
HOST = "127.0.0.1"


class Broker:
    """Mosquitto on a port of its own, without persistence: a restart forgets every session.

    Args:
        folder: for its files.
        lines: more of its configuration.
    """

    def __init__(self, folder: Path, lines: Iterable[str] = ("allow_anonymous true",)) -> None:
        self.port = _free_port()
        self.folder = folder
        self._log = folder / "broker.log"
        self._config = folder / "mosquitto.conf"
        me = ("user root",) if os.geteuid() == 0 else ()
        self._config.write_text(
            "\n".join(
                (
                    *me,
                    f"listener {self.port} {HOST}",
                    f"log_dest file {self._log}",
                    "log_type all",
                    "max_queued_messages 0",
                    *lines,
                )
            )
            + "\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Broker":
        """Start, and wait until it listens."""
        self._process = subprocess.Popen(
            [str(MOSQUITTO), "-c", str(self._config)], stderr=subprocess.DEVNULL
        )
        wait_until(self._listens, "the broker listens")
        return self

    def kill(self) -> None:
        """End it at once, with all that it held (kill -9)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop answering, with every connection standing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    @property
    def log(self) -> str:
        """What it logged."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _listens(self) -> bool:
        with socket.socket() as trial:
            return trial.connect_ex((HOST, self.port)) == 0


class Subscriber:
    """`mosquitto_sub` with a session that the broker keeps, as long as the broker lives.

    Args:
        broker: whom to subscribe to.
        topic: what to.
        more: more of its arguments.
        session: its client identifier.
    """

    def __init__(
        self, broker: Broker, topic: str, more: Iterable[str] = (), *, session: str = "reader"
    ) -> None:
        self._said = broker.folder / f"{session}.json"
        seen = broker.log.count(f"SUBSCRIBE from {session}")
        with self._said.open("ab") as into:
            self._process = subprocess.Popen(
                [
                    *(str(SUBSCRIBER), "-h", HOST, "-p", str(broker.port), "-t", topic),
                    *("-V", "5", "-q", "1", "-c", "-i", session, "-x", "3600"),
                    *("-F", r"%r %t %p", *more),
                ],
                stdout=into,
                stderr=subprocess.DEVNULL,
            )
        wait_until(
            lambda: broker.log.count(f"SUBSCRIBE from {session}") > seen,
            "the subscriber is there",
        )

    def messages(self) -> list[tuple[str, bool, dict[str, Any]]]:
        """Topic, whether it was retained, and payload of each message so far."""
        found = []
        text = self._said.read_text()
        for line in text[: text.rfind("\n") + 1].splitlines():
            retained, topic, payload = line.split(" ", 2)
            found.append((topic, retained == "1", json.loads(payload)))
        return found

    def seqs(self, topic: str) -> list[int]:
        """The `seq` of each message of a topic, in their order."""
        return [said["seq"] for at, _, said in self.messages() if at == topic]

    def stop(self) -> None:
        """Go away."""
        self._process.kill()
        self._process.wait()


def wait_until(true: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it is not.
    """
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        return int(trial.getsockname()[1])
