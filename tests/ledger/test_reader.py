"""Reading beside the writer."""

from pathlib import Path

import pytest

from collector.ledger import AccountKey, LedgerError, LedgerReader, Register
from collector.model import Energy
from tests.ledger.values import MINUTE_NS, SECOND_NS, Meter, now_ns, open_ledger, until, window

KEY = AccountKey("gpu", "GPU-1", "gpu")


def test_registers_say_what_is_in_a_minute(tmp_path: Path) -> None:
    start_ns, meter = now_ns(), Meter()
    ledger = open_ledger(tmp_path / "ledger")
    ledger.submit(meter.commit(window(start_ns, energy=Energy(1, 2, 3), peak_watts=200)))
    until(lambda: ledger.status.waiting_windows == 0)  # so that the rows below are updates
    ledger.submit(meter.commit(window(start_ns + 10 * SECOND_NS, peak_watts=None)))
    until(lambda: ledger.status.waiting_windows == 0)
    ledger.submit(meter.commit(window(start_ns + 20 * SECOND_NS, peak_watts=300)))
    ledger.submit(meter.commit(window(start_ns + MINUTE_NS, gap="x", peak_watts=None)))
    until(lambda: ledger.status.waiting_windows == 0)
    with LedgerReader(tmp_path / "ledger") as reader:
        first, second = reader.registers("minute", KEY, start_ns, start_ns + 2 * MINUTE_NS)
        assert first == Register(
            start_ns=start_ns,
            energy=Energy(14_000_003, 2, 3),
            covered_ns=30 * SECOND_NS,
            elapsed_ns=30 * SECOND_NS,
            peak_mw=300_000,
        )
        assert (second.covered_ns, second.elapsed_ns) == (0, 10 * SECOND_NS)
        assert second.peak_mw is None
        assert reader.registers("minute", KEY, start_ns, start_ns + MINUTE_NS) == (first,)
        assert reader.registers("minute", KEY, start_ns + 1, start_ns + MINUTE_NS + 1) == (second,)
        (quarter,) = reader.registers("quarter_hour", KEY, start_ns, start_ns + 1)
        assert quarter.energy == first.energy + second.energy
        assert quarter.peak_mw == 300_000
        other = AccountKey("gpu", "GPU-1", "module")
        assert reader.registers("minute", other, 0, 2**62) == ()
    assert ledger.close(timeout_seconds=5)


def test_a_reader_sees_new_commits_while_the_daemon_runs(tmp_path: Path) -> None:
    meter, ledger = Meter(), open_ledger(tmp_path / "ledger")
    with LedgerReader(tmp_path / "ledger") as reader:
        assert reader.accounts() == {}
        for n in range(5):
            ledger.submit(meter.commit(window(now_ns() + n * 10 * SECOND_NS)))
            until(lambda: ledger.status.waiting_windows == 0)
            assert reader.accounts()[KEY].total == meter.totals[KEY]
    assert ledger.close(timeout_seconds=5)


def test_without_a_ledger_the_reader_says_so_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"there is no ledger .*/nowhere; check \[ledger\] path"):
        LedgerReader(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_ledger_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, by far\n" * 50)
    with pytest.raises(LedgerError, match="is corrupt"):
        LedgerReader(path)
    assert path.read_text().startswith("not a database")
