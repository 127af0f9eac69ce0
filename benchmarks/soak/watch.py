"""Watches a daemon for hours, with everything on, and writes a line a minute."""

import csv
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

from benchmarks.soak.slope import per_second
from benchmarks.soak.usage import Usage, usage
from tests.e2e.daemon import Daemon
from tests.e2e.truth import square
from tests.fake_nvml import FakeNvml
from tests.mqtt.broker import MOSQUITTO, Broker
from tests.servers.victoria import VictoriaMetrics

GPUS = 8
SCRAPE_SECONDS = 15.0
_POWER = frozenset({("thread", "power")})


@dataclass(frozen=True, slots=True)
class Look:
    """What the daemon used, and how punctual it was.

    Attributes:
        usage: from /proc.
        ticks: power samples that were due.
        late: those that were skipped, being too late.
        windows: windows that closed.
        scrape_seconds: how long the last scrape took.
    """

    usage: Usage
    ticks: int
    late: int
    windows: int
    scrape_seconds: float

    @staticmethod
    def columns() -> list[str]:
        """The names of the values."""
        return [*Usage.columns(), "ticks", "late_ticks", "windows", "scrape_seconds"]

    def row(self) -> list[float]:
        """The values."""
        return [*astuple(self.usage), self.ticks, self.late, self.windows, self.scrape_seconds]


@contextmanager
def watched(folder: Path) -> Iterator[Daemon]:
    """A daemon on eight fake GPUs at 100 Hz that pushes to what is installed here.

    Args:
        folder: an empty one.
    """
    with ExitStack() as stack:
        fake = stack.enter_context(FakeNvml(folder / "fake", gpus=GPUS))
        for gpu in fake.gpus:
            gpu.set_waveform(square(gpu.index))
            gpu.power_refresh_nanoseconds = 20_000_000
        settings: dict[str, object] = {"SAMPLING__POWER_HZ": 100}
        if shutil.which("victoria-metrics"):
            store = stack.enter_context(VictoriaMetrics(folder / "store"))
            settings |= {"INFLUXDB__URL": store.url, "INFLUXDB__BUCKET": "power"}
        if MOSQUITTO is not None:
            (folder / "broker").mkdir()
            broker = Broker(folder / "broker", ["allow_anonymous true", "log_type error"]).start()
            stack.callback(broker.kill)
            settings |= {"MQTT__HOST": "127.0.0.1", "MQTT__PORT": broker.port}
        (folder / "node").mkdir()
        yield stack.enter_context(Daemon(folder / "node", fake.environment(), **settings))


def look(daemon: Daemon) -> Look:
    """Look at a daemon; this is a scrape."""
    assert daemon.process is not None  # noqa: S101 - for the type checker
    began = time.monotonic()
    metrics = daemon.metrics()
    now = time.monotonic()
    return Look(
        usage(daemon.process.pid, daemon.ledger, now),
        round(metrics["wattkeeper_ticks_total"][_POWER]),
        round(metrics["wattkeeper_late_ticks_total"][_POWER]),
        round(next(iter(metrics["wattkeeper_windows_total"].values()))),
        now - began,
    )


def watch(
    daemon: Daemon, seconds: float, every_seconds: float, table: Path, say: Callable[[str], None]
) -> list[Look]:
    """Look at a daemon now and then, and scrape it in between as Prometheus does.

    Args:
        daemon: started.
        seconds: for how long.
        every_seconds: how often to look.
        table: a CSV file, written as it goes.
        say: told each line.
    """
    ending = threading.Event()

    def scrape() -> None:
        while not ending.wait(SCRAPE_SECONDS):
            daemon.get("/metrics")

    scraper = threading.Thread(target=scrape, daemon=True)
    scraper.start()
    looks: list[Look] = []
    began = time.monotonic()
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Look.columns())
        for number in range(int(seconds / every_seconds) + 1):
            time.sleep(max(began + number * every_seconds - time.monotonic(), 0))
            found = look(daemon)
            looks.append(found)
            writer.writerow(found.row())
            file.flush()
            say(_line(found, began))
    ending.set()
    scraper.join()
    return looks


def summary(looks: list[Look], warm_seconds: float) -> list[tuple[str, str]]:
    """What was used, and how fast it grew once the daemon was warm; what and how much.

    Args:
        looks: two at least after the warm-up.
        warm_seconds: what grows before that does not count.
    """
    start = looks[0].usage.at_seconds + warm_seconds
    warm = [found for found in looks if found.usage.at_seconds >= start]
    first, last = warm[0], warm[-1]
    seconds = last.usage.at_seconds - first.usage.at_seconds

    def grows(value: Callable[[Usage], float]) -> float:
        return per_second([(one.usage.at_seconds, value(one.usage)) for one in warm]) * 3600

    def span(value: Callable[[Usage], int]) -> str:
        values = {value(one.usage) for one in warm}
        low, high = min(values), max(values)
        return str(low) if low == high else f"{low} to {high}"

    wakeups = last.usage.wakeups - first.usage.wakeups
    processor = last.usage.processor_seconds - first.usage.processor_seconds
    ticks, late = last.ticks - first.ticks, last.late - first.late
    resident = sorted(one.usage.resident_bytes / 1e6 for one in warm)
    return [
        ("time, after the warm-up", f"{seconds / 3600:.2f} h"),
        ("resident memory", f"{resident[0]:.1f} to {resident[-1]:.1f} MB"),
        ("it grows by", f"{grows(lambda one: one.resident_bytes) / 1e6:+.3f} MB an hour"),
        (
            "private memory grows by",
            f"{grows(lambda one: one.private_bytes) / 1e6:+.3f} MB an hour",
        ),
        ("file descriptors", span(lambda one: one.files)),
        ("threads", span(lambda one: one.threads)),
        ("ledger", f"{last.usage.ledger_bytes / 1e6:.2f} MB"),
        ("it grows by", f"{grows(lambda one: one.ledger_bytes) / 1e6:+.3f} MB an hour"),
        ("write-ahead log, at most", f"{max(one.usage.wal_bytes for one in warm) / 1e6:.2f} MB"),
        ("wake-ups", f"{wakeups / seconds:.0f} a second"),
        ("processor", f"{processor / seconds:.2%} of a core"),
        ("late ticks", f"{late:,} of {ticks:,} ({late / max(ticks, 1):.3%})"),
        ("windows", f"{last.windows - first.windows:,}"),
    ]


def _line(found: Look, began: float) -> str:
    one = found.usage
    return (
        f"{(one.at_seconds - began) / 60:7.1f} min  {one.resident_bytes / 1e6:6.1f} MB"
        f"  {one.files} files  {one.threads} threads  ledger {one.ledger_bytes / 1e6:.2f} MB"
        f"  WAL {one.wal_bytes / 1e6:.2f} MB  {found.late} late of {found.ticks}"
    )
