"""ECC, repaired memory, time spent limited: by function and by field alike."""

import ctypes
from pathlib import Path
from typing import Any

import pytest

from tests.fake_nvml import FakeNvml, Group
from tests.fake_nvml_tests.helpers import field, pynvml
from tests.fake_nvml_tests.machines import machine
from tests.fake_nvml_tests.reads import READS

L1, DRAM, SRAM, SHARED_TEXTURE = 0, 2, 7, 5


def test_ecc_totals(fake: FakeNvml, nvml: list[Any]) -> None:
    assert pynvml.nvmlDeviceGetEccMode(nvml[0]) == [1, 1]
    fake.gpu(0).ecc_mode = 0
    assert pynvml.nvmlDeviceGetEccMode(nvml[0]) == [0, 1]
    for number, (aggregate, uncorrected) in enumerate(
        [(False, False), (False, True), (True, False), (True, True)]
    ):
        fake.gpu(0).set_ecc_errors(10 + number, uncorrected=uncorrected, aggregate=aggregate)
    assert [field(nvml[0], number).value.ullVal for number in range(3, 7)] == [10, 11, 12, 13]
    fake.set_field(0, pynvml.NVML_FI_DEV_ECC_DBE_VOL_TOTAL, None, 99)
    assert pynvml.nvmlDeviceGetTotalEccErrors(nvml[0], 1, 0) == 99


def test_errors_by_location(fake: FakeNvml, nvml: list[Any]) -> None:
    def count(error: int, counter: int, location: int) -> int:
        return int(pynvml.nvmlDeviceGetMemoryErrorCounter(nvml[0], error, counter, location))

    fake.set_field(0, pynvml.NVML_FI_DEV_ECC_SBE_VOL_DEV, None, 4)
    fake.set_field(0, pynvml.NVML_FI_DEV_ECC_DBE_AGG_DEV, None, 5)
    assert (count(0, 0, DRAM), count(1, 1, DRAM), count(1, 0, DRAM)) == (4, 5, 0)
    fake.gpu(0).set_sram_errors(volatile_parity=1, volatile_secded=2, aggregate_corrected=6)
    assert (count(1, 0, SRAM), count(0, 1, SRAM), count(1, 1, SRAM)) == (3, 6, 0)
    for location in (L1, SHARED_TEXTURE):
        with pytest.raises(pynvml.NVMLError_NotSupported):
            count(0, 0, location)
    fake.set_field(0, pynvml.NVML_FI_DEV_ECC_SBE_VOL_L1, None, 8)
    assert count(0, 0, L1) == 8
    with pytest.raises(pynvml.NVMLError_InvalidArgument):
        count(0, 0, 8)


def test_sram_status(fake: FakeNvml, nvml: list[Any]) -> None:
    read = READS["nvmlDeviceGetSramEccErrorStatus"]
    assert read(nvml[0]).bThresholdExceeded == 0
    fake.gpu(0).set_sram_errors(threshold_exceeded=True, aggregate_parity=1, bucket_other=2)
    status = read(nvml[0])
    assert (status.aggregateUncParity, status.aggregateUncBucketOther) == (1, 2)
    assert status.bThresholdExceeded == 1
    status.version += 1
    code = pynvml.nvmlLib.nvmlDeviceGetSramEccErrorStatus(nvml[0], ctypes.byref(status))
    assert code == pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH


def test_remapped_rows(fake: FakeNvml, nvml: list[Any]) -> None:
    assert pynvml.nvmlDeviceGetRemappedRows(nvml[0]) == (0, 0, 0, 0)
    for number, value in ((142, 3), (143, 2), (144, 1), (145, 1)):
        fake.set_field(0, number, None, value)
    assert pynvml.nvmlDeviceGetRemappedRows(nvml[0]) == (3, 2, 1, 1)
    assert field(nvml[0], 143).value.uiVal == 2
    fake.gpu(0).set_row_histogram(630, 9, 1, 0, 0)
    histogram = pynvml.nvmlDeviceGetRowRemapperHistogram(nvml[0])
    assert (histogram.max, histogram.high, histogram.partial) == (630, 9, 1)
    with pytest.raises(pynvml.NVMLError_NotSupported):
        pynvml.nvmlDeviceGetRetiredPages(nvml[0], 0)


def test_retired_pages(tmp_path: Path, library_path: Path) -> None:
    with machine(tmp_path, library_path, "T4", 1) as (fake, (handle,)):
        assert pynvml.nvmlDeviceGetRetiredPages(handle, 0) == []
        fake.gpu(0).set_retired_pages(
            single_bit=[0x1000, 0x2000], double_bit=[0x3000], pending=True
        )
        assert pynvml.nvmlDeviceGetRetiredPages(handle, 0) == [0x1000, 0x2000]
        (page,) = pynvml.nvmlDeviceGetRetiredPages_v2(handle, 1)
        assert page == {"address": 0x3000, "timestamp": 1_600_000_000_000_000}
        assert pynvml.nvmlDeviceGetRetiredPagesPendingStatus(handle) == 1
        assert [field(handle, number).value.uiVal for number in (29, 30, 31)] == [2, 1, 1]
        with pytest.raises(pynvml.NVMLError_NotSupported):
            pynvml.nvmlDeviceGetRemappedRows(handle)


def test_time_limited_in_either_unit(fake: FakeNvml, nvml: list[Any]) -> None:
    gpu = fake.gpu(0)
    gpu.set_violation(pynvml.NVML_PERF_POLICY_POWER, 5_000_000)
    gpu.set_violation(pynvml.NVML_PERF_POLICY_TOTAL_BASE_CLOCKS, 7_000_000)

    def read(policy: int) -> int:
        return int(pynvml.nvmlDeviceGetViolationStatus(nvml[0], policy).violationTime)

    assert (read(0), read(11)) == (5_000_000, 7_000_000)
    assert [field(nvml[0], number).value.ullVal for number in (74, 81)] == [5_000_000, 7_000_000]
    gpu.violation_unit_nanoseconds = 1000
    assert (read(0), read(11)) == (5_000, 7_000)
    assert field(nvml[0], 74).value.ullVal == 5_000
    gpu.count_field(74, 1e9, start=1)
    assert read(0) >= 1
    with pytest.raises(pynvml.NVMLError_InvalidArgument):
        read(7)


def test_small_readings(fake: FakeNvml, nvml: list[Any]) -> None:
    gpu, handle, n = fake.gpu(0), nvml[0], pynvml
    with pytest.raises(n.NVMLError_NotSupported):
        n.nvmlDeviceGetFanSpeed(handle)
    gpu.set_unsupported(Group.FAN, value=False)
    gpu.fan_count, gpu.fan_speed_percent = 2, 55
    assert (n.nvmlDeviceGetFanSpeed(handle), n.nvmlDeviceGetFanSpeed_v2(handle, 0)) == (55, 55)
    assert n.nvmlDeviceGetNumFans(handle) == 2
    gpu.virtualization_mode = n.NVML_GPU_VIRTUALIZATION_MODE_PASSTHROUGH
    assert n.nvmlDeviceGetVirtualizationMode(handle) == 1
    gpu.power_management_mode = 0
    assert n.nvmlDeviceGetPowerManagementMode(handle) == 0
    gpu.bar1_used_bytes = 5 << 20
    bar1 = n.nvmlDeviceGetBAR1MemoryInfo(handle)
    assert (bar1.bar1Used, bar1.bar1Used + bar1.bar1Free) == (5 << 20, bar1.bar1Total)
    gpu.set_processes([(11, 1 << 20)], "graphics")
    gpu.set_processes([(12, 2 << 20), (13, 2**64 - 1)])
    gpu.set_processes([(14, 4 << 20)], "mps")
    compute = n.nvmlDeviceGetComputeRunningProcesses(handle)
    assert [(p.pid, p.usedGpuMemory) for p in compute] == [(12, 2 << 20), (13, None)]
    assert [p.pid for p in n.nvmlDeviceGetGraphicsRunningProcesses(handle)] == [11]
    assert [p.pid for p in n.nvmlDeviceGetMPSComputeRunningProcesses_v3(handle)] == [14]
