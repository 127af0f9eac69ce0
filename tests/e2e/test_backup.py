"""A copy of the ledger of a running daemon, its death, and the copy put back: energy goes on."""

import json
import time
from pathlib import Path

from collector.ledger import AccountKey, LedgerReader
from tests.e2e.conftest import MakeDaemon, MakeFake
from tests.e2e.daemon import Daemon
from tests.e2e.test_energy import EDGE_MJ
from tests.e2e.test_user_mistakes import refused, run
from tests.e2e.truth import compare, square
from tests.fake_nvml import Constant, Group


def ledger(daemon: Daemon, *arguments: str) -> str:
    """Run `wattkeeper ledger`; what it says."""
    done = run("ledger", *arguments, "--ledger", str(daemon.ledger))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_copy_put_back_loses_no_energy_and_counts_none_twice(
    make_fake: MakeFake, make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    fake = make_fake(gpus=3)
    for index in range(2):
        fake.gpu(index).set_waveform(square(index, gpus=2))
    without = fake.gpu(2)
    without.set_waveform(Constant(300_000))
    without.set_unsupported(Group.ENERGY)
    daemon = make_daemon(fake, SAMPLING__POWER_HZ=100, WINDOW__SECONDS=1)
    daemon.wait_for(lambda: (daemon.value("wattkeeper_windows_total") or 0) > 9, "windows")
    copy = tmp_path / "copy"
    late = daemon.value("wattkeeper_ledger_waiting_windows")
    assert "a checked copy of" in ledger(daemon, "backup", "--to", str(copy))
    assert late is not None
    before = daemon.account(fake.gpu(0).uuid)
    daemon.wait_for(
        lambda: daemon.account(fake.gpu(0).uuid).anchor_wall_ns > before.anchor_wall_ns + 3e9,
        "it writes on",
    )
    assert daemon.healthz()[0] == 200
    refused(
        run("ledger", "restore", str(copy), "--ledger", str(daemon.ledger)), 1, "in use by process"
    )
    daemon.kill()
    assert "what was there is kept as" in ledger(daemon, "restore", str(copy))
    assert "sound: every page" in ledger(daemon, "verify")
    restored = daemon.account(fake.gpu(0).uuid)
    assert restored.total.total_mj < kept_total(daemon, fake.gpu(0).uuid)
    time.sleep(1)
    daemon.start()
    assert "is the copy of" in daemon.said()
    daemon.wait_for(
        lambda: daemon.value("gpu_energy_joules_total", gpu="2") is not None, "energy is shown"
    )
    time.sleep(4)
    daemon.stop()
    for index in range(2):
        found = compare(daemon, fake, index)
        assert abs(found.found_mj - found.true_mj) <= EDGE_MJ
        assert daemon.account(fake.gpu(index).uuid).total.estimated_mj == 0
    assert abs(compare(daemon, fake, 2).error) < 0.01
    with LedgerReader(daemon.ledger) as reader:
        gaps = {gap.key.device: gap for gap in reader.gaps(restored.anchor_wall_ns, 2**62)}
    for index, reason in ((0, "restart"), (2, "restart without counter")):
        gap = gaps[fake.gpu(index).uuid]
        assert gap.reason == reason
        assert gap.end_ns - gap.start_ns > 4e9, "from the copy to the new start"
    missing = gaps[without.uuid]
    assert missing.energy.estimated_mj > 0
    assert missing.low_mj is not None
    assert missing.high_mj is not None
    assert missing.low_mj <= missing.energy.total_mj <= missing.high_mj
    assert "sound: every page" in ledger(daemon, "verify")


def kept_total(daemon: Daemon, uuid: str) -> int:
    """A GPU's total in the ledger that made room for the copy."""
    found = daemon.folder.glob("ledger.sqlite3.before-restore-*Z")
    (aside,) = found
    with LedgerReader(aside) as reader:
        return reader.accounts()[AccountKey("gpu", uuid, "gpu")].total.total_mj


def test_what_cannot_be_done_is_a_sentence(tmp_path: Path) -> None:
    none = str(tmp_path / "none.sqlite3")
    refused(run("ledger", "verify", none), 1, "there is no ledger", none)
    refused(run("ledger", "backup", "--ledger", none, "--to", str(tmp_path / "c")), 1, none)
    refused(run("ledger", "backup"), 2, "--to")
    refused(run("ledger", "backup", "--to", "c", "--config", none), 2, "does not exist")
    assert list(tmp_path.iterdir()) == []


def test_the_site_daemons_ledger_is_found_by_its_configuration(tmp_path: Path) -> None:
    config = tmp_path / "site.toml"
    path = json.dumps(str(tmp_path / "site.sqlite3"))
    config.write_text(f'[site]\nfile = "s.toml"\n[ledger]\npath = {path}\n')
    done = run("ledger", "verify", "--site", "--config", str(config))
    refused(done, 1, "there is no ledger", "site.sqlite3")
