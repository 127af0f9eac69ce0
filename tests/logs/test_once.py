"""Each fault is one line when it begins and one when it ends; what goes on and on is not."""

import logging
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.daemon.bookkeeper import Bookkeeper
from collector.daemon.event_words import EventLines
from collector.daemon.faults import FaultBoard
from collector.daemon.push import Push
from collector.ledger import connection as connecting
from collector.ledger import outbox_table
from collector.ledger.lanes import Lanes
from collector.ledger.model import LaneStatus
from collector.logs.sparing import Sparing
from collector.model import GpuIdentity
from collector.sources.events import GpuEvent
from collector.sources.host.hwmon import find
from exporters.delivery import DeliveryError, outage
from tests.ledger.values import Meter, now_ns, open_ledger, until, window

NOTHING = LaneStatus(
    waiting_rows=0, waiting_bytes=0, oldest_wall_ns=None, dropped_rows=0, quarantined_rows=0
)


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Which lines there are: begin or end of a fault, and the words."""
    return [(getattr(one, "fault", ""), one.getMessage()) for one in caplog.records]


def test_a_fault_is_two_lines_with_fields_whatever_is_said_between(
    caplog: pytest.LogCaptureFixture,
) -> None:
    board = FaultBoard()
    for watts in range(5):
        board.report("gpu 3", f"it draws {watts} W", "look", about={"gpu": 3, "uuid": "GPU-1"})
    board.clear("gpu 3")
    board.clear("gpu 3")
    begin, end = caplog.records
    assert begin.getMessage() == "gpu 3: it draws 0 W; look"
    assert end.getMessage() == "gpu 3: well again after 0 s (was: it draws 4 W)"
    assert begin.levelno == end.levelno, "whoever hears of one hears of the other"
    for one, fault in ((begin, "begin"), (end, "end")):
        assert vars(one).items() >= {"fault": fault, "part": "gpu 3", "gpu": 3}.items()


def test_whoever_logs_the_begin_logs_the_end(caplog: pytest.LogCaptureFixture) -> None:
    board = FaultBoard()
    board.report("mqtt", "gone", quietly=True)
    board.clear("mqtt")
    assert caplog.records == []


def test_a_ledger_that_cannot_be_written_is_told_by_itself_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "BUSY_SECONDS", 0.01)
    ledger, board, meter = open_ledger(tmp_path / "ledger"), FaultBoard(), Meter()
    nobody = cast("Push", SimpleNamespace(encode=lambda *_: (), wake=lambda: None))
    books = Bookkeeper(ledger, board, nobody)

    def look() -> bool:
        books.commit(0, 0, dict)
        return bool(board.standing)

    with closing(sqlite3.connect(tmp_path / "ledger", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ledger.submit(meter.commit(window(now_ns())))
        until(look)
        assert board.standing[0].part == "ledger"
        other.execute("ROLLBACK")
    until(lambda: not look())
    assert ledger.close(timeout_seconds=5)
    begin, end = lines(caplog)
    assert begin[0] == "begin"
    assert "locked by another program" in begin[1]
    assert end[0] == "end"
    assert "takes writes again" in end[1]


def test_refusals_begin_and_end_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    lane = outage.Outage("influxdb", lambda *_: None, lambda: NOTHING)
    for _ in range(20):
        lane.refused(5, "field type conflict")
        lane.end()
        now[0] += 60
    assert len(caplog.records) == 1
    now[0] += 600
    lane.end()
    lane.end()
    begin, end = lines(caplog)
    assert begin[0] == "begin"
    assert "refuses 5 windows for good" in begin[1]
    assert end == (
        "end",
        "influxdb: the server refuses nothing any more; 100 windows were set aside over 1140 s",
    )


def test_an_outage_is_two_lines_however_often_it_is_tried(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lane = outage.Outage("mqtt", lambda *_: None, lambda: NOTHING)
    for word in ("refused", "timeout", "refused"):
        lane.begin(DeliveryError(word, f"the broker: {word}"))
    lane.end()
    assert [fault for fault, _ in lines(caplog)] == ["begin", "end"]
    assert vars(caplog.records[0])["exporter"] == "mqtt"


def test_an_outbox_that_overflows_for_days_is_two_lines(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr(outbox_table, "load_topics", lambda _: {})
    lanes = cast("Lanes", SimpleNamespace(load=lambda _: None, states={}))
    table = outbox_table.OutboxTable(cast("sqlite3.Connection", None), lanes)
    for _ in range(1000):
        table._warn("mqtt", 3, "more than 30 bytes")
        table.tidy(10)
        now[0] += 10
    assert len(caplog.records) == 1
    now[0] += 600
    table.tidy(10)
    table.tidy(10)
    assert [fault for fault, _ in lines(caplog)] == ["begin", "end"]
    assert "it gave up 3000 over 9990 s" in caplog.text


def test_a_storm_of_errors_is_a_line_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    told = EventLines()
    monkeypatch.setattr(told._sparing, "_clock", lambda: now[0])
    gpu = GpuIdentity(uuid="GPU-1", index=3, model="H200")
    storm = GpuEvent(kind="xid", code=13, origin="nvml", monotonic_ns=0, wall_ns=0, uuid="GPU-1")
    for _ in range(240):  # two minutes of ticks
        told.tell([(storm, gpu)] * 2)
        now[0] += 0.5
    assert [line.split(",")[0] for _, line in lines(caplog)] == [
        "GPU 3 (GPU-1): XID 13 2 times",
        "GPU 3 (GPU-1): XID 13 240 times",
    ]
    assert vars(caplog.records[0])["xid"] == 13


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(1, 9)), min_size=1))
def test_nothing_is_uncounted_and_no_two_lines_are_close(steps: list[tuple[int, int]]) -> None:
    now, told_at, told, happened = 0.0, [], 0, 0
    sparing = Sparing(60, lambda: now)
    for pause, times in steps:
        now += pause
        happened += times
        found = sparing.times("it", times)
        told += found
        if found:
            told_at.append(now)
    now += 60
    assert told + sparing.times("it", 0) == happened
    assert all(later - earlier >= 60 for earlier, later in pairwise(told_at))


def test_meters_that_are_not_used_are_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for number in range(2):
        chip = tmp_path / f"class/hwmon/hwmon{number}"
        chip.mkdir(parents=True)
        (chip / "name").write_text("power_meter\n")
        (chip / "power1_average").write_text("1\n")
    told: set[str] = set()
    for _ in range(3):
        assert find(tmp_path, told) == []
    assert [line for _, line in lines(caplog)] == [
        "2 ACPI power meters do not say what they measure and are not used"
    ]
