"""The driver: gone, reloaded, old; GPUs that vanish."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.fake_nvml import ERROR_LIB_RM_VERSION_MISMATCH, FakeNvml
from tests.fake_nvml_tests.helpers import client_result, energy, pynvml


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
