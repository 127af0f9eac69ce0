"""The energy counter, and what goes wrong with it and with power."""

import signal
import time
from typing import Any

from tests.fake_nvml import UINT32_MAX, UINT64_MAX, FakeNvml, Group
from tests.fake_nvml_tests.helpers import (
    MILLISECOND,
    SECOND,
    check_energy_is_due,
    client,
    energy,
    field,
    pynvml,
)


def test_counter_goes_on_over_a_killed_client(fake: FakeNvml) -> None:
    code = "print(n.nvmlDeviceGetTotalEnergyConsumption(gpus[2]), flush=True)\n"
    values = []
    for _ in range(2):
        before = fake.gpu(2).expected_counter_millijoules(time.monotonic_ns())
        with client(fake, code + "time.sleep(30)") as process:
            assert process.stdout is not None
            values.append(int(process.stdout.readline()))
            process.send_signal(signal.SIGKILL)
        after = fake.gpu(2).expected_counter_millijoules(time.monotonic_ns())
        assert before <= values[-1] <= after
    assert values[1] > values[0]


def test_counter_is_quantised(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(0).counter_refresh_nanoseconds = 20 * MILLISECOND
    steps = set()
    last = energy(nvml[0])
    end = time.monotonic() + 0.15
    while time.monotonic() < end:
        value = energy(nvml[0])
        steps.add(value - last)
        last = value
    # 650 W for 20 ms, once or (if this process was held up) several times.
    assert len(steps) > 1
    assert all(step % 13_000 == 0 for step in steps)


def test_counter_faults(fake: FakeNvml, nvml: list[Any]) -> None:
    gpu = fake.gpu(0)
    gpu.counter_refresh_nanoseconds = 0
    before = energy(nvml[0])
    gpu.jump_counter(10**12)
    assert energy(nvml[0]) >= before + 10**12
    gpu.jump_counter(-(10**12))
    assert before <= energy(nvml[0]) < before + 10**12

    gpu.freeze_counter()
    frozen = energy(nvml[0])
    time.sleep(0.005)
    assert energy(nvml[0]) == frozen
    gpu.unfreeze_counter()
    assert energy(nvml[0]) >= frozen + 5 * 649
    held = gpu.freeze_counter()
    frozen = energy(nvml[0])
    time.sleep(0.005)
    gpu.unfreeze_counter(catch_up=False)
    resumed = energy(nvml[0])
    elapsed_milliseconds = (time.monotonic_ns() - held) // MILLISECOND
    assert frozen <= resumed <= frozen + (elapsed_milliseconds - 4) * 650

    gpu.override_counter()
    assert energy(nvml[0]) == UINT64_MAX
    assert field(nvml[0], 83).value.ullVal == UINT64_MAX
    gpu.override_counter(7)
    assert energy(nvml[0]) == 7
    gpu.override_counter(None)
    assert energy(nvml[0]) >= resumed

    reset = gpu.reset_counter()
    value = energy(nvml[0])
    assert 0 <= value <= (time.monotonic_ns() - reset) * 650_000 // 10**9
    check_energy_is_due(fake, 0, lambda: energy(nvml[0]))
    check_energy_is_due(fake, 1, lambda: energy(nvml[1]))
    assert energy(nvml[1]) > 10**11
    # Long before the next refresh: just what it was reset to.
    gpu.counter_refresh_nanoseconds = 10_000 * SECOND
    gpu.reset_counter(1000)
    assert energy(nvml[0]) == gpu.expected_counter_millijoules(time.monotonic_ns()) == 1000


def test_power_overrides(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(0).override_power()
    assert pynvml.nvmlDeviceGetPowerUsage(nvml[0]) == UINT32_MAX
    assert field(nvml[0], 186).value.uiVal == UINT32_MAX
    fake.gpu(0).override_power(0, Group.POWER_INSTANT)
    assert field(nvml[0], 186).value.uiVal == 0
    assert field(nvml[0], 185).value.uiVal == 650_000
    fake.gpu(0).override_power(None)
    assert field(nvml[0], 186).value.uiVal == 650_000
