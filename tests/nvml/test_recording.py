"""What readers ask is kept, and replayed it is read as the same values."""

import ctypes
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from collector.catalogue import CATALOGUE, Values
from collector.check.model import GpuReport, Report
from collector.check.record import capture
from collector.model import GpuIdentity
from collector.sources.nvml import NvmlSource
from collector.sources.nvml.capture import Survey
from collector.sources.nvml.gpu import NvmlGpu
from tests.nvml.readers.stand_in import ALL_LINKS, NOT_FOUND, UINT, Field, StandIn, fills, writes
from tests.replay import ReplayDoor

_UUID = (ctypes.c_uint8 * 16)(*range(1, 17))
_MIG = "MIG-0f1e2d3c-0000-1111-2222-333344445555"
_SERIAL = "1821224150042"


def _mig_text(handle: Any, buffer: Any, _size: int) -> int:
    assert handle.value == 0xABCDEF00
    buffer.value = _MIG.encode()
    return 0


def _mig_handle(_handle: int, index: int, output: Any) -> int:
    output._obj.value = 0xABCDEF00
    return NOT_FOUND if index else 0


def _processes(_handle: int, count: Any, buffer: Any) -> int:
    count._obj.value = 2
    for entry, pid in zip(buffer, (77, 78), strict=False):
        entry.pid, entry.usedGpuMemory, entry.gpuInstanceId = pid, 4096 * pid, 0xFFFFFFFF
    return 0


def _gpm_alloc(output: Any) -> int:
    output._obj.contents = ctypes.cast(4096, type(output._obj)).contents
    return 0


def _gpm_get(question: Any) -> int:
    for metric in question._obj.metrics[:9]:
        metric.value = 25.0
    return 0


def _door() -> StandIn:
    """A GPU that has a bit of everything."""
    links = {(165, link): Field(1, UINT) for link in range(4)}
    return StandIn(
        fields={
            (186, 0): Field(650_000, UINT),
            (74, 0): Field(5_000_000),
            (91, 0): Field(4, UINT),
            (202, ALL_LINKS): Field(9_000_000_000),
            (204, ALL_LINKS): Field(8_000_000_000),
            (206, ALL_LINKS): Field(1),
            (230, 0): Field(1, UINT),
            (197, 0): Field(2**40),
            (198, 0): Field(2**41),
            (202, 0): Field(100),
        }
        | links
        | {(251 + i, 0): Field(i * 1_000_000_000) for i in range(3)},
        functions={
            "nvmlDeviceGetGpuFabricInfoV": fills(
                clusterUuid=_UUID, cliqueId=3, state=3, healthMask=2, healthSummary=1
            ),
            "nvmlDeviceGetPlatformInfo": fills(
                chassisSerialNumber=_SERIAL.encode(), slotNumber=b"\x04", moduleId=b"\x02"
            ),
            "nvmlDeviceGetMigMode": writes(1, 1),
            "nvmlDeviceGetMaxMigDeviceCount": writes(2),
            "nvmlDeviceGetMigDeviceHandleByIndex": _mig_handle,
            "nvmlDeviceGetUUID": _mig_text,
            "nvmlDeviceGetGpuInstanceId": writes(5),
            "nvmlDeviceGetComputeRunningProcesses_v3": _processes,
            "nvmlGpmQueryDeviceSupport": fills(isSupportedDevice=1),
            "nvmlGpmSampleAlloc": _gpm_alloc,
            "nvmlGpmSampleGet": lambda *_: 0,
            "nvmlGpmMetricsGet": _gpm_get,
        },
    )


def _identity() -> GpuIdentity:
    return GpuIdentity(uuid="GPU-0", index=0, model="stand-in")


def _read(gpu: NvmlGpu) -> tuple[Values, Mapping[str, str]]:
    gpu.read(slow=False)  # GPM has no value at the first
    fast, slow = gpu.read(slow=False), gpu.read(slow=True)
    assert not fast.failed
    return {**fast.values, **slow.values}, slow.failed


def test_what_was_recorded_reads_the_same() -> None:
    survey = Survey(_door(), 0, CATALOGUE)
    survey.ask(lambda _: None)
    survey.ask(lambda _: None)
    recorded = {"gpus": [{"identity": asdict(_identity()), "calls": survey.calls()}]}
    source = NvmlSource(CATALOGUE, door=ReplayDoor(recorded))
    source.open()
    real, failed = _read(NvmlGpu(_door(), 0, _identity(), CATALOGUE))
    assert failed == {"gpu_mig_memory_bytes": "function_not_found"}
    assert _read(source.gpu(0)) == (real, failed)
    for name in (
        "gpu_activity_ratio",
        "gpu_clock_event_seconds_total",
        "gpu_fabric_condition",
        "gpu_mig_info",
        "gpu_nvlink_link_bytes_total",
        "gpu_pcie_bytes_total",
        "gpu_platform_info",
        "gpu_process_memory_bytes",
        "gpu_recovery_action",
    ):
        assert real[name], name


def test_a_survey_tells_what_readers_found_and_which_calls_they_make() -> None:
    told: list[str] = []
    door = _door()
    answers = Survey(door, 0, CATALOGUE).ask(told.append)
    assert set(door.calls) <= set(told)
    by_metric = {answer.metric: answer for answer in answers if answer.value is not None}
    mig = by_metric["gpu_mig_info"]
    assert (mig.labels, mig.way, mig.short) == ((_MIG, "", "5", ""), "read mig.info", "mig.info")
    missing = next(answer for answer in answers if answer.metric == "gpu_fan_speed_ratio")
    assert (missing.offered, missing.error, missing.labels) == (False, "not_supported", ("*",))
    error = next(
        a for a in answers if (a.metric, a.labels) == ("gpu_nvlink_errors_total", ("crc",))
    )
    assert (error.offered, error.value, error.error) == (False, None, "not_supported")


def test_no_address_and_no_id_of_a_machine_is_kept() -> None:
    survey = Survey(_door(), 0, CATALOGUE)
    survey.ask(lambda _: None)
    gpu = GpuReport(index=0, identity=_identity(), calls=tuple(survey.calls()))
    report = Report(version="0", simulated=False, seconds=1.0, gpus=(gpu,))
    kept = capture(report, keep_ids=True)
    assert (0xABCDEF00).to_bytes(8, "little").hex() not in kept
    assert bytes(_UUID).hex() in kept
    assert '"ids"' not in kept
    hidden = capture(report, keep_ids=False)
    for secret in (bytes(_UUID).hex(), _MIG.encode().hex(), _SERIAL.encode().hex()):
        assert secret in kept
        assert secret not in hidden
