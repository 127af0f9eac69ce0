"""The language of the catalogue's reads, and how answers of a driver become values."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pynvml
import pytest

from collector.catalogue import BY_NAME, CATALOGUE
from collector.check.plain import read_all
from collector.sources.nvml import NvmlSource
from collector.sources.nvml.calls import FieldBatch
from collector.sources.nvml.gpu import NvmlGpu
from collector.sources.nvml.spec import CallSpec, FieldSpec, alternatives, parse
from collector.sources.protocol import DriverMissingError, SourceError
from tests.fake_nvml import ERROR_NO_PERMISSION, Constant, FakeNvml, Group, build


def test_the_language() -> None:
    assert parse("field NVML_FI_DEV_POWER_INSTANT/1 mW nonzero") == FieldSpec(
        186, 1, 1e-3, nonzero=True
    )
    assert parse("call nvmlDeviceGetUtilizationRates().gpu %") == CallSpec(
        "nvmlDeviceGetUtilizationRates", (), "gpu", 0, 0.01
    )
    assert parse("call nvmlDeviceGetClockInfo(NVML_CLOCK_MEM) MHz") == CallSpec(
        "nvmlDeviceGetClockInfo", (2,), "", 0, 1e6
    )
    assert parse("call f()&0x40") == CallSpec("f", (), "", 0x40, 1.0)
    assert len(alternatives(("call f() W", "call g() mW"))) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "not an NVML spec"),
        ("call f() furlongs", "unknown unit furlongs"),
        ("field NVML_FI_DEV_NO_SUCH_FIELD mW", "no constant NVML_FI_DEV_NO_SUCH_FIELD"),
    ],
)
def test_what_is_none(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(text)


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeNvml]:
    yield FakeNvml(
        tmp_path / "fake",
        gpus=1,
        library_path=build(tmp_path / "lib"),
        waveform=Constant(123_456),
    )
    # NVML counts its users in a process; the next test must find it closed.
    with contextlib.suppress(pynvml.NVMLError):
        while True:
            pynvml.nvmlShutdown()


def opened(fake: FakeNvml, **options: object) -> NvmlGpu:
    fake.load_in_process()
    source = NvmlSource(CATALOGUE, **options)  # type: ignore[arg-type]
    source.open()
    return source.discover()[0]


def test_units_become_si(fake: FakeNvml) -> None:
    with fake:
        gpu = opened(fake)
        values = read_all(gpu).values
        assert values["gpu_clock_hertz"]["sm",] == 1.98e9
        assert values["gpu_utilization_ratio"] == {
            ("sm",): 1.0,
            ("memory",): 0.4,
            ("encoder",): 0.0,
            ("decoder",): 0.0,
            ("jpeg",): 0.0,
            ("ofa",): 0.0,
        }
        assert values["gpu_power_average_watts"][()] == pytest.approx(123.456)
        assert values["gpu_power_limit_watts"]["max",] == 700.0
        assert gpu.power_limit_watts == 700.0
        reader = gpu.power_reader()
        assert reader is not None
        milliwatts = [0] * len(reader.scopes)
        reader.read(milliwatts)
        assert milliwatts[0] == 123_456


def test_slow_values_come_only_when_asked_for(fake: FakeNvml) -> None:
    with fake:
        gpu = opened(fake)
        fast, slow = gpu.read(slow=False), gpu.read(slow=True)
        assert "gpu_power_limit_watts" not in fast.values
        assert "gpu_power_limit_watts" in slow.values
        assert fast.counter is not None
        assert slow.counter is None
        assert (fast.slow, slow.slow) == (False, True)
        assert ("sm",) in fast.values["gpu_utilization_ratio"]
        assert ("sm",) not in slow.values["gpu_utilization_ratio"]


def test_what_is_switched_off_is_not_even_asked(fake: FakeNvml) -> None:
    with fake:
        gpu = opened(fake, disable=("gpu_utilization_ratio", "gpu_energy_joules_total"))
        reading = read_all(gpu)
        assert "gpu_utilization_ratio" not in reading.values
        assert reading.counter is None
        assert fake.gpu(0).calls(Group.UTILIZATION) == 0
        assert fake.gpu(0).calls(Group.ENERGY) == 0


def test_no_permission_is_an_error_not_a_value(fake: FakeNvml) -> None:
    with fake:
        gpu = opened(fake)
        gpu.read(slow=True)
        fake.gpu(0).set_error(Group.TEMPERATURE, ERROR_NO_PERMISSION)
        reading = gpu.read(slow=False)
        assert reading.failed["gpu_temperature_celsius"] == "no_permission"
        assert ("gpu",) not in reading.values.get("gpu_temperature_celsius", {})


def test_a_bug_in_one_sensor_switches_off_that_sensor(
    fake: FakeNvml, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(group: object, into: object) -> None:
        if group.sensor == "gpu_clock_hertz":  # type: ignore[attr-defined]
            raise ZeroDivisionError("a bug")
        decode(group, into)  # type: ignore[arg-type]

    with fake:
        gpu = opened(fake)
        gpu.read(slow=False)
        from collector.sources.nvml import plan  # noqa: PLC0415 - patched below

        decode = plan._decode
        monkeypatch.setattr(plan, "_decode", broken)
        assert gpu.read(slow=False).failed["gpu_clock_hertz"] == "bug"
        assert caplog.text.count("Traceback") == 1
        again = gpu.read(slow=False)
        assert "gpu_clock_hertz" not in again.failed
        assert again.values["gpu_utilization_ratio"]["sm",] == 1.0


def test_no_driver_is_said_plainly(fake: FakeNvml) -> None:
    with fake:
        fake.set_init_error(9)
        fake.load_in_process()
        with pytest.raises(DriverMissingError, match="kernel module is not loaded"):
            NvmlSource().open()


def test_a_field_is_decoded_by_its_own_type() -> None:
    def answer(_handle: object, count: int, buffer: object) -> int:
        for position, (kind, member, value) in enumerate(
            [(0, "dVal", 1.5), (3, "ullVal", 2**40), (4, "sllVal", -7), (5, "siVal", -8)]
        ):
            entry = buffer[position]  # type: ignore[index]
            entry.valueType, entry.nvmlReturn = kind, 0
            setattr(entry.value, member, value)
        assert count == 5
        buffer[4].valueType = 99  # type: ignore[index]
        return 0

    batch = FieldBatch(answer, None, [(i, 0) for i in range(5)])
    assert batch.invoke() == 0
    assert [batch.value(i) for i in range(5)] == [1.5, 2**40, -7, -8, None]


def test_source_errors_carry_a_word() -> None:
    assert SourceError("text").word == "unknown"
    assert DriverMissingError("text").word == "driver_missing"
    assert "gpu_power_watts" in BY_NAME
