"""Every class of fault at once, in a minute and a half; then the books must balance.

The long form is `scripts/measure-chaos`, half an hour.
"""

import os
import shutil
from pathlib import Path

import pytest

from benchmarks.chaos.plan import Kind, planned
from benchmarks.chaos.report import report
from benchmarks.chaos.run import run
from tests.chaos.short import PACE, SECONDS, SEED
from tests.mqtt.broker import needs_mosquitto

MISSING = [name for name in ("prometheus", "victoria-metrics", "cc") if shutil.which(name) is None]


@needs_mosquitto
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a small disk")
@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
@pytest.mark.timeout(400)
def test_the_books_balance_after_every_fault_at_once(tmp_path: Path) -> None:
    seed = int(os.environ.get("CHAOS_SEED", SEED))
    plan = planned(seed, SECONDS, pace=PACE)
    said = [f"seed {seed}, {len(plan)} faults"]
    try:
        outcome = run(plan, tmp_path, said.append)
    except PermissionError as error:
        pytest.skip(str(error))
    told = "\n".join([*said, report(outcome)])
    assert outcome.wrong() == [], told
    assert set(outcome.faults) == set(Kind), told
    assert outcome.ends[-9] >= 3, told
    assert all(books.store.rows == books.mqtt.rows > 10 for books in outcome.books), told
    exact = [books for books in outcome.books if not books.resets]
    assert len(exact) >= 2, told
    assert all(books.counted_exactly for books in exact), told
