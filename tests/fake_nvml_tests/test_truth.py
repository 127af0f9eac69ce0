"""True power and energy: C and Python agree, and both with the formulas."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_nvml import UINT64_MAX, AnyWaveform, Constant, FakeNvml, Sine, Square, Table
from tests.fake_nvml_tests.helpers import EPOCH, MILLISECOND, SECOND, energy

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
