"""What a thousand bad clients cost: the sampling's punctuality, and a proper scrape beside them.

    python -m benchmarks.bad_clients [--clients N] [--seconds S] [--same-address] [KIND...]

The daemon simulates eight GPUs at 100 Hz. The clients run in a process of the lowest priority:
elsewhere they would not have the node's processors. They come from a hundred addresses of this
machine, or from that of the scraper; each comes again a second after it was sent away, those who
connect and close at once. Threads that only sleep run beside, as a measure of the machine itself.
"""

import argparse
import asyncio
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

import uvloop

from benchmarks.rig import GPUS, main_thread_seconds, resident_megabytes, ticks
from benchmarks.sleepers import Sleepers
from tests.e2e.daemon import Daemon
from tests.http.bad_clients import CLASSES, Target, attack
from tests.http.secure_daemon import SecureDaemon

_HZ = 100
_ADDRESSES = tuple(f"127.0.1.{number}" for number in range(1, 101))
_SCRAPER = "127.0.0.1"
_SCRAPES_APART_SECONDS = 0.25
_SETTLE_SECONDS = 2.0
_HEADER = (
    f"{'clients':18} {'late':>8} {'>2 ms':>8} {'machine':>8} {'scrapes':>9} {'median':>8} "
    f"{'worst':>8} {'loop':>7} {'memory':>8}  refused"
)


@dataclass(slots=True)
class Scraper:
    """A proper scraper: a new connection for each scrape, which is the harder case.

    Attributes:
        port: of the daemon.
        context: for TLS.
        spent_ms: how long each scrape took that was answered.
        failed: those that were not.
    """

    port: int
    context: ssl.SSLContext | None
    spent_ms: list[float] = field(default_factory=list)
    failed: int = 0

    def scrape(self) -> None:
        """Scrape once, as Prometheus does it."""
        headers = {"Accept-Encoding": "gzip", "Connection": "close"}
        began = time.perf_counter()
        connection = self._connection()
        try:
            connection.request("GET", "/metrics", headers=headers)
            answer = connection.getresponse()
            answer.read()
            well = answer.status == 200
        except (OSError, HTTPException):
            well = False
        finally:
            connection.close()
        if well:
            self.spent_ms.append((time.perf_counter() - began) * 1000)
        else:
            self.failed += 1

    def _connection(self) -> HTTPConnection:
        place = ("127.0.0.1", self.port)
        if self.context is None:
            return HTTPConnection(*place, timeout=10, source_address=(_SCRAPER, 0))
        return HTTPSConnection(
            *place, timeout=10, source_address=(_SCRAPER, 0), context=self.context
        )


def measure(
    daemon: Daemon, kind: str | None, arguments: argparse.Namespace, context: ssl.SSLContext | None
) -> bool:
    """Print a line. Returns whether every scrape was answered."""
    assert daemon.process is not None  # noqa: S101 - for the type checker
    pid, seconds = daemon.process.pid, arguments.seconds
    scraper = Scraper(daemon.port, context)
    with clients(kind, daemon.port, arguments) as there:
        time.sleep(_SETTLE_SECONDS if there else 0)
        told, before, used = refused(daemon), ticks(daemon), main_thread_seconds(pid)
        began = time.monotonic()
        with Sleepers(_HZ, seconds) as machine:
            while time.monotonic() - began < seconds:
                scraper.scrape()
                time.sleep(_SCRAPES_APART_SECONDS)
        elapsed = time.monotonic() - began
        share = (main_thread_seconds(pid) - used) / elapsed
        after, more = ticks(daemon), refused(daemon)
    done = after["all"] - before["all"]
    late, delayed = (f"{(after[what] - before[what]) / done:8.3%}" for what in ("late", "delayed"))
    spent = scraper.spent_ms
    asked = len(spent) + scraper.failed
    times = (
        (f"{statistics.median(spent):5.1f} ms", f"{max(spent):5.1f} ms") if spent else ("-", "-")
    )
    counted = " ".join(f"{reason} {count:.0f}" for reason, count in (more - told).items())
    print(
        f"{kind or 'nobody':18} {late} {delayed} {machine.delayed / machine.ticks:8.3%} "
        f"{len(spent):4}/{asked:<4} {times[0]:>8} {times[1]:>8} {share:7.2%} "
        f"{resident_megabytes(pid):5.0f} MB  {counted}",
        flush=True,
    )
    return not scraper.failed


def refused(daemon: Daemon) -> Counter[str]:
    """How many clients it refused so far, by reason."""
    series = daemon.metrics()["wattkeeper_http_refused_total"]
    return Counter({dict(labels)["reason"]: round(count) for labels, count in series.items()})


@contextmanager
def clients(kind: str | None, port: int, arguments: argparse.Namespace) -> Iterator[bool]:
    """So many of a kind, in a process of their own; nobody where there is no kind."""
    if kind is None:
        yield False
        return
    command = [
        *("nice", "-n", "19", sys.executable, "-m", "benchmarks.bad_clients"),
        *("--load", str(port), "--clients", str(arguments.clients)),
        *(["--same-address"] if arguments.same_address else []),
        kind,
    ]
    with subprocess.Popen(command) as process:
        try:
            yield True
        finally:
            process.terminate()


async def load(kind: str, port: int, count: int, sources: Sequence[str]) -> None:
    """Be the bad clients, until the end."""
    pause_seconds = 0.0 if kind == "connect and close" else 1.0
    async with attack(CLASSES[kind], count, Target(port, sources, pause_seconds)):
        await asyncio.Event().wait()


def main() -> int:
    """Measure and print. Returns 1 when a proper scrape was not answered."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bad_clients", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(CLASSES))
    parser.add_argument("--clients", type=int, default=1000, help="of each kind")
    parser.add_argument("--seconds", type=float, default=15.0, help="for each kind")
    parser.add_argument("--same-address", action="store_true", help="as the scraper's")
    parser.add_argument("--load", type=int, metavar="PORT", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    kinds = arguments.kinds or list(CLASSES)
    if arguments.load is not None:
        sources = (_SCRAPER,) if arguments.same_address else _ADDRESSES
        uvloop.run(load(kinds[0], arguments.load, arguments.clients, sources))
    print(_HEADER, flush=True)
    settings = {
        "SAMPLING__SOURCE": "simulated",
        "SAMPLING__POWER_HZ": _HZ,
        "SIMULATION__GPUS": GPUS,
    }
    well = True
    with tempfile.TemporaryDirectory() as name:
        for tls in (False, True):
            chosen = [kind for kind in kinds if kind.startswith("TLS") is tls]
            folder = Path(name) / ("tls" if tls else "plain")
            folder.mkdir()
            made = SecureDaemon(folder, **settings) if tls else Daemon(folder, {}, **settings)
            context = made.context if isinstance(made, SecureDaemon) else None
            if chosen:
                with made as daemon:
                    time.sleep(3)
                    for kind in (None, *chosen, None):
                        well = measure(daemon, kind, arguments, context) and well
                        time.sleep(_SETTLE_SECONDS)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
