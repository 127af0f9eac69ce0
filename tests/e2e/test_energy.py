"""Energy against the truth, through every fault of a counter, each on a GPU of its own."""

import time

import pytest

from tests.e2e.conftest import MakeDaemon, MakeFake
from tests.e2e.truth import SECOND, compare, square
from tests.fake_nvml import Constant, Group

HIGH_MW = 650_000
COUNTER_STEP_NS = 10_000_000
EDGE_MJ = 2 * HIGH_MW * COUNTER_STEP_NS // SECOND
"""Both ends of a stretch are known to one step of the counter: a constant, not a rate."""


def test_energy_is_exact_with_a_counter(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=8)
    for index in range(8):
        fake.gpu(index).set_waveform(square(index))
    daemon = make_daemon(fake)
    time.sleep(12)
    code, _ = daemon.stop()
    assert code == 0
    for index in range(8):
        found = compare(daemon, fake, index)
        assert found.seconds > 10
        assert abs(found.found_mj - found.true_mj) <= EDGE_MJ
        state = daemon.account(fake.gpu(index).uuid)
        assert state.total.integrated_mj == state.total.estimated_mj == 0
        assert state.clean


def test_nothing_is_lost_over_kill_9_and_restart(
    make_fake: MakeFake, make_daemon: MakeDaemon
) -> None:
    fake = make_fake(gpus=4)
    for index in range(4):
        fake.gpu(index).set_waveform(square(index, gpus=4))
    daemon = make_daemon(fake, WINDOW__SECONDS=2)
    time.sleep(7)
    shown = [daemon.value("gpu_energy_joules_total", uuid=gpu.uuid) for gpu in fake.gpus]
    daemon.kill()
    time.sleep(2)
    daemon.start()
    daemon.wait_for(
        lambda: daemon.value("gpu_energy_joules_total", gpu="3") is not None, "energy is shown"
    )
    again = [daemon.value("gpu_energy_joules_total", uuid=gpu.uuid) for gpu in fake.gpus]
    for before, after in zip(shown, again, strict=True):
        assert before is not None
        assert after is not None
        assert after > before
    time.sleep(3)
    daemon.stop()
    for index in range(4):
        found = compare(daemon, fake, index)
        assert abs(found.found_mj - found.true_mj) <= EDGE_MJ
        assert daemon.account(fake.gpu(index).uuid).total.estimated_mj == 0


def test_counter_faults_never_reach_a_total(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=7)
    for gpu in fake.gpus:
        gpu.set_waveform(Constant(400_000))
    reset, frozen, held, jump, glitch, sentinel, none = fake.gpus
    none.set_unsupported(Group.ENERGY)
    daemon = make_daemon(fake, SAMPLING__POWER_HZ=50)
    time.sleep(5)
    reset.reset_counter()
    frozen.freeze_counter()
    held.freeze_counter()
    jump.jump_counter(10**12)
    glitch.override_counter(0)
    sentinel.override_counter()
    time.sleep(1.5)
    glitch.override_counter(None)
    time.sleep(6)
    frozen.unfreeze_counter(catch_up=False)
    held.unfreeze_counter(catch_up=True)
    sentinel.override_counter(None)
    time.sleep(3.5)
    metrics = daemon.metrics()
    daemon.stop()
    for gpu in fake.gpus:
        found = compare(daemon, fake, gpu.index)
        # The integral of a constant is exact; the seams are known to a few samples.
        assert abs(found.error) < 0.005, (gpu.index, found)
    assert daemon.account(none.uuid).total.counter_mj == 0
    assert daemon.account(sentinel.uuid).total.integrated_mj > 0
    resets = metrics["gpu_energy_resets_total"]
    assert sum(v for k, v in resets.items() if ("uuid", reset.uuid) in k) == 1
    refused = metrics["gpu_energy_refusals_total"]
    assert any(("uuid", jump.uuid) in k and ("reason", "jump") in k for k in refused)
    assert any(("uuid", sentinel.uuid) in k and ("reason", "sentinel") in k for k in refused)


def test_power_alone_at_100_hz(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=4)
    for gpu in fake.gpus:
        gpu.set_unsupported(Group.ENERGY)
        gpu.power_refresh_nanoseconds = 20_000_000
        gpu.set_waveform(square(gpu.index, gpus=4))
    daemon = make_daemon(fake, SAMPLING__POWER_HZ=100)
    time.sleep(12)
    daemon.stop()
    for gpu in fake.gpus:
        found = compare(daemon, fake, gpu.index)
        assert abs(found.error) < 0.01, (gpu.index, found)
        total = daemon.account(gpu.uuid).total
        assert total.counter_mj == total.estimated_mj == 0


def test_a_module_counter_is_found_out(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=2, profile="GB300")
    for gpu in fake.gpus:
        gpu.set_counter_scope("module")
        gpu.power_refresh_nanoseconds = 20_000_000
        gpu.set_waveform(square(gpu.index + 4))
    daemon = make_daemon(fake, SAMPLING__POWER_HZ=50)
    time.sleep(13)
    daemon.stop()
    for gpu in fake.gpus:
        module, board = (daemon.account(gpu.uuid, scope) for scope in ("module", "gpu"))
        assert module.total.counter_mj == module.total.total_mj
        assert board.total.counter_mj == 0
        assert abs(compare(daemon, fake, gpu.index, "module").error) < 0.005
        assert abs(compare(daemon, fake, gpu.index, "gpu").error) < 0.01


def test_a_reboot_is_estimated_and_marked(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    """A restarted counter under the same boot id: the driver was unloaded in between."""
    fake = make_fake(gpus=1)
    fake.gpu(0).set_waveform(Constant(300_000))
    daemon = make_daemon(fake, WINDOW__SECONDS=2)
    time.sleep(14)
    earlier = daemon.value("gpu_energy_joules_total")
    assert earlier is not None
    daemon.kill()
    fake.gpu(0).reset_counter()
    time.sleep(2)
    daemon.start()
    # Power is watched for 5 s before time that nobody counted is estimated by it.
    daemon.wait_for(lambda: daemon.value("gpu_energy_joules_total") is not None, "energy is shown")
    shown = daemon.value("gpu_energy_joules_total")
    assert shown is not None
    assert shown < earlier  # restarted at zero: Prometheus knows resets
    time.sleep(3)
    daemon.stop()
    found = compare(daemon, fake, 0)
    total = daemon.account(fake.gpu(0).uuid).total
    assert total.estimated_mj > 0
    assert abs(found.error) < 0.02


@pytest.mark.parametrize("profile", ["A100", "T4", "B200", "GB200"])
def test_every_profile_starts(make_fake: MakeFake, make_daemon: MakeDaemon, profile: str) -> None:
    fake = make_fake(gpus=1, profile=profile)
    fake.gpu(0).set_waveform(Constant(60_000))
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: daemon.value("gpu_up") == 1.0, "the GPU is up")
    daemon.wait_for(lambda: daemon.value("gpu_power_watts", scope="gpu") == 60.0, "its power")
    assert daemon.stop()[0] == 0
