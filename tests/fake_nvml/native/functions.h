// Every function of NVML that the fake offers: its name, its group, and what it
// answers for: the whole driver ("system"), a GPU, or a MIG device as well.
// functions.py reads this list: keep to one X(...) for each function.
#ifndef FAKE_NVML_FUNCTIONS_H
#define FAKE_NVML_FUNCTIONS_H

#define FAKE_FUNCTIONS(X) \
    X(nvmlInit_v2, INIT, system) \
    X(nvmlShutdown, SHUTDOWN, system) \
    X(nvmlSystemGetDriverVersion, SYSTEM, system) \
    X(nvmlSystemGetNVMLVersion, SYSTEM, system) \
    X(nvmlSystemGetCudaDriverVersion_v2, SYSTEM, system) \
    X(nvmlDeviceGetCount_v2, COUNT, system) \
    X(nvmlDeviceGetHandleByIndex_v2, HANDLE, system) \
    X(nvmlDeviceGetHandleByUUID, HANDLE, system) \
    X(nvmlDeviceGetHandleByPciBusId_v2, HANDLE, system) \
    X(nvmlEventSetCreate, EVENTS, system) \
    X(nvmlEventSetFree, EVENTS, system) \
    X(nvmlEventSetWait_v2, EVENTS, system) \
    X(nvmlGpmSampleAlloc, GPM, system) \
    X(nvmlGpmSampleFree, GPM, system) \
    X(nvmlDeviceGetName, IDENTITY, mig) \
    X(nvmlDeviceGetUUID, IDENTITY, mig) \
    X(nvmlDeviceGetSerial, IDENTITY, gpu) \
    X(nvmlDeviceGetVbiosVersion, IDENTITY, gpu) \
    X(nvmlDeviceGetBoardPartNumber, IDENTITY, gpu) \
    X(nvmlDeviceGetArchitecture, IDENTITY, gpu) \
    X(nvmlDeviceGetBrand, IDENTITY, gpu) \
    X(nvmlDeviceGetMinorNumber, IDENTITY, gpu) \
    X(nvmlDeviceGetIndex, IDENTITY, gpu) \
    X(nvmlDeviceGetPciInfo_v3, IDENTITY, gpu) \
    X(nvmlDeviceGetCudaComputeCapability, IDENTITY, mig) \
    X(nvmlDeviceGetPersistenceMode, PERSISTENCE, gpu) \
    X(nvmlDeviceGetVirtualizationMode, VIRTUALIZATION, gpu) \
    X(nvmlDeviceGetFieldValues, FIELD_VALUES, gpu) \
    X(nvmlDeviceGetPowerUsage, POWER_USAGE, gpu) \
    X(nvmlDeviceGetTotalEnergyConsumption, ENERGY, gpu) \
    X(nvmlDeviceGetSamples, SAMPLES, gpu) \
    X(nvmlDeviceGetPowerManagementMode, POWER_MODE, gpu) \
    X(nvmlDeviceGetEnforcedPowerLimit, POWER_LIMITS, gpu) \
    X(nvmlDeviceGetPowerManagementLimit, POWER_LIMITS, gpu) \
    X(nvmlDeviceGetPowerManagementDefaultLimit, POWER_LIMITS, gpu) \
    X(nvmlDeviceGetPowerManagementLimitConstraints, POWER_LIMITS, gpu) \
    X(nvmlDeviceWorkloadPowerProfileGetCurrentProfiles, POWER_PROFILES, gpu) \
    X(nvmlDeviceGetTemperature, TEMPERATURE, gpu) \
    X(nvmlDeviceGetTemperatureV, TEMPERATURE_V, gpu) \
    X(nvmlDeviceGetMarginTemperature, MARGIN_TEMPERATURE, gpu) \
    X(nvmlDeviceGetTemperatureThreshold, TEMPERATURE_THRESHOLD, gpu) \
    X(nvmlDeviceGetFanSpeed, FAN, gpu) \
    X(nvmlDeviceGetFanSpeed_v2, FAN, gpu) \
    X(nvmlDeviceGetNumFans, FAN, gpu) \
    X(nvmlDeviceGetUtilizationRates, UTILIZATION, gpu) \
    X(nvmlDeviceGetEncoderUtilization, ENCODER_DECODER, gpu) \
    X(nvmlDeviceGetDecoderUtilization, ENCODER_DECODER, gpu) \
    X(nvmlDeviceGetJpgUtilization, JPEG_OFA, gpu) \
    X(nvmlDeviceGetOfaUtilization, JPEG_OFA, gpu) \
    X(nvmlDeviceGetClockInfo, CLOCKS, gpu) \
    X(nvmlDeviceGetMaxClockInfo, MAX_CLOCKS, gpu) \
    X(nvmlDeviceGetPerformanceState, PERFORMANCE_STATE, gpu) \
    X(nvmlDeviceGetCurrentClocksEventReasons, CLOCK_EVENT_REASONS, gpu) \
    X(nvmlDeviceGetSupportedClocksEventReasons, CLOCK_EVENT_REASONS, gpu) \
    X(nvmlDeviceGetCurrentClocksThrottleReasons, CLOCK_EVENT_REASONS, gpu) \
    X(nvmlDeviceGetSupportedClocksThrottleReasons, CLOCK_EVENT_REASONS, gpu) \
    X(nvmlDeviceGetViolationStatus, VIOLATION, gpu) \
    X(nvmlDeviceGetMemoryInfo, MEMORY_INFO, mig) \
    X(nvmlDeviceGetMemoryInfo_v2, MEMORY_INFO_V2, mig) \
    X(nvmlDeviceGetBAR1MemoryInfo, BAR1, mig) \
    X(nvmlDeviceGetEccMode, ECC, gpu) \
    X(nvmlDeviceGetTotalEccErrors, ECC, gpu) \
    X(nvmlDeviceGetMemoryErrorCounter, ECC, gpu) \
    X(nvmlDeviceGetSramEccErrorStatus, ECC, gpu) \
    X(nvmlDeviceGetRemappedRows, ROW_REMAPPER, gpu) \
    X(nvmlDeviceGetRowRemapperHistogram, ROW_REMAPPER, gpu) \
    X(nvmlDeviceGetRetiredPages, RETIRED_PAGES, gpu) \
    X(nvmlDeviceGetRetiredPages_v2, RETIRED_PAGES, gpu) \
    X(nvmlDeviceGetRetiredPagesPendingStatus, RETIRED_PAGES, gpu) \
    X(nvmlDeviceGetCurrPcieLinkGeneration, PCIE, gpu) \
    X(nvmlDeviceGetMaxPcieLinkGeneration, PCIE, gpu) \
    X(nvmlDeviceGetCurrPcieLinkWidth, PCIE, gpu) \
    X(nvmlDeviceGetMaxPcieLinkWidth, PCIE, gpu) \
    X(nvmlDeviceGetPcieReplayCounter, PCIE, gpu) \
    X(nvmlDeviceGetPcieThroughput, PCIE, gpu) \
    X(nvmlDeviceGetNvLinkState, NVLINK, gpu) \
    X(nvmlDeviceGetNvLinkVersion, NVLINK, gpu) \
    X(nvmlDeviceGetNvLinkRemoteDeviceType, NVLINK, gpu) \
    X(nvmlDeviceGetNvLinkErrorCounter, NVLINK, gpu) \
    X(nvmlDeviceGetC2cModeInfoV, C2C, gpu) \
    X(nvmlDeviceGetGpuFabricInfo, FABRIC, gpu) \
    X(nvmlDeviceGetGpuFabricInfoV, FABRIC, gpu) \
    X(nvmlDeviceGetPlatformInfo, PLATFORM, gpu) \
    X(nvmlDeviceGetModuleId, PLATFORM, gpu) \
    X(nvmlDeviceIsMigDeviceHandle, IDENTITY, mig) \
    X(nvmlDeviceGetDeviceHandleFromMigDeviceHandle, IDENTITY, mig) \
    X(nvmlDeviceGetMigMode, MIG, gpu) \
    X(nvmlDeviceGetMaxMigDeviceCount, MIG, gpu) \
    X(nvmlDeviceGetMigDeviceHandleByIndex, MIG, gpu) \
    X(nvmlDeviceGetGpuInstanceId, MIG, mig) \
    X(nvmlDeviceGetComputeInstanceId, MIG, mig) \
    X(nvmlDeviceGetAttributes_v2, MIG, mig) \
    X(nvmlDeviceGetComputeRunningProcesses_v2, PROCESSES, mig) \
    X(nvmlDeviceGetComputeRunningProcesses_v3, PROCESSES, mig) \
    X(nvmlDeviceGetGraphicsRunningProcesses_v2, PROCESSES, mig) \
    X(nvmlDeviceGetGraphicsRunningProcesses_v3, PROCESSES, mig) \
    X(nvmlDeviceGetMPSComputeRunningProcesses_v2, PROCESSES, mig) \
    X(nvmlDeviceGetMPSComputeRunningProcesses_v3, PROCESSES, mig) \
    X(nvmlGpmQueryDeviceSupport, GPM, gpu) \
    X(nvmlGpmSampleGet, GPM, gpu) \
    X(nvmlGpmMigSampleGet, GPM, gpu) \
    X(nvmlGpmMetricsGet, GPM, gpu) \
    X(nvmlDeviceRegisterEvents, EVENTS, gpu) \
    X(nvmlDeviceGetSupportedEventTypes, EVENTS, gpu)

enum fake_function {
#define FAKE_FUNCTION_ENUM(name, group, where) F_##name,
    FAKE_FUNCTIONS(FAKE_FUNCTION_ENUM)
#undef FAKE_FUNCTION_ENUM
        FUNCTION_COUNT_OF
};

enum fake_where { WHERE_system, WHERE_gpu, WHERE_mig };

#endif
