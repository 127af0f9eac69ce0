"""The task that reads a source: what fails costs nothing else, and is told once."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from collector.daemon import host_source
from collector.daemon.faults import FaultBoard
from collector.daemon.host_source import SourceTask
from collector.sources.host.protocol import HostReading, HostSourceError, NothingHereError
from tests.host.scripted import Scripted, reading


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_source, "_FIRST_SECONDS", 0.02)
    monkeypatch.setattr(host_source, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(host_source, "_REOPEN_SECONDS", 0.1)
    monkeypatch.setattr(host_source, "_CLOSE_SECONDS", 0.1)


def well() -> Sequence[HostReading]:
    return (reading("redfish", "ac_input", "1", 500),)


class Board:
    """A task under test, and what became of its readings and faults."""

    def __init__(self, *sources: Scripted, asked_for: bool = True) -> None:
        self.faults = FaultBoard()
        self.taken: list[HostReading] = []
        self.tasks = [
            SourceTask(source, self.taken.extend, self.faults, asked_for=asked_for, phase=0.0)
            for source in sources
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(task.run()) for task in self.tasks]
            yield
            for task in tasks:
                task.cancel()


async def until(condition: object, seconds: float = 3) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        await asyncio.sleep(0.005)


async def test_it_is_read_again_and_again_and_closed_at_the_end() -> None:
    source = Scripted("redfish", well)
    board = Board(source)
    async with board.running():
        await until(lambda: len(board.taken) > 5)
    assert (source.opened, source.closed) == (1, 1)
    assert board.faults.standing == ()


async def test_what_is_not_there_and_was_not_asked_for_is_silent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def nothing() -> None:
        raise NothingHereError("no such sensor")

    caplog.set_level(logging.INFO)
    source = Scripted("hwmon", well, opens=nothing)
    board = Board(source, asked_for=False)
    async with board.running():
        await until(lambda: source.opened > 3)
    assert (board.faults.standing, board.tasks[0].errors, caplog.text) == ((), {}, "")


async def test_what_was_asked_for_and_fails_is_a_fault_until_it_is_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = [True]

    def fails() -> None:
        if broken:
            raise HostSourceError("no TLS", "tls", "set ca_file")

    caplog.set_level(logging.INFO)
    board = Board(Scripted("redfish", well, opens=fails))
    async with board.running():
        await until(lambda: board.tasks[0].errors.get("tls", 0) > 2)
        (fault,) = board.faults.standing
        assert (fault.part, fault.problem, fault.action) == (
            "host redfish",
            "no TLS",
            "set ca_file",
        )
        broken.clear()
        await until(lambda: not board.faults.standing)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[0] == "host redfish: no TLS; set ca_file"
    assert "well again" in lines[1]


async def test_what_may_not_be_read_is_told_once_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails() -> None:
        raise HostSourceError("root only", "no_permission", "give it a capability")

    source = Scripted("rapl", well, opens=fails)
    board = Board(source, asked_for=False)
    async with board.running():
        await until(lambda: source.opened > 3)
    assert caplog.text.count("root only; give it a capability") == 1
    assert board.faults.standing == ()
    assert board.tasks[0].errors["no_permission"] > 3


async def test_one_failure_passes_three_are_a_fault_and_a_new_beginning() -> None:
    left = [1]

    def says() -> Sequence[HostReading]:
        if left[0] > 0:
            left[0] -= 1
            raise HostSourceError("slow", "timeout")
        return well()

    source = Scripted("redfish", says)
    board = Board(source)
    async with board.running():
        await until(lambda: len(board.taken) > 1)
        assert (source.opened, board.tasks[0].errors) == (1, {"timeout": 1})
        assert board.faults.standing == ()
        left[0] = 3
        await until(lambda: board.faults.standing)
        await until(lambda: source.opened == 2)
        await until(lambda: not board.faults.standing)
    assert board.tasks[0].errors == {"timeout": 4}


async def test_a_refused_password_is_not_tried_again_soon() -> None:
    def fails() -> None:
        raise HostSourceError("refused", "unauthorized", retry_seconds=600)

    source = Scripted("redfish", well, opens=fails)
    board = Board(source)
    async with board.running():
        await asyncio.sleep(0.3)
    assert source.opened == 1


async def test_one_that_hangs_delays_nobody() -> None:
    hanging, good = Scripted("redfish", well), Scripted("ipmi", well)
    hanging.hangs_in = "read"
    board = Board(hanging, good)
    async with board.running():
        await until(lambda: good.reads > 10)
    assert (hanging.reads, hanging.closed) == (1, 1)


async def test_a_mistake_of_ours_ends_that_source_alone(caplog: pytest.LogCaptureFixture) -> None:
    def bug() -> Sequence[HostReading]:
        return well() if not bad.reads else [1 / 0]  # type: ignore[list-item]

    bad = Scripted("redfish", bug)
    good = Scripted("ipmi", well)
    board = Board(bad, good)
    async with board.running():
        await until(lambda: good.reads > 20)
    assert (bad.reads, bad.closed) == (1, 1)
    assert board.tasks[0].errors == {"bug": 1}
    assert caplog.text.count("Traceback") == 1
    (fault,) = board.faults.standing
    assert fault.part == "host redfish"


async def test_what_is_gone_is_looked_for_anew_after_a_while() -> None:
    gone = HostReading(source="redfish", scope="ac_input", device="2", monotonic_ns=0, error="gone")
    source = Scripted("redfish", lambda: (*well(), gone))
    board = Board(source)
    async with board.running():
        await until(lambda: source.opened > 1)
    assert source.reads > 3
    assert board.faults.standing == ()
    assert board.tasks[0].errors["gone"] == source.reads


async def test_a_source_that_does_not_close_is_left() -> None:
    source = Scripted("redfish", well)
    source.hangs_in = "close"
    began = time.monotonic()
    async with Board(source).running():
        await until(lambda: source.reads > 2)
    assert time.monotonic() - began < 2


async def test_readings_grow_stale_after_three_periods() -> None:
    source = Scripted("redfish", well, seconds=10)
    task = Board(source).tasks[0]
    task.took([reading("redfish", "ac_input", "1", 500, 0)])
    assert task.fresh(30 * 10**9)
    assert task.fresh(30 * 10**9 + 1) == ()


async def test_what_nobody_asked_for_is_one_line_when_it_fails_and_one_when_it_is_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    words = ["no_permission", "io", "no_permission", "io"]

    def fails() -> None:
        if words:
            raise HostSourceError(f"it fails: {words[0]}", words.pop(0))

    board = Board(Scripted("rapl", well, opens=fails), asked_for=False)
    async with board.running():
        await until(lambda: len(board.taken) > 1)
    begin, end = caplog.records
    assert begin.getMessage() == "it fails: no_permission"
    assert end.getMessage() == "host rapl: it is read again"
    assert [vars(one)["fault"] for one in (begin, end)] == ["begin", "end"]
    assert board.faults.standing == ()


async def test_a_source_that_fails_to_close_by_a_mistake_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Scripted):
        async def close(self) -> None:
            await super().close()
            raise ZeroDivisionError

    gone = HostReading(source="redfish", scope="ac_input", device="2", monotonic_ns=0, error="gone")
    source = Broken("redfish", lambda: (*well(), gone))
    async with Board(source).running():
        await until(lambda: source.closed > 2)
    assert caplog.text.count("by a mistake of ours") == 1
