"""A GPU's two threads, on GPUs made up for what a driver can do to them."""

import threading
import time
from collections.abc import Callable, MutableSequence
from typing import cast

import pytest

from collector.model import CounterReading, GpuIdentity, Reading
from collector.sampling.discovery import Discovery
from collector.sampling.lane import HANG_NS
from collector.sampling.worker import Worker
from collector.sources.protocol import (
    DriverGoneError,
    DriverMissingError,
    GpuLostError,
    PowerReader,
    SourceError,
)
from collector.sources.watch import Watch


class Puppet:
    """A GPU and its power reader whose every call can be told what to do."""

    scopes: tuple[str, ...] = ("gpu", "module")
    unsupported: tuple[str, ...] = ()
    power_limit_watts = 700.0

    def __init__(self) -> None:
        self.identity = GpuIdentity(uuid="GPU-1", index=0, model="Puppet")
        self.on_power: Callable[[], None] = lambda: None
        self.on_read: Callable[[], None] = lambda: None
        self.sensors: tuple[str, ...] = ()
        self.on_sensor: Callable[[str], None] = lambda _: None
        self.revived = 0
        self.slow: list[bool] = []

    def power_reader(self) -> PowerReader | None:
        return cast("PowerReader", self) if self.scopes else None

    def read(
        self,
        milliwatts: MutableSequence[int] | None = None,
        *,
        slow: bool = False,
        watch: Watch | None = None,
    ) -> Reading | None:
        if milliwatts is not None:
            self.on_power()
            milliwatts[0], milliwatts[1] = 300_000, -1
            return None
        self.slow.append(slow)
        self.on_read()
        for sensor in self.sensors:
            if watch is not None and sensor not in watch.skip:
                watch.sensor = sensor
                self.on_sensor(sensor)
        now_ns = time.monotonic_ns()
        return Reading(
            monotonic_ns=now_ns,
            values={sensor: {(): 1.0} for sensor in self.sensors if not skips(watch, sensor)},
            slow=slow,
            counter=CounterReading(monotonic_ns=now_ns, millijoules=1),
            failed={"gpu_clock_hertz": "timeout"},
        )

    def revive(self) -> None:
        self.revived += 1


def skips(watch: Watch | None, sensor: str) -> bool:
    return watch is not None and sensor in watch.skip


def watch(gpu: Puppet, power_ms: float = 5, telemetry_ms: float = 20) -> Worker:
    worker = Worker(
        gpu,  # type: ignore[arg-type]
        node="n",
        power_period_ns=int(power_ms * 1e6),
        telemetry_period_ns=int(telemetry_ms * 1e6),
        slow_period_ns=int(telemetry_ms * 3e6),
    )
    worker.start()
    return worker


def wait(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def written(worker: Worker) -> int:
    return worker.ring.written if worker.ring is not None else 0


def test_both_threads_read_and_end() -> None:
    gpu = Puppet()
    worker = watch(gpu)
    wait(lambda: written(worker) > 20 and len(worker.readings) > 6)
    worker.stop()
    assert worker.join(1)
    assert worker.ring is not None
    main, module = worker.ring.take()
    assert {power for _, power in main} == {300_000}
    assert module == []
    assert gpu.slow[:2].count(True) == 1  # both begin at once
    assert 1.5 < gpu.slow.count(False) / gpu.slow.count(True) < 6
    assert worker.errors["gpu_clock_hertz", "timeout"] >= 6
    assert worker.fatal is None


def test_a_call_that_hangs_is_seen_and_holds_up_nothing_else() -> None:
    gpu = Puppet()
    worker = watch(gpu)
    wait(lambda: written(worker) > 3)
    gpu.on_read = lambda: time.sleep(0.5)
    wait(lambda: worker.telemetry.busy_since_ns)
    before = written(worker)
    time.sleep(0.2)
    assert written(worker) > before + 10
    worker.stop()
    assert not worker.join(0.05)
    assert worker.join(2)


def test_a_lost_gpu_is_revived() -> None:
    gpu = Puppet()
    worker = watch(gpu)
    wait(lambda: written(worker) > 3)

    def lose() -> None:
        raise GpuLostError("gone")

    gpu.on_power = gpu.on_read = lose
    wait(lambda: worker.lost)
    assert isinstance(worker.problem, GpuLostError)
    gpu.on_power = gpu.on_read = lambda: None
    wait(lambda: not worker.lost and gpu.revived)
    before = written(worker)
    wait(lambda: written(worker) > before + 3)
    worker.stop()


@pytest.mark.parametrize("error", [DriverGoneError("reloaded"), ZeroDivisionError("a bug")])
def test_what_no_thread_can_mend_reaches_the_loop(error: Exception) -> None:
    gpu = Puppet()

    def fail() -> None:
        raise error

    gpu.on_power = fail
    worker = watch(gpu)
    wait(lambda: worker.fatal is not None)
    assert worker.fatal is error
    worker.stop()


def test_single_failures_are_counted_and_sampling_goes_on() -> None:
    gpu = Puppet()
    calls: list[int] = []

    def sometimes() -> None:
        calls.append(1)
        if len(calls) % 2:
            raise SourceError("no", "timeout")

    gpu.on_power = sometimes
    worker = watch(gpu)
    wait(lambda: len(calls) > 20)
    worker.stop()
    worker.join(1)
    assert worker.errors["gpu_power_watts", "timeout"] >= 10
    assert written(worker) >= 9


def test_a_gpu_without_power_has_no_power_thread() -> None:
    gpu = Puppet()
    gpu.scopes = ()
    worker = watch(gpu)
    wait(lambda: worker.scopes == () and len(worker.readings) > 2)
    assert worker.ring is None
    worker.stop()


class Source:
    """A source whose driver comes late."""

    name = "puppet"
    simulated = True

    def __init__(self) -> None:
        self.opened = 0

    def open(self) -> None:
        self.opened += 1
        if self.opened == 1:
            raise DriverMissingError("not yet")

    def count(self) -> int:
        return 3

    def gpu(self, index: int) -> Puppet:
        if index == 0:
            time.sleep(0.6)  # hangs for a while; the others do not wait for it
        if index == 1:
            raise SourceError("fell off the bus", "gpu_lost")
        found = Puppet()
        found.identity = GpuIdentity(uuid=f"GPU-{index}", index=index, model="Puppet")
        return found

    def close(self) -> None:
        """Nothing is open."""


def test_discovery_says_what_is_missing_and_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.sampling.discovery.LOOK_SECONDS", 0.05)
    monkeypatch.setattr("collector.sampling.discovery.SILENT_NS", 200_000_000)
    discovery = Discovery(Source())  # type: ignore[arg-type]
    discovery.start()
    wait(lambda: discovery.missing is not None)
    assert str(discovery.missing) == "not yet"
    wait(lambda: discovery.found)
    assert discovery.found.popleft().identity.index == 2
    assert discovery.missing is None
    wait(lambda: discovery.looked)
    wait(lambda: 0 in discovery.unanswered())
    assert discovery.unanswered()[1] == "fell off the bus"
    wait(lambda: discovery.found)
    assert discovery.found.popleft().identity.index == 0
    time.sleep(0.15)
    assert not discovery.found
    discovery.release(2)  # lost: the same one there is nothing new
    time.sleep(0.15)
    assert not discovery.found
    discovery.stop()
    assert discovery.join(1)


@pytest.mark.parametrize("slow", [False, True])
def test_a_sensor_that_hangs_is_left_out_until_its_call_returns(*, slow: bool) -> None:
    gpu = Puppet()
    gpu.sensors = ("first", "second", "third")
    returned = threading.Event()
    worker = watch(gpu)
    lane = worker.slow if slow else worker.telemetry
    wait(lambda: any(reading.slow is slow for reading in worker.readings))

    def hang(sensor: str) -> None:
        if sensor == "second" and threading.current_thread().name.endswith(lane_name):
            returned.wait(10)

    lane_name = "slow" if slow else "telemetry"
    gpu.on_sensor = hang
    wait(lambda: lane.busy_since_ns and len(worker.readings) > 3)
    time.sleep(0.15)  # the thread is in the call by now
    worker.readings.clear()
    worker.relieve(time.monotonic_ns())  # too early: a call may take its time
    assert not worker.hanging
    worker.relieve(time.monotonic_ns() + HANG_NS)
    assert set(worker.hanging) == {"second"}
    assert worker.errors["second", "timeout"] == 1
    wait(lambda: any(reading.slow is slow for reading in worker.readings))
    mine = [reading for reading in worker.readings if reading.slow is slow]
    assert set(mine[-1].values) == {"first", "third"}
    assert worker.busy
    gpu.on_sensor = lambda _: None
    worker.readings.clear()
    returned.set()
    wait(lambda: not worker.hanging)
    wait(lambda: any("second" in r.values for r in worker.readings if r.slow is slow))
    worker.stop()
    assert worker.join(2)


def test_when_everything_hangs_threads_are_not_given_up_for_ever() -> None:
    gpu = Puppet()
    gpu.sensors = tuple(f"sensor{number}" for number in range(12))
    returned = threading.Event()
    worker = watch(gpu)
    wait(lambda: worker.readings)
    gpu.on_sensor = lambda _: cast("None", returned.wait(10))
    for _ in range(16):
        time.sleep(0.06)
        worker.telemetry.relieve(time.monotonic_ns() + HANG_NS)
    assert len(worker.telemetry.hanging) == 8
    gpu.on_sensor = lambda _: None
    returned.set()
    wait(lambda: not worker.hanging)
    wait(lambda: worker.readings and len(worker.readings[-1].values) == 12)
    worker.stop()
    assert worker.join(2)
