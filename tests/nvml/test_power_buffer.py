"""Bulk reads of the driver's own power samples, from a driver made up and from the fake one."""

import contextlib
import itertools
import time
from collections.abc import Iterator, MutableSequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pynvml
import pytest

from collector.catalogue import CATALOGUE
from collector.sources.nvml import NvmlSource
from collector.sources.nvml.power_buffer import SAMPLES, DriverBuffer, driver_buffer
from collector.sources.protocol import DriverGoneError, PowerSample
from tests.fake_nvml import FakeNvml, Group, Square, build
from tests.nvml.readers.stand_in import NOT_FOUND, UINT, UNSUPPORTED, StandIn

MS = 1_000_000
PERIOD_NS = 20 * MS
WALL_NS = 1_767_225_600_000_000_000


@dataclass
class Driver:
    """Keeps a sample every 20 ms, each with a power of its own; both clocks are the test's.

    Attributes:
        now_ns: the monotonic clock.
        step_ns: how far the wall clock was stepped.
        kept: samples by stamp in microseconds, oldest first.
        powers: the power of each sample ever, and when it was taken.
        code: what it answers.
    """

    scopes: tuple[str, ...] = ("gpu",)
    now_ns: int = 1000 * PERIOD_NS
    step_ns: int = 0
    depth: int = 120
    kept: list[tuple[int, int]] = field(default_factory=list)
    powers: dict[int, int] = field(default_factory=dict)
    code: int = 0

    def __post_init__(self) -> None:
        self.now_ns -= 3000 * MS
        self.run(3000)

    def run(self, milliseconds: int) -> None:
        """Let time pass."""
        for _ in range(milliseconds):
            self.now_ns += MS
            if self.now_ns % PERIOD_NS == 0:
                power_mw = 100_000 + len(self.powers)
                self.powers[power_mw] = self.now_ns
                self.kept.append((self.wall() // 1000, power_mw))
                del self.kept[: -self.depth]

    def wall(self) -> int:
        """The wall clock."""
        return WALL_NS + self.now_ns + self.step_ns

    def monotonic(self) -> int:
        """The monotonic clock."""
        return self.now_ns

    def answer(self, _handle: object, kind: int, since: Any, value_type: Any, count: Any,
               buffer: Any) -> int:  # fmt: skip
        """Stands in for nvmlDeviceGetSamples."""
        assert kind == pynvml.NVML_TOTAL_POWER_SAMPLES
        if self.code:
            return self.code
        value_type._obj.value = UINT
        if buffer is None:
            count._obj.value = self.depth
            return 0
        found = [entry for entry in self.kept if entry[0] > since.value][-count._obj.value :]
        for slot, (stamp_us, power_mw) in zip(buffer, found, strict=False):
            slot.timeStamp, slot.sampleValue.uiVal = stamp_us, power_mw
        count._obj.value = len(found)
        return 0 if found else NOT_FOUND

    def read(self, milliwatts: MutableSequence[int]) -> None:
        """The sensor itself agrees with the newest sample."""
        milliwatts[0] = self.kept[-1][1]

    def buffer(self) -> DriverBuffer:
        """The buffer, found as it is on a GPU."""
        door = StandIn(functions={SAMPLES: self.answer})
        buffer = driver_buffer(
            door,
            0,
            self,
            lambda _: self.wall,
            monotonic=self.monotonic,
        )
        assert buffer is not None
        return buffer


def polled(driver: Driver) -> list[int]:
    return [driver.kept[-1][1]]


def test_period_depth_and_interval_are_found() -> None:
    buffer = Driver().buffer()
    assert (buffer.period_ns, buffer.depth, buffer.interval_ns) == (PERIOD_NS, 120, 250 * MS)
    assert Driver(depth=30).buffer().interval_ns == 200 * MS


@pytest.mark.parametrize("step_ms", [-3_600_000, -2_000, -130, -15, 15, 130, 2_000, 3_600_000])
@pytest.mark.parametrize("at", [0, 100])
def test_nothing_is_lost_twice_or_moved_by_a_step_of_the_wall_clock(step_ms: int, at: int) -> None:
    driver = Driver()
    buffer = driver.buffer()
    before = len(driver.powers)
    taken = []
    for tick in range(60):
        if tick == 10:
            driver.run(at)
            driver.step_ns = step_ms * MS
            driver.run(250 - at)
        else:
            driver.run(250)
        taken += buffer.take(driver.now_ns, polled(driver))
        assert not buffer.distrust
    assert [sample.milliwatts for sample in taken] == list(driver.powers)[before:]
    for sample in taken:
        # Where a step is shorter than a period, the samples around it are as far off.
        assert abs(sample.monotonic_ns - driver.powers[sample.milliwatts]) <= PERIOD_NS // 2
    late = taken[-50:]
    assert all(abs(s.monotonic_ns - driver.powers[s.milliwatts]) < MS for s in late)


def test_what_was_kept_before_the_start_is_not_taken() -> None:
    driver = Driver()
    buffer = driver.buffer()
    assert buffer.take(driver.now_ns, polled(driver)) == []


def test_a_buffer_that_falls_silent_is_given_up_without_a_gap() -> None:
    driver = Driver()
    buffer = driver.buffer()
    taken = []
    for _ in range(12):
        driver.run(250)
        driver.kept.clear()
        driver.code = 999
        taken += buffer.take(driver.now_ns, [300_000])
        assert buffer.failed == "unknown"
    assert "nothing new for 2 s (unknown)" in buffer.distrust
    times = [sample.monotonic_ns for sample in taken]
    assert max(b - a for a, b in itertools.pairwise(times)) <= 250 * MS
    driver.code = 9
    with pytest.raises(DriverGoneError):
        buffer.take(driver.now_ns, [300_000])


def test_one_that_says_something_else_is_given_up() -> None:
    driver = Driver()
    buffer = driver.buffer()
    for _ in range(20):
        driver.run(250)
        buffer.take(driver.now_ns, [300_000])
    assert "disagreed with the sensor itself" in buffer.distrust
    assert buffer.compared[0] == buffer.compared[1] > 10


def test_sentinels_are_left_out() -> None:
    driver = Driver()
    buffer = driver.buffer()
    driver.run(250)
    driver.kept[-1] = (driver.kept[-1][0], 0xFFFFFFFF)
    taken = buffer.take(driver.now_ns, [driver.kept[-2][1]])
    assert len(taken) == 11
    assert max(sample.milliwatts for sample in taken) < 200_000
    assert buffer.failed == "sentinel"


def test_no_buffer_where_one_is_not_whole() -> None:
    driver = Driver()
    assert driver_buffer(StandIn(), 0, driver) is None
    door = StandIn(functions={SAMPLES: driver.answer})
    assert driver_buffer(door, 0, driver, lambda _: None) is None
    driver.scopes = ("gpu", "memory")
    assert driver_buffer(door, 0, driver, lambda _: driver.wall) is None
    driver.scopes, driver.code = ("gpu",), UNSUPPORTED
    assert driver_buffer(door, 0, driver, lambda _: driver.wall) is None
    driver.code, driver.kept = 0, driver.kept[-3:]
    assert driver_buffer(door, 0, driver, lambda _: driver.wall) is None


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Path]:
    yield build(tmp_path / "lib")
    # NVML counts its users in a process; the next test must find it closed.
    with contextlib.suppress(pynvml.NVMLError):
        while True:
            pynvml.nvmlShutdown()


def test_both_scopes_of_a_module_against_the_truth(tmp_path: Path, library: Path) -> None:
    with FakeNvml(tmp_path / "fake", gpus=1, profile="GB200", library_path=library) as fake:
        board = fake.gpu(0)
        board.set_unsupported(Group.SAMPLES, value=False)
        board.sample_period_nanoseconds = 10 * MS
        board.set_waveform(Square(300 * MS, 200_000, 900_000, high_nanoseconds=120 * MS))
        time.sleep(0.2)
        fake.load_in_process()
        source = NvmlSource(CATALOGUE)
        source.open()
        gpu = source.discover()[0]
        reader = gpu.power_reader()
        assert reader is not None
        assert reader.scopes == ("gpu", "module")
        buffer = gpu.power_buffer(reader)
        assert buffer is not None
        taken: list[PowerSample] = []
        into = [0, 0]
        for _ in range(8):
            time.sleep(0.1)
            reader.read(into)
            taken += buffer.take(time.monotonic_ns(), into)
        for position in (0, 1):
            mine = [sample for sample in taken if sample.position == position]
            assert len(mine) > 60
            spans = [b.monotonic_ns - a.monotonic_ns for a, b in itertools.pairwise(mine)]
            assert max(abs(span - 10 * MS) for span in spans) < MS
        offset = int(fake.state.wall_offset_nanoseconds)
        drift = abs(time.time_ns() - time.monotonic_ns() - offset)
        for sample in [sample for sample in taken if not sample.position]:
            # The nearest of the sensor's own instants.
            since = sample.monotonic_ns - board.epoch_nanoseconds
            at = board.epoch_nanoseconds + round(since / (10 * MS)) * 10 * MS
            assert abs(at - sample.monotonic_ns) < MS + drift
            assert sample.milliwatts == board.expected_sample_milliwatts(at)
        board.set_unsupported(Group.SAMPLES)
        assert gpu.power_buffer(reader) is None
