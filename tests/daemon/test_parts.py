"""Faults, notifications, local midnight."""

import logging
import os
import socket
import time
from datetime import datetime
from pathlib import Path

import pytest

from collector.daemon.faults import FaultBoard
from collector.daemon.machine import boot_id, local_midnight_ns
from collector.daemon.notify import Notifier


def test_one_line_when_a_fault_starts_and_one_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    board = FaultBoard()
    board.report("ledger", "disk full", "make room")
    for seconds in range(5):
        board.report("ledger", f"disk full for {seconds} s", "make room")
    board.report("gpu 3", "gone")
    assert [fault.part for fault in board.standing] == ["ledger", "gpu 3"]
    assert board.standing[0].problem == "disk full for 4 s"
    board.clear("ledger")
    board.clear("ledger")
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "ledger",
        "gpu 3",
        "ledger",
    ]
    assert "well again after" in caplog.records[-1].message


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notifier = Notifier()
        notifier.ready()
        notifier.alive()
        notifier.stopping()
        assert [sock.recv(99) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]
    notifier.alive()  # nobody listens any more; no harm


def test_without_systemd_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Notifier().ready()


@pytest.mark.parametrize(
    ("zone", "moment", "midnight"),
    [
        ("Asia/Seoul", "2026-11-20T08:00:00+09:00", "2026-11-20T00:00:00+09:00"),
        ("Europe/Berlin", "2026-10-25T12:00:00+01:00", "2026-10-25T00:00:00+02:00"),
        ("Europe/Berlin", "2026-03-29T12:00:00+02:00", "2026-03-29T00:00:00+01:00"),
        ("UTC", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00"),
    ],
)
def test_local_midnight(
    monkeypatch: pytest.MonkeyPatch, zone: str, moment: str, midnight: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        at = int(datetime.fromisoformat(moment).timestamp()) * 1_000_000_000
        expected = int(datetime.fromisoformat(midnight).timestamp()) * 1_000_000_000
        assert local_midnight_ns(at) == expected
    finally:
        monkeypatch.undo()
        time.tzset()


def test_this_boot_has_a_name() -> None:
    assert boot_id() == boot_id()
    assert len(boot_id()) == 36 or not os.path.exists("/proc/sys/kernel/random/boot_id")  # noqa: PTH110
