"""NVLink, PCIe, C2C, and where a GPU sits: fabric, platform."""

import ctypes
from pathlib import Path
from typing import Any

import pytest

from tests.fake_nvml import FakeNvml, Group
from tests.fake_nvml_tests.helpers import field, pynvml
from tests.fake_nvml_tests.machines import machine
from tests.fake_nvml_tests.reads import READS, filled

MISMATCH = pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH


def test_links_of_hopper(fake: FakeNvml, nvml: list[Any]) -> None:
    handle, n = nvml[0], pynvml
    assert field(handle, n.NVML_FI_DEV_NVLINK_LINK_COUNT).value.uiVal == 18
    assert n.nvmlDeviceGetNvLinkState(handle, 17) == 1
    assert n.nvmlDeviceGetNvLinkVersion(handle, 0) == n.NVML_NVLINK_VERSION_4_0
    assert n.nvmlDeviceGetNvLinkRemoteDeviceType(handle, 3) == 2
    fake.set_field(0, n.NVML_FI_DEV_NVLINK_GET_STATE, 4, 0)
    assert [n.nvmlDeviceGetNvLinkState(handle, link) for link in (4, 5)] == [0, 1]
    fake.set_field(0, n.NVML_FI_DEV_NVLINK_ERROR_DL_REPLAY, 2, 8)
    assert n.nvmlDeviceGetNvLinkErrorCounter(handle, 2, n.NVML_NVLINK_ERROR_DL_REPLAY) == 8
    with pytest.raises(n.NVMLError_NotSupported):
        n.nvmlDeviceGetNvLinkErrorCounter(handle, 2, n.NVML_NVLINK_ERROR_DL_CRC_DATA)
    for read in (n.nvmlDeviceGetNvLinkState, n.nvmlDeviceGetNvLinkVersion):
        with pytest.raises(n.NVMLError_InvalidArgument):
            read(handle, 18)


def test_links_of_ampere(tmp_path: Path, library_path: Path) -> None:
    with machine(tmp_path, library_path, "A100", 1) as (fake, (handle,)):
        n = pynvml
        fake.set_field(0, n.NVML_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_L3, None, 5)
        fake.set_field(0, n.NVML_FI_DEV_NVLINK_ECC_DATA_ERROR_COUNT_L11, None, 6)
        assert n.nvmlDeviceGetNvLinkErrorCounter(handle, 3, n.NVML_NVLINK_ERROR_DL_CRC_FLIT) == 5
        assert n.nvmlDeviceGetNvLinkErrorCounter(handle, 11, 4) == 6
        assert field(handle, n.NVML_FI_DEV_NVLINK_SPEED_MBPS_L11).value.uiVal == 25_000
        assert field(handle, 201, 0).nvmlReturn == 3
        with pytest.raises(n.NVMLError_InvalidArgument):
            n.nvmlDeviceGetNvLinkState(handle, 12)


def test_links_of_blackwell(tmp_path: Path, library_path: Path) -> None:
    with machine(tmp_path, library_path, "B200", 1) as (fake, (handle,)):
        received = pynvml.NVML_FI_DEV_NVLINK_COUNT_RCV_BYTES
        fake.set_field(0, received, 0, 10)
        fake.set_field(0, received, 17, 20)
        assert field(handle, received, 0xFFFFFFFF).value.ullVal == 30
        for number in (pynvml.NVML_FI_DEV_NVLINK_COUNT_SYMBOL_ERRORS, 250):
            assert field(handle, number, 17).nvmlReturn == 0
        assert field(handle, pynvml.NVML_FI_DEV_NVLINK_ERROR_DL_CRC, 0).nvmlReturn == 3
        with pytest.raises(pynvml.NVMLError_NotSupported):
            pynvml.nvmlDeviceGetNvLinkErrorCounter(handle, 0, 0)


def test_pcie(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(0).pcie_replay_count = 4
    assert field(nvml[0], 94).value.uiVal == 4
    fake.set_field(0, 94, None, 6)
    assert pynvml.nvmlDeviceGetPcieReplayCounter(nvml[0]) == 6
    fake.gpu(0).remove_field(94)
    fake.gpu(0).pcie_generation = 3
    assert pynvml.nvmlDeviceGetPcieReplayCounter(nvml[0]) == 4
    assert pynvml.nvmlDeviceGetCurrPcieLinkGeneration(nvml[0]) == 3
    sent = field(nvml[0], pynvml.NVML_FI_DEV_PCIE_COUNT_TX_BYTES)
    assert (sent.valueType, sent.value.ullVal) == (3, 4_000_000_000)


def test_fabric_of_a_rack(tmp_path: Path, library_path: Path) -> None:
    with machine(tmp_path, library_path, "GB300") as (fake, handles):
        assert len(handles) == 4
        third = filled("nvmlDeviceGetGpuFabricInfoV", "c_nvmlGpuFabricInfo_v3_t")
        infos = [third(handle) for handle in handles]
        assert {bytes(info.clusterUuid) for info in infos} == {
            fake.profile.fabric.cluster_uuid if fake.profile.fabric else b""
        }
        assert {(i.state, i.status, i.cliqueId, i.healthSummary) for i in infos} == {
            (pynvml.NVML_GPU_FABRIC_STATE_COMPLETED, 0, 32_766, 1)
        }
        gpu = fake.gpu(0)
        gpu.fabric_health_mask = 0x1A9  # the bandwidth is degraded
        gpu.fabric_state = pynvml.NVML_GPU_FABRIC_STATE_IN_PROGRESS
        gpu.fabric_status = 999
        gpu.fabric_clique_id = 3
        gpu.set_fabric_cluster(b"abc")
        info = third(handles[0])
        assert (info.state, info.status, info.cliqueId) == (2, 999, 3)
        assert (info.healthMask, bytes(info.clusterUuid)[:4]) == (0x1A9, b"abc\0")
        assert READS["nvmlDeviceGetGpuFabricInfoV"](handles[0]).healthMask == 0x1A9
        assert READS["nvmlDeviceGetGpuFabricInfo"](handles[0]).cliqueId == 3


def test_an_older_driver_knows_an_older_struct(fake: FakeNvml, nvml: list[Any]) -> None:
    info = pynvml.c_nvmlGpuFabricInfo_v3_t()
    assert pynvml.nvmlLib.nvmlDeviceGetGpuFabricInfoV(nvml[0], ctypes.byref(info)) == MISMATCH
    fake.gpu(0).fabric_version_max = 3
    assert pynvml.nvmlLib.nvmlDeviceGetGpuFabricInfoV(nvml[0], ctypes.byref(info)) == 0
    info.version = 0x01000024
    assert pynvml.nvmlLib.nvmlDeviceGetGpuFabricInfoV(nvml[0], ctypes.byref(info)) == MISMATCH
    # Without a rack there is no cluster.
    assert bytes(READS["nvmlDeviceGetGpuFabricInfoV"](nvml[0]).clusterUuid) == bytes(16)


def test_platform(tmp_path: Path, library_path: Path) -> None:
    with machine(tmp_path, library_path, "GB200") as (fake, handles):
        first = filled("nvmlDeviceGetPlatformInfo", "c_nvmlPlatformInfo_v1_t")
        second = filled("nvmlDeviceGetPlatformInfo", "c_nvmlPlatformInfo_v2_t")
        info = second(handles[2])
        assert info.chassisSerialNumber == "FAKECHASSIS72"
        assert [ord(v) for v in (info.slotNumber, info.trayIndex, info.moduleId)] == [9, 4, 3]
        assert ord(first(handles[2]).chassisPhysicalSlotNumber) == 9
        assert pynvml.nvmlDeviceGetModuleId(handles[2]) == 3
        fake.gpu(2).platform_slot = 11
        fake.gpu(2).set_chassis("ANOTHER")
        info = second(handles[2])
        assert (info.chassisSerialNumber, ord(info.slotNumber)) == ("ANOTHER", 11)
        fake.gpu(2).platform_version_max = 1
        code = pynvml.nvmlLib.nvmlDeviceGetPlatformInfo(handles[2], ctypes.byref(info))
        assert code == MISMATCH
        assert ord(first(handles[2]).computeSlotIndex) == 4


def test_c2c_and_power_profiles(tmp_path: Path, library_path: Path) -> None:
    with machine(tmp_path, library_path, "GB200", 1) as (fake, (handle,)):
        n = pynvml
        assert n.nvmlDeviceGetC2cModeInfoV(handle).isC2cEnabled == 1
        links = field(handle, n.NVML_FI_DEV_C2C_LINK_COUNT).value.uiVal
        assert [field(handle, 171, link).value.uiVal for link in range(links)] == [1] * links
        assert field(handle, 171, links).nvmlReturn == 3
        read = READS["nvmlDeviceWorkloadPowerProfileGetCurrentProfiles"]
        assert read(handle).perfProfilesMask.mask[0] == 0xFFFF
        fake.gpu(0).set_power_profiles(requested={1, 40}, enforced={1})
        profiles = read(handle)
        assert list(profiles.requestedProfilesMask.mask)[:2] == [2, 1 << 8]
        assert list(profiles.enforcedProfilesMask.mask)[:2] == [2, 0]
        profiles.version += 1
        function = n.nvmlLib.nvmlDeviceWorkloadPowerProfileGetCurrentProfiles
        assert function(handle, ctypes.byref(profiles)) == MISMATCH


def test_what_is_not_there(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(0).set_unsupported(Group.NVLINK)
    for name in (
        "nvmlDeviceGetNvLinkState",
        "nvmlDeviceGetC2cModeInfoV",
        "nvmlDeviceGetPlatformInfo",
        "nvmlDeviceWorkloadPowerProfileGetCurrentProfiles",
    ):
        with pytest.raises(pynvml.NVMLError_NotSupported):
            READS[name](nvml[0])
