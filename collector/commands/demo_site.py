"""The demo's small site, in a process of its own beside the node's.

The two share nothing but a pipe in each direction: over one the site says where its page is, and
when the other closes the site ends, whatever became of the node's process.
"""

import argparse
import asyncio
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import FrameType
from typing import Any

from collector.commands.log import set_up
from collector.config import ConfigError, SiteSettings, load_as
from collector.daemon.run import StartError
from collector.daemon.site import MeterSource, run_site
from collector.sitefile import load as load_site
from collector.sources.simulated.site import SimulatedSite
from collector.sources.simulated.site_dsx import SitePublisher, forget_session
from collector.sources.simulated.site_meters import SimulatedMeters

_FILES = files("collector.sources.simulated")
_START_SECONDS = 20.0
_STOP_SECONDS = 8.0
_READY, _FAILED = "ready ", "failed "
_MQTT_PORT = 1883


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSite:
    """What the site says of itself once it runs, or why it does not.

    Attributes:
        address: of its page; empty where there is none.
        problem: why not, in words for people; empty where all is well.
    """

    address: str = ""
    problem: str = ""


@contextlib.contextmanager
def running(
    listen: str, *, seed: int, mqtt: str | None = None, debug: bool = False
) -> Iterator[DemoSite]:
    """Run the site beside this process until the block ends; nothing of it is left then.

    Args:
        listen: HOST:PORT of its page.
        seed: of the simulation.
        mqtt: HOST:PORT of the broker that its meters are published to and read from.
        debug: log more.
    """
    command = [sys.executable, "-m", __name__, "--listen", listen, "--seed", str(seed)]
    command += ["--mqtt", mqtt] if mqtt else []
    command += ["--debug"] if debug else []
    # It gets no Ctrl-C: it ends when told so over its standard input, and that once.
    process = subprocess.Popen(  # noqa: S603 - ourselves
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
        start_new_session=True,
        text=True,
    )
    try:
        yield _answer(process)
    finally:
        _end(process)


def _environment() -> Mapping[str, str]:
    """Ours without the node's configuration, which has keys that a site has not."""
    return {key: value for key, value in os.environ.items() if not key.startswith("WATTKEEPER_")}


def _answer(process: subprocess.Popen[str]) -> DemoSite:
    said = process.stdout
    line = ""
    if said is not None and select.select([said], [], [], _START_SECONDS)[0]:
        line = said.readline().strip()
    if line.startswith(_READY):
        return DemoSite(address=line.removeprefix(_READY))
    return DemoSite(problem=line.removeprefix(_FAILED) or "it did not start; see the log above")


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the site until standard input ends. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mqtt", type=broker)
    parser.add_argument("--debug", action="store_true")
    asked = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, _leave)  # until the daemon has its own
    threading.Thread(target=_end_with_input, daemon=True, name="until the demo ends").start()
    try:
        with tempfile.TemporaryDirectory(prefix="wattkeeper-demo-site-") as folder:
            return _run(asked, Path(folder))
    except (StartError, ConfigError) as error:
        _say(_FAILED + " ".join(str(error).split()))
        return 1


def _run(asked: argparse.Namespace, folder: Path) -> int:
    settings = load_as(SiteSettings, None, _flags(asked, folder), default=False)
    set_up(debug=asked.debug)
    simulated = SimulatedSite(asked.seed)
    source: MeterSource = SimulatedMeters(simulated)
    if asked.mqtt is not None:
        source = SitePublisher(simulated, *asked.mqtt)
    code = run_site(
        settings,
        load_site(settings.site.file),
        source=source,
        on_ready=lambda address: _say(_READY + address),
    )
    if asked.mqtt is not None:
        host, port = asked.mqtt
        asyncio.run(forget_session(host, port, f"wattkeeper-meters-{settings.node.name}"))
    return code


def _flags(asked: argparse.Namespace, folder: Path) -> Mapping[str, Any]:
    flags: dict[str, Any] = {
        # Not the name of a site daemon that may run here: a broker keeps one session for each.
        "node": {"name": f"demo-{socket.gethostname()}"},
        "site": {"file": Path(str(_FILES / "demo-site.toml"))},
        "ledger": {"path": folder / "site.sqlite3"},
        "prometheus": {"listen": asked.listen},
    }
    if asked.mqtt is not None:
        host, port = asked.mqtt
        map_file = Path(str(_FILES / "demo-meters.toml"))
        flags["meters"] = {"mqtt": {"host": host, "port": port, "map_file": map_file}}
    return flags


def broker(text: str) -> tuple[str, int]:
    """HOST or HOST:PORT of a broker, from the command line.

    Raises:
        argparse.ArgumentTypeError: it is neither.
    """
    host, colon, port = text.rpartition(":")
    if not colon:
        host, port = text, str(_MQTT_PORT)
    if not host or not port.isdigit() or not 0 < int(port) < 65536:  # noqa: PLR2004 - TCP's
        raise argparse.ArgumentTypeError(f"{text!r} is no HOST:PORT, for example 127.0.0.1:1883")
    return host.strip("[]"), int(port)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - what the node's process waits for


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    sys.exit(128 + number)


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
