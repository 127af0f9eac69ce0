"""Reading the kernel log: from where on, up to where, and what happens when it cannot be read."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.sources.nvml import kernel_log
from collector.sources.nvml.kernel_log import KernelLog
from tests.ledger.values import until

C1, D1 = "0000:c1:00", "0000:d1:00"


def xid(number: int, code: int, *, at_ns: int | None = None, place: str = C1) -> bytes:
    """A record of an XID, `at_ns` by the kernel's clock, or now."""
    at_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) if at_ns is None else at_ns
    return b"4,%d,%d,-;NVRM: Xid (PCI:%b): %d, pid=1, name=p, x\n SUBSYSTEM=pci\n" % (
        number,
        at_ns // 1000,
        place.encode(),
        code,
    )


def other(number: int) -> bytes:
    return b"6,%d,1,-;usb 1-1: new device\n" % number


def codes(log: KernelLog) -> list[int]:
    return [event.code for event in log.found]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "kmsg"
    path.write_bytes(other(5) + xid(6, 31) + other(7) + xid(8, 79, place=D1))
    return path


@pytest.fixture
def log(path: Path) -> Iterator[KernelLog]:
    log = KernelLog(path)
    yield log
    log.stop()
    assert log.join(1)
    assert log.fatal is None


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_the_first_time_only_what_comes_is_told(log: KernelLog, path: Path) -> None:
    log.start(None)
    until(lambda: log.position == 8)
    time.sleep(0.2)
    assert codes(log) == []
    append(path, xid(9, 48) + b"\xff\xfe\n" + other(10))
    until(lambda: log.position == 10)
    assert codes(log) == [48]
    assert log.lost == 0


def test_after_a_restart_it_goes_on_where_it_was(log: KernelLog) -> None:
    log.start(6)
    until(lambda: log.position == 8)
    (event,) = log.found
    assert (event.code, event.pci_address, event.sequence, event.origin) == (
        79,
        D1,
        8,
        "kernel_log",
    )
    assert log.lost == 0


def test_after_a_reboot_all_is_told_and_what_was_overwritten_is_known(log: KernelLog) -> None:
    log.start(-1)
    until(lambda: log.position == 8)
    assert codes(log) == [31, 79]
    assert log.lost == 5


def test_records_that_were_overwritten_are_counted(log: KernelLog, path: Path) -> None:
    log.start(8)
    until(lambda: log.position == 8)
    append(path, xid(12, 13))
    until(lambda: log.position == 12)
    assert (codes(log), log.lost) == ([13], 3)


def test_what_is_old_is_dated_by_the_kernels_clock(log: KernelLog, path: Path) -> None:
    ago_ns = 3_000_000_000
    path.write_bytes(xid(1, 79, at_ns=time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) - ago_ns))
    log.start(0)
    until(lambda: bool(log.found))
    (event,) = log.found
    assert time.time_ns() - event.wall_ns == pytest.approx(ago_ns, abs=5e8)
    assert time.monotonic_ns() - event.monotonic_ns == pytest.approx(ago_ns, abs=5e8)
    append(path, xid(2, 79, at_ns=0))  # whatever it says, this one comes now
    until(lambda: len(log.found) == 2)
    assert time.time_ns() - log.found[1].wall_ns < 5e8


def test_a_pipe_will_do(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    log = KernelLog(path)
    log.start(None)
    until(lambda: log.position is not None)
    with path.open("wb", buffering=0) as pipe:
        time.sleep(0.3)  # it waits for more, and is not busy meanwhile
        pipe.write(other(1) + xid(2, 62)[:20])
        pipe.write(xid(2, 62)[20:])
        until(lambda: codes(log) == [62])
    time.sleep(0.2)
    log.stop()
    assert log.join(1)
    assert log.fatal is None


def test_what_is_overwritten_while_it_reads_is_passed_over(
    log: KernelLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, failures = os.read, [BrokenPipeError(32, "Broken pipe")] * 2
    monkeypatch.setattr(
        os,
        "read",
        lambda file, size: (_ for _ in ()).throw(failures.pop()) if failures else read(file, size),
    )
    log.start(4)
    until(lambda: log.position == 8)
    assert codes(log) == [31, 79]
    assert not failures


def test_no_log_is_said_and_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_log, "_RETRY_SECONDS", 0.05)
    path = tmp_path / "kmsg"
    log = KernelLog(path)
    log.start(3)
    until(lambda: log.problem is not None)
    assert "there is no" in str(log.problem)
    assert log.position is None
    path.write_bytes(xid(4, 79))
    until(lambda: log.problem is None and log.position == 4)
    assert codes(log) == [], "what came meanwhile may have been counted by another's word"
    append(path, xid(5, 48))
    until(lambda: codes(log) == [48])
    log.stop()
    assert log.join(1)


def test_no_permission_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "open", refuse)
    log = KernelLog(tmp_path / "kmsg")
    log.start(None)
    until(lambda: log.problem is not None)
    log.stop()
    assert log.join(1)
    assert log.problem is not None
    assert "no permission" in str(log.problem)
    assert "CAP_SYSLOG" in log.problem.action
    assert "kmsg = false" in log.problem.action


def test_it_waits_without_being_busy(log: KernelLog) -> None:
    log.start(None)
    until(lambda: log.position is not None)
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.1


@pytest.mark.skipif(not os.access("/dev/kmsg", os.R_OK), reason="needs to read /dev/kmsg")
def test_the_real_one_can_be_read() -> None:
    log = KernelLog()
    log.start(-1)
    until(lambda: log.position is not None or log.problem is not None)
    time.sleep(0.3)
    log.stop()
    assert log.join(1)
    assert log.fatal is None
    assert log.problem is None or "no permission" in str(log.problem)
