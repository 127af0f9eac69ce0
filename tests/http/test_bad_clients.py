"""Two hundred bad clients of each kind, in short: nobody who means well notices them.

What they cost the sampling is measured by benchmarks/bad_clients.py.
"""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from benchmarks.rig import resident_megabytes
from tests.e2e.daemon import Daemon
from tests.http.bad_clients import CLASSES, Target, attack
from tests.http.secure_daemon import SecureDaemon

COUNT = 200
"""More than one address may have."""
PLAIN = [name for name in CLASSES if name != "TLS half"]
COUNTED = {
    "slow headers": "crowded",
    "huge headers": "size",
    "endless bodies": "method",
    "slow readers": "crowded",
    "TLS half": "crowded",
}
"""What they are refused for; who says nothing is not even let in."""
SIMULATED: Mapping[str, object] = {"SAMPLING__SOURCE": "simulated", "SIMULATION__GPUS": 2}


def files_open(daemon: Daemon) -> int:
    assert daemon.process is not None
    return len(list(Path(f"/proc/{daemon.process.pid}/fd").iterdir()))


def refused(daemon: Daemon) -> dict[str, float]:
    series = daemon.metrics()["wattkeeper_http_refused_total"]
    return {dict(labels)["reason"]: count for labels, count in series.items()}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with Daemon(tmp_path, {}, **SIMULATED) as running:
        yield running


async def beset(daemon: Daemon, name: str, scrapes: int) -> None:
    """Scrape beside as many of a kind; every scrape must be answered."""
    target = Target(daemon.port, ("127.0.0.2",), pause_seconds=0.1)
    async with attack(CLASSES[name], COUNT, target):
        for number in range(scrapes):
            path = "/metrics" if number % 2 else "/livez"
            status, _ = await asyncio.to_thread(daemon.get, path)
            assert status == 200
            await asyncio.sleep(0.05)


async def outlives(daemon: Daemon, name: str) -> None:
    before = files_open(daemon)
    await beset(daemon, name, 20)
    if name in COUNTED:
        assert refused(daemon)[COUNTED[name]] >= COUNT / 10
    daemon.wait_for(lambda: files_open(daemon) <= before + 1, "all files are closed again")
    assert "wattkeeper_http_refused_total" in daemon.metrics()
    assert "Traceback" not in daemon.said()
    assert " ERROR " not in daemon.said()


@pytest.mark.parametrize("name", PLAIN)
async def test_proper_scrapes_are_answered(daemon: Daemon, name: str) -> None:
    await outlives(daemon, name)


async def test_handshakes_that_are_left_open(tmp_path: Path) -> None:
    with SecureDaemon(tmp_path, **SIMULATED) as daemon:
        await outlives(daemon, "TLS half")


async def test_nothing_piles_up(daemon: Daemon) -> None:
    assert daemon.process is not None
    held = []
    for _ in range(3):
        for name in ("half open", "huge headers", "slow readers"):
            await beset(daemon, name, 10)
        held.append(resident_megabytes(daemon.process.pid))
    assert held[2] < held[1] * 1.1, held
