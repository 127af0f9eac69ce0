"""The fake NVML against the real nvidia-ml-py, and its truth against the formulas."""

from __future__ import annotations

import ctypes
import functools
import importlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_nvml import (
    ENERGY_GROUPS,
    ERROR_LIB_RM_VERSION_MISMATCH,
    ERROR_NO_PERMISSION,
    ERROR_UNKNOWN,
    POWER_GROUPS,
    PROFILES,
    TELEMETRY_GROUPS,
    UINT32_MAX,
    UINT64_MAX,
    AnyWaveform,
    Constant,
    FakeNvml,
    Group,
    Sine,
    Square,
    Table,
    build,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Any: it makes its exception classes at run time.
pynvml: Any = importlib.import_module("pynvml")

MILLISECOND = 1_000_000
SECOND = 1_000_000_000
EPOCH = 50 * SECOND  # for tests that ask about chosen instants only


@pytest.fixture(scope="session")
def library_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("fake_nvml"))


@pytest.fixture
def fake(tmp_path: Path, library_path: Path) -> Iterator[FakeNvml]:
    with FakeNvml(tmp_path, gpus=3, library_path=library_path) as machine:
        yield machine
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def nvml(fake: FakeNvml) -> Iterator[list[Any]]:
    """Handles of the fake's GPUs through pynvml in this process."""
    fake.load_in_process()
    pynvml.nvmlInit()
    yield [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(3)]
    for gpu in fake.gpus:
        gpu.release()
    pynvml.nvmlShutdown()


def client(fake: FakeNvml, code: str) -> subprocess.Popen[str]:
    """A child process with `n` = pynvml initialised and `gpus`, a list of handles."""
    start = (
        "import json, sys, time, pynvml as n\n"
        "n.nvmlInit()\n"
        "gpus = [n.nvmlDeviceGetHandleByIndex(i) for i in range(n.nvmlDeviceGetCount())]\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", start + code],
        env={**os.environ, **fake.environment()},
        stdout=subprocess.PIPE,
        text=True,
    )


def client_result(fake: FakeNvml, code: str) -> Any:
    """What a child process prints as JSON."""
    with client(fake, code) as process:
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    return json.loads(output)


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.0005)


def field(handle: Any, number: int, scope: int = 0) -> Any:
    (value,) = pynvml.nvmlDeviceGetFieldValues(handle, [(number, scope)])
    return value


def energy(handle: Any) -> int:
    return int(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle))


def check_energy_is_due(fake: FakeNvml, index: int, read: Callable[[], int]) -> None:
    before = fake.gpu(index).expected_counter_millijoules(time.monotonic_ns())
    value = read()
    after = fake.gpu(index).expected_counter_millijoules(time.monotonic_ns())
    assert before <= value <= after


# ---- Truth ------------------------------------------------------------------

milliwatts = st.integers(0, 2_000_000)
periods = st.integers(1, 3600 * SECOND)
phases = st.integers(0, 7200 * SECOND)


@st.composite
def squares(draw: st.DrawFn) -> Square:
    period = draw(periods)
    return Square(
        period, draw(milliwatts), draw(milliwatts), draw(st.integers(0, period)), draw(phases)
    )


@st.composite
def sines(draw: st.DrawFn) -> Sine:
    low, high = sorted((draw(milliwatts), draw(milliwatts)))
    return Sine(draw(periods), low, high, draw(phases))


tables = st.builds(
    Table,
    st.lists(st.tuples(st.integers(1, 10 * SECOND), milliwatts), min_size=1, max_size=40),
    phases,
)
waveforms = st.one_of(st.builds(Constant, milliwatts), squares(), sines(), tables)
# From before the epoch to ten years after it.
instants = st.lists(st.integers(-SECOND, 10 * 365 * 86400 * SECOND), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None, database=None)
@given(
    chain=st.lists(st.tuples(waveforms, st.integers(0, 100 * SECOND)), min_size=1, max_size=4),
    offsets=instants,
    near=st.lists(st.integers(0, 400 * SECOND), min_size=1, max_size=30),
    window=st.sampled_from([0, 1, 25 * MILLISECOND, SECOND]),
    refresh=st.sampled_from([0, 1, 20 * MILLISECOND, 100 * MILLISECOND]),
    phase=st.integers(0, 200 * MILLISECOND),
    is_module=st.booleans(),
)
def test_c_and_python_agree_on_truth_and_sensors(  # noqa: PLR0913, PLR0917 - drawn values
    tmp_path_factory: pytest.TempPathFactory,
    library_path: Path,
    chain: list[tuple[AnyWaveform, int]],
    offsets: list[int],
    near: list[int],
    window: int,
    refresh: int,
    phase: int,
    is_module: bool,  # noqa: FBT001 - drawn
) -> None:
    with FakeNvml(
        tmp_path_factory.getbasetemp(),
        gpus=1,
        waveform=chain[0][0],
        epoch_monotonic_nanoseconds=EPOCH,
        library_path=library_path,
    ) as fake:
        gpu = fake.gpu(0)
        gpu.module_factor_permille = 1070
        gpu.module_constant_milliwatts = 123_457
        gpu.set_counter_scope("module" if is_module else "gpu")
        gpu.power_window_nanoseconds = window
        gpu.power_refresh_nanoseconds = refresh
        gpu.power_phase_nanoseconds = phase
        gpu.counter_refresh_nanoseconds = refresh
        gpu.counter_phase_nanoseconds = phase // 3
        at = EPOCH
        for waveform, after in chain[1:]:
            at += after
            gpu.set_waveform(waveform, at)
        library = fake.load_in_process()
        assert library.nvmlInit_v2() == 0
        for offset in (*offsets, *near):
            now = EPOCH + offset
            assert library.fake_nvml_true_energy_mj(0, now) == fake.true_energy_millijoules(0, now)
            low_bits = gpu.true_energy_picojoules(now) & UINT64_MAX
            assert library.fake_nvml_true_energy_pj_low(0, now) == low_bits
            assert library.fake_nvml_true_power_mw(0, now) == fake.true_power_milliwatts(0, now)
            for number, scope in enumerate(("gpu", "module", "memory")):
                mine = gpu.true_energy_millijoules(now, scope)  # type: ignore[arg-type]
                assert library.fake_nvml_true_energy_scope_mj(0, now, number) == mine
            assert library.fake_nvml_counter_mj(0, now) == gpu.expected_counter_millijoules(now)
            for average in (False, True):
                mine = gpu.expected_power_milliwatts(now, average=average)
                assert library.fake_nvml_power_reading_mw(0, now, average) == mine
        library.nvmlShutdown()


@pytest.mark.parametrize(
    "waveform",
    [
        Constant(431_217),
        Square(97, 100_003, 650_001, 31, phase_nanoseconds=13),
        Table([(7, 100), (1, 999_999), (30, 0), (11, 650_001)], phase_nanoseconds=5),
    ],
    ids=lambda waveform: type(waveform).__name__,
)
def test_energy_is_the_sum_of_power(fake: FakeNvml, nvml: list[Any], waveform: AnyWaveform) -> None:
    assert nvml
    library = fake.load_in_process()
    # These steps are whole nanoseconds long: the sum is the integral.
    start = fake.gpu(0).set_waveform(waveform)
    total = fake.gpu(0).true_energy_picojoules(start)
    for nanosecond in range(start, start + 1000):
        assert fake.gpu(0).true_energy_picojoules(nanosecond) == total
        assert library.fake_nvml_true_energy_pj_low(0, nanosecond) == total & UINT64_MAX
        power = fake.true_power_milliwatts(0, nanosecond)
        assert library.fake_nvml_true_power_mw(0, nanosecond) == power
        total += power


def test_energy_of_a_sine(fake: FakeNvml) -> None:
    start = fake.gpu(0).set_waveform(Sine(SECOND, 100_000, 700_000))
    truth = fake.gpu(0).true_energy_picojoules
    # Whole periods: the mean. Half of one: the mean and swing * T / pi more.
    assert truth(start + 5 * SECOND) - truth(start) == 5 * SECOND * 400_000
    half = truth(start + SECOND // 2) - truth(start)
    assert half == pytest.approx((0.5 * 400_000 + 300_000 / 3.141592653589793) * SECOND, rel=1e-12)
    assert fake.true_power_milliwatts(0, start + SECOND // 4) == 700_000
    assert fake.true_power_milliwatts(0, start + 3 * SECOND // 4) == 100_000


def test_counter_never_steps_back_while_waveforms_change(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(0).counter_refresh_nanoseconds = 0
    chooser = random.Random(1)  # noqa: S311 - not a secret
    done = threading.Event()

    def change() -> None:
        for _ in range(60):
            fake.gpu(0).set_waveform(Constant(chooser.choice([0, 900_000])))
            time.sleep(0.001)
        done.set()

    worker = threading.Thread(target=change)
    worker.start()
    last = energy(nvml[0])
    while not done.is_set():
        value = energy(nvml[0])
        assert value >= last
        last = value
    worker.join()


def test_scheduled_and_late_waveforms(fake: FakeNvml) -> None:
    now = time.monotonic_ns()
    fake.gpu(0).set_waveform(Constant(1000), now)
    fake.gpu(0).set_waveform(Constant(2000), now + SECOND)
    assert fake.true_power_milliwatts(0, now + SECOND - 1) == 1000
    assert fake.true_power_milliwatts(0, now + SECOND) == 2000
    with pytest.raises(ValueError, match="before the present one"):
        fake.gpu(0).set_waveform(Constant(0), now)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Constant(-1),
        lambda: Square(0, 1, 2, 0),
        lambda: Square(10, 1, 2, 11),
        lambda: Sine(10, 2, 1),
        lambda: Table([]),
        lambda: Table([(0, 1)]),
    ],
)
def test_impossible_waveforms_are_refused(make: Callable[[], AnyWaveform]) -> None:
    with pytest.raises(ValueError, match=r"range|step|positive"):
        make()


# ---- Readings through pynvml ------------------------------------------------


def test_groups_are_the_same_on_both_sides(fake: FakeNvml) -> None:
    library = fake.load_in_process()
    for group in Group:
        assert library.fake_nvml_group_name(group) == group.name.encode()
    assert library.fake_nvml_group_name(len(Group)) is None


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


@pytest.mark.parametrize("name", PROFILES)
def test_profiles(tmp_path: Path, library_path: Path, name: str) -> None:
    with FakeNvml(tmp_path, gpus=1, profile=name, library_path=library_path) as fake:
        fake.load_in_process()
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        profile = PROFILES[name]
        assert pynvml.nvmlDeviceGetName(handle) == profile.model_name
        assert pynvml.nvmlDeviceGetMemoryInfo(handle).total == profile.memory_total_bytes
        low, high = pynvml.nvmlDeviceGetPowerManagementLimitConstraints(handle)
        assert low <= profile.default_power_limit_milliwatts <= high
        assert profile.idle_milliwatts < pynvml.nvmlDeviceGetPowerUsage(handle) <= high
        for group, number, scope in (
            (Group.POWER_MODULE, 186, 1),
            (Group.POWER_MEMORY, 186, 2),
            (Group.POWER_AVERAGE, 185, 0),
            (Group.MEMORY_TEMPERATURE, 82, 0),
            (Group.TEMPERATURE_LIMITS, 193, 0),
        ):
            lacks = group in profile.unsupported
            assert field(handle, number, scope).nvmlReturn == (3 if lacks else 0)
        pynvml.nvmlShutdown()


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


# ---- Counter ----------------------------------------------------------------


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


# ---- Faults of calls --------------------------------------------------------


def start_read(read: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(read()), daemon=True)
    thread.start()
    return thread, results


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


def test_not_emulated_is_not_supported(nvml: list[Any]) -> None:
    with pytest.raises(pynvml.NVMLError_NotSupported):
        pynvml.nvmlDeviceGetMigMode(nvml[0])
    with pytest.raises(pynvml.NVMLError_NotSupported):
        pynvml.nvmlDeviceGetMaxMigDeviceCount(nvml[0])
    with pytest.raises(pynvml.NVMLError_FunctionNotFound):
        pynvml.nvmlDeviceGetFanSpeed(nvml[0])


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


# ---- The driver -------------------------------------------------------------


def test_gpus_appear_and_vanish(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.visible_gpus = 1
    assert pynvml.nvmlDeviceGetCount() == 1
    with pytest.raises(pynvml.NVMLError_InvalidArgument):
        pynvml.nvmlDeviceGetHandleByIndex(1)
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlDeviceGetHandleByUUID(fake.gpu(1).uuid)
    with pytest.raises(pynvml.NVMLError_GpuIsLost):
        energy(nvml[1])
    fake.visible_gpus = 2
    assert energy(pynvml.nvmlDeviceGetHandleByIndex(1)) > 0
    fake.latch_visible_gpus()
    assert pynvml.nvmlDeviceGetCount() == 3
    pynvml.nvmlShutdown()
    pynvml.nvmlInit()
    assert pynvml.nvmlDeviceGetCount() == 2


def test_driver_not_loaded(fake: FakeNvml) -> None:
    fake.load_in_process()
    fake.unload_driver()
    with pytest.raises(pynvml.NVMLError_DriverNotLoaded):
        pynvml.nvmlInit()
    fake.set_init_error(None)
    pynvml.nvmlInit()
    with pytest.raises(pynvml.NVMLError_DriverNotLoaded):
        pynvml.nvmlDeviceGetCount()
    fake.set_call_error(None)
    assert pynvml.nvmlDeviceGetCount() == 3
    pynvml.nvmlShutdown()
    with pytest.raises(pynvml.NVMLError_Uninitialized):
        pynvml.nvmlDeviceGetCount()
    with pytest.raises(pynvml.NVMLError_Uninitialized):
        pynvml.nvmlShutdown()


def test_driver_reloaded(fake: FakeNvml, nvml: list[Any]) -> None:
    old = energy(nvml[0])
    fake.reload_driver()
    with pytest.raises(pynvml.NVMLError) as caught:
        energy(nvml[0])
    assert caught.value.value == ERROR_LIB_RM_VERSION_MISMATCH
    pynvml.nvmlShutdown()
    pynvml.nvmlInit()
    assert energy(pynvml.nvmlDeviceGetHandleByIndex(0)) < old


def test_state_file_is_looked_up_at_every_init(
    tmp_path: Path, library_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, model in (("T4", "Tesla T4"), ("GB300", "NVIDIA GB300")):
        with FakeNvml(tmp_path, gpus=1, profile=name, library_path=library_path) as fake:
            fake.load_in_process()
            pynvml.nvmlInit()
            assert pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(0)) == model
            pynvml.nvmlShutdown()
        assert "FAKE_NVML_STATE" not in os.environ
        with pytest.raises(pynvml.NVMLError_DriverNotLoaded):
            pynvml.nvmlInit()
    foreign = tmp_path / "foreign"
    foreign.write_bytes(bytes(10_000_000))
    monkeypatch.setenv("FAKE_NVML_STATE", str(foreign))
    with pytest.raises(pynvml.NVMLError_Unknown):
        pynvml.nvmlInit()


def test_old_driver(tmp_path: Path) -> None:
    code = """
missing = []
for name, read in {
    "TemperatureV": lambda: n.nvmlDeviceGetTemperatureV(gpus[0], 0),
    "MarginTemperature": lambda: n.nvmlDeviceGetMarginTemperature(gpus[0]),
    "ClocksEventReasons": lambda: n.nvmlDeviceGetCurrentClocksEventReasons(gpus[0]),
    "MemoryInfo_v2": lambda: n.nvmlDeviceGetMemoryInfo(gpus[0], n.nvmlMemory_v2),
    "PowerUsage": lambda: n.nvmlDeviceGetPowerUsage(gpus[0]),
}.items():
    try:
        read()
    except n.NVMLError_FunctionNotFound:
        missing.append(name)
values = n.nvmlDeviceGetFieldValues(gpus[0], [83, 82, 186, (185, 1), 193])
print(json.dumps({
    "missing": missing,
    "fields": [value.nvmlReturn for value in values],
    "driver": n.nvmlSystemGetDriverVersion(),
    "reasons": n.nvmlDeviceGetCurrentClocksThrottleReasons(gpus[0]),
}))
"""
    with FakeNvml(tmp_path, gpus=1, profile="OLD470") as fake:
        fake.gpu(0).clock_event_reasons = 8
        result = client_result(fake, code)
    assert result == {
        "missing": ["TemperatureV", "MarginTemperature", "ClocksEventReasons", "MemoryInfo_v2"],
        "fields": [0, 0, 3, 3, 3],
        "driver": "470.256.02",
        "reasons": 8,
    }


# ---- Events, counts ---------------------------------------------------------


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


# ---- Building ---------------------------------------------------------------


def test_build_is_safe_at_the_same_time_and_idempotent(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.fake_nvml import build;"
        "print(build(Path(sys.argv[1])))"
    )
    root = Path(__file__).resolve().parents[1]
    builders = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    outputs = [builder.communicate(timeout=60)[0].strip() for builder in builders]
    assert outputs == [str(tmp_path / "libnvidia-ml.so.1")] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["libnvidia-ml.so.1"]
    stamp = (tmp_path / "libnvidia-ml.so.1").stat()
    build(tmp_path)
    again = (tmp_path / "libnvidia-ml.so.1").stat()
    assert (again.st_ino, again.st_mtime_ns) == (stamp.st_ino, stamp.st_mtime_ns)
    build(tmp_path, old_driver=True)
    assert (tmp_path / "libnvidia-ml.so.1").stat().st_ino != stamp.st_ino


def test_calls_are_cheap(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(0).set_waveform(Table([(MILLISECOND, i * 1000) for i in range(600)]))
    library = pynvml.nvmlLib
    values = (pynvml.c_nvmlFieldValue_t * 2)()
    values[0].fieldId, values[1].fieldId = 83, 186
    best = SECOND
    for _ in range(30):
        start = time.perf_counter_ns()
        for _ in range(200):
            library.nvmlDeviceGetFieldValues(nvml[0], 2, values)
        best = min(best, (time.perf_counter_ns() - start) // 200)
    assert best < 4_000  # with what ctypes takes; about 0.6 us where this was written
