"""The ledger's file, damaged: pages, rows, types of values, its write-ahead log."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from functools import cache
from typing import NamedTuple

from collector.ledger import AccountKey, AccountState, EventState, LedgerError, LedgerReader
from collector.ledger.model import Resolution
from collector.ledger.verify import verify
from collector.model import Energy
from tests.fuzz import byte_changes
from tests.fuzz.choices import Choices
from tests.fuzz.target import Target, folder
from tests.fuzz.words import checked
from tests.ledger.values import ALWAYS, Meter, now_ns, open_ledger, window, with_items

_KEY = AccountKey("gpu", "GPU-1", "gpu")
_SCHEMA_COOKIE = 44  # in the header: SQLite compares pages with what it knows by it
_WRONG = (
    "NULL",
    "'text'",
    "x'ff'",
    "x''",
    "1.5",
    "-1",
    "9223372036854775807",
    "'9'",
    "1e300",
    "cast(x'ff' AS TEXT)",
)
_ADD = (
    "INSERT INTO number VALUES ('most_gpus', 8)",
    "INSERT INTO event_count VALUES ('xid', 'GPU-1', '79', 3, 5)",
    "INSERT INTO event_unmatched VALUES (1, 'xid', 'GPU-1', '79', 'nvml', 'boot', 5)",
    "INSERT INTO event_log_cursor VALUES (1, 'boot', 7)",
)


class Damaged(NamedTuple):
    """A ledger's file, and what lies beside it."""

    data: bytes
    log: bytes = b""


@cache
def _sound() -> Damaged:
    """A ledger with something in every table, and a log with its last commit."""
    path = folder() / "sound.sqlite3"
    ledger, meter = open_ledger(path), Meter()
    for at in range(3):
        commit = meter.commit(window(now_ns() + at * 10**10, gap="down" if at == 1 else ""))
        ledger.submit(with_items(commit))
    assert ledger.close(timeout_seconds=30)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for sql in _ADD:
            database.execute(sql)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole = path.read_bytes()
        database.execute("UPDATE number SET value = 9")
        return Damaged(whole, path.with_name(f"{path.name}-wal").read_bytes())


@cache
def _columns() -> tuple[tuple[str, str], ...]:
    """Every column of every table."""
    with closing(_opened()) as database:
        tables = [
            row[0]
            for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return tuple(
            (table, row[1])
            for table in tables
            for row in database.execute(f"PRAGMA table_info({table})")
        )


def _opened() -> sqlite3.Connection:
    """The sound ledger in memory, where nothing is checked."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    data = bytearray(_sound().data)
    data[18:20] = b"\x01\x01"  # not in WAL mode: there is none in memory
    database.deserialize(bytes(data))
    return database


def _mistyped(choices: Choices) -> bytes:
    """Values of the wrong type where the tables' own rules would not let them in."""
    with closing(_opened()) as database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        database.execute("PRAGMA writable_schema = ON")
        kept = database.execute("SELECT rowid, sql FROM sqlite_master WHERE sql > ''").fetchall()
        database.execute("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '')")
        database.execute("PRAGMA writable_schema = RESET")
        for _ in range(choices.count()):
            table, column = choices.pick(_columns())
            wrong = choices.pick(_WRONG)
            try:
                if choices.seldom(12):
                    database.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
                else:
                    sql = f"UPDATE OR IGNORE {table} SET {column} = {wrong}"  # noqa: S608 - ours
                    database.execute(sql)
            except sqlite3.Error:
                pass  # a key that may not be so
        database.execute("PRAGMA writable_schema = ON")
        for rowid, sql in kept:
            database.execute("UPDATE sqlite_master SET sql = ? WHERE rowid = ?", (sql, rowid))
        return database.serialize()


def _make(choices: Choices) -> Damaged:
    sound = _sound()
    match choices.below(6):
        case 0 | 1:
            return Damaged(_mistyped(choices))
        case 2:
            return Damaged(sound.data, byte_changes.changed(sound.log, choices))
        case 3:
            head = byte_changes.changed(sound.data[:100], choices)
            return Damaged(head + sound.data[100:])
        case 4:
            return Damaged(_struck(sound.data, choices))
        case _:
            return Damaged(byte_changes.changed(sound.data, choices))


def _struck(data: bytes, choices: Choices) -> bytes:
    """Bytes overwritten in place, so that nothing moves."""
    made = bytearray(data)
    for _ in range(1 + choices.below(20)):
        made[choices.below(len(made))] = choices.below(256)
    return bytes(made)


def _run(damaged: Damaged) -> bool:
    path = folder() / "ledger.sqlite3"
    for old in folder().glob("ledger.sqlite3*"):
        old.unlink()
    path.write_bytes(damaged.data)
    if damaged.log:
        path.with_name(f"{path.name}-wal").write_bytes(damaged.log)
    taken = 0
    for use in (_read, _verify, _run_daemon):
        try:
            use()
            taken += 1
        except LedgerError as error:
            checked(error)
    return bool(taken)


def _read() -> None:
    """What reports and pages do."""
    with LedgerReader(folder() / "ledger.sqlite3") as reader:
        _sane(reader.accounts(), reader.events())
        resolutions: tuple[Resolution, ...] = ("minute", "quarter_hour")
        for resolution in resolutions:
            for register in reader.registers(resolution, _KEY, *ALWAYS):
                _energy(register.energy)
                _whole((register.start_ns, register.covered_ns, register.elapsed_ns))
        for gap in reader.gaps(*ALWAYS):
            _energy(gap.energy)
            _whole((gap.start_ns, gap.end_ns))
            assert isinstance(gap.reason, str)
        for chunk in reader.quarter_hours([1], 0, 86_400):
            for row in chunk:
                _whole(row)
        _whole(reader.numbers().values())
        for sent in (*reader.outbox_rows("mqtt"), *dict(reader.quarantined_rows("mqtt"))):
            _whole((sent.id, sent.seq, sent.created_wall_ns))
            assert isinstance(sent.payload, bytes)
            assert isinstance(sent.topic, str)


def _verify() -> None:
    """What `wattkeeper ledger verify` does."""
    verdict = verify(folder() / "ledger.sqlite3")
    _whole((verdict.total_mj, verdict.accounts, verdict.minutes))
    for text in (*verdict.problems, *verdict.notes):
        checked(text)


def _run_daemon() -> None:
    """What the daemon does: it must come up, or say what to do."""
    ledger = open_ledger(folder() / "ledger.sqlite3")
    try:
        _sane(ledger.accounts, ledger.events)
        _whole(ledger.numbers.values())
        for lane in ("mqtt", "influxdb"):
            ledger.outbox.status(lane)
        ledger.submit(Meter().commit(window(now_ns())))
    finally:
        ledger.close(timeout_seconds=5)
    checked(f"well: {ledger.status.problem}")
    assert "bug" not in ledger.status.problem, ledger.status.problem


def _sane(accounts: Mapping[AccountKey, AccountState], events: EventState) -> None:
    for key, state in accounts.items():
        assert all(isinstance(part, str) for part in (key.kind, key.device, key.scope))
        _energy(state.total)
        _whole((state.shown_base_mj, state.anchor_wall_ns, state.anchor_monotonic_ns))
        assert isinstance(state.boot_id, str)
        for value in (state.anchor_counter_mj, state.last_power_mw, state.limit_mw):
            assert value is None or type(value) is int
    for event, count in events.counts.items():
        assert all(isinstance(part, str) for part in (event.kind, event.device, event.code))
        _whole((count.count, count.last_wall_ns))
    for one in events.unmatched:
        _whole((one.monotonic_ns,))
        assert isinstance(one.boot_id, str)
    if events.cursor is not None:
        _whole((events.cursor.sequence,))


def _energy(energy: Energy) -> None:
    _whole((energy.counter_mj, energy.integrated_mj, energy.estimated_mj))


def _whole(values: Iterable[object]) -> None:
    assert all(type(value) is int for value in values)


TARGETS = (Target(name="ledger", make=_make, run=_run, share=0.15),)
