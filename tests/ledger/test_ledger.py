"""What is submitted is there after a restart, and the books balance."""

import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.ledger import AccountKey, Commit, Ledger, LedgerReader, account_of
from collector.ledger.store import Store
from collector.model import Energy, Window
from tests.ledger.values import (
    ALWAYS,
    QUARTER_NS,
    SECOND_NS,
    Meter,
    assert_books_balance,
    now_ns,
    open_ledger,
    state,
    until,
    window,
    windows,
)

DAY_NS = 86_400 * SECOND_NS
KEY = AccountKey("gpu", "GPU-1", "gpu")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(windows(), min_size=1, max_size=6), min_size=1, max_size=6))
def test_registers_of_both_kinds_and_totals_agree_to_the_millijoule(
    commits: list[list[Window]],
) -> None:
    with tempfile.TemporaryDirectory() as place:
        path, meter = Path(place) / "ledger", Meter()
        for group in commits[:3], commits[3:]:  # over a restart
            ledger = open_ledger(path)
            for each in group:
                ledger.submit(meter.commit(*each))
            assert ledger.close(timeout_seconds=20)
        assert assert_books_balance(path) == meter.totals


def test_states_come_back_as_they_were(tmp_path: Path) -> None:
    bare = state(Energy(1, 2, 3))
    full = replace(bare, anchor_counter_mj=2**60, idle_power_mw=60, clean=True, last_power_mw=None)
    states = {KEY: bare, AccountKey("gpu", "GPU-1", "module"): full}
    ledger = open_ledger(tmp_path / "ledger")
    assert ledger.accounts == {}
    ledger.submit(Commit(windows=(), states=states, wall_ns=77))
    assert ledger.close(timeout_seconds=5)
    again = open_ledger(tmp_path / "ledger")
    assert again.accounts == states
    assert again.status.last_commit_wall_ns == 77
    assert again.close(timeout_seconds=5)


def test_the_newest_state_stands(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger")
    for n in range(1, 20):
        ledger.submit(Commit(windows=(), states={KEY: state(Energy(n))}, wall_ns=n))
    assert ledger.close(timeout_seconds=5)
    with LedgerReader(tmp_path / "ledger") as reader:
        assert reader.accounts()[KEY].total == Energy(19)


def test_status_tells_of_the_last_commit(tmp_path: Path) -> None:
    before_ns = time.time_ns()
    ledger = open_ledger(tmp_path / "ledger")
    fresh = ledger.status
    assert (fresh.up, fresh.problem, fresh.last_commit_wall_ns) == (True, "", None)
    assert before_ns <= fresh.since_wall_ns <= time.time_ns()
    commit = Meter().commit(window(now_ns()))
    ledger.submit(commit)
    until(lambda: ledger.status.waiting_windows == 0)
    assert ledger.status.last_commit_wall_ns == commit.wall_ns
    assert 0 < (ledger.status.last_commit_seconds or 0) < 10
    assert ledger.close(timeout_seconds=5)


def test_energy_since_counts_whole_quarter_hours_from_then_on(tmp_path: Path) -> None:
    start_ns, meter = now_ns() - 4 * QUARTER_NS, Meter()
    ledger = open_ledger(tmp_path / "ledger")
    for n in range(4):
        one = window(start_ns + n * QUARTER_NS, energy=Energy(10**n, 2 * 10**n, 3 * 10**n))
        ledger.submit(meter.commit(one))
    ledger.submit(meter.commit(window(start_ns, device="GPU-2")))
    until(lambda: ledger.status.waiting_windows == 0)
    assert ledger.energy_since(start_ns + 2 * QUARTER_NS) == {KEY: Energy(1100, 2200, 3300)}
    assert ledger.energy_since(start_ns + 2 * QUARTER_NS + 1) == {KEY: Energy(1000, 2000, 3000)}
    assert len(ledger.energy_since(start_ns)) == 2
    assert ledger.close(timeout_seconds=5)


@pytest.mark.parametrize("rows_in_a_step", [1, 2000])
def test_registers_and_gaps_that_are_too_old_are_pruned_at_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_in_a_step: int
) -> None:
    monkeypatch.setattr("collector.ledger.store.PRUNE_ROWS", rows_in_a_step)
    path, meter = tmp_path / "ledger", Meter()
    days = [0.5, 3, 9, 11]
    ledger = open_ledger(path)
    for age in days:
        start_ns = now_ns() - round(age * 96) * QUARTER_NS
        ledger.submit(meter.commit(window(start_ns, gap=f"{age}"), window(start_ns, device="X")))
    assert ledger.close(timeout_seconds=5)

    ledger = Ledger.open(path, minute_days=2, quarter_hour_days=10)
    with LedgerReader(path) as reader:

        def counts() -> list[int]:
            registers = [
                len(reader.registers(resolution, key, *ALWAYS))
                for resolution in ("minute", "quarter_hour")
                for key in meter.totals
            ]
            return [*registers, len(reader.gaps(*ALWAYS))]

        until(lambda: counts() == [1, 1, 3, 3, 3])
        assert {key: one.total for key, one in reader.accounts().items()} == meter.totals
    assert ledger.close(timeout_seconds=5)


def test_pruning_is_done_again_and_between_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.ledger.writer.PRUNE_SECONDS", 0.05)
    ledger = Ledger.open(tmp_path / "ledger", minute_days=1, quarter_hour_days=2)
    with LedgerReader(tmp_path / "ledger") as reader:
        for _ in range(2):
            ledger.submit(Meter().commit(window(now_ns() - 3 * DAY_NS)))
            until(lambda: KEY in reader.accounts())
            until(lambda: not reader.registers("quarter_hour", KEY, *ALWAYS))
            assert not reader.registers("minute", KEY, *ALWAYS)
    assert ledger.close(timeout_seconds=5)


def test_submit_does_not_wait_for_a_slow_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, real = threading.Event(), Store.commit

    def slow(self: Store, batch: object) -> None:
        release.wait(20)
        real(self, batch)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(Store, "commit", slow)
    monkeypatch.setattr("collector.ledger.inbox._STUCK_SECONDS", 0.05)
    ledger, meter = open_ledger(tmp_path / "ledger"), Meter()
    began = time.monotonic()
    for n in range(50):
        ledger.submit(meter.commit(window(now_ns() + n * 10 * SECOND_NS)))
    assert time.monotonic() - began < 5
    assert ledger.status.waiting_windows == 50
    until(lambda: not ledger.status.up)
    assert "does not answer" in ledger.status.problem
    assert not ledger.close(timeout_seconds=0.05)
    release.set()
    until(lambda: ledger.status.waiting_windows == 0)
    assert assert_books_balance(tmp_path / "ledger") == meter.totals


def test_after_close_nothing_is_taken_silently(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path / "ledger")
    assert ledger.close(timeout_seconds=5)
    assert ledger.close(timeout_seconds=5), "closing twice does no harm"
    with pytest.raises(RuntimeError, match="was closed"):
        ledger.submit(Meter().commit(window(now_ns())))


def test_a_gap_window_is_listed_with_its_bounds(tmp_path: Path) -> None:
    gap = window(now_ns(), seconds=900, gap="restart", energy=Energy(estimated_mj=1001))
    ledger = open_ledger(tmp_path / "ledger")
    ledger.submit(Meter().commit(gap))
    assert ledger.close(timeout_seconds=5)
    with LedgerReader(tmp_path / "ledger") as reader:
        (found,) = reader.gaps(gap.start_ns, gap.end_ns)
        assert (found.key, found.start_ns, found.end_ns) == (
            account_of(gap),
            gap.start_ns,
            gap.end_ns,
        )
        assert (found.energy, found.low_mj, found.high_mj) == (gap.energy, 0, 2002)
        assert found.reason == "restart"
        assert len(reader.registers("minute", KEY, *ALWAYS)) == 15
        assert reader.gaps(gap.end_ns, gap.end_ns + 1) == ()
        assert reader.gaps(gap.start_ns - 1, gap.start_ns) == ()
