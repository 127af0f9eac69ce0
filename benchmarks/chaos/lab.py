"""The node, its servers and what can go wrong with them."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.chaos.clock import WallClock
from benchmarks.chaos.disk import SmallDisk
from benchmarks.chaos.receivers import Prometheus, Store
from benchmarks.chaos.supervisor import Supervisor
from benchmarks.chaos.truth import Truth
from tests.e2e.daemon import Daemon
from tests.e2e.truth import square
from tests.fake_nvml import FakeNvml
from tests.mqtt.broker import Broker, Subscriber

GPUS: Final = 8
_DISK_BYTES: Final = 256_000_000
_SENSOR_NS: Final = 20_000_000


@dataclass(slots=True)
class Lab:
    """Everything that runs.

    Attributes:
        fake: the GPUs.
        truths: what each truly used.
        supervisor: of the daemon.
        store: VictoriaMetrics.
        broker: Mosquitto.
        subscriber: hears all.
        prometheus: scrapes every second.
        disk: the ledger's own.
        clock: the daemon's wall clock.
        server_since: when a server last came back, CLOCK_MONOTONIC, seconds.
    """

    fake: FakeNvml
    truths: list[Truth]
    supervisor: Supervisor
    store: Store
    broker: Broker
    subscriber: Subscriber
    prometheus: Prometheus
    disk: SmallDisk
    clock: WallClock
    server_since: float = 0.0

    def server_started(self) -> None:
        """Note that VictoriaMetrics or Mosquitto came back."""
        self.server_since = time.monotonic()

    @property
    def daemon(self) -> Daemon:
        """The node."""
        return self.supervisor.daemon


@contextmanager
def laboratory(folder: Path) -> Iterator[Lab]:
    """Everything started, on eight GPUs with square waves from 0.3 to 3 s, power at 100 Hz.

    Args:
        folder: an empty one.

    Raises:
        PermissionError: a small disk cannot be mounted; root may.
    """
    with ExitStack() as stack:
        fake = stack.enter_context(FakeNvml(folder / "fake", gpus=GPUS))
        for gpu in fake.gpus:
            gpu.set_waveform(square(gpu.index))
            gpu.power_refresh_nanoseconds = _SENSOR_NS
        disk = SmallDisk(folder / "disk", _DISK_BYTES)
        stack.callback(disk.unmount)
        store = Store(folder / "store")
        store.start()
        stack.callback(store.kill)
        (folder / "broker").mkdir()
        broker = Broker(folder / "broker").start()
        stack.callback(broker.kill)
        subscriber = Subscriber(broker, "wattkeeper/v1/#")
        stack.callback(subscriber.stop)
        clock = WallClock(folder / "clock")
        daemon = Daemon(
            folder,
            fake.environment() | clock.environment,
            LEDGER__PATH=disk.place / "ledger.sqlite3",
            **_settings(folder, store, broker),
        )
        daemon.ledger = disk.place / "ledger.sqlite3"
        supervisor = Supervisor(daemon)
        stack.callback(supervisor.end)
        prometheus = Prometheus(folder / "prometheus", f"127.0.0.1:{daemon.port}")
        supervisor.start()
        stack.enter_context(prometheus)
        yield Lab(
            fake,
            [Truth(gpu) for gpu in fake.gpus],
            supervisor,
            store,
            broker,
            subscriber,
            prometheus,
            disk,
            clock,
        )


def _settings(folder: Path, store: Store, broker: Broker) -> dict[str, object]:
    """Windows of a second: more edges, rows and commits than any site has."""
    nothing = folder / "sys"
    nothing.mkdir()
    return {
        "SAMPLING__POWER_HZ": 100,
        "WINDOW__SECONDS": 1,
        "HOST__SYSFS_ROOT": nothing,
        "INFLUXDB__URL": store.url,
        "INFLUXDB__BUCKET": "power",
        "INFLUXDB__BATCH_SECONDS": 1,
        "INFLUXDB__BACKFILL_POINTS_PER_SECOND": 1000,
        "MQTT__HOST": "127.0.0.1",
        "MQTT__PORT": broker.port,
        "MQTT__BACKFILL_POINTS_PER_SECOND": 1000,
    }
