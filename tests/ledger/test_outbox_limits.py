"""The outbox is bounded: the oldest goes first, it is counted, and no energy goes with it."""

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.ledger import Ledger, LedgerReader, account_of
from collector.ledger.pending import Limits, Pending
from collector.ledger.waiting import Queue
from tests.ledger.values import (
    Meter,
    assert_books_balance,
    delivering,
    item,
    now_ns,
    open_ledger,
    total,
    until,
    window,
    with_items,
)

SOON = 5
AGES = 10**10  # seconds


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "ledger")
    yield opened
    opened.close(timeout_seconds=5)


def waiting(ledger: Ledger, lane: str = "mqtt") -> list[str]:
    rows = ledger.outbox.fetch(lane, rows=10_000, payload_bytes=10**9).result(SOON)
    return [row.payload.decode() for row in rows]


def test_beyond_the_bytes_the_oldest_rows_go_and_are_counted(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    ledger.outbox.configure("mqtt", most_bytes=30, most_age_seconds=AGES)
    for n in range(10, 20):
        ledger.submit(delivering(item(f"{n}" * 5), item(f"{n}" * 5, lane="influxdb")))
        waiting(ledger)
    assert waiting(ledger) == ["17" * 5, "18" * 5, "19" * 5]
    status = ledger.outbox.status("mqtt")
    assert (status.waiting_rows, status.waiting_bytes, status.dropped_rows) == (3, 30, 7)
    assert len(waiting(ledger, "influxdb")) == 10, "another lane has limits of its own, or none"
    assert ledger.outbox.status("influxdb").dropped_rows == 0
    (line,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert "gave up the oldest 1 rows for mqtt: more than 30 bytes" in line


def test_rows_that_are_too_old_go(ledger: Ledger) -> None:
    now = time.time_ns()
    ledger.outbox.configure("mqtt", most_bytes=10**9, most_age_seconds=3600)
    for minutes in 90, 61, 59, 1:
        commit = delivering(item(f"{minutes}"), wall_ns=now - minutes * 60 * 10**9)
        ledger.submit(commit)
    until(lambda: waiting(ledger) == ["59", "1"])
    assert ledger.outbox.status("mqtt").dropped_rows == 2
    assert ledger.outbox.status("mqtt").oldest_wall_ns == now - 59 * 60 * 10**9


def test_what_was_acknowledged_is_not_dropped_and_does_not_count(ledger: Ledger) -> None:
    for n in range(6):
        ledger.submit(delivering(item(f"{n}")))
    rows = ledger.outbox.fetch("mqtt", rows=10, payload_bytes=100).result(SOON)
    acknowledged = [rows[n].id for n in (1, 3)]
    ledger.outbox.acknowledge("mqtt", acknowledged).result(SOON)
    ledger.outbox.configure("mqtt", most_bytes=2, most_age_seconds=AGES)
    until(lambda: waiting(ledger) == ["4", "5"])
    assert ledger.outbox.status("mqtt").dropped_rows == 2
    ledger.outbox.configure("mqtt", most_bytes=4, most_age_seconds=AGES)
    assert ledger.outbox.resend_recent("mqtt").result(SOON) == 2
    assert waiting(ledger) == ["1", "3", "4", "5"]


def test_a_limit_that_is_lowered_is_applied_in_steps_without_a_commit(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.ledger.store.TIDY_ROWS", 3)
    ledger.submit(delivering(*(item(f"{n}") for n in range(10))))
    assert len(waiting(ledger)) == 10
    ledger.outbox.configure("mqtt", most_bytes=1, most_age_seconds=AGES)
    until(lambda: ledger.outbox.status("mqtt").waiting_rows == 1)
    assert ledger.outbox.status("mqtt").dropped_rows == 9
    with LedgerReader(tmp_path / "ledger") as reader:
        assert [row.payload for row in reader.outbox_rows("mqtt")] == [b"9"]


def test_counters_live_as_long_as_the_ledger(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger")
    ledger.outbox.configure("mqtt", most_bytes=3, most_age_seconds=AGES)
    ledger.submit(delivering(*(item(f"{n}") for n in range(5))))
    until(lambda: ledger.outbox.status("mqtt").dropped_rows == 2)
    rows = ledger.outbox.fetch("mqtt", rows=1, payload_bytes=100).result(SOON)
    ledger.outbox.quarantine("mqtt", {rows[0].id: "no"}).result(SOON)
    before = ledger.outbox.status("mqtt")
    assert ledger.close(timeout_seconds=5)
    ledger = open_ledger(tmp_path / "ledger")
    assert ledger.outbox.status("mqtt") == before
    assert (before.dropped_rows, before.quarantined_rows, before.waiting_rows) == (2, 1, 2)
    assert ledger.close(timeout_seconds=5)


def test_sums_that_were_wrong_are_counted_anew_instead_of_tried_for_ever(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.submit(delivering(item("abc")))
    assert waiting(ledger) == ["abc"]
    assert ledger.close(timeout_seconds=5)
    again = open_ledger(tmp_path / "ledger")
    rows = again.outbox.fetch("mqtt", rows=1, payload_bytes=9).result(SOON)
    again.outbox.acknowledge("mqtt", [rows[0].id]).result(SOON)
    state = again._writer._lanes.states["mqtt"]
    again._writer._lanes.states["mqtt"] = replace(state, payload_bytes=10**6, rows=99)
    again.outbox.configure("mqtt", most_bytes=1000, most_age_seconds=AGES)
    assert waiting(again) == []
    until(lambda: again.outbox.status("mqtt").waiting_rows == 0)
    assert again.outbox.status("mqtt").waiting_bytes == 0
    assert again.outbox.status("mqtt").dropped_rows == 0
    assert again.close(timeout_seconds=5)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 400)), max_size=40))
@example([(False, 0), (True, 1), (False, 192), (False, 400), (False, 400)])
def test_memory_is_bounded_and_what_is_given_up_is_the_oldest(
    sizes: list[tuple[bool, int]],
) -> None:
    most = 2000
    older, newer = Queue(), Queue()
    everything = []
    for n, (turn, size) in enumerate(sizes):
        if turn:  # what waited meanwhile is joined to what could not be written
            older.absorb(newer)
            older.bound(most)
            newer = Queue()
        one = item(f"{n} " + "x" * size)
        everything.append((n, one))
        newer.add(n, one)
        newer.bound(most)
    older.absorb(newer)
    older.bound(most)
    kept = list(older.items)
    assert kept == everything[len(everything) - len(kept) :]
    assert older.dropped_rows == len(everything) - len(kept)
    assert older.payload_bytes == sum(len(one.payload) for _, one in kept)
    assert older.payload_bytes + 250 * len(kept) <= most


def test_pending_bounds_each_lane_and_keeps_all_energy() -> None:
    pending, meter = Pending(Limits(outbox_bytes=1000)), Meter()
    for n in range(20):
        pending.add(with_items(meter.commit(window(now_ns() + n * 10**10))))
    assert {lane: len(queue.items) for lane, queue in pending.outbox.items()} == {
        "influxdb": 3,
        "mqtt": 3,
    }
    assert [queue.dropped_rows for queue in pending.outbox.values()] == [17, 17]
    assert pending.states[account_of(window(0))].total == total(meter.totals.values())
    assert pending.windows == 20


def test_what_memory_gave_up_while_the_disk_failed_is_counted_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("collector.ledger.ledger.Limits", lambda **_: Limits(outbox_bytes=1000))
    failing, real = [True], Pending.accounts

    def flaky(self: Pending) -> object:
        if failing:
            raise OSError(5, "Input/output error")
        return real(self)

    monkeypatch.setattr(Pending, "accounts", flaky)
    ledger, meter = open_ledger(tmp_path / "ledger"), Meter()
    for n in range(20):
        ledger.submit(with_items(meter.commit(window(now_ns() + n * 10**10))))
    until(lambda: not ledger.status.up)
    status = ledger.outbox.status("mqtt")
    assert (status.waiting_rows + status.dropped_rows, status.dropped_rows > 10) == (20, True)
    failing.clear()
    until(lambda: ledger.status.up)
    assert ledger.outbox.status("mqtt") == status
    assert len(waiting(ledger)) == status.waiting_rows
    assert f"gave up the oldest {status.dropped_rows} rows for mqtt: the ledger" in caplog.text
    assert ledger.close(timeout_seconds=5)
    assert assert_books_balance(tmp_path / "ledger") == meter.totals
