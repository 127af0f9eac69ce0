"""What is on disk is told when it is, and not before."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from collector.daemon.bookkeeper import GATHER_NS, Bookkeeper
from collector.daemon.faults import FaultBoard
from collector.daemon.push import Push
from collector.energy.edges import SECOND_NS
from collector.ledger import AccountKey, AccountState, EventState, Ledger
from collector.ledger.store import Store
from collector.model import Energy
from tests.ledger.values import QUICK, now_ns, state, until, window

KEY = AccountKey("gpu", "GPU-1", "gpu")


class Rig:
    """Books over a real ledger, with nobody to push to."""

    def __init__(self, path: Path) -> None:
        self.landed: list[AccountState] = []
        self.ledger = Ledger.open(path, minute_days=7, quarter_hour_days=400, backoff=QUICK)
        push = SimpleNamespace(encode=lambda *_: (), wake=lambda: None, to_remember=dict)
        self.books = Bookkeeper(
            self.ledger,
            FaultBoard(),
            cast("Push", push),
            lambda states: self.landed.extend(states.values()),
        )
        self.wall_ns = now_ns()
        self.now_ns = 0

    def commit(self, total_mj: int) -> AccountState:
        """Commit a window, and the account as it then stands."""
        account = state(Energy(counter_mj=total_mj))
        self.books.add([window(self.wall_ns)], self.now_ns)
        self.now_ns += GATHER_NS
        self.books.commit(self.now_ns, self.wall_ns, lambda: {KEY: account})
        return account

    def look(self) -> None:
        """A tick in which nothing closed."""
        self.now_ns += SECOND_NS
        self.books.commit(self.now_ns, self.wall_ns, dict)


def test_an_account_is_told_once_it_is_on_disk(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "ledger")
    account = rig.commit(7)
    until(lambda: rig.ledger.status.waiting_windows == 0)
    rig.look()
    assert rig.landed == [account]
    rig.look()
    assert rig.landed == [account]
    assert rig.ledger.close(timeout_seconds=5)


def test_nothing_is_told_while_the_disk_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event of the same tick, committed before, must not pass for the windows."""
    rig = Rig(tmp_path / "ledger")
    rig.books.note_events(EventState(), (), rig.wall_ns)
    until(lambda: rig.ledger.status.last_commit_wall_ns is not None)
    commit = Store.commit

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "commit", fails)
    newest = [rig.commit(total_mj) for total_mj in (7, 8, 9)][-1]
    until(lambda: not rig.ledger.status.up)
    for _ in range(5):
        time.sleep(0.02)
        rig.look()
    assert rig.landed == []
    monkeypatch.setattr(Store, "commit", commit)
    until(lambda: rig.ledger.status.up)
    rig.look()
    assert rig.landed == [newest]  # of those that went together, as they stood at last
    assert rig.ledger.close(timeout_seconds=5)
