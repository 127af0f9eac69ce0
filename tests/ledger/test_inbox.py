"""What waits for the writer, and what is said of how it fared."""

import time
from pathlib import Path

import pytest

from collector.ledger.inbox import Backoff, Inbox
from collector.ledger.model import LedgerError
from collector.ledger.opening import Opened
from collector.ledger.pending import Limits

HOUR_NS = 3600 * 1_000_000_000


@pytest.mark.parametrize("step_ns", [HOUR_NS, -HOUR_NS])
def test_a_step_of_the_wall_clock_does_not_lengthen_an_outage(
    monkeypatch: pytest.MonkeyPatch, step_ns: int
) -> None:
    opened = Opened(store=None, accounts={}, last_commit_wall_ns=None)
    inbox = Inbox(Path("ledger"), opened, Limits(), Backoff())
    assert inbox.failed(LedgerError("the disk is full", "make room"))
    stepped_ns = time.time_ns() + step_ns
    monkeypatch.setattr(time, "time_ns", lambda: stepped_ns)
    outage = inbox.recovered()
    assert outage is not None
    assert 0 <= outage[0] < 60
    assert inbox.status().since_wall_ns == stepped_ns
