"""A daemon on eight fake GPUs, and what it uses."""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from tests.e2e.daemon import Daemon
from tests.e2e.truth import square
from tests.fake_nvml import FakeNvml, Group

GPUS = 8


@contextmanager
def rig(
    *, counter: bool = True, events: bool = True, **settings: object
) -> Iterator[tuple[FakeNvml, Daemon]]:
    """Eight GPUs on square waves from 0.3 s to 3 s, and a daemon that watches them.

    Without `events` none are offered: the fake library looks for them every 5 ms, which costs a
    quarter of a percent of a core that no driver takes.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with FakeNvml(folder / "fake", gpus=GPUS) as fake:
            for gpu in fake.gpus:
                gpu.set_waveform(square(gpu.index))
                gpu.power_refresh_nanoseconds = 20_000_000
                if not counter:
                    gpu.set_unsupported(Group.ENERGY)
                if not events:
                    gpu.set_unsupported(Group.EVENTS)
            (folder / "node").mkdir()
            with Daemon(folder / "node", fake.environment(), **settings) as daemon:
                yield fake, daemon


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(pid: int) -> float:
    """Resident memory of a process, MB (10^6 bytes)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main_thread_seconds(pid: int) -> float:
    """Time of a core that the process's main thread, its event loop, has used so far."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def share_of_a_core(pid: int, seconds: float) -> float:
    """Share of one core that a process uses over a while."""
    began, used = time.monotonic(), cpu_seconds(pid)
    time.sleep(seconds)
    return (cpu_seconds(pid) - used) / (time.monotonic() - began)


def ticks(daemon: Daemon) -> dict[str, float]:
    """Power ticks so far: all, delayed over 2 ms, late."""
    metrics = daemon.metrics()
    power = frozenset({("thread", "power")})
    return {
        what: metrics[f"wattkeeper_{name}_total"].get(power, 0.0)
        for what, name in (("all", "ticks"), ("delayed", "delayed_ticks"), ("late", "late_ticks"))
    }


def scrape_milliseconds(daemon: Daemon, count: int, pause_seconds: float) -> float:
    """Median time of a scrape as Prometheus makes it: OpenMetrics, gzip, one connection.

    The pause makes sure that each one is rendered anew.
    """
    headers = {
        "Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
        "Accept-Encoding": "gzip",
    }
    spent = []
    connection = HTTPConnection("127.0.0.1", daemon.port, timeout=10)
    for _ in range(count):
        time.sleep(pause_seconds)
        began = time.perf_counter()
        connection.request("GET", "/metrics", headers=headers)
        connection.getresponse().read()
        spent.append(time.perf_counter() - began)
    connection.close()
    return statistics.median(spent) * 1000
