"""Killed at any moment, a window's registers and its rows are both there, or neither is."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from collector.ledger import LedgerReader, OutboxRow
from tests.ledger.values import assert_books_balance

ENERGY_MJ = 7_000_001
GPUS = 8
# It delivers as an exporter does, and writes down what "arrived" before it acknowledges it.
WRITER = """
import os, sys
from pathlib import Path
from tests.ledger.values import Meter, now_ns, open_ledger, window, with_items
from collector.ledger import lanes
lanes.RESEND_SECONDS = -1  # delete at once, to be killed while deleting
ledger = open_ledger(Path(sys.argv[1]))
arrived = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
meter = Meter({key: state.total for key, state in ledger.accounts.items()})
done = max((total.total_mj // 7_000_001 for total in meter.totals.values()), default=0)
print("ready", flush=True)
for n in range(done, done + 100_000):
    windows = [window((1_700_000_000 + n) * 10**9, seconds=1, device=f"GPU-{d}") for d in range(8)]
    ledger.submit(with_items(meter.commit(*windows)))
    if n % 3 == 0:
        for lane in "influxdb", "mqtt":
            rows = ledger.outbox.fetch(lane, rows=20, payload_bytes=10**6).result()
            for row in rows:
                text = f"{row.lane} {row.topic or '-'} {row.seq} {row.payload.decode()}\\n"
                os.write(arrived, text.encode())
            ledger.outbox.acknowledge(lane, [row.id for row in rows])
"""


def key(row: OutboxRow) -> tuple[str, str, int]:
    return row.lane, row.topic, row.seq


def test_ten_times_killed_rows_and_registers_agree(tmp_path: Path) -> None:
    path, arrived, chance = tmp_path / "ledger", tmp_path / "arrived", random.Random(2)  # noqa: S311 - no secret
    commits = deleted = 0
    for _ in range(10):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path, arrived], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.0, 0.25))
            writer.send_signal(signal.SIGKILL)
        totals = assert_books_balance(path)
        commits = max((one.total_mj // ENERGY_MJ for one in totals.values()), default=0)
        with LedgerReader(path) as reader:
            rows = reader.outbox_rows("mqtt") + reader.outbox_rows("influxdb")
        _assert_sums(path)
        known = {key(row): row.payload.decode() for row in rows}
        assert len(known) == len(rows), "a seq was used twice"
        for line in arrived.read_text().splitlines() if arrived.exists() else ():
            lane, topic, seq, payload = line.split(" ", 3)
            where = lane, topic.strip("-"), int(seq)
            assert known.setdefault(where, payload) == payload, "a seq was used twice"
        expected = {
            (lane, f"GPU-{gpu} {(1_700_000_000 + n) * 10**9}")
            for lane in ("influxdb", "mqtt")
            for gpu in range(GPUS)
            for n in range(commits)
        }
        assert {(lane, text) for (lane, _, _), text in known.items()} == expected
        assert len(known) == len(expected), "a window is there twice"
        _assert_without_holes({where for where in known if where[0] == "mqtt"})
        deleted += len(known) - len(rows)
    assert commits > 20, "the writer was never seen at work"
    assert deleted > 100, "nothing was ever delivered"


def _assert_sums(path: Path) -> None:
    """What is noted of each lane is what is in it."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        for number, last_id, rows, size in connection.execute(
            "SELECT id, last_id, row_count, payload_bytes FROM outbox_lane"
        ).fetchall():
            found = connection.execute(
                "SELECT count(*), ifnull(sum(length(payload)), 0), ifnull(max(id), 0) FROM outbox"
                " WHERE id >> 48 = ?",
                (number,),
            ).fetchone()
            assert found[:2] == (rows, size)
            assert found[2] <= last_id


def _assert_without_holes(keys: set[tuple[str, str, int]]) -> None:
    for topic in {topic for _, topic, _ in keys}:
        seqs = sorted(seq for _, other, seq in keys if other == topic)
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
