"""When the disk fails: delivery of what is on it goes on, what waits is written later, in order."""

import logging
import sqlite3
import time
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest

from collector.ledger import Ledger, LedgerError, LedgerReader, OutboxRow, migrate
from collector.ledger.inbox import Backoff
from collector.ledger.store import Store
from tests.ledger.places import fill, make_read_only, small_disk
from tests.ledger.values import (
    Meter,
    assert_books_balance,
    delivering,
    item,
    now_ns,
    open_ledger,
    until,
    window,
    with_items,
)

SOON = 5
PATIENT = Backoff(first_seconds=3600, most_seconds=3600, closing_seconds=0.02)


def asked(ledger: Ledger, lane: str = "mqtt") -> Future[list[OutboxRow]]:
    return ledger.outbox.fetch(lane, rows=10_000, payload_bytes=10**9)


def waiting(ledger: Ledger, lane: str = "mqtt") -> list[OutboxRow]:
    return asked(ledger, lane).result(SOON)


def texts(rows: list[OutboxRow]) -> list[str]:
    return [row.payload.decode() for row in rows]


def test_on_a_full_disk_delivery_goes_on_and_the_rest_follows_in_order(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2_000_000) as disk:
        ledger, meter = open_ledger(disk / "ledger"), Meter()
        start_ns = now_ns()
        sent: list[str] = []
        submitted: list[str] = []

        def submit(n: int) -> None:
            commit = with_items(meter.commit(window(start_ns + n * 10**10)))
            submitted.append(commit.outbox[1].payload.decode())
            ledger.submit(commit)

        for n in range(5):
            submit(n)
        before = waiting(ledger)
        assert len(before) == 5
        filler = fill(disk)
        for n in range(5, 300):
            submit(n)
        until(lambda: not ledger.status.up)
        on_disk = waiting(ledger)
        assert on_disk[:5] == before
        assert len(on_disk) < 300
        ids = [row.id for row in on_disk[:4]]
        sent += texts(on_disk[:4])
        ledger.outbox.acknowledge("mqtt", ids).result(SOON)
        assert waiting(ledger) == on_disk[4:]
        assert ledger.outbox.resend_recent("mqtt").result(SOON) == 4
        ledger.outbox.acknowledge("mqtt", ids).result(SOON)
        with pytest.raises(LedgerError, match="is full"):
            ledger.outbox.quarantine("mqtt", {on_disk[4].id: "no"}).result(SOON)
        assert ledger.outbox.status("mqtt").waiting_rows == 296
        assert not ledger.status.up
        filler.unlink()
        until(lambda: ledger.status.up and ledger.status.waiting_windows == 0)
        rows = waiting(ledger)
        assert rows[: len(on_disk) - 4] == on_disk[4:], "what was acknowledged stays so"
        assert sent + texts(rows) == submitted
        assert [row.seq for row in rows] == list(range(rows[0].seq, rows[0].seq + 296))
        assert ledger.outbox.status("mqtt").waiting_rows == 296
        assert ledger.close(timeout_seconds=10)
        assert assert_books_balance(disk / "ledger") == meter.totals


def test_a_ledger_that_starts_on_a_read_only_disk_delivers_what_is_in_it(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2_000_000) as disk:
        ledger = open_ledger(disk / "ledger")
        ledger.submit(delivering(item("a"), item("b"), wall_ns=4))
        rows = waiting(ledger)
        assert ledger.close(timeout_seconds=5)
        make_read_only(disk, read_only=True)
        ledger = open_ledger(disk / "ledger")
        status = ledger.outbox.status("mqtt")
        assert (status.waiting_rows, status.waiting_bytes, status.oldest_wall_ns) == (2, 2, 4)
        assert waiting(ledger) == rows
        ledger.outbox.acknowledge("mqtt", [rows[0].id]).result(SOON)
        ledger.submit(delivering(item("c")))
        assert texts(waiting(ledger)) == ["b"]
        make_read_only(disk, read_only=False)
        until(lambda: ledger.status.up)
        assert texts(waiting(ledger)) == ["b", "c"]
        assert ledger.close(timeout_seconds=5)


def test_a_fetch_does_not_wait_for_the_next_try_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger.open(
        tmp_path / "ledger", minute_days=9999, quarter_hour_days=9999, backoff=PATIENT
    )
    ledger.submit(delivering(item("a")))
    rows = waiting(ledger)
    tries = []

    def failing(_self: Store, _batch: object) -> None:
        tries.append(1)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Store, "commit", failing)
    ledger.submit(delivering(item("b")))
    until(lambda: not ledger.status.up)
    began = time.monotonic()
    for _ in range(20):
        assert waiting(ledger) == rows
    assert time.monotonic() - began < SOON
    assert ledger.outbox.status("mqtt").waiting_rows == 2
    assert len(tries) == 1, "asking must not make it try to write all the time"
    monkeypatch.undo()
    assert ledger.close(timeout_seconds=5)
    with LedgerReader(tmp_path / "ledger") as reader:
        assert [row.payload for row in reader.outbox_rows("mqtt")] == [b"a", b"b"]


@pytest.mark.parametrize("more", [False, True], ids=["alone", "with newer rows"])
def test_rows_that_failed_but_are_in_the_file_are_not_added_twice(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    more: bool,
) -> None:
    ledger = open_ledger(tmp_path / "ledger")
    real, failures = Store.commit, [sqlite3.OperationalError("disk I/O error")]

    def late(self: Store, batch: object) -> None:
        real(self, batch)  # type: ignore[arg-type]  # passed on as it came
        if failures:
            if more:
                ledger.submit(delivering(item("b")))
            raise failures.pop()

    monkeypatch.setattr(Store, "commit", late)
    ledger.submit(delivering(item("a")))
    until(lambda: "takes writes again" in caplog.text)
    rows = waiting(ledger)
    assert texts(rows) == (["a", "b"] if more else ["a"])
    assert ledger.outbox.status("mqtt").waiting_rows == len(rows)
    assert len({row.seq for row in rows}) == len(rows)
    assert ledger.close(timeout_seconds=5)


def test_a_write_that_was_undone_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = open_ledger(tmp_path / "ledger")
    ledger.submit(delivering(item("a")))
    rows = waiting(ledger)
    monkeypatch.setattr("collector.ledger.store._PUT_COMMIT", "UPDATE nothing SET x = ?, y = ?")
    ledger.submit(delivering(item("b"), item("c", topic="new")))
    until(lambda: not ledger.status.up)
    assert waiting(ledger) == rows
    assert ledger.outbox.status("mqtt").waiting_rows == 3, "one on disk, two in memory"
    monkeypatch.undo()
    until(lambda: ledger.status.up)
    after = waiting(ledger)
    assert texts(after) == ["a", "b", "c"]
    assert (after[1].id, after[1].seq) == (rows[0].id + 1, rows[0].seq + 1)
    assert ledger.outbox.status("mqtt").waiting_rows == 3
    assert ledger.close(timeout_seconds=5)


def test_a_corrupt_outbox_is_noticed_by_a_fetch_set_aside_and_no_number_is_used_twice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "ledger"
    ledger, meter = open_ledger(path), Meter()
    # Topics whose seq runs ahead of the clock, and a lane that is the second one in this file only.
    ledger.submit(delivering(*(item(f"{n}", lane="influxdb", topic="") for n in range(3000))))
    ledger.submit(meter.commit(window(now_ns())))
    ledger.submit(delivering(*(item(f"{n}") for n in range(3000))))
    before = waiting(ledger)
    before_influx = waiting(ledger, "influxdb")
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:  # every page but the first
            file.seek(4096)
            file.write(b"\xa5" * (path.stat().st_size - 4096))
        with pytest.raises(LedgerError, match="is corrupt"):
            waiting(ledger)
        until(lambda: "takes writes again" in caplog.text)
        ledger.submit(delivering(item("new"), wall_ns=8))
        ledger.submit(delivering(item("new", lane="influxdb", topic=""), wall_ns=9))
    after_id = before[-1].id
    (row,) = ledger.outbox.fetch("mqtt", rows=9, payload_bytes=99, after_id=after_id).result(SOON)
    assert row.payload == b"new"
    assert row.seq > before[-1].seq
    (influx,) = waiting(ledger, "influxdb")
    assert influx.id > before_influx[-1].id
    assert influx.seq > before_influx[-1].seq
    ledger.outbox.acknowledge("mqtt", [one.id for one in before]).result(SOON)
    assert waiting(ledger) == [row], "an old acknowledgement hits nothing new"
    errors = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]
    assert any("what was waiting for delivery is not delivered" in line for line in errors)
    assert ledger.close(timeout_seconds=5)
    with LedgerReader(path) as reader:
        assert {key: one.total for key, one in reader.accounts().items()} == meter.totals


def test_after_a_lost_ledger_seq_starts_beyond_all_that_was_used(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = open_ledger(path)
    for _ in range(3):
        ledger.submit(delivering(item("old")))
    old = waiting(ledger)
    assert ledger.close(timeout_seconds=5)
    path.unlink()
    time.sleep(0.01)
    ledger = open_ledger(path)
    ledger.submit(delivering(item("new")))
    (new,) = waiting(ledger)
    assert new.seq > old[-1].seq
    assert new.id > old[-1].id
    assert ledger.close(timeout_seconds=5)


def test_a_ledger_of_the_version_before_gets_an_outbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, meter, scripts = tmp_path / "ledger", Meter(), migrate.migrations()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        monkeypatch.setattr(migrate, "migrations", lambda: scripts[:1])
        migrate.migrate(connection)
    monkeypatch.undo()
    ledger = open_ledger(path)
    ledger.submit(with_items(meter.commit(window(now_ns()))))
    assert len(waiting(ledger)) == 1
    assert ledger.close(timeout_seconds=5)
    assert assert_books_balance(path) == meter.totals
