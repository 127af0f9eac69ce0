"""Boards: what each says, and what it leaves out."""

from pathlib import Path
from typing import Any

import pytest

from tests.fake_nvml import PROFILES, FakeNvml, Group, functions
from tests.fake_nvml.profiles.drivers import numbering
from tests.fake_nvml_tests.helpers import client_result, field, pynvml
from tests.fake_nvml_tests.machines import machine
from tests.fake_nvml_tests.reads import READS


@pytest.mark.parametrize("name", sorted(set(PROFILES) - {"VGPU"}))
def test_power_of_every_board(tmp_path: Path, library_path: Path, name: str) -> None:
    with machine(tmp_path, library_path, name, 1) as (_, (handle,)):
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


EXPECTED_CODES = {0, 3, 4}  # success, not supported, no permission


@pytest.mark.parametrize("name", PROFILES)
def test_every_function_of_every_board(tmp_path: Path, library_path: Path, name: str) -> None:
    """Nothing but an answer, NOT_SUPPORTED or, on one board, NO_PERMISSION."""
    codes = {}
    with machine(tmp_path, library_path, name, 1) as (fake, (handle,)):
        fake.gpu(0).set_latency(0, "nvmlDeviceGetPcieThroughput")
        for function, read in READS.items():
            try:
                read(handle)
                codes[function] = 0
            except pynvml.NVMLError as error:
                codes[function] = error.value
    of_mig = {
        "nvmlDeviceGetGpuInstanceId",
        "nvmlDeviceGetComputeInstanceId",
        "nvmlDeviceGetDeviceHandleFromMigDeviceHandle",
    }
    if Group.MIG not in PROFILES[name].unsupported:
        assert {codes.pop(function) for function in of_mig} == {2}
        codes.pop("nvmlDeviceGetMigDeviceHandleByIndex")
    else:
        del codes["nvmlDeviceGetDeviceHandleFromMigDeviceHandle"]
    codes.pop("nvmlGpmMigSampleGet")  # there is no such instance
    assert set(codes.values()) <= EXPECTED_CODES
    assert codes["nvmlDeviceGetName"] == codes["nvmlDeviceGetMemoryInfo"] == 0
    assert (4 in codes.values()) == (name == "NO-PERMISSION")


def answers(handle: Any) -> list[int]:
    """The fields that answer, of whatever number, with a scope of 0."""
    found = pynvml.nvmlDeviceGetFieldValues(handle, list(range(1, 308)))
    return [value.fieldId for value in found if value.nvmlReturn == 0]


@pytest.mark.parametrize("name", sorted(set(PROFILES) - {"OLD470"}))
def test_no_field_is_younger_than_its_driver(tmp_path: Path, library_path: Path, name: str) -> None:
    with machine(tmp_path, library_path, name, 1) as (_, (handle,)):
        found = answers(handle)
        assert max(found, default=0) < numbering(PROFILES[name].driver_branch).limit
        assert len(found) == 0 if name == "VGPU" else len(found) > 25


@pytest.mark.parametrize(
    ("name", "thermal", "smoothing"),
    [("B200", None, 251), ("GB300", 251, 256), ("GB300-590", 269, 251)],
)
def test_drivers_number_some_fields_anew(
    tmp_path: Path, library_path: Path, name: str, thermal: int | None, smoothing: int
) -> None:
    with machine(tmp_path, library_path, name, 1) as (_, (handle,)):
        profiles_of_smoothing = field(handle, smoothing + 8)
        assert (profiles_of_smoothing.nvmlReturn, profiles_of_smoothing.value.uiVal) == (0, 5)
        if thermal is not None:
            value = field(handle, thermal)
            assert (value.nvmlReturn, value.valueType) == (0, 3)
        else:
            assert field(handle, 269).nvmlReturn == 3


def test_a_guest_sees_no_power(tmp_path: Path, library_path: Path) -> None:
    with machine(tmp_path, library_path, "VGPU") as (fake, (handle,)):
        assert pynvml.nvmlDeviceGetVirtualizationMode(handle) == 2
        assert pynvml.nvmlDeviceGetUtilizationRates(handle).gpu == 100
        for read in ("PowerUsage", "TotalEnergyConsumption", "Temperature", "EnforcedPowerLimit"):
            with pytest.raises(pynvml.NVMLError_NotSupported):
                READS[f"nvmlDeviceGet{read}"](handle)
        assert field(handle, 186).nvmlReturn == field(handle, 83).nvmlReturn == 3
        assert fake.gpu(0).calls(Group.POWER_USAGE) == 1


def test_no_permission(tmp_path: Path, library_path: Path) -> None:
    with machine(tmp_path, library_path, "NO-PERMISSION", 1) as (_, (handle,)):
        with pytest.raises(pynvml.NVMLError_NoPermission):
            READS["nvmlGpmSampleGet"](handle)
        with pytest.raises(pynvml.NVMLError_NoPermission):
            READS["nvmlDeviceGetComputeRunningProcesses_v3"](handle)
        assert [field(handle, number).nvmlReturn for number in (197, 186)] == [4, 0]


def test_a_tray_has_four(tmp_path: Path, library_path: Path) -> None:
    for name, gpus in (("GB200", 4), ("GB300", 4), ("H100", 8)):
        with FakeNvml(tmp_path, profile=name, library_path=library_path) as fake:
            assert len(fake.gpus) == gpus


def test_an_old_driver_lacks_functions_and_fields(tmp_path: Path) -> None:
    code = """
fields = n.nvmlDeviceGetFieldValues(gpus[0], list(range(1, 308)))
print(json.dumps({
    "missing": [name for name in names if not hasattr(n.nvmlLib, name)],
    "fields": [value.fieldId for value in fields if value.nvmlReturn == 0],
    "state": n.nvmlDeviceGetNvLinkState(gpus[0], 11),
    "processes": len(n.nvmlDeviceGetComputeRunningProcesses_v2(gpus[0])),
}))
"""
    with FakeNvml(tmp_path, gpus=1, profile="OLD470") as fake:
        fake.set_field(0, 161, None, 5)  # one that is set is there whatever the driver
        found = client_result(fake, f"names = {list(functions.names())}" + code)
    assert found["fields"][-2:] == [160, 161]
    assert (found["state"], found["processes"]) == (1, 0)
    assert "nvmlDeviceGetComputeRunningProcesses_v3" in found["missing"]
    assert "nvmlGpmSampleGet" in found["missing"]
    assert "nvmlDeviceGetSramEccErrorStatus" in found["missing"]
    assert "nvmlDeviceGetRemappedRows" not in found["missing"]
    assert "nvmlDeviceGetNvLinkRemoteDeviceType" not in found["missing"]
