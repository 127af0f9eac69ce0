"""One call of nvidia-ml-py for each function that the fake offers for a device."""

from collections.abc import Callable
from typing import Any

from tests.fake_nvml_tests.helpers import pynvml as n

Read = Callable[[Any], Any]


def gpm_samples(handle: Any) -> tuple[Any, Any]:
    """Two samples of a GPU, one after the other."""
    samples = n.nvmlGpmSampleAlloc(), n.nvmlGpmSampleAlloc()
    for sample in samples:
        n.nvmlGpmSampleGet(handle, sample)
    return samples


def gpm_metrics(samples: tuple[Any, Any], *metrics: int) -> list[tuple[int, float]]:
    """NvmlReturn and value of each metric between two samples."""
    get = n.c_nvmlGpmMetricsGet_t()
    get.version = n.NVML_GPM_METRICS_GET_VERSION
    get.sample1, get.sample2 = samples
    get.numMetrics = len(metrics)
    for position, metric in enumerate(metrics):
        get.metrics[position].metricId = metric
    n.nvmlGpmMetricsGet(get)
    return [(get.metrics[i].nvmlReturn, get.metrics[i].value) for i in range(len(metrics))]


def _with_gpm(handle: Any, read: Callable[[tuple[Any, Any]], object]) -> object:
    samples = gpm_samples(handle)
    try:
        return read(samples)
    finally:
        for sample in samples:
            n.nvmlGpmSampleFree(sample)


def _mig_sample(handle: Any) -> object:
    sample = n.nvmlGpmSampleAlloc()
    try:
        return n.nvmlGpmMigSampleGet(handle, 0, sample)
    finally:
        n.nvmlGpmSampleFree(sample)


def _sample(handle: Any) -> object:
    sample = n.nvmlGpmSampleAlloc()
    try:
        return n.nvmlGpmSampleGet(handle, sample)
    finally:
        n.nvmlGpmSampleFree(sample)


def _register(handle: Any) -> object:
    listener = n.nvmlEventSetCreate()
    try:
        return n.nvmlDeviceRegisterEvents(handle, n.nvmlEventTypeXidCriticalError, listener)
    finally:
        n.nvmlEventSetFree(listener)


def filled(function: str, kind: str) -> Read:
    """A call that fills in a struct of its own and gives it back."""

    def read(handle: Any) -> Any:
        struct = getattr(n, kind)()
        code = getattr(n, function)(handle, n.byref(struct))
        n._nvmlCheckReturn(code)
        return struct

    return read


_PLAIN = (
    *("Name", "UUID", "Serial", "VbiosVersion", "BoardPartNumber", "Architecture", "Brand"),
    *("MinorNumber", "Index", "CudaComputeCapability", "PersistenceMode", "VirtualizationMode"),
    *("PowerUsage", "TotalEnergyConsumption", "PowerManagementMode", "EnforcedPowerLimit"),
    *("PowerManagementLimit", "PowerManagementDefaultLimit", "PowerManagementLimitConstraints"),
    *("MarginTemperature", "FanSpeed", "NumFans", "UtilizationRates", "EncoderUtilization"),
    *("DecoderUtilization", "JpgUtilization", "OfaUtilization", "PerformanceState"),
    *("CurrentClocksEventReasons", "SupportedClocksEventReasons", "CurrentClocksThrottleReasons"),
    *("SupportedClocksThrottleReasons", "MemoryInfo", "BAR1MemoryInfo", "EccMode"),
    *("RemappedRows", "RowRemapperHistogram", "RetiredPagesPendingStatus"),
    *("CurrPcieLinkGeneration", "MaxPcieLinkGeneration", "CurrPcieLinkWidth", "MaxPcieLinkWidth"),
    *("PcieReplayCounter", "C2cModeInfoV", "ModuleId", "MigMode", "MaxMigDeviceCount"),
    *("GpuInstanceId", "ComputeInstanceId", "DeviceHandleFromMigDeviceHandle"),
    *("SupportedEventTypes", "Attributes_v2", "PciInfo_v3"),
    *(f"{kind}RunningProcesses_v2" for kind in ("Compute", "Graphics", "MPSCompute")),
    *(f"{kind}RunningProcesses_v3" for kind in ("Compute", "Graphics", "MPSCompute")),
)

READS: dict[str, Read] = {
    **{
        f"nvmlDeviceGet{name}": getattr(n, f"nvmlDeviceGet{name}")
        for name in _PLAIN
        if name != "PciInfo_v3"
    },
    "nvmlDeviceGetPciInfo_v3": n.nvmlDeviceGetPciInfo_v3,
    "nvmlDeviceGetFieldValues": lambda h: n.nvmlDeviceGetFieldValues(h, [83, 142]),
    "nvmlDeviceGetSamples": lambda h: n.nvmlDeviceGetSamples(h, 0, 0),
    "nvmlDeviceGetTemperature": lambda h: n.nvmlDeviceGetTemperature(h, 0),
    "nvmlDeviceGetTemperatureV": lambda h: n.nvmlDeviceGetTemperatureV(h, 0),
    "nvmlDeviceGetTemperatureThreshold": lambda h: n.nvmlDeviceGetTemperatureThreshold(h, 0),
    "nvmlDeviceGetFanSpeed_v2": lambda h: n.nvmlDeviceGetFanSpeed_v2(h, 0),
    "nvmlDeviceGetClockInfo": lambda h: n.nvmlDeviceGetClockInfo(h, 0),
    "nvmlDeviceGetMaxClockInfo": lambda h: n.nvmlDeviceGetMaxClockInfo(h, 0),
    "nvmlDeviceGetViolationStatus": lambda h: n.nvmlDeviceGetViolationStatus(h, 0),
    "nvmlDeviceGetMemoryInfo_v2": lambda h: n.nvmlDeviceGetMemoryInfo(h, n.nvmlMemory_v2),
    "nvmlDeviceGetTotalEccErrors": lambda h: n.nvmlDeviceGetTotalEccErrors(h, 0, 0),
    "nvmlDeviceGetMemoryErrorCounter": lambda h: n.nvmlDeviceGetMemoryErrorCounter(h, 0, 0, 2),
    "nvmlDeviceGetSramEccErrorStatus": filled(
        "nvmlDeviceGetSramEccErrorStatus", "c_nvmlEccSramErrorStatus_v1_t"
    ),
    "nvmlDeviceGetRetiredPages": lambda h: n.nvmlDeviceGetRetiredPages(h, 0),
    "nvmlDeviceGetRetiredPages_v2": lambda h: n.nvmlDeviceGetRetiredPages_v2(h, 0),
    "nvmlDeviceGetPcieThroughput": lambda h: n.nvmlDeviceGetPcieThroughput(h, 0),
    "nvmlDeviceGetNvLinkState": lambda h: n.nvmlDeviceGetNvLinkState(h, 0),
    "nvmlDeviceGetNvLinkVersion": lambda h: n.nvmlDeviceGetNvLinkVersion(h, 0),
    "nvmlDeviceGetNvLinkRemoteDeviceType": lambda h: n.nvmlDeviceGetNvLinkRemoteDeviceType(h, 0),
    "nvmlDeviceGetNvLinkErrorCounter": lambda h: n.nvmlDeviceGetNvLinkErrorCounter(h, 0, 0),
    "nvmlDeviceGetGpuFabricInfo": filled("nvmlDeviceGetGpuFabricInfo", "c_nvmlGpuFabricInfo_t"),
    "nvmlDeviceGetGpuFabricInfoV": filled(
        "nvmlDeviceGetGpuFabricInfoV", "c_nvmlGpuFabricInfo_v2_t"
    ),
    "nvmlDeviceGetPlatformInfo": filled("nvmlDeviceGetPlatformInfo", "c_nvmlPlatformInfo_v2_t"),
    "nvmlDeviceWorkloadPowerProfileGetCurrentProfiles": filled(
        "nvmlDeviceWorkloadPowerProfileGetCurrentProfiles",
        "c_nvmlWorkloadPowerProfileCurrentProfiles_v1_t",
    ),
    "nvmlDeviceIsMigDeviceHandle": lambda h: n.nvmlDeviceIsMigDeviceHandle(h).value,
    "nvmlDeviceGetMigDeviceHandleByIndex": lambda h: n.nvmlDeviceGetMigDeviceHandleByIndex(h, 0),
    "nvmlGpmQueryDeviceSupport": lambda h: n.nvmlGpmQueryDeviceSupport(h).isSupportedDevice,
    "nvmlGpmSampleGet": _sample,
    "nvmlGpmMigSampleGet": _mig_sample,
    "nvmlGpmMetricsGet": lambda h: _with_gpm(h, lambda samples: gpm_metrics(samples, 2)),
    "nvmlDeviceRegisterEvents": _register,
}
"""By the function's name; each raises NVMLError when the function fails."""
