"""Boards of the fake library: everything that each can tell is read, and nothing fails."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pynvml
import pytest

from collector.catalogue import CATALOGUE
from collector.check.plain import read_all
from collector.model import Reading
from collector.sources.nvml import NvmlSource
from collector.sources.nvml.gpu import NvmlGpu
from tests.fake_nvml import ALL_LINKS, ERROR_NO_PERMISSION, FakeNvml, build

_BLACKWELL = {"GB200", "GB300", "GB300-590"}


@pytest.fixture
def fake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FakeNvml]:
    board = getattr(request, "param", "H200")
    with FakeNvml(
        tmp_path / "fake", gpus=1, profile=board, library_path=build(tmp_path / "lib")
    ) as running:
        yield running
    with contextlib.suppress(pynvml.NVMLError):
        while True:
            pynvml.nvmlShutdown()


def _opened(fake: FakeNvml) -> NvmlGpu:
    fake.load_in_process()
    source = NvmlSource(CATALOGUE)
    source.open()
    return source.discover()[0]


def _read(fake: FakeNvml) -> Reading:
    gpu = _opened(fake)
    read_all(gpu)  # GPM has no value at the first
    return read_all(gpu)


@pytest.mark.parametrize(
    "fake",
    ["H100", "H200", "B200", *sorted(_BLACKWELL), "A100", "A100-MIG", "T4", "OLD470", "VGPU"],
    indirect=True,
)
def test_every_board_is_read_without_a_failure(fake: FakeNvml) -> None:
    reading = _read(fake)
    assert not reading.failed
    assert reading.values["gpu_memory_bytes"]["used",] > 0


@pytest.mark.parametrize("fake", sorted(_BLACKWELL), indirect=True)
def test_a_board_of_a_rack_tells_its_place_and_its_power_profiles(fake: FakeNvml) -> None:
    values = _read(fake).values
    assert len(values["gpu_platform_info"]) == len(values["gpu_fabric_info"]) == 1
    assert values["gpu_c2c_links"] == {("up",): 5.0, ("down",): 0.0}
    assert set(values["gpu_power_smoothing"]) == {("enabled",), ("immediate_ramp_down",)}
    ceiling = values["gpu_power_smoothing_applied_watts"]["ceiling",]
    assert ceiling == values["gpu_power_limit_watts"]["max",]


@pytest.mark.parametrize("fake", ["GB300", "GB300-590"], indirect=True)
def test_reasons_are_split_whatever_the_driver_numbers_them(fake: FakeNvml) -> None:
    reasons = set(_read(fake).values["gpu_clock_event_seconds_total"])
    assert {("software_thermal",), ("hardware_thermal",), ("power_brake",)} <= reasons
    assert ("thermal",) not in reasons


@pytest.mark.parametrize("fake", ["A100-MIG"], indirect=True)
def test_instances_have_their_own_memory_and_no_power(fake: FakeNvml) -> None:
    values = _read(fake).values
    assert values["gpu_mig_mode"] == {(): 1.0}
    assert len(values["gpu_mig_info"]) == len(values["gpu_mig_memory_total_bytes"]) == 7
    assert len(values["gpu_power_limit_watts"]) == 5
    assert all(profile and gi for _, profile, gi, _ in values["gpu_mig_info"])


@pytest.mark.parametrize("fake", ["NO-PERMISSION"], indirect=True)
def test_what_is_refused_is_an_error_and_the_rest_is_read(fake: FakeNvml) -> None:
    reading = _read(fake)
    assert set(reading.failed.values()) == {"no_permission"}
    assert {"gpu_activity_ratio", "gpu_processes", "gpu_pcie_bytes_total"} <= set(reading.failed)
    assert not set(reading.values) & {"gpu_activity_ratio", "gpu_processes"}
    assert reading.values["gpu_ecc_errors_total"]


def test_a_link_that_goes_down_and_errors_that_come_are_seen(fake: FakeNvml) -> None:
    gpu = _opened(fake)
    before = read_all(gpu).values
    assert before["gpu_nvlink_links"] == {("up",): 18.0, ("down",): 0.0, ("disabled",): 0.0}
    fake.gpu(0).set_field(165, 0, scope=3)
    fake.gpu(0).set_field(161, 7, scope=3)
    after = read_all(gpu).values
    assert after["gpu_nvlink_links"] == {("up",): 17.0, ("down",): 1.0, ("disabled",): 0.0}
    assert after["gpu_nvlink_errors_total"]["replay",] == 7.0
    assert after["gpu_nvlink_link_up"]["3",] == 0.0


def test_bytes_over_links_grow(fake: FakeNvml) -> None:
    gpu = _opened(fake)
    before = read_all(gpu).values["gpu_nvlink_bytes_total"]["tx",]
    fake.gpu(0).set_field(138, 5_000_000, scope=0)
    assert read_all(gpu).values["gpu_nvlink_bytes_total"]["tx",] > before
    fake.gpu(0).fail_field(138, ERROR_NO_PERMISSION, scope=ALL_LINKS)
    assert ("tx",) not in read_all(gpu).values.get("gpu_nvlink_bytes_total", {})


def test_samples_of_gpm_are_not_taken_anew_at_every_look(fake: FakeNvml) -> None:
    gpu = _opened(fake)
    read_all(gpu)
    gpu._looks.clear()  # as after ten minutes
    read_all(gpu)
    assert fake.gpm_samples_open == 2
