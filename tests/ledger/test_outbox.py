"""What enters the outbox waits in order until it was acknowledged, and comes again on demand."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.ledger import Ledger, LedgerError, LedgerReader, OutboxRow
from collector.ledger.store import Store
from tests.ledger.values import Meter, delivering, item, now_ns, open_ledger, until, window

ALL = {"rows": 10_000, "payload_bytes": 10**9}
SOON = 5


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    opened = open_ledger(path)
    yield opened
    opened.close(timeout_seconds=5)


def fetch(ledger: Ledger, lane: str = "mqtt", **how: int | None) -> list[OutboxRow]:
    """What waits."""
    return ledger.outbox.fetch(lane, **(ALL | how)).result(SOON)  # type: ignore[arg-type]  # as named


def texts(rows: list[OutboxRow]) -> list[str]:
    return [row.payload.decode() for row in rows]


def fill(ledger: Ledger, count: int, lane: str = "mqtt", start: int = 0) -> list[OutboxRow]:
    """One commit for each item; all that waits then."""
    for n in range(start, start + count):
        ledger.submit(delivering(item(f"{n}", lane=lane), wall_ns=100 + n))
    return fetch(ledger, lane)


def test_what_was_submitted_is_fetched_in_order_with_all_that_belongs_to_it(
    ledger: Ledger,
) -> None:
    before_ms = time.time_ns() // 1_000_000
    ledger.submit(delivering(item("a", topic="x"), item("other", lane="influxdb"), wall_ns=7))
    ledger.submit(delivering(item("b", topic="y"), item("c", topic="x"), wall_ns=8))
    rows = fetch(ledger)
    assert [(row.lane, row.topic, row.created_wall_ns, row.payload) for row in rows] == [
        ("mqtt", "x", 7, b"a"),
        ("mqtt", "y", 8, b"b"),
        ("mqtt", "x", 8, b"c"),
    ]
    assert rows[0].id < rows[1].id < rows[2].id
    assert rows[2].seq == rows[0].seq + 1
    assert before_ms <= rows[0].seq <= time.time_ns() // 1_000_000
    assert texts(fetch(ledger, "influxdb")) == ["other"]
    assert fetch(ledger, "unknown") == []


def test_a_fetch_is_limited_by_rows_and_bytes_and_ids(ledger: Ledger) -> None:
    rows = fill(ledger, 8)
    assert fetch(ledger, rows=3) == rows[:3]
    assert fetch(ledger, rows=0) == []
    assert fetch(ledger, payload_bytes=4) == rows[:4]
    assert fetch(ledger, payload_bytes=0) == rows[:1], "a large row must not block the lane"
    assert fetch(ledger, after_id=rows[1].id, upto_id=rows[5].id) == rows[2:6]
    assert fetch(ledger, upto_id=rows[0].id - 1) == []
    assert fetch(ledger, after_id=rows[-1].id) == []
    assert fetch(ledger, newest_first=True) == rows[::-1]
    assert fetch(ledger, newest_first=True, rows=2) == [rows[7], rows[6]]
    assert fetch(ledger, newest_first=True, rows=2, upto_id=rows[4].id) == [rows[4], rows[3]]


def test_acknowledged_rows_are_not_fetched_any_more(ledger: Ledger) -> None:
    rows = fill(ledger, 9)
    ledger.outbox.acknowledge("mqtt", [rows[n].id for n in (4, 1, 5)]).result(SOON)
    left = [rows[n] for n in (0, 2, 3, 6, 7, 8)]
    assert fetch(ledger) == left
    assert fetch(ledger, newest_first=True) == left[::-1]
    assert fetch(ledger, rows=4) == left[:4]
    assert fetch(ledger, newest_first=True, rows=4) == left[:1:-1]
    assert fetch(ledger, payload_bytes=3, newest_first=True) == left[:2:-1]
    assert fetch(ledger, after_id=rows[1].id, upto_id=rows[6].id) == left[1:4]


def test_acknowledging_twice_or_what_is_not_there_does_no_harm(ledger: Ledger) -> None:
    rows = fill(ledger, 4)
    other = fill(ledger, 4, lane="influxdb")
    for ids in [rows[0].id], [rows[0].id, rows[1].id], [other[0].id, 0, -5, 2**62], []:
        ledger.outbox.acknowledge("mqtt", ids).result(SOON)
    ledger.outbox.acknowledge("unknown", [rows[2].id]).result(SOON)
    assert fetch(ledger) == rows[2:]
    assert fetch(ledger, "influxdb") == other
    assert ledger.outbox.status("mqtt").waiting_rows == 2


def test_after_a_lost_connection_the_last_acknowledged_rows_wait_again(ledger: Ledger) -> None:
    rows = fill(ledger, 5)
    ledger.outbox.acknowledge("mqtt", [row.id for row in rows[:3]]).result(SOON)
    status = ledger.outbox.status("mqtt")
    assert (status.waiting_rows, status.oldest_wall_ns) == (2, rows[3].created_wall_ns)
    assert ledger.outbox.resend_recent("mqtt").result(SOON) == 3
    assert ledger.outbox.status("mqtt").oldest_wall_ns == rows[0].created_wall_ns
    assert fetch(ledger) == rows, "the same rows, with the same seq"
    assert ledger.outbox.status("mqtt").waiting_rows == 5
    assert ledger.outbox.resend_recent("mqtt").result(SOON) == 0
    assert ledger.outbox.resend_recent("unknown").result(SOON) == 0


def test_acknowledged_rows_are_deleted_a_minute_later(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = fill(ledger, 4)
    ledger.outbox.acknowledge("mqtt", [rows[0].id, rows[1].id, rows[3].id]).result(SOON)
    ledger.submit(delivering(item("more")))
    assert len(fetch(ledger)) == 2
    with LedgerReader(path) as reader:
        assert len(reader.outbox_rows("mqtt")) == 5, "they are still there for a resend"
        real = time.monotonic
        monkeypatch.setattr("collector.ledger.lanes.time.monotonic", lambda: real() + 59)
        ledger.submit(delivering(item("more")))
        assert len(fetch(ledger)) == 3
        assert len(reader.outbox_rows("mqtt")) == 6
        monkeypatch.setattr("collector.ledger.lanes.time.monotonic", lambda: real() + 61)
        assert ledger.outbox.resend_recent("mqtt").result(SOON) == 0
        ledger.submit(delivering(item("last")))
        waiting = fetch(ledger)
        assert texts(waiting) == ["2", "more", "more", "last"]
        assert reader.outbox_rows("mqtt") == tuple(waiting)
    assert ledger.outbox.status("mqtt").waiting_rows == 4


def test_a_long_backlog_is_deleted_in_steps_and_without_a_commit(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.ledger.store.TIDY_ROWS", 7)
    monkeypatch.setattr("collector.ledger.writer.TIDY_SECONDS", 0.01)
    steps, real = [], Store.tidy

    def counted(self: Store) -> None:
        steps.append(1)
        real(self)

    monkeypatch.setattr(Store, "tidy", counted)
    rows = fill(ledger, 50)
    ledger.outbox.acknowledge("mqtt", [row.id for row in rows if row is not rows[20]]).result(SOON)
    monkeypatch.setattr("collector.ledger.lanes.RESEND_SECONDS", -1)
    with LedgerReader(path) as reader:
        until(lambda: len(reader.outbox_rows("mqtt")) == 1)
        assert reader.outbox_rows("mqtt") == (rows[20],)
    assert len(steps) == 7, "49 rows, 7 a step"


def test_status_counts_what_waits(ledger: Ledger) -> None:
    empty = ledger.outbox.status("mqtt")
    assert (empty.waiting_rows, empty.waiting_bytes, empty.oldest_wall_ns) == (0, 0, None)
    ledger.submit(delivering(item("abc"), wall_ns=70))
    ledger.submit(delivering(item("defgh"), item("x", lane="influxdb"), wall_ns=60))
    first, _ = fetch(ledger)
    status = ledger.outbox.status("mqtt")
    assert (status.waiting_rows, status.waiting_bytes, status.oldest_wall_ns) == (2, 8, 70)
    ledger.outbox.acknowledge("mqtt", [first.id]).result(SOON)
    status = ledger.outbox.status("mqtt")
    assert (status.waiting_bytes, status.oldest_wall_ns) == (5, 60)
    assert (status.dropped_rows, status.quarantined_rows) == (0, 0)


def test_after_a_restart_everything_not_deleted_waits_and_numbers_go_on(path: Path) -> None:
    ledger = open_ledger(path)
    rows = fill(ledger, 3)
    ledger.outbox.acknowledge("mqtt", [rows[0].id]).result(SOON)
    assert ledger.close(timeout_seconds=5)
    ledger = open_ledger(path)
    assert ledger.outbox.status("mqtt").waiting_rows == 3
    again = fill(ledger, 1, start=3)
    assert again[:3] == rows, "a restart counts as a lost connection"
    assert again[3].id == rows[2].id + 1
    assert again[3].seq == rows[2].seq + 1
    assert ledger.close(timeout_seconds=5)


def test_numbers_go_on_after_all_rows_are_gone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.ledger.lanes.RESEND_SECONDS", -1)
    ledger = open_ledger(path)
    rows = fill(ledger, 3)
    ledger.outbox.acknowledge("mqtt", [row.id for row in rows]).result(SOON)
    ledger.submit(delivering())
    assert ledger.close(timeout_seconds=5)
    with LedgerReader(path) as reader:
        assert reader.outbox_rows("mqtt") == ()
    ledger = open_ledger(path)
    (row,) = fill(ledger, 1)
    assert (row.id, row.seq) == (rows[2].id + 1, rows[2].seq + 1)
    assert ledger.close(timeout_seconds=5)


def test_quarantined_rows_are_kept_aside_with_the_servers_words(ledger: Ledger, path: Path) -> None:
    rows = fill(ledger, 5)
    ledger.outbox.acknowledge("mqtt", [rows[0].id]).result(SOON)
    words = {rows[1].id: "field type conflict", rows[3].id: "x" * 9999, rows[0].id: "late", 9: "?"}
    ledger.outbox.quarantine("mqtt", words).result(SOON)
    assert fetch(ledger) == [rows[2], rows[4]]
    status = ledger.outbox.status("mqtt")
    assert (status.waiting_rows, status.waiting_bytes, status.quarantined_rows) == (2, 2, 2)
    with LedgerReader(path) as reader:
        assert reader.quarantined_rows("mqtt") == (
            (rows[1], "field type conflict"),
            (rows[3], "x" * 2000),
        )
        assert reader.quarantined_rows("influxdb") == ()
        assert reader.outbox_rows("mqtt") == (rows[0], rows[2], rows[4])
    ledger.outbox.quarantine("unknown", {1: "x"}).result(SOON)


def test_only_the_newest_quarantined_rows_of_a_lane_are_kept(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.ledger.outbox_table.QUARANTINE_ROWS", 3)
    other = fill(ledger, 1, lane="influxdb")
    ledger.outbox.quarantine("influxdb", {other[0].id: "other"}).result(SOON)
    rows = fill(ledger, 8)
    for row in rows:
        ledger.outbox.quarantine("mqtt", {row.id: "no"}).result(SOON)
    with LedgerReader(path) as reader:
        assert [row for row, _ in reader.quarantined_rows("mqtt")] == rows[5:]
        assert [row for row, _ in reader.quarantined_rows("influxdb")] == other
    assert ledger.outbox.status("mqtt").quarantined_rows == 8
    assert ledger.outbox.status("mqtt").oldest_wall_ns is None


def test_every_method_returns_at_once_from_a_slow_disk(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, real = threading.Event(), Store.commit

    def slow(self: Store, batch: object) -> None:
        release.wait(20)
        real(self, batch)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(Store, "commit", slow)
    began = time.monotonic()
    ledger.submit(delivering(item("a"), wall_ns=9))
    rows = ledger.outbox.fetch("mqtt", rows=5, payload_bytes=100)
    waiting = ledger.outbox.acknowledge("mqtt", [1])
    ledger.outbox.configure("mqtt", most_bytes=1000, most_age_seconds=10**10)
    status = ledger.outbox.status("mqtt")
    assert (status.waiting_rows, status.waiting_bytes, status.oldest_wall_ns) == (1, 1, 9)
    assert time.monotonic() - began < 5
    assert not rows.done()
    assert waiting.cancel()
    release.set()
    assert texts(rows.result(SOON)) == ["a"], "it saw what was submitted before it"
    assert ledger.outbox.status("mqtt").waiting_rows == 1


def test_a_closed_ledger_answers_with_an_error_and_what_was_asked_before_is_done(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, release, real = threading.Event(), threading.Event(), Store.commit

    def slow(self: Store, batch: object) -> None:
        entered.set()
        release.wait(20)
        real(self, batch)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(Store, "commit", slow)
    ledger = open_ledger(path)
    ledger.submit(delivering(item("a")))
    assert entered.wait(SOON)
    before = ledger.outbox.fetch("mqtt", rows=5, payload_bytes=100)
    assert not ledger.close(timeout_seconds=0.01)
    release.set()
    assert texts(before.result(SOON)) == ["a"]
    with pytest.raises(LedgerError, match="was closed"):
        fetch(ledger)


def test_a_mistake_of_the_caller_is_his_and_no_fault_of_the_ledger(ledger: Ledger) -> None:
    fill(ledger, 1)
    with pytest.raises(TypeError):
        ledger.outbox.acknowledge("mqtt", ["one"]).result(SOON)  # type: ignore[list-item]  # so it is
    assert ledger.status.up
    assert len(fetch(ledger)) == 1


def test_the_outbox_takes_no_energy_and_gives_none(ledger: Ledger, path: Path) -> None:
    meter = Meter()
    ledger.submit(meter.commit(window(now_ns())))
    fill(ledger, 3)
    with LedgerReader(path) as reader:
        assert {key: one.total for key, one in reader.accounts().items()} == meter.totals
