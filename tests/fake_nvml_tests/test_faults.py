"""Calls that hang, fail or take long, by group."""

import functools
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.fake_nvml import (
    ENERGY_GROUPS,
    ERROR_NO_PERMISSION,
    ERROR_UNKNOWN,
    POWER_GROUPS,
    TELEMETRY_GROUPS,
    FakeNvml,
    Group,
)
from tests.fake_nvml_tests.helpers import (
    check_energy_is_due,
    client,
    energy,
    field,
    pynvml,
    start_read,
    wait_until,
)


def test_hang_blocks_one_gpu_until_released(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(0).hang()
    thread, results = start_read(lambda: energy(nvml[0]))
    wait_until(lambda: fake.gpu(0).hung_calls == 1)
    check_energy_is_due(fake, 1, lambda: energy(nvml[1]))
    assert fake.gpu(1).hung_calls == 0
    assert thread.is_alive()
    assert results == []
    looking, _ = start_read(lambda: pynvml.nvmlDeviceGetHandleByIndex(0))
    wait_until(lambda: fake.gpu(0).hung_calls == 2)
    assert looking.is_alive()
    fake.gpu(0).release()
    thread.join(5)
    looking.join(5)
    assert len(results) == 1
    check_energy_is_due(fake, 0, lambda: energy(nvml[0]))


def test_hang_of_power_or_telemetry_only(fake: FakeNvml, nvml: list[Any]) -> None:
    gpu = fake.gpu(0)
    gpu.hang(POWER_GROUPS)
    assert pynvml.nvmlDeviceGetTemperature(nvml[0], 0) == 45
    assert field(nvml[0], 82).value.uiVal == 52
    thread, _ = start_read(lambda: pynvml.nvmlDeviceGetFieldValues(nvml[0], [82, 186]))
    wait_until(lambda: gpu.hung_calls == 1)
    gpu.hang(TELEMETRY_GROUPS)
    thread.join(0.01)
    assert thread.is_alive()  # it reads a temperature as well
    assert pynvml.nvmlDeviceGetPowerUsage(nvml[0]) == 650_000
    gpu.release()
    thread.join(5)
    assert not thread.is_alive()


def test_hung_client_can_be_killed(fake: FakeNvml) -> None:
    fake.gpu(1).hang(ENERGY_GROUPS)
    with client(fake, "n.nvmlDeviceGetTotalEnergyConsumption(gpus[1])") as process:
        wait_until(lambda: fake.gpu(1).hung_calls == 1, 10)
        process.kill()
        assert process.wait(5) == -signal.SIGKILL


def test_lost_gpu(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(1).lose()
    for read in (
        lambda: energy(nvml[1]),
        lambda: field(nvml[1], 186),
        lambda: pynvml.nvmlDeviceGetName(nvml[1]),
        lambda: pynvml.nvmlDeviceGetHandleByIndex(1),
        lambda: pynvml.nvmlDeviceGetHandleByUUID(fake.gpu(1).uuid),
    ):
        with pytest.raises(pynvml.NVMLError_GpuIsLost):
            read()
    assert energy(nvml[0]) > 0
    fake.gpu(1).recover()
    assert energy(nvml[1]) > 0


@pytest.mark.parametrize(
    ("group", "read"),
    [
        (Group.FIELD_VALUES, lambda h: field(h, 186)),
        (Group.POWER_USAGE, pynvml.nvmlDeviceGetPowerUsage),
        (Group.ENERGY, energy),
        (Group.TEMPERATURE, lambda h: pynvml.nvmlDeviceGetTemperature(h, 0)),
        (Group.TEMPERATURE_V, lambda h: pynvml.nvmlDeviceGetTemperatureV(h, 0)),
        (Group.TEMPERATURE_THRESHOLD, lambda h: pynvml.nvmlDeviceGetTemperatureThreshold(h, 0)),
        (Group.MARGIN_TEMPERATURE, pynvml.nvmlDeviceGetMarginTemperature),
        (Group.UTILIZATION, pynvml.nvmlDeviceGetUtilizationRates),
        (Group.ENCODER_DECODER, pynvml.nvmlDeviceGetDecoderUtilization),
        (Group.JPEG_OFA, pynvml.nvmlDeviceGetOfaUtilization),
        (Group.CLOCKS, lambda h: pynvml.nvmlDeviceGetClockInfo(h, 0)),
        (Group.MAX_CLOCKS, lambda h: pynvml.nvmlDeviceGetMaxClockInfo(h, 0)),
        (Group.CLOCK_EVENT_REASONS, pynvml.nvmlDeviceGetCurrentClocksEventReasons),
        (Group.MEMORY_INFO, pynvml.nvmlDeviceGetMemoryInfo),
        (Group.MEMORY_INFO_V2, lambda h: pynvml.nvmlDeviceGetMemoryInfo(h, pynvml.nvmlMemory_v2)),
        (Group.POWER_LIMITS, pynvml.nvmlDeviceGetEnforcedPowerLimit),
        (Group.PERFORMANCE_STATE, pynvml.nvmlDeviceGetPerformanceState),
        (Group.VIOLATION, lambda h: pynvml.nvmlDeviceGetViolationStatus(h, 0)),
        (Group.ECC, lambda h: pynvml.nvmlDeviceGetTotalEccErrors(h, 0, 0)),
        (Group.PROCESSES, pynvml.nvmlDeviceGetComputeRunningProcesses_v3),
        (Group.PCIE, pynvml.nvmlDeviceGetPcieReplayCounter),
        (Group.PERSISTENCE, pynvml.nvmlDeviceGetPersistenceMode),
        (Group.EVENTS, pynvml.nvmlDeviceGetSupportedEventTypes),
        (Group.IDENTITY, pynvml.nvmlDeviceGetName),
    ],
)
def test_unsupported_and_failing_functions(
    fake: FakeNvml, nvml: list[Any], group: Group, read: Callable[[Any], object]
) -> None:
    read(nvml[0])
    fake.gpu(0).set_unsupported(group)
    with pytest.raises(pynvml.NVMLError_NotSupported):
        read(nvml[0])
    read(nvml[1])
    fake.gpu(0).set_unsupported(group, value=False)
    fake.gpu(0).set_error(group, ERROR_NO_PERMISSION)
    with pytest.raises(pynvml.NVMLError_NoPermission):
        read(nvml[0])
    fake.gpu(0).set_error(group, None)
    read(nvml[0])
    assert fake.gpu(0).calls(group) >= 4


def test_unsupported_and_failing_fields(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(0).set_unsupported(Group.POWER_INSTANT)
    fake.gpu(0).set_error(ENERGY_GROUPS, ERROR_UNKNOWN)
    values = pynvml.nvmlDeviceGetFieldValues(nvml[0], [186, 185, 83, 82])
    assert [value.nvmlReturn for value in values] == [3, 0, 999, 0]
    with pytest.raises(pynvml.NVMLError_Unknown):
        energy(nvml[0])


def test_latency(fake: FakeNvml, nvml: list[Any]) -> None:
    def seconds(read: Callable[[], object]) -> float:
        start = time.monotonic()
        read()
        return time.monotonic() - start

    gpu = fake.gpu(0)
    gpu.set_latency(5_000)
    assert seconds(lambda: pynvml.nvmlDeviceGetPowerUsage(nvml[0])) >= 0.005
    gpu.set_latency(20_000, Group.ENERGY)
    assert seconds(lambda: energy(nvml[0])) >= 0.020
    gpu.set_latency(10_000, Group.ENERGY_FIELD)
    assert seconds(lambda: field(nvml[0], 83)) >= 0.015
    assert field(nvml[0], 83).latencyUsec >= 15_000
    gpu.set_latency(0)
    gpu.set_latency(0, {Group.ENERGY, Group.ENERGY_FIELD})
    assert min(seconds(lambda: energy(nvml[0])) for _ in range(20)) < 0.002
    assert min(seconds(lambda: energy(nvml[1])) for _ in range(20)) < 0.002


def test_global_lock_serialises(fake: FakeNvml, nvml: list[Any]) -> None:
    for gpu in fake.gpus:
        gpu.set_latency(10_000)
    fake.set_global_lock("latency")
    start = time.monotonic()
    threads = [start_read(functools.partial(energy, handle))[0] for handle in nvml]
    for thread in threads:
        thread.join(5)
    assert time.monotonic() - start >= 0.030
    fake.set_global_lock("hang")
    fake.gpu(0).hang()
    hung, _ = start_read(lambda: energy(nvml[0]))
    wait_until(lambda: fake.gpu(0).hung_calls == 1)
    behind, _ = start_read(lambda: energy(nvml[1]))
    behind.join(0.03)
    assert behind.is_alive()
    fake.gpu(0).release()
    hung.join(5)
    behind.join(5)
    assert not behind.is_alive()
