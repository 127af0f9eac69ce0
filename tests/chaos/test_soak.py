"""Hours in a minute: what grows by the window, the commit, the scrape or the reconnection.

What grows by time alone shows in `scripts/measure-soak` only, over a night.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.soak.slope import per_second
from benchmarks.soak.usage import Usage, usage
from collector.ledger import Ledger
from tests.e2e.daemon import Daemon
from tests.ledger.values import QUARTER_NS, SECOND_NS, Meter, now_ns, window, with_items
from tests.mqtt.broker import Broker, needs_mosquitto
from tests.servers.victoria import VictoriaMetrics

GPUS = 72
WARM_SECONDS = 25.0
WATCHED_SECONDS = 45.0
MOST_BYTES_PER_SECOND = 200_000
"""The page keeps five minutes of each GPU's seconds: 72 GPUs take some 70 kB a second until it has
them. A kilobyte for each window and scrape would be 120 kB more."""


@dataclass
class Clock:
    """Stands in for the module `time`, where only days are told by it."""

    now_ns: int

    def time(self) -> float:
        return self.now_ns / SECOND_NS


def test_the_slope_of_a_line_with_outliers() -> None:
    points = [(float(i), 7.0 + 2 * i) for i in range(50)]
    points[10] = (10.0, 9000.0)
    points[40] = (40.0, -9000.0)
    assert per_second(points) == 2
    assert per_second([(float(i), 3.0 * i) for i in range(1000)]) == 3
    with pytest.raises(ValueError, match="two points"):
        per_second(points[:1])


def test_the_ledger_grows_no_further_than_its_retention(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three weeks of 8 GPUs, delivered as they come; kept are a day of minutes and five days."""
    start_ns = now_ns()
    clock = Clock(start_ns)
    monkeypatch.setattr("collector.ledger.retention.time", clock)
    monkeypatch.setattr("collector.ledger.writer.PRUNE_SECONDS", 0.01)
    monkeypatch.setattr("collector.ledger.lanes.RESEND_SECONDS", -2)
    ledger = Ledger.open(tmp_path / "ledger", minute_days=1, quarter_hour_days=5)
    meter, sizes, wal_bytes = Meter(), [], 0
    for day in range(21):
        for quarter in range(96):
            clock.now_ns = start_ns + (day * 96 + quarter) * QUARTER_NS
            windows = [
                window(clock.now_ns + part * 300 * SECOND_NS, seconds=300, device=f"GPU-{gpu}")
                for gpu in range(8)
                for part in range(3)
            ]
            ledger.submit(with_items(meter.commit(*windows)))
            for lane in ("influxdb", "mqtt"):
                rows = ledger.outbox.fetch(lane, rows=1000, payload_bytes=10**9).result(10)
                ledger.outbox.acknowledge(lane, [row.id for row in rows]).result(10)
            wal = tmp_path / "ledger-wal"
            wal_bytes = max(wal_bytes, wal.stat().st_size)
        sizes.append((tmp_path / "ledger").stat().st_size)
    assert ledger.close(timeout_seconds=5)
    assert sizes[-1] <= 1.05 * sizes[9], sizes
    assert wal_bytes < 20_000_000


@contextmanager
def shaken(daemon: Daemon, store: VictoriaMetrics, broker: Broker) -> Iterator[None]:
    """Meanwhile it is scraped 50 times a second, each time anew, and its servers come and go."""
    ending = threading.Event()

    def scrape() -> None:
        while not ending.wait(0.02):
            assert daemon.get("/metrics")[0] == 200

    def restart() -> None:
        while not ending.wait(3):
            store.kill()
            broker.kill()
            ending.wait(0.3)
            broker.start()
            store.start()

    threads = [threading.Thread(target=work) for work in (scrape, restart)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join()


@needs_mosquitto
@pytest.mark.timeout(240)
def test_nothing_grows_with_windows_scrapes_and_reconnections(tmp_path: Path) -> None:
    with VictoriaMetrics(tmp_path / "store") as store:
        (tmp_path / "broker").mkdir()
        broker = Broker(tmp_path / "broker", ["allow_anonymous true", "log_type error"]).start()
        try:
            daemon = Daemon(
                tmp_path,
                {},
                SAMPLING__SOURCE="simulated",
                SIMULATION__GPUS=GPUS,
                WINDOW__SECONDS=1,
                INFLUXDB__URL=store.url,
                INFLUXDB__BUCKET="power",
                INFLUXDB__BATCH_SECONDS=1,
                MQTT__HOST="127.0.0.1",
                MQTT__PORT=broker.port,
            )
            with daemon, shaken(daemon, store, broker):
                looks = watched(daemon)
                windows = daemon.value("wattkeeper_windows_total")
        finally:
            broker.kill()
    early, late = looks[: len(looks) // 2], looks[len(looks) // 2 :]
    assert windows is not None
    assert windows > GPUS * WATCHED_SECONDS / 2
    # Connections come and go; what leaks would be there also when none is.
    assert min(one.files for one in late) <= min(one.files for one in early)
    assert max(one.files for one in late) <= max(one.files for one in early) + 5
    assert min(one.threads for one in late) <= max(one.threads for one in early)
    assert max(one.threads for one in late) <= max(one.threads for one in early) + 1
    growth = per_second([(one.at_seconds, float(one.private_bytes)) for one in looks])
    assert growth < MOST_BYTES_PER_SECOND, [one.private_bytes for one in looks]


def watched(daemon: Daemon) -> list[Usage]:
    """Looks at a daemon, once it is warm."""
    assert daemon.process is not None
    time.sleep(WARM_SECONDS)
    looks = []
    until_ = time.monotonic() + WATCHED_SECONDS
    while (now := time.monotonic()) < until_:
        looks.append(usage(daemon.process.pid, daemon.ledger, now))
        time.sleep(0.5)
    return looks
