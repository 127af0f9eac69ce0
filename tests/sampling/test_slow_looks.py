"""A GPU whose calls are slow, but return: no sensor of it is taken to hang."""

import time

from collector.model import GpuIdentity, Reading
from collector.sampling.lane import HANG_NS, Lane
from collector.sampling.ticker import Ticker
from collector.sources.protocol import SourceError
from collector.sources.watch import Watch

SENSORS = 8
EACH_SECONDS = 1.3 * HANG_NS / 1e9 / SENSORS


class SlowGpu:
    """Reads its sensors one after the other, all of them together longer than a hang takes."""

    def __init__(self) -> None:
        self.identity = GpuIdentity(uuid="GPU-1", index=0, model="Slow")

    def read(self, *, slow: bool, watch: Watch) -> Reading:
        for number in range(SENSORS):
            watch.sensor = f"sensor_{number}"
            time.sleep(EACH_SECONDS)
            if watch.relieved:
                break
        return Reading(monotonic_ns=time.monotonic_ns(), values={}, slow=slow, counter=None)


class Desk:
    """Keeps what is handed in."""

    lost = False

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.counted: list[tuple[str, str]] = []
        self.fatal: list[BaseException] = []

    def reading(self, reading: Reading) -> None:
        self.readings.append(reading)

    def failed(self, sensor: str, error: SourceError) -> None:
        self.counted.append((sensor, error.word))

    def count(self, sensor: str, word: str) -> None:
        self.counted.append((sensor, word))

    def revive(self) -> None:
        pass

    def fatal_error(self, error: BaseException) -> None:
        self.fatal.append(error)


def test_many_slow_calls_are_not_one_that_hangs() -> None:
    desk = Desk()
    ticker = Ticker(10 * HANG_NS, time.monotonic_ns())
    lane = Lane(SlowGpu(), desk, ticker, slow=True)  # type: ignore[arg-type]
    lane.start()
    end = time.monotonic() + 4 * HANG_NS / 1e9
    while not desk.readings and time.monotonic() < end:
        lane.relieve(time.monotonic_ns())
        time.sleep(0.02)
    lane.stop()
    assert lane.join(2)
    assert (len(desk.readings), desk.counted, desk.fatal) == (1, [], [])


def test_the_clock_of_a_call_begins_with_its_sensor() -> None:
    watch = Watch()
    watch.since_ns = 1
    before_ns = time.monotonic_ns()
    watch.sensor = "gpu_clock_hertz"
    assert watch.since_ns >= before_ns
