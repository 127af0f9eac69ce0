"""When readings are safe, and that a disk that takes nothing costs neither sight nor memory."""

from collections.abc import Sequence
from typing import cast

import pytest

from collector.daemon import site_books
from collector.daemon.faults import FaultBoard
from collector.daemon.push import Push
from collector.daemon.site_books import SiteBooks
from collector.ledger import AccountKey, AccountState, Commit, Ledger, LedgerStatus
from collector.model import Energy, Meter, Point, Window
from collector.site.quarters import SECOND_NS
from collector.site.state import account_key
from collector.sources.meters.reading import MeterReading, Quantity

WINDOW_NS = 10 * SECOND_NS


class Disk:
    """A ledger that writes what it got when it is told to."""

    def __init__(self) -> None:
        self.up = True
        self.written_ns: int | None = None
        self.commits: list[Commit] = []

    def submit(self, commit: Commit) -> None:
        self.commits.append(commit)

    def write(self, count: int | None = None) -> None:
        """Write the oldest commits, or all."""
        count = len(self.commits) if count is None else count
        if count:
            self.written_ns = self.commits[count - 1].wall_ns
            del self.commits[:count]

    @property
    def status(self) -> LedgerStatus:
        return LedgerStatus(
            up=self.up,
            problem="" if self.up else "the disk is full",
            action="",
            since_wall_ns=0,
            waiting_windows=0,
            dropped_windows=0,
            last_commit_wall_ns=self.written_ns,
            last_commit_seconds=None,
        )


class Nobody:
    """Nobody to push to."""

    def encode(self, windows: Sequence[Window], points: Sequence[Point]) -> Sequence[object]:
        del windows, points
        return ()

    def to_remember(self) -> dict[str, int]:
        """Nothing was stepped."""
        return {}

    def wake(self) -> None:
        """Nothing waits."""


class Rig:
    """Books, and seconds."""

    def __init__(self) -> None:
        self.disk = Disk()
        self.on_disk: dict[AccountKey, AccountState] = {}
        self.faults = FaultBoard()
        self.books = SiteBooks(
            cast("Ledger", self.disk),
            cast("Push", Nobody()),
            self.faults,
            frozenset(),
            WINDOW_NS,
            self.on_disk.update,
        )
        self.safe: list[float] = []

    def take(self, seconds: float, meter: str = "m") -> None:
        """A reading comes."""
        at_ns = round(seconds * SECOND_NS)
        reading = MeterReading(
            meter=meter, quantity=Quantity.POWER, value=1.0, source_ns=at_ns, received_ns=at_ns
        )
        self.books.took([reading], at_ns, lambda: self.safe.append(seconds))

    def close(self, end: float, meter: str = "m") -> None:
        """A window of a meter closes."""
        end_ns = round(end * SECOND_NS)
        self.books.add([window(meter, end_ns)], ())

    def commit(self, seconds: float, total_mj: int = 0) -> None:
        """It is time."""
        at_ns = round(seconds * SECOND_NS)
        states = {account_key("m"): account(total_mj)} if total_mj else {}
        self.books.commit(at_ns, at_ns, lambda: states, tuple)


def window(meter: str, end_ns: int) -> Window:
    return Window(
        device=Meter(id=meter, role="it", branch="b"),
        scope="active",
        start_ns=end_ns - WINDOW_NS,
        end_ns=end_ns,
        duration_ns=WINDOW_NS,
        covered_ns=WINDOW_NS,
        samples=1,
        energy=Energy(),
        total_mj=0,
        power=None,
    )


def account(total_mj: int) -> AccountState:
    return AccountState(
        total=Energy(integrated_mj=total_mj),
        shown_base_mj=0,
        shown_base_estimated_mj=0,
        anchor_wall_ns=0,
        anchor_monotonic_ns=0,
        boot_id="b",
        anchor_counter_mj=None,
        last_power_mw=None,
        idle_power_mw=None,
        limit_mw=None,
        clean=False,
    )


def test_a_reading_is_safe_when_the_window_that_holds_it_is_on_disk() -> None:
    rig = Rig()
    rig.take(1)
    rig.take(11)
    rig.close(10)
    rig.commit(12)
    rig.commit(12.5)
    assert rig.safe == []
    rig.disk.write()
    rig.commit(13)
    assert rig.safe == [1]


def test_a_meter_that_fell_silent_holds_nothing_back_for_ever() -> None:
    rig = Rig()
    rig.take(1, "silent")
    rig.take(2)
    for second in (11, 21, 31, 41):
        rig.close(second - 1)
        rig.commit(second)
        rig.disk.write()
        rig.commit(second + 1)
        assert rig.safe == ([1, 2] if second > 31 else [])


def test_what_is_on_disk_is_told_also_when_many_commits_waited() -> None:
    rig = Rig()
    rig.disk.up = False
    for number in range(1, 1001):
        rig.commit(number * 10, total_mj=number)
    assert rig.on_disk == {}
    assert len(rig.faults.standing) == 1
    assert len(rig.books._commits) <= 8
    rig.disk.up = True
    rig.disk.write(3)
    rig.commit(10_001)
    assert rig.on_disk[account_key("m")].total.total_mj == 3
    rig.disk.write()
    rig.commit(10_002)
    assert rig.on_disk[account_key("m")].total.total_mj == 1000
    assert not rig.faults.standing


def test_a_full_disk_does_not_fill_memory_with_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_books, "_MOST_READINGS", 100)
    rig = Rig()
    rig.disk.up = False
    for second in range(1000):
        rig.take(second)
        rig.commit(second)
    assert rig.books.waiting == 50
    assert rig.safe == list(range(950))
