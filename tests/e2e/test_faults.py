"""What goes wrong on a node, and what must not go wrong with it."""

import threading
import time
from pathlib import Path

from tests.e2e.conftest import MakeDaemon, MakeFake
from tests.e2e.daemon import Daemon, free_port
from tests.e2e.test_user_mistakes import refused, run
from tests.fake_nvml import (
    ERROR_DRIVER_NOT_LOADED,
    ERROR_LIB_RM_VERSION_MISMATCH,
    ERROR_NO_PERMISSION,
    Constant,
    Group,
)


def up(daemon: Daemon) -> dict[str, float]:
    """`gpu_up` by index."""
    series = daemon.metrics().get("gpu_up", {})
    return {dict(labels)["gpu"]: value for labels, value in series.items()}


def all_up(daemon: Daemon, count: int) -> bool:
    return list(up(daemon).values()) == [1.0] * count


def with_power(daemon: Daemon) -> set[str]:
    return {dict(labels)["gpu"] for labels in daemon.metrics().get("gpu_power_watts", {})}


def test_a_hung_gpu_harms_no_other(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=8)
    for gpu in fake.gpus:
        gpu.set_waveform(Constant(300_000))
    daemon = make_daemon(fake, SAMPLING__POWER_HZ=50)
    daemon.wait_for(lambda: all_up(daemon, 8), "all GPUs are up")
    fake.gpu(3).hang()
    vanished = daemon.wait_for(lambda: "3" not in with_power(daemon), "GPU 3 vanishes")
    assert vanished < 4.0
    before = daemon.metrics()
    calls = [gpu.calls(Group.POWER_INSTANT) for gpu in fake.gpus]
    time.sleep(4)
    after = daemon.metrics()
    more = [gpu.calls(Group.POWER_INSTANT) - had for gpu, had in zip(fake.gpus, calls, strict=True)]
    assert with_power(daemon) == set("0124567")
    assert more[3] == 0
    ticks = frozenset({("thread", "power")})
    late = "wattkeeper_late_ticks_total"
    assert after["wattkeeper_ticks_total"][ticks] - before["wattkeeper_ticks_total"][ticks] > 1200
    # A shared machine may be late of itself; a GPU that waits for another would lose hundreds.
    assert after[late][ticks] - before[late][ticks] < 70
    assert min(count for index, count in enumerate(more) if index != 3) > 150
    status, body = daemon.healthz()
    assert status == 503
    assert [fault["part"] for fault in body["sick"]] == ["gpu 3"]
    assert "has not returned" in body["sick"][0]["problem"]
    assert daemon.get("/livez") == (200, "ok\n")
    code, seconds = daemon.stop()
    assert code == 0
    assert seconds < 2
    assert fake.shutdowns_with_outstanding_calls == 0


def test_a_hung_gpu_comes_back(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=2)
    for gpu in fake.gpus:
        gpu.set_waveform(Constant(300_000))
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: all_up(daemon, 2), "both GPUs are up")
    fake.gpu(0).hang()
    daemon.wait_for(lambda: up(daemon).get("0") == 0.0, "GPU 0 is sick")
    fake.gpu(0).release()
    daemon.wait_for(lambda: all_up(daemon, 2), "GPU 0 is back")
    assert daemon.healthz()[0] == 200
    said = daemon.said()
    assert said.count("WARNING gpu 0: no ") == 1
    assert "has not returned since" in said
    assert said.count("gpu 0: well again") == 1


def test_a_lost_gpu_comes_back(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=2)
    for gpu in fake.gpus:
        gpu.set_waveform(Constant(300_000))
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: all_up(daemon, 2), "both GPUs are up")
    fake.gpu(1).lose()
    daemon.wait_for(lambda: up(daemon) == {"0": 1.0, "1": 0.0}, "GPU 1 is lost")
    assert "lost" in daemon.healthz()[1]["sick"][0]["problem"]
    fake.gpu(1).recover()
    daemon.wait_for(lambda: all_up(daemon, 2), "GPU 1 is back")
    errors = daemon.metrics()["gpu_read_errors_total"]
    assert any(("error", "gpu_lost") in labels for labels in errors)
    before = daemon.value("gpu_energy_joules_total", gpu="1")
    time.sleep(2.5)
    after = daemon.value("gpu_energy_joules_total", gpu="1")
    assert before is not None
    assert after is not None
    assert after > before


def test_a_gpu_that_appears_later_is_found(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=2, visible_gpus=1)
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: all_up(daemon, 1), "one GPU is up")
    fake.visible_gpus = 2
    daemon.wait_for(lambda: all_up(daemon, 2), "the second is found", 14)


def test_gpus_that_hang_or_fail_at_start_are_named_and_harm_no_other(
    make_fake: MakeFake, make_daemon: MakeDaemon
) -> None:
    fake = make_fake(gpus=4)
    fake.gpu(1).hang()
    fake.gpu(2).lose()
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: up(daemon) == {"0": 1.0, "3": 1.0}, "the others are up")
    daemon.wait_for(lambda: daemon.get("/readyz")[0] == 200, "it is ready")
    daemon.wait_for(lambda: len(daemon.healthz()[1]["sick"]) == 2, "both are named")
    status, body = daemon.healthz()
    assert status == 503
    assert {fault["part"] for fault in body["sick"]} == {"gpu 1", "gpu 2"}
    assert "nvidia-smi -i 1" in body["sick"][0]["action"] + body["sick"][1]["action"]
    fake.gpu(1).release()
    fake.gpu(2).recover()
    daemon.wait_for(lambda: all_up(daemon, 4), "they are found", 15)
    assert daemon.healthz()[0] == 200


def test_a_gpu_that_was_replaced_is_found_and_the_old_one_let_go(
    make_fake: MakeFake, make_daemon: MakeDaemon
) -> None:
    fake = make_fake(gpus=2)
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: all_up(daemon, 2), "both GPUs are up")
    fake.gpu(1).lose()
    daemon.wait_for(lambda: up(daemon) == {"0": 1.0, "1": 0.0}, "GPU 1 is lost")
    daemon.wait_for(
        lambda: daemon.value("gpu_read_errors_total", sensor="telemetry", error="gpu_lost"),
        "both of its threads have seen it",
    )
    old = fake.gpu(1).uuid
    fake.gpu(1).state.uuid = b"GPU-00000000-0000-0000-0000-00000000beef"
    fake.gpu(1).recover()
    new = "GPU-00000000-0000-0000-0000-00000000beef"
    daemon.wait_for(lambda: daemon.value("gpu_up", uuid=new) == 1.0, "another took its place", 25)
    assert daemon.value("gpu_up", uuid=old) is None
    assert daemon.healthz()[0] == 200
    assert "was replaced by another GPU" in daemon.said()


def test_no_permission_says_what_to_do(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=1)
    fake.set_init_error(ERROR_NO_PERMISSION)
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: daemon.healthz()[1]["sick"], "the fault is shown")
    fault = daemon.healthz()[1]["sick"][0]
    assert "no permission" in fault["problem"]
    assert "/dev/nvidiactl" in fault["action"]


def test_a_library_that_does_not_fit_the_driver_ends_the_daemon(
    make_fake: MakeFake, tmp_path: Path
) -> None:
    fake = make_fake(gpus=1)
    fake.set_init_error(ERROR_LIB_RM_VERSION_MISMATCH)
    found = run(
        "node",
        **fake.environment(),
        WATTKEEPER_LEDGER__PATH=str(tmp_path / "l.sqlite3"),
        WATTKEEPER_PROMETHEUS__LISTEN=f"127.0.0.1:{free_port()}",
    )
    refused(found, 1, "different versions", "supervisor")


def test_power_that_is_offered_later_is_found(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=1)
    fake.gpu(0).set_unsupported((Group.POWER_INSTANT, Group.POWER_USAGE))
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: up(daemon) == {"0": 1.0}, "its telemetry is read")
    assert "reports no power" in daemon.said()
    assert "do not offer" not in daemon.said() or "gpu_power_watts" not in daemon.said()
    fake.gpu(0).set_unsupported((Group.POWER_INSTANT, Group.POWER_USAGE), value=False)
    daemon.wait_for(lambda: with_power(daemon) == {"0"}, "its power is found", 15)


def test_no_driver_at_start_is_said_and_looked_for_again(
    make_fake: MakeFake, make_daemon: MakeDaemon
) -> None:
    fake = make_fake(gpus=1)
    fake.set_init_error(ERROR_DRIVER_NOT_LOADED)
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: daemon.healthz()[1]["sick"], "the fault is shown")
    status, body = daemon.healthz()
    assert status == 503
    assert body["sick"][0]["part"] == "driver"
    assert "nvidia-smi" in body["sick"][0]["action"]
    assert daemon.get("/livez")[0] == 200
    fake.set_init_error(None)
    daemon.wait_for(lambda: all_up(daemon, 1), "the driver is found", 14)
    assert daemon.healthz()[0] == 200


def test_no_library_at_all(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(None)
    daemon.wait_for(lambda: daemon.healthz()[1]["sick"], "the fault is shown")
    assert daemon.get("/readyz")[0] == 200
    assert "Traceback" not in daemon.said()
    assert daemon.stop()[0] == 0


def test_a_reloaded_driver_ends_the_daemon_with_one_line(
    make_fake: MakeFake, make_daemon: MakeDaemon
) -> None:
    fake = make_fake(gpus=2)
    for gpu in fake.gpus:
        gpu.set_waveform(Constant(300_000))
    daemon = make_daemon(fake)
    daemon.wait_for(
        lambda: all((daemon.value("gpu_energy_joules_total", gpu=gpu) or 0) > 0 for gpu in "01"),
        "energy is counted",
    )
    fake.reload_driver()
    assert daemon.process is not None
    assert daemon.process.wait(5) == 1
    said = daemon.said()
    assert "Traceback" not in said
    assert said.count("the driver is gone") == 1
    assert daemon.account(fake.gpu(0).uuid).total.total_mj > 0


def test_one_sensor_that_fails_leaves_the_rest(
    make_fake: MakeFake, make_daemon: MakeDaemon
) -> None:
    fake = make_fake(gpus=1)
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: all_up(daemon, 1), "the GPU is up")
    fake.gpu(0).set_error(Group.UTILIZATION, 999)
    daemon.wait_for(
        lambda: daemon.value("gpu_utilization_ratio", engine="sm") is None, "it is absent"
    )
    assert daemon.value("gpu_temperature_celsius", sensor="gpu") is not None
    failed = daemon.value("gpu_read_errors_total", sensor="gpu_utilization_ratio", error="unknown")
    assert failed is not None
    assert up(daemon) == {"0": 1.0}


def test_power_that_cannot_be_is_refused(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=2)
    for gpu in fake.gpus:
        gpu.set_waveform(Constant(300_000))
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: all_up(daemon, 2), "both GPUs are up")
    fake.gpu(0).override_power()
    fake.gpu(1).override_power(0)
    daemon.wait_for(lambda: up(daemon) == {"0": 0.0, "1": 0.0}, "no good power is no power")
    metrics = daemon.metrics()
    assert "gpu_power_watts" not in metrics
    assert any(("error", "implausible") in k for k in metrics["gpu_read_errors_total"])


def test_an_old_driver_starts(
    make_fake: MakeFake, make_daemon: MakeDaemon, old_library: object
) -> None:
    fake = make_fake(gpus=1, profile="OLD470", library_path=old_library, old_driver=True)
    fake.gpu(0).set_waveform(Constant(90_000))
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: daemon.value("gpu_power_watts", scope="gpu") == 90.0, "power")
    assert "gpu_temperature_margin_celsius" not in daemon.metrics()


def test_many_scrapers_change_nothing(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=8)
    daemon = make_daemon(fake, SAMPLING__POWER_HZ=50)
    daemon.wait_for(lambda: all_up(daemon, 8), "all GPUs are up")
    calls = sum(gpu.calls() for gpu in fake.gpus)
    time.sleep(4)
    alone = sum(gpu.calls() for gpu in fake.gpus) - calls
    until = time.monotonic() + 4
    done: list[int] = []

    def scrape() -> None:
        while time.monotonic() < until:
            done.append(daemon.get("/metrics")[0])
            time.sleep(0.6)  # together below what one address may ask

    threads = [threading.Thread(target=scrape) for _ in range(50)]
    calls = sum(gpu.calls() for gpu in fake.gpus)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    crowded = sum(gpu.calls() for gpu in fake.gpus) - calls
    assert len(done) > 200
    assert set(done) == {200}
    assert crowded > 0.9 * alone
