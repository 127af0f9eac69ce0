"""What pynvml reads from the fake."""

import ctypes
import itertools
import time
from typing import Any

import pytest

from tests.fake_nvml import FakeNvml, Group, Square, functions
from tests.fake_nvml_tests.helpers import (
    MILLISECOND,
    SECOND,
    check_energy_is_due,
    energy,
    field,
    pynvml,
)


def test_groups_are_the_same_on_both_sides(fake: FakeNvml) -> None:
    library = fake.load_in_process()
    for group in Group:
        assert library.fake_nvml_group_name(group) == group.name.encode()
    assert library.fake_nvml_group_name(len(Group)) is None


def test_functions_are_the_same_on_both_sides(fake: FakeNvml) -> None:
    library = fake.load_in_process()
    for number, name in enumerate(functions.names()):
        assert library.fake_nvml_function_name(number) == name.encode()
        assert hasattr(library, name)
    assert library.fake_nvml_function_name(len(functions.names())) is None
    with pytest.raises(ValueError, match="has no function nvmlDeviceGetNonsense"):
        functions.number("nvmlDeviceGetNonsense")


def test_every_reading(fake: FakeNvml, nvml: list[Any]) -> None:  # noqa: PLR0915 - a list
    gpu, handle, n = fake.gpu(1), nvml[1], pynvml
    assert n.nvmlSystemGetDriverVersion() == fake.profile.driver_version
    assert n.nvmlSystemGetNVMLVersion() == "12." + fake.profile.driver_version
    assert n.nvmlSystemGetCudaDriverVersion_v2() == 12080
    assert n.nvmlErrorString(15) == "GPU is lost"
    assert n.nvmlDeviceGetCount() == 3
    assert n.nvmlDeviceGetName(handle) == "NVIDIA H200"
    assert n.nvmlDeviceGetUUID(handle) == gpu.uuid
    assert len(gpu.uuid) == len("GPU-") + 36
    assert n.nvmlDeviceGetSerial(handle) != n.nvmlDeviceGetSerial(nvml[0])
    assert n.nvmlDeviceGetVbiosVersion(handle) == fake.profile.vbios_version
    assert n.nvmlDeviceGetBoardPartNumber(handle) == fake.profile.board_part_number
    assert n.nvmlDeviceGetArchitecture(handle) == n.NVML_DEVICE_ARCH_HOPPER
    assert n.nvmlDeviceGetBrand(handle) == n.NVML_BRAND_NVIDIA
    assert n.nvmlDeviceGetCudaComputeCapability(handle) == (9, 0)
    assert n.nvmlDeviceGetPersistenceMode(handle) == 1
    assert n.nvmlDeviceGetMinorNumber(handle) == 1
    assert n.nvmlDeviceGetIndex(handle) == 1
    pci = n.nvmlDeviceGetPciInfo_v3(handle)
    assert (pci.busId, pci.busIdLegacy) == ("00000000:43:00.0", "0000:43:00.0")
    assert (pci.domain, pci.bus, pci.device, pci.pciDeviceId) == (0, 0x43, 0, 0x233510DE)
    for other in (
        n.nvmlDeviceGetHandleByUUID(gpu.uuid),
        n.nvmlDeviceGetHandleByPciBusId(pci.busId),
        n.nvmlDeviceGetHandleByPciBusId("0000:43:00.0"),
        n.nvmlDeviceGetHandleByPciBusId("43:00.0"),
    ):
        assert n.nvmlDeviceGetIndex(other) == 1
    gpu.memory_used_bytes = 2**30
    total, reserved = fake.profile.memory_total_bytes, fake.profile.memory_reserved_bytes
    memory = n.nvmlDeviceGetMemoryInfo(handle)
    assert (memory.total, memory.used) == (total, 2**30 + reserved)
    assert memory.free == total - memory.used
    memory = n.nvmlDeviceGetMemoryInfo(handle, version=n.nvmlMemory_v2)
    assert (memory.total, memory.reserved, memory.used) == (total, reserved, 2**30)
    assert memory.free == total - reserved - 2**30
    assert n.nvmlDeviceGetPowerManagementDefaultLimit(handle) == 700_000
    assert n.nvmlDeviceGetPowerManagementLimitConstraints(handle) == [200_000, 700_000]
    gpu.power_limit_milliwatts, gpu.enforced_power_limit_milliwatts = 650_000, 600_000
    assert n.nvmlDeviceGetPowerManagementLimit(handle) == 650_000
    assert n.nvmlDeviceGetEnforcedPowerLimit(handle) == 600_000
    gpu.temperature_celsius, gpu.margin_temperature_celsius = 71, -3
    assert n.nvmlDeviceGetTemperature(handle, n.NVML_TEMPERATURE_GPU) == 71
    assert n.nvmlDeviceGetTemperatureV(handle, n.NVML_TEMPERATURE_GPU) == 71
    assert n.nvmlDeviceGetMarginTemperature(handle) == -3
    assert [n.nvmlDeviceGetTemperatureThreshold(handle, i) for i in range(4)] == [92, 89, 95, 87]
    gpu.gpu_utilization_percent, gpu.memory_utilization_percent = 97, 31
    rates = n.nvmlDeviceGetUtilizationRates(handle)
    assert (rates.gpu, rates.memory) == (97, 31)
    gpu.encoder_utilization_percent, gpu.decoder_utilization_percent = 11, 12
    gpu.jpeg_utilization_percent, gpu.ofa_utilization_percent = 13, 14
    assert [
        read(handle)[0]
        for read in (
            n.nvmlDeviceGetEncoderUtilization,
            n.nvmlDeviceGetDecoderUtilization,
            n.nvmlDeviceGetJpgUtilization,
            n.nvmlDeviceGetOfaUtilization,
        )
    ] == [11, 12, 13, 14]
    gpu.graphics_clock_megahertz, gpu.sm_clock_megahertz = 1001, 1002
    assert [n.nvmlDeviceGetClockInfo(handle, i) for i in range(4)] == [1001, 1002, 3201, 1545]
    assert [n.nvmlDeviceGetMaxClockInfo(handle, i) for i in range(4)] == [1980, 1980, 3201, 1545]
    gpu.clock_event_reasons = n.nvmlClocksEventReasonSwPowerCap
    assert n.nvmlDeviceGetCurrentClocksEventReasons(handle) == 4
    assert n.nvmlDeviceGetCurrentClocksThrottleReasons(handle) == 4
    assert n.nvmlDeviceGetSupportedClocksEventReasons(handle) & 4
    gpu.performance_state = 2
    assert n.nvmlDeviceGetPerformanceState(handle) == 2
    gpu.set_violation(n.NVML_PERF_POLICY_THERMAL, 77)
    assert n.nvmlDeviceGetViolationStatus(handle, n.NVML_PERF_POLICY_THERMAL).violationTime == 77
    assert n.nvmlDeviceGetViolationStatus(handle, n.NVML_PERF_POLICY_POWER).violationTime == 0
    gpu.set_ecc_errors(5, uncorrected=True, aggregate=False)
    assert [n.nvmlDeviceGetTotalEccErrors(handle, e, c) for c in (0, 1) for e in (0, 1)] == [
        0,
        5,
        0,
        0,
    ]
    assert n.nvmlDeviceGetComputeRunningProcesses_v3(handle) == []
    gpu.set_processes([(4242, 2**20), (4243, 2**21)])
    running = n.nvmlDeviceGetComputeRunningProcesses_v3(handle)
    assert [(p.pid, p.usedGpuMemory) for p in running] == [(4242, 2**20), (4243, 2**21)]
    gpu.pcie_replay_count, gpu.pcie_width = 9, 8
    assert n.nvmlDeviceGetPcieReplayCounter(handle) == 9
    assert n.nvmlDeviceGetCurrPcieLinkGeneration(handle) == 5
    assert n.nvmlDeviceGetMaxPcieLinkGeneration(handle) == 5
    assert n.nvmlDeviceGetCurrPcieLinkWidth(handle) == 8
    assert n.nvmlDeviceGetMaxPcieLinkWidth(handle) == 16
    check_energy_is_due(fake, 1, lambda: energy(handle))
    # Constant power: the same whenever one looks.
    assert n.nvmlDeviceGetPowerUsage(handle) == 649_000
    # The others are left alone.
    assert n.nvmlDeviceGetTemperature(nvml[0], 0) == 45


def test_field_values(fake: FakeNvml, nvml: list[Any]) -> None:
    gpu, handle = fake.gpu(0), nvml[0]
    gpu.set_unsupported(Group.POWER_MODULE, value=False)
    gpu.module_constant_milliwatts = 100_000
    gpu.memory_temperature_celsius = 63
    before = time.time_ns() // 1000
    values = pynvml.nvmlDeviceGetFieldValues(
        handle, [185, 186, (186, 1), (186, 2), 82, 193, 194, 195, 196, 188, 160, (186, 9)]
    )
    after = time.time_ns() // 1000
    kinds = [value.valueType for value in values]
    assert kinds[:10] == [1, 1, 1, 1, 1, 5, 5, 5, 5, 1]
    assert [value.nvmlReturn for value in values] == [0] * 10 + [3, 3]
    assert [value.value.uiVal for value in values[:5]] == [650_000, 650_000, 750_000, 97_500, 63]
    assert [value.value.siVal for value in values[5:9]] == [-8, -2, 0, 0]
    assert values[9].value.uiVal == 700_000
    assert all(before <= value.timestamp <= after for value in values)

    def read() -> int:
        value = field(handle, 83)
        assert (value.valueType, value.nvmlReturn) == (3, 0)
        return int(value.value.ullVal)

    check_energy_is_due(fake, 0, read)
    with pytest.raises(pynvml.NVMLError_InvalidArgument):
        pynvml.nvmlDeviceGetFieldValues(handle, [])


def test_power_follows_refresh_window_and_usage_mode(fake: FakeNvml, nvml: list[Any]) -> None:
    gpu = fake.gpu(0)
    gpu.power_refresh_nanoseconds = 5 * MILLISECOND
    gpu.power_window_nanoseconds = 0
    gpu.set_waveform(Square(20 * MILLISECOND, 100_000, 700_000, 10 * MILLISECOND))
    time.sleep(0.007)  # until it has set in and been looked at
    seen = set()
    for _ in range(40):
        before = time.monotonic_ns()
        instant = field(nvml[0], 186).value.uiVal
        after = time.monotonic_ns()
        possible = {gpu.expected_power_milliwatts(before), gpu.expected_power_milliwatts(after)}
        assert instant in possible
        seen.add(instant)
        time.sleep(0.001)
    assert seen == {100_000, 700_000}
    # The one-second mean still holds most of the constant power before.
    gpu.usage_is_average = 1
    assert 400_000 < pynvml.nvmlDeviceGetPowerUsage(nvml[0]) < 700_000
    gpu.usage_is_average = 0
    assert pynvml.nvmlDeviceGetPowerUsage(nvml[0]) in {100_000, 700_000}


def test_timestamp_can_be_the_refresh(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(0).power_refresh_nanoseconds = SECOND
    fake.gpu(0).timestamp_is_refresh = 1
    first = field(nvml[0], 186)
    time.sleep(0.01)
    second = field(nvml[0], 186)
    assert time.time_ns() // 1000 - first.timestamp <= 1_100_000
    # Same refresh but for the two clocks' rounding, or the next one.
    assert second.timestamp - first.timestamp < 50 or second.timestamp - first.timestamp > 900_000


def test_version_words_are_checked(nvml: list[Any]) -> None:
    library = pynvml.nvmlLib
    mismatch = pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH
    memory = pynvml.c_nvmlMemory_v2_t()
    memory.version = pynvml.nvmlMemory_v2 - 1
    assert library.nvmlDeviceGetMemoryInfo_v2(nvml[0], ctypes.byref(memory)) == mismatch
    temperature = pynvml.c_nvmlTemperature_v1_t()
    assert library.nvmlDeviceGetTemperatureV(nvml[0], ctypes.byref(temperature)) == mismatch
    margin = pynvml.c_nvmlMarginTemperature_v1_t()
    assert library.nvmlDeviceGetMarginTemperature(nvml[0], ctypes.byref(margin)) == mismatch


def test_samples(fake: FakeNvml, nvml: list[Any]) -> None:
    with pytest.raises(pynvml.NVMLError_NotSupported):
        pynvml.nvmlDeviceGetSamples(nvml[0], pynvml.NVML_TOTAL_POWER_SAMPLES, 0)
    fake.gpu(0).set_unsupported(Group.SAMPLES, value=False)
    kind, samples = pynvml.nvmlDeviceGetSamples(nvml[0], pynvml.NVML_TOTAL_POWER_SAMPLES, 0)
    assert kind == 1
    assert {sample.sampleValue.uiVal for sample in samples} == {650_000}
    stamps = [sample.timeStamp for sample in samples]
    assert {b - a for a, b in itertools.pairwise(stamps)} <= {99_999, 100_000, 100_001}
    _, newer = pynvml.nvmlDeviceGetSamples(nvml[0], pynvml.NVML_TOTAL_POWER_SAMPLES, stamps[-4])
    assert 2 <= len(newer) <= 5
