"""What the daemon adds up over its GPUs, and what it says is wrong with each."""

from tests.e2e.conftest import MakeDaemon, MakeFake

_LINK_STATE, _REPLAYS = 165, 161
"""Fields of nvml.h: NVML_FI_DEV_NVLINK_GET_STATE, NVML_FI_DEV_NVLINK_ERROR_DL_REPLAY."""


def test_gpus_are_added_up_and_troubles_told(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = make_fake(gpus=4, profile="H200")
    daemon = make_daemon(fake, SAMPLING__SLOW_SECONDS=1, WINDOW__SECONDS=2)
    daemon.wait_for(lambda: daemon.value("host_gpus_reporting") == 4, "power of all GPUs")

    found = daemon.metrics()
    watts = [
        value
        for labels, value in found["gpu_power_window_watts"].items()
        if {("scope", "gpu"), ("stat", "mean")} <= labels
    ]
    assert len(watts) == 4
    assert found["host_gpu_power_watts"][frozenset()] == sum(watts)
    assert found["host_gpus_up"][frozenset()] == 4
    assert found["host_gpus_down"][frozenset()] == 0
    assert "gpu_recent_errors" not in found

    fake.gpu(2).set_field(_LINK_STATE, 0, scope=3)
    fake.gpu(2).set_field(_REPLAYS, 7, scope=3)
    fake.gpu(1).persistence_mode = 0
    daemon.wait_for(
        lambda: daemon.value("gpu_recent_errors", gpu="2", error="nvlink") == 7, "the errors"
    )
    daemon.wait_for(
        lambda: daemon.value("gpu_condition", gpu="1", condition="persistence_off") == 1,
        "the mode that was switched off",
        30,
    )
    assert daemon.value("gpu_condition", gpu="2", condition="nvlinks_down") == 1
    assert daemon.value("gpu_condition", gpu="0") is None
