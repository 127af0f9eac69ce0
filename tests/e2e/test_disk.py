"""A full disk: sampling goes on, it is said, and all is caught up (read-only: tests/ledger)."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import MakeFake
from tests.e2e.daemon import Daemon
from tests.e2e.truth import compare
from tests.fake_nvml import Constant


@pytest.fixture
def small_disk(tmp_path: Path, root: None) -> Iterator[Path]:
    """A file system of 2 MB of its own."""
    del root
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "wattkeeper-test", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no permission to mount")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def ledger_fault(daemon: Daemon) -> str:
    return next((f["problem"] for f in daemon.healthz()[1]["sick"] if f["part"] == "ledger"), "")


def test_a_full_disk(make_fake: MakeFake, small_disk: Path) -> None:
    fake = make_fake(gpus=1)
    fake.gpu(0).set_waveform(Constant(300_000))
    with Daemon(small_disk, fake.environment(), WINDOW__SECONDS=1) as daemon:
        daemon.wait_for(lambda: (daemon.value("gpu_energy_joules_total") or 0) > 0, "energy")
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        daemon.wait_for(lambda: ledger_fault(daemon), "the fault is shown", 20)
        assert daemon.healthz()[0] == 503
        assert daemon.get("/livez")[0] == 200
        before = daemon.value("gpu_energy_joules_total")
        time.sleep(3)
        after = daemon.value("gpu_energy_joules_total")
        assert before is not None
        assert after is not None
        assert after > before
        waiting = daemon.value("wattkeeper_ledger_waiting_windows")
        assert waiting is not None
        assert waiting > 0
        filler.unlink()
        daemon.wait_for(lambda: not ledger_fault(daemon), "it is caught up", 40)
        daemon.stop()
        found = compare(daemon, fake, 0)
        assert abs(found.error) < 0.005
        assert daemon.account(fake.gpu(0).uuid).total.estimated_mj == 0
