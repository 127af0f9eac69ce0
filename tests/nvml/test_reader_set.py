"""Readers in a plan: what fails alone, what is left out, and that no two threads share one."""

import threading
from collections.abc import Iterator

import pytest

from collector.catalogue import ANY, CATALOGUE, Rate
from collector.sources.nvml.gathered import Gathered
from collector.sources.nvml.gpu import NvmlGpu
from collector.sources.nvml.reader_set import ReaderGroup, ReaderSet
from collector.sources.nvml.readers import READERS, Found, Reader
from collector.sources.nvml.spec import ReadSpec, alternatives, parse
from collector.sources.protocol import DriverGoneError, GpuLostError, SourceError
from collector.sources.watch import Watch
from tests.nvml.readers.stand_in import GPU_LOST, NO_PERMISSION, UINT, Field, StandIn


class _Made(Reader):
    """Finds, or raises, what it is told."""

    def __init__(self, *answers: Found | Exception) -> None:
        self.answers: Iterator[Found | Exception] = iter(answers)

    def read(self) -> Found:
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _group(*answers: Found | Exception) -> ReaderGroup:
    group = ReaderGroup(_Made(*answers))
    group.add("", "gpu_one", ("a",))
    group.add("more", "gpu_two", ANY)
    return group


_FOUND = Found({"": {("a",): 1.0, ("b",): 2.0}, "more": {("c",): 3.0}}, {"more": "sentinel"})


def test_series_go_where_the_catalogue_says() -> None:
    into = Gathered()
    _group(_FOUND).read(into, Watch())
    assert into.values == {"gpu_one": {("a",): 1.0}, "gpu_two": {("c",): 3.0}}
    assert into.failed == {"gpu_two": "sentinel"}
    assert set(into.read_ns) == {"gpu_one"}


def test_an_error_is_counted_and_the_next_read_is_tried() -> None:
    group = _group(SourceError("refused", "no_permission"), _FOUND)
    into = Gathered()
    group.read(into, Watch())
    assert (into.values, into.failed) == ({}, {"gpu_one": "no_permission"})
    group.read(into, Watch())
    assert into.values["gpu_one"] == {("a",): 1.0}


@pytest.mark.parametrize("error", [GpuLostError("lost"), DriverGoneError("gone")])
def test_a_lost_gpu_ends_the_read(error: SourceError) -> None:
    with pytest.raises(type(error)):
        _group(error).read(Gathered(), Watch())


def test_a_bug_switches_the_reader_off(caplog: pytest.LogCaptureFixture) -> None:
    group = _group(ZeroDivisionError("a bug"), _FOUND)
    into = Gathered()
    group.read(into, Watch())
    assert into.failed == {"gpu_one": "bug"}
    again = Gathered()
    group.read(again, Watch())
    assert (again.values, again.failed) == ({}, {})
    assert caplog.text.count("Traceback") == 1


def test_what_hangs_is_left_out_and_what_comes_late_is_dropped() -> None:
    into = Gathered()
    _group(_FOUND).read(into, Watch({"gpu_one"}))
    assert (into.values, into.failed) == ({}, {"gpu_one": "timeout"})
    relieved = Watch()
    relieved.relieved = "gpu_one"
    late = Gathered()
    _group(_FOUND).read(late, relieved)
    assert late.values == {}


def test_a_reader_with_a_bug_in_its_look_is_not_offered(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_door: object, _handle: object) -> Reader:
        raise ZeroDivisionError("a bug")

    monkeypatch.setitem(READERS, "fans", broken)
    readers = ReaderSet(StandIn(), 0)
    assert not readers.offers(ReadSpec("fans", ""))
    assert not readers.offers(ReadSpec("fans", ""))
    assert caplog.text.count("Traceback") == 1


def test_a_gpu_that_refuses_everything_is_read_without_it() -> None:
    door = StandIn({(230, 0): Field(0, UINT, NO_PERMISSION), (186, 0): Field(1, UINT)})
    gpu = NvmlGpu(door, 0, door.identity(0, 0), CATALOGUE)
    reading = gpu.read(slow=True)
    assert reading.values == {}
    assert reading.failed == {"gpu_recovery_action": "no_permission"}
    assert "gpu_mig_mode" in gpu.unsupported
    door.fields[230, 0].code = GPU_LOST
    with pytest.raises(GpuLostError):
        gpu.read(slow=True)


def test_a_reader_is_named_once_and_read_by_one_thread() -> None:
    """Telemetry and what is read seldom have threads of their own, and readers no locks."""
    users: dict[str, set[tuple[Rate, str]]] = {}
    for metric in CATALOGUE:
        for labels, spec in metric.reads.get("nvml", {}).items():
            for candidate in alternatives(spec):
                if isinstance(candidate, ReadSpec):
                    rate = metric.other_rates.get(labels, metric.rate)
                    users.setdefault(candidate.reader, set()).add((rate, metric.family))
    assert set(users) == set(READERS)
    assert {name: len(places) for name, places in users.items()} == dict.fromkeys(users, 1)


def test_a_spec_names_a_reader_that_there_is() -> None:
    assert parse("read mig.info") == ReadSpec("mig", "info")
    assert parse("read fans") == ReadSpec("fans", "")
    with pytest.raises(ValueError, match="unknown reader sails; known are c2c"):
        parse("read sails")


def test_a_reader_whose_making_hangs_is_made_by_one_thread_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its metrics are many; each would cost a thread."""
    returns, made = threading.Event(), threading.Event()

    class Slow(_Made):
        def __init__(self, *_: object) -> None:
            super().__init__(_FOUND)
            made.set()
            returns.wait()

    monkeypatch.setitem(READERS, "fans", Slow)
    readers = ReaderSet(StandIn(), 0)
    spec = ReadSpec("fans", "")
    thread = threading.Thread(target=readers.offers, args=(spec,))
    thread.start()
    made.wait()
    assert not readers.offers(spec)
    returns.set()
    thread.join()
    assert readers.offers(spec)
