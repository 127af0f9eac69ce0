"""What the ledger keeps of events: all of it, as one commit said it, or as the one before."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.ledger import (
    Commit,
    EventCount,
    EventKey,
    EventState,
    Ledger,
    LedgerReader,
    LogCursor,
    UnmatchedEvent,
    migrate,
)
from tests.ledger.values import Meter, delivering, item, now_ns, open_ledger, until, window

KEY = EventKey("xid", "GPU-1", "79")
STATE = EventState(
    counts={KEY: EventCount(3, 50), EventKey("xid", "GPU-2", "31"): EventCount(1, 60)},
    unmatched=(UnmatchedEvent(KEY, "nvml", "boot", 40), UnmatchedEvent(KEY, "nvml", "boot", 40)),
    cursor=LogCursor("boot", 1207),
)


def events(state: EventState | None, wall_ns: int = 5) -> Commit:
    """A commit of nothing but events."""
    return Commit(windows=(), states={}, wall_ns=wall_ns, events=state)


def on_disk(ledger: Ledger, wall_ns: int) -> bool:
    return ledger.status.last_commit_wall_ns == wall_ns


def read(path: Path) -> EventState:
    with LedgerReader(path) as reader:
        return reader.events()


def test_a_new_ledger_knows_of_none(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger")
    assert ledger.events == EventState()
    ledger.close(timeout_seconds=5)
    assert read(tmp_path / "ledger") == EventState()


def test_all_of_it_is_kept_over_a_restart(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger")
    ledger.submit(events(STATE))
    assert ledger.close(timeout_seconds=5)
    assert read(tmp_path / "ledger") == STATE
    again = open_ledger(tmp_path / "ledger")
    assert again.events == STATE
    again.close(timeout_seconds=5)


def test_said_again_nothing_changes_and_what_is_not_said_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = open_ledger(path)
    for number in range(3):
        ledger.submit(events(STATE, number))
        until(partial(on_disk, ledger, number))
    ledger.submit(delivering(item()))
    ledger.submit(Meter().commit(window(now_ns())))
    assert ledger.close(timeout_seconds=5)
    assert read(path) == STATE, "a commit without events leaves them alone"
    less = EventState(counts={KEY: EventCount(4, 70)})
    ledger = open_ledger(path)
    ledger.submit(events(less))
    assert ledger.close(timeout_seconds=5)
    assert read(path) == less


keys = st.builds(EventKey, st.just("xid"), st.sampled_from(["GPU-1", "b/0000:c1:00"]), st.text())
numbers = st.integers(0, 2**62)
states = st.builds(
    EventState,
    counts=st.dictionaries(keys, st.builds(EventCount, numbers, numbers), max_size=4),
    unmatched=st.lists(
        st.builds(UnmatchedEvent, keys, st.text(), st.text(), numbers), max_size=3
    ).map(tuple),
    cursor=st.none() | st.builds(LogCursor, st.text(), st.integers(-1, 2**62)),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.none() | states, min_size=1, max_size=5))
def test_the_newest_is_what_is_kept(
    tmp_path_factory: pytest.TempPathFactory, said: list[EventState | None]
) -> None:
    path = tmp_path_factory.mktemp("events") / "ledger"
    ledger = open_ledger(path)
    for state in said:
        ledger.submit(events(state))
    assert ledger.close(timeout_seconds=5)
    newest = [state for state in said if state is not None]
    assert read(path) == (newest[-1] if newest else EventState())


def test_a_new_file_gets_what_is_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = open_ledger(path)
    ledger.submit(events(STATE))
    until(lambda: read(path) == STATE)
    for file in tmp_path.glob("ledger*"):
        if not file.name.endswith(".lock"):
            file.unlink()
    ledger.submit(delivering(item()))
    until(lambda: path.exists() and ledger.status.up and ledger.status.waiting_windows == 0)
    assert ledger.close(timeout_seconds=5)
    assert read(path) == STATE


def test_a_ledger_from_before_events_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for number, script in enumerate(migrate.migrations()[:2], start=1):
            connection.executescript(f"{script}\nPRAGMA user_version = {number};")
        connection.execute("INSERT INTO account (kind, device, scope) VALUES ('gpu', 'a', 'gpu')")
    ledger = open_ledger(path)
    assert ledger.events == EventState()
    ledger.submit(events(STATE))
    assert ledger.close(timeout_seconds=5)
    assert read(path) == STATE
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM account").fetchone() == (1,)


WRITER = """
import sys, time
from itertools import count
from pathlib import Path
from collector.ledger import Commit, EventCount, EventKey, EventState, LogCursor
from tests.ledger.values import item, open_ledger

ledger = open_ledger(Path(sys.argv[1]))
key = EventKey("xid", "GPU-1", "79")
start = ledger.events.counts.get(key, EventCount(0, 0)).count
for n in count(start + 1):
    state = EventState(counts={key: EventCount(n, n)}, cursor=LogCursor("boot", n))
    ledger.submit(Commit(windows=(), states={}, wall_ns=n, events=state, outbox=(item(str(n)),)))
    while n == start + 1 and ledger.status.last_commit_wall_ns != n:
        time.sleep(0.001)
    if n == start + 1:
        print("ready", flush=True)
    time.sleep(0.0002)
"""


def test_killed_at_any_moment_counts_cursor_and_rows_fit_together(tmp_path: Path) -> None:
    path, before = tmp_path / "ledger", 0
    for pause in (0.05, 0.15, 0.1):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            try:
                writer.wait(pause)
            except subprocess.TimeoutExpired:
                writer.send_signal(signal.SIGKILL)
        state = read(path)
        count = state.counts[KEY].count
        assert count > before
        assert state.cursor == LogCursor("boot", count)
        with LedgerReader(path) as reader:
            assert [int(row.payload) for row in reader.outbox_rows("mqtt")] == [
                *range(1, count + 1)
            ]
        before = count
