"""Power out of the driver's own samples, by a daemon on a fake T4 and its like."""

import time

from tests.e2e.conftest import MakeDaemon, MakeFake
from tests.e2e.daemon import Daemon
from tests.e2e.truth import compare
from tests.fake_nvml import FakeNvml, Group, Square

MS = 1_000_000
PERIODS_MS = (70, 300, 1000, 3000)


def boards(make_fake: MakeFake) -> FakeNvml:
    """Four T4 without a counter, on square waves."""
    fake = make_fake(gpus=4, profile="T4")
    for gpu, period_ms in zip(fake.gpus, PERIODS_MS, strict=True):
        gpu.set_unsupported(Group.ENERGY)
        high_ns = period_ms * 2 // 5 * MS
        gpu.set_waveform(Square(period_ms * MS, 20_000, 66_000, high_nanoseconds=high_ns))
    return fake


def power_ticks(daemon: Daemon) -> float:
    return daemon.value("wattkeeper_ticks_total", thread="power") or 0.0


def errors(daemon: Daemon, fake: FakeNvml) -> list[float]:
    assert daemon.stop()[0] == 0
    return [abs(compare(daemon, fake, gpu.index).error) for gpu in fake.gpus]


def test_energy_is_more_exact_than_by_polling(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = boards(make_fake)
    buffered = make_daemon(fake)
    time.sleep(12)
    assert power_ticks(buffered) < 4 * 13 * 4
    refresh = buffered.metrics()["gpu_sensor_refresh_seconds"]
    assert min(refresh.values()) < 0.025  # the sensor itself is renewed every 100 ms
    assert buffered.said().count("power is taken from the driver's own samples") == 1
    # What is not known at the ends is half a sample's period: 0.5 J of 500.
    by_buffer = errors(buffered, fake)
    assert max(by_buffer) < 0.002
    for gpu in fake.gpus:
        total = buffered.account(gpu.uuid).total
        assert total.counter_mj == total.estimated_mj == 0


def test_never_means_polling(make_fake: MakeFake, make_daemon: MakeDaemon) -> None:
    fake = boards(make_fake)
    daemon = make_daemon(fake, SAMPLING__POWER_BUFFER="never")
    daemon.wait_for(lambda: power_ticks(daemon) > 150, "power is polled", 20)
    assert all(gpu.calls(Group.SAMPLES) == 0 for gpu in fake.gpus)
    assert "own samples" not in daemon.said()


def test_a_sensor_that_says_something_else_ends_it(
    make_fake: MakeFake, make_daemon: MakeDaemon
) -> None:
    fake = boards(make_fake)
    for gpu in fake.gpus[2:]:  # polled is an average over a second, of a load that changes
        gpu.set_unsupported(Group.POWER_INSTANT)
        gpu.usage_is_average = 1
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: daemon.said().count("is polled from now on") == 2, "polled", 20)
    time.sleep(2)
    calls = [gpu.calls(Group.SAMPLES) for gpu in fake.gpus]
    time.sleep(1)
    more = [gpu.calls(Group.SAMPLES) - had for gpu, had in zip(fake.gpus, calls, strict=True)]
    assert more[0] >= 3
    assert more[1] >= 3
    assert more[2:] == [0, 0]
    said = daemon.said()
    assert said.count("is polled from now on") == 2
    assert "GPU 2: power is polled" in said
    assert "disagreed with the sensor itself" in said
    # Where one way follows the other there is no gap; then polling lags by up to a second.
    assert daemon.value("gpu_power_coverage_ratio", gpu="3") == 1.0
    exact, also_exact, *polled = errors(daemon, fake)
    assert max(exact, also_exact) < 0.003
    assert max(polled) < 0.1


def test_a_buffer_that_hangs_is_left_to_itself(
    make_fake: MakeFake, make_daemon: MakeDaemon
) -> None:
    fake = boards(make_fake)
    daemon = make_daemon(fake)
    daemon.wait_for(lambda: power_ticks(daemon) > 20, "power is read")
    fake.gpu(0).hang("nvmlDeviceGetSamples")
    daemon.wait_for(lambda: "is polled from now on" in daemon.said(), "it is polled", 5)
    time.sleep(4)
    assert [daemon.value("gpu_up", gpu=str(i)) for i in range(4)] == [1.0] * 4
    age = daemon.value("gpu_sample_age_seconds", gpu="0", sensor="power")
    assert age is not None
    assert age < 1.5
    assert daemon.value("gpu_read_errors_total", gpu="0", error="timeout") == 1
    assert daemon.stop()[0] == 0
    assert fake.shutdowns_with_outstanding_calls == 0
