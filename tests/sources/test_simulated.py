"""The simulated GPUs keep the contract of a source, and energy that adds up."""

import time
from collections.abc import Callable
from dataclasses import replace
from random import Random
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.catalogue import BY_NAME, CATALOGUE, DEFAULT_ON, Metric, Rate, selected
from collector.check.plain import read_all
from collector.config.settings import SimulationTable
from collector.model import Reading
from collector.sources.protocol import GpuSource, SourceError
from collector.sources.simulated import REFRESH_NS, SimulatedGpu, SimulatedSource
from tests.sources.simulated_rig import (
    MODELS,
    SECOND_NS,
    START_NS,
    Model,
    SetClock,
    open_source,
    power_at,
)

COUNTER = "gpu_energy_joules_total"
refreshes = st.integers(0, 120 * 50)
seeds = st.integers(0, 50)


def told(reading: Reading) -> tuple[object, ...]:
    """A reading without the time that it took."""
    return reading.monotonic_ns, reading.values, reading.counter, reading.failed


def in_plain_order(seed: int, instants: list[int], *, slow: bool) -> dict[tuple[int, int], object]:
    clock = SetClock()
    answers: dict[tuple[int, int], object] = {}
    for index, gpu in enumerate(open_source(clock, seed=seed)):
        for instant in instants:
            (power,) = power_at(clock, gpu, range(instant, instant + 1))
            answers[index, instant] = power, told(gpu.read(slow=slow))
    return answers


@settings(max_examples=15, deadline=None)
@given(seeds, st.sets(refreshes, min_size=1, max_size=6), st.randoms(), st.booleans())
def test_readings_do_not_depend_on_who_reads_when(
    seed: int,
    instants: set[int],
    random: Random,
    slow: bool,  # noqa: FBT001
) -> None:
    expected = in_plain_order(seed, sorted(instants), slow=slow)
    clock = SetClock()
    gpus = open_source(clock, seed=seed)
    readers = [gpu.power_reader() for gpu in gpus]
    asked = [(index, instant) for index in range(2) for instant in instants]
    random.shuffle(asked)
    for index, instant in asked:
        clock.set_refresh(instant, instant % REFRESH_NS)
        reader, into = readers[index], [-1]
        assert reader is not None
        reader.read(into)
        assert (into[0], told(gpus[index].read(slow=slow))) == expected[index, instant]


def test_another_seed_is_another_day() -> None:
    clock = SetClock()
    (one, *_), (other, *_) = open_source(clock, seed=1), open_source(clock, seed=2)
    span = range(3000, 3100)
    assert power_at(clock, one, span) != power_at(clock, other, span)
    assert one.identity.uuid != other.identity.uuid


@settings(max_examples=15, deadline=None)
@given(seeds, refreshes, st.integers(0, 500), st.sampled_from(MODELS))
def test_the_counter_is_the_integral_of_power(
    seed: int, first: int, count: int, model: Model
) -> None:
    clock = SetClock()
    gpu = open_source(clock, seed=seed, model=model)[1]
    clock.set_refresh(first)
    before = gpu.read(slow=False).counter
    drawn = sum(power_at(clock, gpu, range(first, first + count)))
    clock.set_refresh(first + count, REFRESH_NS - 1)
    after = gpu.read(slow=False).counter
    assert before is not None
    assert after is not None
    # A refresh is 1/50 s, so milliwatts / 50 are millijoules; each counter is rounded down.
    assert abs(after.millijoules - before.millijoules - drawn / 50) < 1


def test_the_counter_starts_from_zero_and_from_zero_again() -> None:
    clock = SetClock()
    source = SimulatedSource(SimulationTable(gpus=1), clock_ns=clock)
    for start_ns in (START_NS, START_NS + 500 * SECOND_NS):
        clock.now_ns = start_ns
        source.open()
        (gpu,) = source.discover()
        readings = []
        for after_ns in (0, SECOND_NS):
            clock.now_ns = start_ns + after_ns
            readings.append(gpu.read(slow=False).counter)
        assert [one is not None and one.millijoules > 0 for one in readings] == [False, True]
        source.close()


@settings(max_examples=15, deadline=None)
@given(seeds, st.lists(st.integers(0, 60 * SECOND_NS), min_size=2, max_size=30))
def test_true_energy_never_falls_and_holds_the_counter(seed: int, after_ns: list[int]) -> None:
    clock = SetClock()
    gpu = open_source(clock, seed=seed)[0]
    last_mj = 0
    for after in sorted(after_ns):
        clock.now_ns = START_NS + after
        true_mj = gpu.true_energy_mj(clock.now_ns)
        counter = gpu.read(slow=False).counter
        assert counter is not None
        assert counter.monotonic_ns == clock.now_ns
        assert true_mj >= last_mj
        # The counter moves once in a refresh, so it lags by less than 20 ms at the limit.
        assert 0 <= true_mj - counter.millijoules <= gpu.signal.limit_mw // 50 + 1
        last_mj = true_mj


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=15, deadline=None)
@given(seed=seeds, second=st.integers(0, 5 * 3600), index=st.integers(0, 7))
def test_power_stays_between_idle_and_the_limit(
    model: Model, seed: int, second: int, index: int
) -> None:
    gpu = open_source(SetClock(), gpus=8, model=model, seed=seed)[index]
    powers = gpu.signal.second(second)
    assert len(powers) == 50
    assert 0.9 * gpu.model.idle_mw < min(powers) <= max(powers) <= gpu.power_limit_watts * 1000


def test_power_is_held_for_a_refresh_and_moves_at_the_next() -> None:
    clock = SetClock()
    gpu = open_source(clock)[0]
    reader, into, seen = gpu.power_reader(), [-1], []
    assert reader is not None
    for tick in range(3000 * 4, 3010 * 4):
        clock.set_refresh(0, tick * REFRESH_NS // 4)
        reader.read(into)
        seen.append(into[0])
    held = [seen[at : at + 4] for at in range(0, 40, 4)]
    assert all(len(set(group)) == 1 for group in held)
    assert len({group[0] for group in held}) > 8


@pytest.mark.parametrize("model", MODELS)
def test_only_superchips_have_a_module_and_it_contains_the_gpu(model: Model) -> None:
    clock = SetClock()
    gpu = open_source(clock, model=model)[0]
    reader = gpu.power_reader()
    assert reader is not None
    if not model.startswith("GB"):
        assert reader.scopes == ("gpu",)
        return
    assert reader.scopes == ("gpu", "module")
    into, hosts = [-1, -1], []
    for refresh in (10, 4000):
        clock.set_refresh(refresh)
        reader.read(into)
        hosts.append(into[1] - into[0])
    assert 50_000 < hosts[0] < hosts[1] < 200_000


def throttling(gpus: list[SimulatedGpu], clock: SetClock) -> dict[int, list[Reading]]:
    """Readings of the first five minutes, of the GPUs that throttle for heat."""
    found: dict[int, list[Reading]] = {}
    for second in range(0, 300, 5):
        clock.set_refresh(second * 50)
        for index, gpu in enumerate(gpus):
            reading = gpu.read(slow=False)
            if reading.values["gpu_clock_event_active"]["software_thermal",]:
                found.setdefault(index, []).append(reading)
    return found


@pytest.mark.parametrize("model", MODELS)
def test_one_gpu_throttles_for_heat_in_the_first_minutes(model: Model) -> None:
    clock = SetClock()
    found = throttling(open_source(clock, gpus=4, model=model), clock)
    assert len(found) == 1
    ((_, readings),) = found.items()
    margins = [reading.values["gpu_temperature_margin_celsius"][()] for reading in readings]
    assert -2 <= min(margins) <= 3
    clocks = [reading.values["gpu_clock_hertz"]["sm",] for reading in readings]
    assert min(clocks) < 0.95 * open_source(clock, model=model)[0].model.clock_sm_hertz


def test_a_power_cap_comes_with_power_at_the_limit_and_a_lower_clock() -> None:
    clock = SetClock()
    gpu = open_source(clock)[0]
    capped = {True: [0.0], False: [0.0]}
    for refresh in range(3000, 3500):
        clock.set_refresh(refresh)
        values = gpu.read(slow=False).values
        is_capped = bool(values["gpu_clock_event_active"]["power_cap",])
        clock_hertz = values["gpu_clock_hertz"]["sm",]
        assert (clock_hertz == gpu.model.clock_sm_hertz) or is_capped
        capped[is_capped].append(power_at(clock, gpu, range(refresh, refresh + 1))[0] / 1000)
    assert min(capped[True][1:]) > 0.96 * gpu.power_limit_watts
    # Noise would carry it over the limit now and then.
    assert max(power_at(clock, gpu, range(3000, 12_000))) == gpu.signal.limit_mw
    assert min(capped[False][1:]) < 0.8 * gpu.power_limit_watts


def test_temperature_lags_power_and_starts_near_the_inlet() -> None:
    clock = SetClock()
    gpu = open_source(clock)[0]
    celsius = []
    for second in (0, 30, 60):
        clock.set_refresh(second * 50)
        celsius.append(gpu.read(slow=False).values["gpu_temperature_celsius"]["gpu",])
    assert celsius[0] < 40 < celsius[1] < celsius[2] < 87


@pytest.mark.parametrize("slow", [False, True])
def test_what_is_read_is_what_the_catalogue_says(slow: bool) -> None:  # noqa: FBT001
    reading = open_source(SetClock(), model="GB200")[0].read(slow=slow)  # it has everything
    rates = {Rate.SLOW, Rate.IDENTITY} if slow else {Rate.TELEMETRY}
    expected = {
        metric.name: set(metric.reads["simulated"])
        for metric in DEFAULT_ON
        if metric.rate in rates and "simulated" in metric.reads and metric.name != COUNTER
    }
    assert {name: set(values) for name, values in reading.values.items()} == expected
    assert set(reading.read_ns) == set(expected) | (set() if slow else {COUNTER})
    assert reading.slow is slow
    assert all(0 <= taken_ns < SECOND_NS for taken_ns in reading.read_ns.values())
    assert not reading.failed


def test_memory_adds_up() -> None:
    catalogue = selected(enable={"gpu_memory_bytes"})
    values = read_all(open_source(SetClock(), catalogue=catalogue)[0]).values
    assert sum(values["gpu_memory_bytes"].values()) == values["gpu_memory_total_bytes"][()]


def test_identities_are_recognisable_lasting_and_different() -> None:
    gpus = open_source(SetClock(), gpus=72, model="GB300")
    again = open_source(SetClock(), gpus=72, model="GB300")
    identities = [gpu.identity for gpu in gpus]
    assert identities == [gpu.identity for gpu in again]
    assert (
        len({one.uuid for one in identities}) == len({one.pci_bus_id for one in identities}) == 72
    )
    assert [one.index for one in identities] == list(range(72))
    for one in identities:
        assert one.simulated
        assert one.uuid.startswith("GPU-51e0")
        assert [len(part) for part in one.uuid.split("-")] == [3, 8, 4, 4, 4, 12]
        assert (one.model, one.driver_version) == ("NVIDIA GB300", "simulated")


def test_its_gpus_stay_the_same() -> None:
    source: GpuSource = SimulatedSource(SimulationTable(gpus=3), clock_ns=SetClock())
    assert (source.name, source.simulated) == ("simulated", True)
    with pytest.raises(SourceError, match="not open"):
        source.count()
    source.open()
    assert source.count() == 3
    first = [source.gpu(index) for index in range(3)]
    assert [source.gpu(index) for index in range(3)] == first


def altered(name: str, change: Callable[[Metric], Metric]) -> list[Metric]:
    return [change(metric) if metric.name == name else metric for metric in CATALOGUE]


@pytest.mark.parametrize("name", ["gpu_utilization_ratio", "gpu_power_watts"])
def test_an_unknown_quantity_is_said_at_construction(name: str) -> None:
    catalogue = altered(name, lambda one: replace(one, reads={"simulated": {("x",): "sparkle"}}))
    with pytest.raises(ValueError, match=r"gpu_\w+ has .*'sparkle'.*Known there: .*power"):
        SimulatedSource(SimulationTable(), catalogue=catalogue)


def test_a_metric_added_to_the_catalogue_is_read() -> None:
    added = replace(
        BY_NAME["gpu_memory_total_bytes"],
        key="gpu_spare",
        rate=Rate.TELEMETRY,
        reads={"simulated": {(): "memory_total"}},
    )
    source = SimulatedSource(SimulationTable(gpus=1), catalogue=[added], clock_ns=SetClock())
    source.open()
    (gpu,) = source.discover()
    assert gpu.power_reader() is None
    reading = gpu.read(slow=False)
    assert reading.values == {"gpu_spare_bytes": {(): 143_771 * 2.0**20}}
    assert reading.counter is None


def test_metrics_for_other_sources_alone_are_unsupported() -> None:
    (gpu, *_) = open_source(SetClock(), model="GB200")
    reads = {metric.name for metric in DEFAULT_ON if metric.reads}
    simulated = {metric.name for metric in DEFAULT_ON if "simulated" in metric.reads}
    assert set(gpu.unsupported) == reads - simulated


def test_two_threads_read_what_one_reads() -> None:
    clock = SetClock()
    alone, shared = open_source(clock)[0], open_source(clock)[0]
    span = range(0, 60 * 50, 7)
    powers: list[int] = []
    readings: list[object] = []

    def read_power() -> None:
        powers.extend(power_at(clock, shared, span))

    def read_telemetry() -> None:
        for refresh in span:
            clock.set_refresh(refresh)
            readings.append(told(shared.read(slow=False)))

    threads = [Thread(target=read_power), Thread(target=read_telemetry)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert powers == power_at(clock, alone, span)
    expected = []
    for refresh in span:
        clock.set_refresh(refresh)
        expected.append(told(alone.read(slow=False)))
    assert readings == expected


def test_reading_is_cheap() -> None:
    clock = SetClock()
    gpu = open_source(clock)[0]
    reader, into = gpu.power_reader(), [-1]
    assert reader is not None
    power_ns, telemetry_ns = [], []
    for second in range(10, 20):
        clock.set_refresh(second * 50)
        begun_ns = time.perf_counter_ns()
        gpu.read(slow=False)
        telemetry_ns.append(time.perf_counter_ns() - begun_ns)
        begun_ns = time.perf_counter_ns()
        for tick in range(100):
            clock.set_refresh(second * 50, tick * SECOND_NS // 100)
            reader.read(into)
        power_ns.append((time.perf_counter_ns() - begun_ns) / 100)
    # The best of ten, so that a busy machine does not fail it.
    assert min(power_ns) < 5_000
    assert min(telemetry_ns) < 200_000
