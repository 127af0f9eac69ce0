"""The daemon with a machine around its GPUs: what it shows, keeps, and how it ends."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.ledger import AccountKey, LedgerReader
from tests.e2e.daemon import Daemon
from tests.host.bmc import Bmc, in_background
from tests.host.services import service
from tests.host.sysfs import grace_pair, lay, rapl_zone

POWER = "/redfish/v1/Chassis/1/Power"
COUNTER = "class/powercap/intel-rapl:0/energy_uj"
RANGE_UJ = 262_143_328_850


@contextmanager
def machine(root: Path, watts: int) -> Iterator[None]:
    """A sysfs whose RAPL counter runs, and wraps soon after the start."""
    lay(root, grace_pair() | rapl_zone("intel-rapl:0", "package-0", 0))
    stop, raw_uj = threading.Event(), [RANGE_UJ - 3 * watts * 1_000_000]

    def count() -> None:
        while not stop.wait(0.05):
            raw_uj[0] = (raw_uj[0] + watts * 50_000) % RANGE_UJ
            # In place, as sysfs is read: never empty in between.
            (root / "new").write_text(f"{raw_uj[0]}\n")
            (root / "new").rename(root / COUNTER)

    thread = threading.Thread(target=count, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)


def daemon(folder: Path, bmc: Bmc | None, **settings: object) -> Daemon:
    chosen: dict[str, object] = {
        "SAMPLING__SOURCE": "simulated",
        "SIMULATION__GPUS": 1,
        "WINDOW__SECONDS": 1,
        "HOST__SYSFS_ROOT": folder / "sys",
    }
    if bmc is not None:
        chosen |= {"HOST__REDFISH__URL": bmc.url, "HOST__REDFISH__SECONDS": 5}
    (folder / "node").mkdir(exist_ok=True)
    return Daemon(folder / "node", {}, **chosen | settings)


def account(node: Daemon, device: str, scope: str) -> int:
    with LedgerReader(node.ledger) as reader:
        state = reader.accounts().get(AccountKey("host", device, scope))
    return 0 if state is None else state.total.total_mj


def test_sensors_the_controller_and_the_nodes_input(tmp_path: Path) -> None:
    bmc = Bmc(service("old-server"))
    with machine(tmp_path / "sys", 200), in_background(bmc), daemon(tmp_path, bmc) as node:
        node.wait_for(lambda: node.value("host_input_power_watts") == 344, "the input is shown", 30)
        node.wait_for(lambda: node.value("host_power_watts", source="rapl"), "RAPL is shown", 10)
        shown = node.metrics()
        watts = {
            tuple(sorted(labels)): value for labels, value in shown["host_power_watts"].items()
        }
        assert len(watts) == 8 + 1 + 1
        assert node.value("host_power_watts", device="module-1", scope="module") == 613
        rapl = node.value("host_power_watts", source="rapl", scope="cpu", device="package-0")
        assert rapl == pytest.approx(200, rel=0.3)
        assert node.value("host_input_source", source="redfish", scope="ac_input") == 1
        assert node.value("host_gpus_visible") == 1
        assert node.healthz()[0] == 200
        node.wait_for(
            lambda: (node.value("host_input_energy_joules_total") or 0) > 344 * 8,
            "the input's energy grows",
            15,
        )
        node.wait_for(lambda: account(node, "rapl:package-0", "cpu"), "RAPL is in the ledger", 15)
        code, seconds = node.stop()
        assert (code, seconds < 5) == (0, True)
        total_mj = account(node, "rapl:package-0", "cpu")
        assert account(node, "best:node", "input") > 344_000 * 4
        node.start()
        node.wait_for(
            lambda: account(node, "rapl:package-0", "cpu") > total_mj + 400_000, "it goes on", 20
        )
        with LedgerReader(node.ledger) as reader:
            state = reader.accounts()[AccountKey("host", "rapl:package-0", "cpu")]
            input_state = reader.accounts()[AccountKey("host", "best:node", "input")]
        assert state.total.estimated_mj == state.total.integrated_mj == 0, "the counter knows all"
        assert input_state.total.integrated_mj > 344_000 * 4


def test_a_controller_that_hangs_costs_nothing_else(tmp_path: Path) -> None:
    bmc = Bmc(service("old-server"))
    with machine(tmp_path / "sys", 200), in_background(bmc):
        bmc.delays["/redfish/v1/"] = 30
        with daemon(tmp_path, bmc) as node:
            node.wait_for(lambda: node.value("host_power_watts", source="hwmon"), "hwmon is read")
            node.wait_for(
                lambda: any("did not answer" in f["problem"] for f in node.healthz()[1]["sick"]),
                "the controller's silence is a fault",
                30,
            )
            assert node.value("gpu_power_watts", gpu="0", scope="gpu")
            assert node.value("host_read_errors_total", source="redfish", error="timeout") == 1
            assert node.value("host_input_power_watts") is None
            code, seconds = node.stop()
        assert (code, seconds < 5) == (0, True)


def test_a_machine_without_sensors_is_silent(tmp_path: Path) -> None:
    (tmp_path / "sys").mkdir()
    with daemon(tmp_path, None, HOST__EXPECTED_GPUS=2) as node:
        node.wait_for(lambda: node.value("host_gpus_visible") == 1, "the GPU is seen")
        assert node.value("host_gpus_expected") == 2
        assert "host_power_watts" not in node.metrics()
        assert node.healthz()[0] == 200
        assert node.stop()[0] == 0
        assert "hwmon" not in node.said()
        assert "RAPL" not in node.said()
