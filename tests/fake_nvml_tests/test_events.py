"""Events, and what is counted."""

from typing import Any

import pytest

from tests.fake_nvml import FakeNvml, Group
from tests.fake_nvml_tests.helpers import (
    client,
    client_result,
    energy,
    pynvml,
    start_read,
    wait_until,
)


def test_events(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(0).inject_xid(13)  # before anyone listens
    listener = pynvml.nvmlEventSetCreate()
    try:
        with pytest.raises(pynvml.NVMLError_NotSupported):
            pynvml.nvmlDeviceRegisterEvents(nvml[0], 1 << 40, listener)
        for handle in nvml[:2]:
            pynvml.nvmlDeviceRegisterEvents(handle, pynvml.nvmlEventTypeXidCriticalError, listener)
        with pytest.raises(pynvml.NVMLError_Timeout):
            pynvml.nvmlEventSetWait_v2(listener, 1)
        fake.gpu(2).inject_xid(31)  # not registered
        fake.gpu(1).inject_event(pynvml.nvmlEventTypeClock, 0)  # not asked for
        fake.gpu(1).inject_xid(79)
        event = pynvml.nvmlEventSetWait_v2(listener, 1000)
        assert (event.eventType, event.eventData) == (8, 79)
        assert pynvml.nvmlDeviceGetIndex(event.device) == 1
        thread, results = start_read(lambda: pynvml.nvmlEventSetWait_v2(listener, 5000).eventData)
        fake.gpu(0).inject_xid(48)
        thread.join(5)
        assert results == [48]
        assert fake.events_delivered == 2
        # The driver keeps the last 256.
        for number in range(300):
            fake.gpu(0).inject_xid(number)
        assert pynvml.nvmlEventSetWait_v2(listener, 1000).eventData == 300 - 256
    finally:
        pynvml.nvmlEventSetFree(listener)


def test_counts(fake: FakeNvml, nvml: list[Any]) -> None:
    total = fake.calls()
    gpu = fake.gpu(0)
    for _ in range(3):
        pynvml.nvmlDeviceGetFieldValues(nvml[0], [186, 83, 160])
    energy(nvml[1])
    assert gpu.calls(Group.FIELD_VALUES) == 3
    assert gpu.calls(Group.POWER_INSTANT) == gpu.calls(Group.ENERGY_FIELD) == 3
    assert gpu.calls(Group.OTHER_FIELDS) == 3
    assert gpu.calls() == 3
    assert fake.calls() == total + 4
    assert fake.calls(Group.ENERGY) == fake.gpu(1).calls(Group.ENERGY) == 1
    assert fake.calls(Group.INIT) == 1
    assert fake.concurrent_calls == 0

    gpu.hang()
    first, _ = start_read(lambda: energy(nvml[0]))
    wait_until(lambda: gpu.hung_calls == 1)
    energy(nvml[1])
    assert (fake.concurrent_calls, gpu.concurrent_calls) == (1, 0)
    second, _ = start_read(lambda: energy(nvml[0]))
    wait_until(lambda: gpu.hung_calls == 2)
    assert (fake.concurrent_calls, gpu.concurrent_calls) == (2, 1)
    assert fake.outstanding_calls_max == 2
    gpu.release()
    first.join(5)
    second.join(5)


def test_shutdown_under_a_call_is_noticed(fake: FakeNvml) -> None:
    fake.gpu(0).hang(Group.ENERGY)
    code = """
import threading
threading.Thread(
    target=n.nvmlDeviceGetTotalEnergyConsumption, args=(gpus[0],), daemon=True
).start()
sys.stdin.readline()
"""
    orderly = client_result(fake, "n.nvmlShutdown(); print(1)")
    assert (orderly, fake.shutdowns_with_outstanding_calls) == (1, 0)
    process = client(
        fake, code.replace("sys.stdin.readline()", "time.sleep(0.1); n.nvmlShutdown()")
    )
    with process:
        wait_until(lambda: fake.shutdowns_with_outstanding_calls == 1, 10)
        process.kill()
    assert fake.calls(Group.SHUTDOWN) == 2
