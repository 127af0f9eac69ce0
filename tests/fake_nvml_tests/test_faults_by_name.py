"""Every function can fail, be slow and hang, by its name; a batch by a field in it."""

import contextlib
import time
from typing import Any

import pytest

from tests.fake_nvml import ERROR_IN_USE, BatchWith, FakeNvml, Group, functions
from tests.fake_nvml_tests.helpers import energy, field, pynvml, start_read, wait_until
from tests.fake_nvml_tests.reads import READS

# Without a driver's work, so that a call alone is what takes time.
_SLOW_MICROSECONDS = 3_000


def seconds(read: Any, handle: Any) -> float:
    """How long a call takes, whatever it says."""
    start = time.monotonic()
    with contextlib.suppress(pynvml.NVMLError):
        read(handle)
    return time.monotonic() - start


def test_the_list_of_reads_is_whole() -> None:
    assert set(READS) == set(functions.names()) - functions.system_functions()


@pytest.mark.parametrize("name", READS)
def test_a_function_fails_and_is_slow_and_hangs(fake: FakeNvml, nvml: list[Any], name: str) -> None:
    gpu, read = fake.gpu(0), READS[name]
    gpu.set_error(name, ERROR_IN_USE)
    with pytest.raises(pynvml.NVMLError) as caught:
        read(nvml[0])
    assert caught.value.value == ERROR_IN_USE
    assert energy(nvml[1]) > 0
    assert gpu.calls(name) == 1
    gpu.set_error(name, None)

    gpu.set_latency(_SLOW_MICROSECONDS, name)
    assert seconds(read, nvml[0]) >= _SLOW_MICROSECONDS / 1e6
    gpu.set_latency(0, name)
    assert gpu.functions_called()[name] > 1

    gpu.hang(name)
    thread, _ = start_read(lambda: seconds(read, nvml[0]))
    wait_until(lambda: gpu.hung_calls == 1)
    seconds(READS[name], nvml[1])  # another GPU is not held up
    assert thread.is_alive()
    gpu.release(name)
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("nvmlSystemGetDriverVersion", pynvml.nvmlSystemGetDriverVersion),
        ("nvmlSystemGetNVMLVersion", pynvml.nvmlSystemGetNVMLVersion),
        ("nvmlSystemGetCudaDriverVersion", pynvml.nvmlSystemGetCudaDriverVersion_v2),
        ("nvmlDeviceGetCount", pynvml.nvmlDeviceGetCount),
        ("nvmlDeviceGetHandleByIndex", lambda: pynvml.nvmlDeviceGetHandleByIndex(1)),
        ("nvmlDeviceGetHandleByUUID", lambda: pynvml.nvmlDeviceGetHandleByUUID("x")),
        ("nvmlDeviceGetHandleByPciBusId", lambda: pynvml.nvmlDeviceGetHandleByPciBusId("x")),
        ("nvmlEventSetCreate", pynvml.nvmlEventSetCreate),
        ("nvmlGpmSampleAlloc", pynvml.nvmlGpmSampleAlloc),
        ("nvmlInit", pynvml.nvmlInit),
        ("nvmlShutdown", pynvml.nvmlShutdown),
    ],
)
def test_functions_of_the_driver(fake: FakeNvml, nvml: list[Any], name: str, read: Any) -> None:
    assert nvml
    before = fake.calls(name)
    fake.set_error(name, ERROR_IN_USE)
    with pytest.raises(pynvml.NVMLError) as caught:
        read()
    assert caught.value.value == ERROR_IN_USE
    assert fake.calls(name) == before + 1
    fake.hang(name)
    thread, _ = start_read(lambda: seconds(lambda _: read(), None))
    wait_until(lambda: fake.hung_calls == 1)
    assert thread.is_alive()
    fake.release()
    thread.join(5)
    assert not thread.is_alive()
    fake.set_latency(_SLOW_MICROSECONDS, name)
    assert seconds(lambda _: read(), None) >= _SLOW_MICROSECONDS / 1e6
    fake.set_error(name, None)
    fake.set_latency(0, name)


def test_a_fault_on_every_gpu_at_once(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.set_error("nvmlDeviceGetName", ERROR_IN_USE)
    for handle in nvml:
        with pytest.raises(pynvml.NVMLError):
            pynvml.nvmlDeviceGetName(handle)
    assert fake.calls("nvmlDeviceGetName") == 3
    fake.set_error("nvmlDeviceGetName", None)
    assert pynvml.nvmlDeviceGetName(nvml[2])


def test_a_handle_is_refused_for_one_gpu(fake: FakeNvml, nvml: list[Any]) -> None:
    assert nvml
    fake.gpu(1).set_error("nvmlDeviceGetHandleByIndex_v2", ERROR_IN_USE)
    pynvml.nvmlDeviceGetHandleByIndex(0)
    with pytest.raises(pynvml.NVMLError) as caught:
        pynvml.nvmlDeviceGetHandleByIndex(1)
    assert caught.value.value == ERROR_IN_USE


def test_a_batch_fares_by_a_field_in_it(fake: FakeNvml, nvml: list[Any]) -> None:
    gpu = fake.gpu(0)
    gpu.set_error(BatchWith(142), ERROR_IN_USE)
    assert field(nvml[0], 186).nvmlReturn == 0
    with pytest.raises(pynvml.NVMLError) as caught:
        pynvml.nvmlDeviceGetFieldValues(nvml[0], [186, 142])
    assert caught.value.value == ERROR_IN_USE
    assert field(nvml[1], 142).nvmlReturn == 0
    gpu.set_error(BatchWith(142), None)

    gpu.set_latency(_SLOW_MICROSECONDS, BatchWith(83))
    assert seconds(lambda h: field(h, 83), nvml[0]) >= _SLOW_MICROSECONDS / 1e6
    assert min(seconds(lambda h: field(h, 186), nvml[0]) for _ in range(20)) < 0.002
    gpu.set_latency(0, BatchWith(83))

    gpu.hang(BatchWith(202))  # also of a field that the board does not have
    thread, _ = start_read(lambda: field(nvml[0], 202, 3))
    wait_until(lambda: gpu.hung_calls == 1)
    assert field(nvml[0], 186).nvmlReturn == 0
    assert thread.is_alive()
    gpu.release()
    thread.join(5)
    assert not thread.is_alive()


def test_hangs_of_groups_and_functions_add_up(fake: FakeNvml, nvml: list[Any]) -> None:
    gpu = fake.gpu(0)
    gpu.hang((Group.NVLINK, "nvmlDeviceGetName"))
    name, _ = start_read(lambda: pynvml.nvmlDeviceGetName(nvml[0]))
    link, _ = start_read(lambda: pynvml.nvmlDeviceGetNvLinkState(nvml[0], 0))
    wait_until(lambda: gpu.hung_calls == 2)
    gpu.release("nvmlDeviceGetName")
    name.join(5)
    assert not name.is_alive()
    assert link.is_alive()
    gpu.release(Group.NVLINK)
    link.join(5)
    assert not link.is_alive()


def test_an_event_wait_can_hang_and_fail(fake: FakeNvml, nvml: list[Any]) -> None:
    assert nvml
    listener = pynvml.nvmlEventSetCreate()
    assert fake.event_sets_open == 1
    fake.hang("nvmlEventSetWait_v2")
    thread, results = start_read(
        lambda: seconds(lambda s: pynvml.nvmlEventSetWait_v2(s, 1), listener)
    )
    wait_until(lambda: fake.hung_calls == 1)
    fake.release("nvmlEventSetWait_v2")
    thread.join(5)
    assert len(results) == 1
    fake.set_error("nvmlEventSetWait_v2", ERROR_IN_USE)
    with pytest.raises(pynvml.NVMLError) as caught:
        pynvml.nvmlEventSetWait_v2(listener, 1000)
    assert caught.value.value == ERROR_IN_USE
    pynvml.nvmlEventSetFree(listener)
    assert fake.event_sets_open == 0


def test_pcie_throughput_takes_its_time(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(0).pcie_receive_kilobytes_per_second = 777
    start = time.monotonic()
    assert pynvml.nvmlDeviceGetPcieThroughput(nvml[0], pynvml.NVML_PCIE_UTIL_RX_BYTES) == 777
    assert time.monotonic() - start >= 0.02
