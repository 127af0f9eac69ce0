"""Whether the books of a file add up: each kind of wrong is found, and nothing that is right."""

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.ledger import LedgerError, migrate
from collector.ledger.verify import Verdict, verify
from collector.model import Energy, Window
from tests.ledger.test_backup import make
from tests.ledger.values import (
    SECOND_NS,
    Meter,
    now_ns,
    open_ledger,
    until,
    window,
    windows,
    with_items,
)


def changed(path: Path, *statements: str) -> Verdict:
    """The verdict after the file was changed."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount, statement
        connection.commit()
    return verify(path)


def test_a_sound_ledger_is_told_by_its_figures(tmp_path: Path) -> None:
    meter = make(tmp_path / "ledger")
    verdict = verify(tmp_path / "ledger")
    assert (verdict.problems, verdict.notes) == ((), ())
    assert (verdict.accounts, verdict.minutes, verdict.quarter_hours, verdict.gaps) == (2, 2, 2, 0)
    assert verdict.total_mj == sum(energy.total_mj for energy in meter.totals.values())
    assert [(lane.name, lane.rows) for lane in verdict.lanes] == [("influxdb", 10), ("mqtt", 10)]
    assert verdict.version == len(migrate.migrations())
    assert verdict.backup_wall_ns is None


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE account_state SET counter_mj = counter_mj - 1", "registers hold 1 mJ more of cou"),
        ("UPDATE register_minute SET counter_mj = counter_mj + 1", r"hold \+1 mJ against its reg"),
        ("UPDATE register_quarter_hour SET counter_mj = counter_mj + 1", "hold 1 mJ more of count"),
        ("UPDATE register_minute SET counter_mj = counter_mj - 1", "hold -1 mJ against its regis"),
        ("UPDATE register_minute SET start_s = start_s + 1", "begin at no full one"),
        ("DELETE FROM account_state WHERE account = 1", "has registers and no total"),
        ("DELETE FROM account WHERE id = 1", "names a row of account that is not there"),
        ("DELETE FROM last_commit", "numbers the commits is gone"),
        ("UPDATE outbox_lane SET row_count = row_count + 1", "11 rows of .* are noted, 10 of"),
        ("UPDATE outbox SET payload = payload || 'x' WHERE id = (SELECT max(id) FROM outbox)",
         "outbox mqtt: 10 rows"),
        ("DELETE FROM outbox WHERE id = (SELECT max(id) FROM outbox)", "9 of .* are there"),
        ("UPDATE outbox_lane SET last_id = last_id - 1", "a number that was not given yet"),
        ("UPDATE outbox_topic SET seq = seq - 1", "is beyond .*, the last that was given"),
        ("UPDATE outbox SET seq = (SELECT min(seq) FROM outbox)", "or is there twice"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(tmp_path: Path, statement: str, problem: str) -> None:
    make(tmp_path / "ledger")
    found = "\n".join(changed(tmp_path / "ledger", statement).problems)
    assert re.search(problem, found), found


def test_a_damaged_page_is_found(tmp_path: Path) -> None:
    make(tmp_path / "ledger", commits=50)
    with closing(sqlite3.connect(tmp_path / "ledger")) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'outbox'"
        ).fetchone()
    with (tmp_path / "ledger").open("r+b") as file:
        file.seek(4096 * (page - 1))
        file.write(b"\xa5" * 4096)
    try:
        assert verify(tmp_path / "ledger").problems
    except LedgerError as error:
        assert "corrupt" in str(error)  # noqa: PT017 - one or the other
    assert verify_quick(tmp_path / "ledger")


def verify_quick(path: Path) -> bool:
    """Without reading every page it may pass, or fail; it never hangs or lies about the figures."""
    try:
        return verify(path, whole_file=False).version > 0
    except LedgerError:
        return True


def test_what_was_pruned_is_a_note_and_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger, meter = open_ledger(path), Meter()
    now = now_ns()
    for days in (20, 10, 1, 0):
        for seconds in (0, 60, 840):
            at_ns = now - days * 86_400 * SECOND_NS + seconds * SECOND_NS
            ledger.submit(meter.commit(window(at_ns, seconds=60)))
    assert ledger.close(timeout_seconds=5)
    with closing(sqlite3.connect(path)) as connection:
        minute_s = now // SECOND_NS - 86_400 + 60  # in the middle of a quarter-hour
        connection.execute("DELETE FROM register_minute WHERE start_s < ?", (minute_s,))
        quarter_s = now // SECOND_NS - 15 * 86_400
        connection.execute("DELETE FROM register_quarter_hour WHERE start_s < ?", (quarter_s,))
        connection.commit()
    verdict = verify(path)
    assert verdict.problems == ()
    assert [note.split(": ")[1] for note in verdict.notes] == [
        "0.006 kWh of the total are older than the registers"
    ]


def test_minutes_given_up_are_a_note_and_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger, meter, now = open_ledger(path), Meter(), now_ns()
    for minute in range(3):
        ledger.submit(meter.commit(window(now + minute * 60 * SECOND_NS, seconds=60)))
    assert ledger.close(timeout_seconds=5)
    verdict = changed(path, "DELETE FROM register_minute WHERE start_s % 900 = 60")
    assert verdict.problems == ()
    assert "1 quarter-hours lack minutes" in verdict.notes[0]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(windows(), min_size=1, max_size=5), min_size=1, max_size=10))
def test_whatever_is_committed_verifies(tmp_path: Path, commits: list[list[Window]]) -> None:
    path = tmp_path / f"ledger-{time.monotonic_ns()}"
    ledger, meter = open_ledger(path), Meter()
    for batch in commits:
        ledger.submit(with_items(meter.commit(*batch)))
    assert ledger.close(timeout_seconds=5)
    verdict = verify(path)
    assert (verdict.problems, verdict.notes) == ((), ())
    assert verdict.total_mj == sum(energy.total_mj for energy in meter.totals.values())


def test_sums_beyond_63_bits_are_added_up(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger, meter, now = open_ledger(path), Meter(), now_ns()
    for n in range(6):
        start_ns = now - n * 900 * SECOND_NS
        ledger.submit(meter.commit(window(start_ns, seconds=900, energy=Energy(2**62 + n))))
    assert ledger.close(timeout_seconds=5)
    verdict = verify(path)
    assert verdict.problems == ()
    assert verdict.total_mj == 6 * 2**62 + 15


def test_it_is_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger, meter, now = open_ledger(path), Meter(), now_ns()
    for n in range(30):
        ledger.submit(with_items(meter.commit(window(now + n * SECOND_NS, seconds=1))))
        assert verify(path).problems == ()
    until(lambda: ledger.status.waiting_windows == 0)
    assert ledger.status.up
    assert ledger.close(timeout_seconds=5)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no ledger"),
        (b"", "is empty; start the daemon once"),
        (b"text\n" * 1000, "is corrupt"),
    ],
)
def test_what_is_no_ledger_is_said(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "ledger").write_bytes(content)
    with pytest.raises(LedgerError, match=words):
        verify(tmp_path / "ledger")
