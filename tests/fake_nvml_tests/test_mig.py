"""MIG devices."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_nvml import FakeNvml, MigDevice
from tests.fake_nvml_tests.helpers import pynvml
from tests.fake_nvml_tests.machines import machine
from tests.fake_nvml_tests.reads import READS

FOR_MIG = {
    "nvmlDeviceGetName",
    "nvmlDeviceGetUUID",
    "nvmlDeviceGetCudaComputeCapability",
    "nvmlDeviceGetMemoryInfo",
    "nvmlDeviceGetMemoryInfo_v2",
    "nvmlDeviceGetBAR1MemoryInfo",
    "nvmlDeviceIsMigDeviceHandle",
    "nvmlDeviceGetDeviceHandleFromMigDeviceHandle",
    "nvmlDeviceGetGpuInstanceId",
    "nvmlDeviceGetComputeInstanceId",
    "nvmlDeviceGetAttributes_v2",
    *(
        f"nvmlDeviceGet{kind}RunningProcesses_v{version}"
        for kind in ("Compute", "Graphics", "MPSCompute")
        for version in (2, 3)
    ),
}


@pytest.fixture
def board(tmp_path: Path, library_path: Path) -> Iterator[tuple[FakeNvml, list[Any]]]:
    """A GPU in seven parts, and the handles of the whole and of each."""
    with machine(tmp_path, library_path, "A100-MIG", 1) as (fake, (whole,)):
        parts = [pynvml.nvmlDeviceGetMigDeviceHandleByIndex(whole, i) for i in range(7)]
        yield fake, [whole, *parts]


def test_seven_devices(board: tuple[FakeNvml, list[Any]]) -> None:
    fake, (whole, *parts) = board
    n = pynvml
    assert n.nvmlDeviceGetMigMode(whole) == [1, 1]
    assert n.nvmlDeviceGetMaxMigDeviceCount(whole) == 7
    with pytest.raises(n.NVMLError_InvalidArgument):
        n.nvmlDeviceGetMigDeviceHandleByIndex(whole, 7)
    names = [n.nvmlDeviceGetName(part).rpartition(" ")[2] for part in parts]
    assert names == [*["1c.3g.40gb"] * 3, *["1c.2g.20gb"] * 2, "1g.10gb", "1g.10gb"]
    ids = [(n.nvmlDeviceGetGpuInstanceId(p), n.nvmlDeviceGetComputeInstanceId(p)) for p in parts]
    assert ids == [(1, 0), (1, 1), (1, 2), (3, 0), (3, 1), (9, 0), (10, 0)]
    uuids = [n.nvmlDeviceGetUUID(part) for part in parts]
    assert len(set(uuids)) == 7
    assert all(uuid.startswith("MIG-") and len(uuid) == 40 for uuid in uuids)
    assert n.nvmlDeviceGetUUID(n.nvmlDeviceGetHandleByUUID(uuids[4])) == uuids[4]
    slices = [n.nvmlDeviceGetAttributes_v2(part) for part in parts]
    assert sum(s.computeInstanceSliceCount for s in slices) == 7
    assert [s.memorySizeMB for s in slices][::5] == [40_192, 9_728]
    for part in parts:
        assert n.nvmlDeviceIsMigDeviceHandle(part).value == 1
        parent = n.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(part)
        assert n.nvmlDeviceGetUUID(parent) == fake.gpu(0).uuid
    assert n.nvmlDeviceIsMigDeviceHandle(whole).value == 0


@pytest.mark.parametrize("name", sorted(set(READS) - {"nvmlGpmMetricsGet"}))  # takes no handle
def test_what_a_mig_device_answers(board: tuple[FakeNvml, list[Any]], name: str) -> None:
    _, (whole, part, *_) = board
    if name in FOR_MIG:
        READS[name](part)
    else:
        with pytest.raises(pynvml.NVMLError_NotSupported):
            READS[name](part)
    for name_of_mig in ("GpuInstanceId", "ComputeInstanceId"):
        with pytest.raises(pynvml.NVMLError_InvalidArgument):
            READS[f"nvmlDeviceGet{name_of_mig}"](whole)


def test_power_is_of_the_whole(board: tuple[FakeNvml, list[Any]]) -> None:
    _, (whole, part, *_) = board
    assert pynvml.nvmlDeviceGetPowerUsage(whole) > 0
    assert pynvml.nvmlDeviceGetTotalEnergyConsumption(whole) > 0
    for read in (
        pynvml.nvmlDeviceGetPowerUsage,
        pynvml.nvmlDeviceGetTotalEnergyConsumption,
        lambda h: pynvml.nvmlDeviceGetFieldValues(h, [186]),
    ):
        with pytest.raises(pynvml.NVMLError_NotSupported):
            read(part)
    with pytest.raises(pynvml.NVMLError_NotSupported):
        pynvml.nvmlDeviceGetUtilizationRates(whole)


def test_memory_and_processes(board: tuple[FakeNvml, list[Any]]) -> None:
    fake, (whole, *parts) = board
    fake.gpu(0).mig(6).memory_used_bytes = 7 << 20
    assert pynvml.nvmlDeviceGetMemoryInfo(parts[6]).used == 7 << 20
    assert pynvml.nvmlDeviceGetMemoryInfo(parts[5]).used == 1 << 20
    fake.gpu(0).set_processes([(100, 1, 1, 0), (101, 2, 1, 2), (102, 3, 10, 0)])
    pids = [
        [p.pid for p in pynvml.nvmlDeviceGetComputeRunningProcesses(part)]
        for part in (whole, *parts)
    ]
    assert pids == [[100, 101, 102], [100], [], [101], [], [], [], [102]]


def test_devices_come_and_go(board: tuple[FakeNvml, list[Any]]) -> None:
    fake, (whole, *parts) = board
    gpu = fake.gpu(0)
    gpu.remove_mig(6)
    with pytest.raises(pynvml.NVMLError_InvalidArgument):
        pynvml.nvmlDeviceGetName(parts[6])
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlDeviceGetMigDeviceHandleByIndex(whole, 6)
    gpu.add_mig(6, MigDevice("1g.10gb", 12, 0, 1 << 30, 14, 1, 1))
    again = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(whole, 6)
    assert pynvml.nvmlDeviceGetGpuInstanceId(again) == 12
    gpu.mig_mode = 0
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlDeviceGetMigDeviceHandleByIndex(whole, 0)
