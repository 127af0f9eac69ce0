"""Captures, replayed: those of fake boards are what the command makes, all read as they should."""

from pathlib import Path

import pytest

from collector.catalogue import BY_NAME, DEFAULT_ON
from collector.catalogue.dcgm import DIALECTS
from collector.catalogue.xids import COMMON_XIDS
from collector.check.plain import read_all
from collector.check.record import MADE_BY
from collector.sources.nvml import NvmlSource
from collector.sources.protocol import Gpu
from tests.captures import (
    BOARDS,
    DCGM_GOLDEN,
    FAKE,
    FAKE_MADE_BY,
    GOLDEN,
    dcgm_golden,
    fake_path,
    make,
    paths,
    real_paths,
)
from tests.captures.exposition import dcgm_exposition, exposition
from tests.replay import ReplayDoor, read_capture

_AGAIN = "run 'python -m tests.regenerate' and look at the difference"
_MOST_BYTES_A_GPU = 40_000
_MOST_SERIES_A_GPU = 120


def _gpus(name: str) -> list[Gpu]:
    source = NvmlSource(door=ReplayDoor(read_capture(fake_path(name))))
    source.open()
    return list(source.discover())


def test_captures_are_what_the_command_makes_now() -> None:
    made = make()
    assert set(made) == {path.name for path in FAKE.iterdir()}
    assert set(made) == {fake_path(name).name for name in BOARDS}
    for name, text in made.items():
        assert (FAKE / name).read_text(encoding="utf-8") == text, f"{name}: {_AGAIN}"


@pytest.mark.parametrize("path", paths(), ids=lambda path: path.stem)
def test_golden_exposition(path: Path) -> None:
    golden = GOLDEN / f"{path.stem}.prom"
    assert golden.read_text(encoding="utf-8") == exposition(read_capture(path)), _AGAIN


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("path", paths(), ids=lambda path: path.stem)
def test_golden_of_each_dialect(path: Path, dialect: str) -> None:
    golden = dcgm_golden(path, dialect).read_text(encoding="utf-8")
    assert golden == dcgm_exposition(read_capture(path), dialect), _AGAIN


@pytest.mark.parametrize("path", paths(), ids=lambda path: path.stem)
def test_dashboard_12239_has_what_every_board_can_tell_it(path: Path) -> None:
    golden = dcgm_golden(path, "dcgm").read_text(encoding="utf-8")
    for name in ("FB_USED", "GPU_TEMP", "POWER_USAGE", "SM_CLOCK"):
        assert f"\nDCGM_FI_DEV_{name}{{" in golden, name
    if "-mig" not in path.stem:  # the driver has no utilization of a GPU that is cut up
        assert "\nDCGM_FI_DEV_GPU_UTIL{" in golden


def test_there_is_a_golden_for_every_capture_and_no_other() -> None:
    assert {path.stem for path in paths()} == {path.stem for path in GOLDEN.glob("*.prom")}
    wanted = {dcgm_golden(path, dialect) for path in paths() for dialect in DIALECTS}
    assert wanted == set(DCGM_GOLDEN.iterdir())


@pytest.mark.parametrize("path", paths(), ids=lambda path: path.stem)
def test_captures_are_small(path: Path) -> None:
    assert path.stat().st_size < _MOST_BYTES_A_GPU * len(read_capture(path)["gpus"])


def test_what_a_fake_answered_does_not_pass_for_a_gpu() -> None:
    for path in paths():
        capture = read_capture(path)
        fake = path not in real_paths()
        assert path.name.startswith("fake-") == fake
        assert capture["made_by"] == (FAKE_MADE_BY if fake else MADE_BY), path
        assert capture["simulated"] is fake, path


@pytest.mark.parametrize("name", BOARDS)
def test_every_metric_is_read_or_said_to_be_unsupported(name: str) -> None:
    for gpu in _gpus(name):
        reading = read_all(gpu)
        assert not reading.failed
        power = gpu.power_reader()
        assert power is not None
        seen = {*reading.values, "gpu_power_watts"}
        if reading.counter is not None:
            seen.add("gpu_energy_joules_total")
        readable = {metric.name for metric in DEFAULT_ON if "nvml" in metric.reads}
        # Without a profile that is asked for there is nothing to show.
        assert readable - seen - set(gpu.unsupported) <= {"gpu_workload_power_profile"}
        assert seen | set(gpu.unsupported) <= readable
        assert not seen & set(gpu.unsupported)
        for metric, series in reading.values.items():
            for labels in series:
                assert len(labels) == len(BY_NAME[metric].labels)


def test_scopes_of_each_board() -> None:
    expected = {
        "h200": ("gpu",),
        "gb200": ("gpu", "module"),
        "gb300": ("gpu", "module"),
        "a100-mig": ("gpu",),
        "a100": ("gpu",),
        "t4": ("gpu",),
        "a100-driver-470": ("gpu",),
    }
    for name, scopes in expected.items():
        for gpu in _gpus(name):
            power = gpu.power_reader()
            assert power is not None
            assert power.scopes == scopes, name


def test_an_old_driver_has_no_instant_power_and_no_memory_reserve() -> None:
    capture = read_capture(fake_path("a100-driver-470"))
    missing = {call["function"] for call in capture["gpus"][0]["calls"] if call["code"] is None}
    assert "nvmlDeviceGetMemoryInfo_v2" in missing
    reading = read_all(_gpus("a100-driver-470")[0])
    assert set(reading.values["gpu_memory_bytes"]) == {("used",), ("free",)}


def test_values_of_a_known_board() -> None:
    gpu = _gpus("h200")[1]
    assert gpu.identity.index == 1
    assert gpu.identity.model == "NVIDIA H200"
    milliwatts = [0]
    power = gpu.power_reader()
    assert power is not None
    power.read(milliwatts)
    assert milliwatts == [649_000]
    reading = read_all(gpu)
    assert reading.values["gpu_power_watts"] == {("memory",): pytest.approx(97.35)}
    assert reading.values["gpu_temperature_celsius"] == {("gpu",): 45.0, ("memory",): 52.0}
    assert reading.values["gpu_power_limit_watts"]["max",] == 700.0
    assert reading.counter is not None
    assert reading.counter.millijoules == 123_456_789_001


def test_a_lost_gpu_of_a_capture_is_found_again_by_its_uuid() -> None:
    gpu = _gpus("gb200")[1]
    before = gpu.read(slow=False).values
    gpu.revive()
    assert gpu.identity.index == 1
    assert gpu.read(slow=False).values == before


def test_an_h200_has_at_most_120_series() -> None:
    """20,000 GPUs are 2.4 million series: what brings many more is off unless asked for.

    Boards of an NVL72 and MIG instances have more to tell.
    """
    golden = GOLDEN / "fake-h200.prom"
    lines = golden.read_text(encoding="utf-8").splitlines()
    series = [line for line in lines if 'gpu="0"' in line and not line.startswith("#")]
    codes = 0 if any("xid=" in line for line in series) else len(COMMON_XIDS)
    assert 60 < len(series) + codes <= _MOST_SERIES_A_GPU
