"""Killed at any moment, the ledger holds whole commits: all of each, or nothing."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from collector.ledger import LedgerReader
from tests.ledger.values import assert_books_balance

ENERGY_MJ = 7_000_001
WRITER = """
import sys, time
from itertools import count
from pathlib import Path
from tests.ledger.values import Meter, now_ns, open_ledger, window

ledger = open_ledger(Path(sys.argv[1]))
meter = Meter({key: state.total for key, state in ledger.accounts.items()})
start_ns = now_ns()
print("ready", flush=True)
for n in count():
    windows = [window(start_ns + n * 10**9, seconds=1, device=f"GPU-{d}") for d in range(8)]
    if n % 7 == 0:  # one that is spread
        windows[0] = window(start_ns, seconds=900, gap="test", device="GPU-0")
    ledger.submit(meter.commit(*windows))
    while ledger.status.waiting_windows > 64:
        time.sleep(0.0005)
"""


def test_ten_times_killed_the_books_balance(tmp_path: Path) -> None:
    path, chance = tmp_path / "ledger", random.Random(1)  # noqa: S311 - no secret
    commits = 0
    for _ in range(10):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.0, 0.2))
            writer.send_signal(signal.SIGKILL)
        totals = assert_books_balance(path)
        assert len({energy.total_mj for energy in totals.values()}) <= 1, "a commit was torn"
        with LedgerReader(path) as reader:
            before, commits = (
                commits,
                max(
                    (state.total.total_mj // ENERGY_MJ for state in reader.accounts().values()),
                    default=0,
                ),
            )
        assert all(energy.total_mj == commits * ENERGY_MJ for energy in totals.values())
        assert commits >= before, "what was committed was lost"
    assert commits > 20, "the writer was never seen at work"
