"""The power thread on a driver's buffer: when it is used, and what ends its use."""

import threading
import time
from collections.abc import Sequence

from collector.sampling.worker import Worker
from collector.sources.protocol import PowerBuffer, PowerReader, PowerSample
from tests.sampling.test_worker import Puppet, wait, watch

MS = 1_000_000


class Buffer:
    """Gives a sample of each scope, a moment old, at each take."""

    scopes = ("gpu", "module")
    depth = 120
    failed = ""

    def __init__(self, period_ms: float = 1, interval_ms: float = 12) -> None:
        self.period_ns = round(period_ms * MS)
        self.interval_ns = round(interval_ms * MS)
        self.distrust = ""
        self.compared = (0, 0)
        self.hang = threading.Event()
        self.hang.set()
        self.polled: list[Sequence[int]] = []

    def take(self, polled_ns: int, polled_mw: Sequence[int]) -> Sequence[PowerSample]:
        self.hang.wait()
        self.polled.append(tuple(polled_mw))
        return [
            PowerSample(position, polled_ns - back * MS, 200_000 + position)
            for position in (0, 1)
            for back in (2, 1)
        ]


class Keeper(Puppet):
    """A puppet with a buffer."""

    def __init__(self, buffer: Buffer | None) -> None:
        super().__init__()
        self.buffer = buffer

    def power_buffer(self, reader: PowerReader) -> PowerBuffer | None:
        assert reader.scopes == self.scopes
        return self.buffer


def start(buffer: Buffer | None, power_ms: float = 5, *, use: bool = True) -> Worker:
    worker = Worker(
        Keeper(buffer),  # type: ignore[arg-type]
        node="n",
        power_period_ns=int(power_ms * MS),
        telemetry_period_ns=20 * MS,
        slow_period_ns=60 * MS,
        power_buffer=use,
    )
    worker.start()
    return worker


def powers(worker: Worker) -> list[set[int]]:
    assert worker.ring is not None
    return [{power for _, power in samples} for samples in worker.ring.take()]


def is_polling(worker: Worker) -> bool:
    """Whether new samples come from the sensor itself."""
    powers(worker)
    ticks = worker.power_ticker.ticks
    wait(lambda: worker.power_ticker.ticks > ticks + 5)
    return powers(worker) == [{300_000}, set()]


def test_a_finer_buffer_is_taken_in_bulk() -> None:
    buffer = Buffer()
    worker = start(buffer)
    wait(lambda: len(buffer.polled) > 5)
    assert worker.buffer is buffer
    assert powers(worker) == [{200_000}, {200_001}]
    assert set(buffer.polled) == {(300_000, -1)}
    assert worker.power_ticker.period_ns == buffer.interval_ns
    began, ticks = time.monotonic(), worker.power_ticker.ticks
    time.sleep(0.3)
    assert worker.power_ticker.ticks - ticks <= (time.monotonic() - began) / 0.012 + 2
    worker.stop()
    assert worker.join(1)


def test_it_is_not_taken_where_it_is_no_finer_or_not_wanted() -> None:
    for worker in (
        start(None),
        start(Buffer(), use=False),
        start(Buffer(period_ms=5)),
        start(Buffer(interval_ms=9)),  # too shallow to be taken in time
        watch(Puppet()),
    ):
        wait(lambda: worker.power_ticker.ticks > 5)  # noqa: B023 - called at once
        assert worker.buffer is None
        assert is_polling(worker)
        worker.stop()


def test_one_that_is_distrusted_is_never_taken_again() -> None:
    buffer = Buffer()
    worker = start(buffer)
    wait(lambda: len(buffer.polled) > 3)
    buffer.distrust = "it disagreed"
    wait(lambda: worker.buffer_refused == "it disagreed" and worker.buffer is None)
    taken = len(buffer.polled)
    assert worker.power_ticker.period_ns == 5 * MS
    assert is_polling(worker)
    worker.revive()
    assert is_polling(worker)
    assert len(buffer.polled) == taken
    worker.stop()
    assert worker.join(1)


def test_one_that_hangs_is_left_to_itself_and_the_sensor_is_polled() -> None:
    buffer = Buffer()
    worker = start(buffer)
    wait(lambda: len(buffer.polled) > 3)
    buffer.hang.clear()
    wait(lambda: worker.power_busy_since_ns)
    time.sleep(0.05)
    worker.relieve(time.monotonic_ns())
    assert not worker.buffer_refused  # not yet
    worker.relieve(time.monotonic_ns() + 2_000 * MS)
    assert "did not return" in worker.buffer_refused
    assert worker.errors["gpu_power_watts", "timeout"] == 1
    assert is_polling(worker)
    assert worker.busy  # the call is outstanding
    buffer.hang.set()
    time.sleep(0.05)
    assert is_polling(worker)  # what the old thread found comes too late
    worker.stop()
    assert worker.join(1)
