"""NVML's events, with the real nvidia-ml-py on the fake library."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pynvml
import pytest

from collector.model import GpuIdentity
from collector.sources.events import EventSource, TellsOfEvents
from collector.sources.nvml import NvmlSource, events
from collector.sources.nvml.events import NvmlEvents
from collector.sources.nvml.library import Function, Library
from tests.fake_nvml import ERROR_GPU_IS_LOST, ERROR_UNKNOWN, FakeNvml, Group, build
from tests.ledger.values import until


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def fake(tmp_path: Path, built: Path) -> Iterator[FakeNvml]:
    with FakeNvml(tmp_path / "fake", gpus=3, library_path=built) as fake:
        fake.load_in_process()
        Library().open()
        yield fake
        # NVML counts its users in a process; the next test must find it closed.
        with contextlib.suppress(pynvml.NVMLError):
            while True:
                pynvml.nvmlShutdown()


@pytest.fixture
def listening(fake: FakeNvml) -> Iterator[NvmlEvents]:
    listening = NvmlEvents(Library())
    for index in range(len(fake.gpus)):
        listening.watch(identity(fake, index))
    yield listening
    listening.stop()
    assert listening.join(2)
    assert listening.fatal is None


def identity(fake: FakeNvml, index: int) -> GpuIdentity:
    return GpuIdentity(uuid=fake.gpu(index).uuid, index=index, model="H200")


def told(listening: NvmlEvents) -> list[tuple[str, int]]:
    return [(event.uuid, event.code) for event in listening.found]


def all_heard(listening: NvmlEvents, fake: FakeNvml) -> bool:
    return all(listening.hears(gpu.uuid) for gpu in fake.gpus)


def test_events_are_told_with_their_gpu(fake: FakeNvml, listening: NvmlEvents) -> None:
    until(lambda: all_heard(listening, fake))
    before_ns = time.time_ns()
    fake.gpu(1).inject_xid(79)
    fake.gpu(0).inject_xid(31)
    fake.gpu(0).inject_event(pynvml.nvmlEventTypeClock, 5)  # of another kind
    fake.gpu(0).inject_xid(31)
    until(lambda: len(listening.found) == 3)
    first, second = fake.gpu(0).uuid, fake.gpu(1).uuid
    assert told(listening) == [(second, 79), (first, 31), (first, 31)]
    for event in listening.found:
        assert (event.kind, event.origin, event.sequence) == ("xid", "nvml", None)
        assert before_ns <= event.wall_ns <= time.time_ns()
        assert 0 <= time.monotonic_ns() - event.monotonic_ns < 5e9


def test_nothing_is_asked_before_a_gpu_is_watched() -> None:
    listening = NvmlEvents(Library())  # NVML is not even open
    listening.stop()
    assert listening.join(0.1)


def test_gpus_that_tell_of_none_are_known(fake: FakeNvml, listening: NvmlEvents) -> None:
    until(lambda: all_heard(listening, fake))
    assert listening.unsupported == frozenset()
    fake.gpu(2).state.supported_event_types = 0x1
    listening.watch(identity(fake, 2))  # it came back with another driver's view
    until(lambda: listening.unsupported == {fake.gpu(2).uuid})
    assert not listening.hears(fake.gpu(2).uuid)
    until(lambda: listening.hears(fake.gpu(0).uuid))
    fake.gpu(0).inject_xid(31)
    until(lambda: told(listening) == [(fake.gpu(0).uuid, 31)])


class Poisoned(Library):
    """A driver whose wait fails, as it may when a GPU in the set is lost."""

    code = 0

    def function(self, name: str) -> Function | None:
        found = super().function(name)
        if not name.startswith("nvmlEventSetWait") or found is None:
            return found
        return lambda *arguments: self.code or found(*arguments)


@pytest.mark.parametrize("code", [ERROR_GPU_IS_LOST, ERROR_UNKNOWN])
def test_a_set_that_fails_is_made_anew_without_a_busy_loop(
    fake: FakeNvml, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_PAUSE_SECONDS", 0.3)
    monkeypatch.setattr(events, "_RETRY_NS", 300_000_000)
    door = Poisoned()
    listening = NvmlEvents(door)
    listening.watch(identity(fake, 0))
    listening.watch(identity(fake, 1))
    until(lambda: listening.hears(fake.gpu(0).uuid) and listening.hears(fake.gpu(1).uuid))
    fake.gpu(1).lose()
    door.code = code
    until(lambda: not listening.hears(fake.gpu(1).uuid))
    calls = fake.calls(Group.EVENTS)
    time.sleep(1)
    assert fake.calls(Group.EVENTS) - calls < 40
    door.code = 0
    until(lambda: listening.hears(fake.gpu(0).uuid))
    fake.gpu(0).inject_xid(31)
    until(lambda: told(listening) == [(fake.gpu(0).uuid, 31)])
    assert not listening.hears(fake.gpu(1).uuid)
    fake.gpu(1).recover()
    until(lambda: listening.hears(fake.gpu(1).uuid))
    fake.gpu(1).inject_xid(79)
    until(lambda: (fake.gpu(1).uuid, 79) in told(listening))
    listening.stop()
    assert listening.join(2)
    assert listening.fatal is None


def test_a_gpu_that_hangs_keeps_nobody_waiting_and_no_set_is_freed_under_it(
    fake: FakeNvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_REGISTER_SECONDS", 0.1)
    fake.gpu(0).hang((Group.EVENTS,))
    listening = NvmlEvents(Library())
    for index in range(3):
        listening.watch(identity(fake, index))
    until(lambda: listening.hears(fake.gpu(1).uuid) and listening.hears(fake.gpu(2).uuid))
    listening.forget(fake.gpu(2).uuid)  # makes the set anew, while the first still hangs
    until(lambda: not listening.hears(fake.gpu(2).uuid))
    until(lambda: listening.hears(fake.gpu(1).uuid))
    fake.gpu(1).inject_xid(31)
    fake.gpu(2).inject_xid(31)
    until(lambda: bool(listening.found))
    assert told(listening) == [(fake.gpu(1).uuid, 31)]
    assert not listening.hears(fake.gpu(0).uuid)
    listening.stop()
    assert not listening.join(0.5), "a call is under way: NVML must not be shut down"
    fake.gpu(0).release()
    assert listening.join(2)


def test_one_that_came_back_is_not_told_of_twice(fake: FakeNvml, listening: NvmlEvents) -> None:
    until(lambda: all_heard(listening, fake))
    for _ in range(3):
        listening.watch(identity(fake, 0))
    until(lambda: not listening._asked)
    until(lambda: all_heard(listening, fake))
    fake.gpu(0).inject_xid(31)
    until(lambda: bool(listening.found))
    time.sleep(0.4)
    assert told(listening) == [(fake.gpu(0).uuid, 31)]


def test_what_was_delivered_at_the_end_is_not_lost(fake: FakeNvml) -> None:
    listening = NvmlEvents(Library())
    listening.watch(identity(fake, 0))
    until(lambda: listening.hears(fake.gpu(0).uuid))
    for code in range(1, 30):
        fake.gpu(0).inject_xid(code)
    listening.stop()
    assert listening.join(2)
    assert [code for _, code in told(listening)] == list(range(1, 30))


class Old(Library):
    """A driver from before there were events."""

    def function(self, name: str) -> Function | None:
        return None if "Event" in name else super().function(name)


def test_a_driver_without_events(fake: FakeNvml) -> None:
    listening = NvmlEvents(Old())
    listening.watch(identity(fake, 0))
    until(lambda: listening.unsupported == {fake.gpu(0).uuid})
    listening.stop()
    assert listening.join(1)
    assert listening.fatal is None


def test_the_nvidia_source_tells_of_events() -> None:
    source: Any = NvmlSource()
    assert isinstance(source, TellsOfEvents)
    typed: EventSource = source.events()
    assert (typed.origin, source.event_log().origin) == ("nvml", "kernel_log")
