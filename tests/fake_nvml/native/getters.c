// Queries that copy one number out of the state file.
#include "fake.h"

nvmlReturn_t get_u32(nvmlDevice_t device, enum fake_function function, size_t offset,
                     uint32_t *out) {
    if (out == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, function);
    if (result == NVML_SUCCESS)
        *out = LOAD(*(const uint32_t *)((const char *)call.gpu + offset));
    return call_end(&call, result);
}

nvmlReturn_t get_u64(nvmlDevice_t device, enum fake_function function, size_t offset,
                     uint64_t *out) {
    if (out == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, function);
    if (result == NVML_SUCCESS)
        *out = LOAD(*(const uint64_t *)((const char *)call.gpu + offset));
    return call_end(&call, result);
}

// NVML also gives the sampling period of these.
#define GPU_ENGINE(function, field) \
    EXPORT nvmlReturn_t function(nvmlDevice_t device, uint32_t *out, uint32_t *period_us) { \
        if (period_us == NULL) \
            return NVML_ERROR_INVALID_ARGUMENT; \
        *period_us = 167000; \
        return get_u32(device, F_##function, offsetof(struct fake_gpu, field), out); \
    }
// The value picked out of several by NVML's clock type or so.
#define GPU_CHOICE(function, ...) \
    EXPORT nvmlReturn_t function(nvmlDevice_t device, uint32_t choice, uint32_t *out) { \
        static const size_t offsets[] = {__VA_ARGS__}; \
        if (choice >= sizeof(offsets) / sizeof(offsets[0])) \
            return NVML_ERROR_INVALID_ARGUMENT; \
        return get_u32(device, F_##function, offsets[choice], out); \
    }
// Two numbers, both wanted.
#define GPU_PAIR(function, first, second) \
    EXPORT nvmlReturn_t function(nvmlDevice_t device, uint32_t *one, uint32_t *other) { \
        if (one == NULL || other == NULL) \
            return NVML_ERROR_INVALID_ARGUMENT; \
        struct call call; \
        nvmlReturn_t result = call_begin(&call, device, F_##function); \
        if (result == NVML_SUCCESS) { \
            *one = LOAD(call.gpu->first); \
            *other = LOAD(call.gpu->second); \
        } \
        return call_end(&call, result); \
    }
#define AT(field) offsetof(struct fake_gpu, field)

GPU_U32(nvmlDeviceGetArchitecture, architecture)
GPU_U32(nvmlDeviceGetBrand, brand)
GPU_U32(nvmlDeviceGetMinorNumber, minor_number)
GPU_U32(nvmlDeviceGetPersistenceMode, persistence_mode)
GPU_U32(nvmlDeviceGetVirtualizationMode, virtualization_mode)
GPU_U32(nvmlDeviceGetPerformanceState, performance_state)
GPU_U32(nvmlDeviceGetPowerManagementMode, power_management_mode)
GPU_U32(nvmlDeviceGetEnforcedPowerLimit, enforced_power_limit_milliwatts)
GPU_U32(nvmlDeviceGetPowerManagementLimit, power_limit_milliwatts)
GPU_U32(nvmlDeviceGetPowerManagementDefaultLimit, default_power_limit_milliwatts)
GPU_U32(nvmlDeviceGetMaxMigDeviceCount, mig_device_count_max)
GPU_U32(nvmlDeviceGetCurrPcieLinkGeneration, pcie_generation)
GPU_U32(nvmlDeviceGetCurrPcieLinkWidth, pcie_width)
GPU_U32(nvmlDeviceGetMaxPcieLinkGeneration, pcie_generation_max)
GPU_U32(nvmlDeviceGetMaxPcieLinkWidth, pcie_width_max)
GPU_U32(nvmlDeviceGetRetiredPagesPendingStatus, retired_pages_pending)
GPU_U32(nvmlDeviceGetFanSpeed, fan_speed_percent)
GPU_U32(nvmlDeviceGetNumFans, fan_count)
GPU_U64(nvmlDeviceGetCurrentClocksThrottleReasons, clock_event_reasons)
GPU_U64(nvmlDeviceGetSupportedClocksThrottleReasons, supported_clock_event_reasons)
GPU_ENGINE(nvmlDeviceGetEncoderUtilization, encoder_utilization_percent)
GPU_ENGINE(nvmlDeviceGetDecoderUtilization, decoder_utilization_percent)
GPU_PAIR(nvmlDeviceGetPowerManagementLimitConstraints, minimum_power_limit_milliwatts,
         maximum_power_limit_milliwatts)
GPU_PAIR(nvmlDeviceGetEccMode, ecc_mode, ecc_pending_mode)
GPU_PAIR(nvmlDeviceGetMigMode, mig_mode, mig_pending_mode)
GPU_CHOICE(nvmlDeviceGetTemperature, AT(temperature_celsius))
GPU_CHOICE(nvmlDeviceGetTemperatureThreshold, AT(shutdown_celsius), AT(slowdown_celsius),
           AT(memory_max_celsius), AT(gpu_max_celsius))
GPU_CHOICE(nvmlDeviceGetClockInfo, AT(graphics_clock_megahertz), AT(sm_clock_megahertz),
           AT(memory_clock_megahertz), AT(video_clock_megahertz))
GPU_CHOICE(nvmlDeviceGetMaxClockInfo, AT(max_graphics_clock_megahertz), AT(max_sm_clock_megahertz),
           AT(max_memory_clock_megahertz), AT(max_video_clock_megahertz))
// Of the first fan; all turn alike.
GPU_CHOICE(nvmlDeviceGetFanSpeed_v2, AT(fan_speed_percent))
GPU_CHOICE(nvmlDeviceGetPcieThroughput, AT(pcie_transmit_kilobytes_per_second),
           AT(pcie_receive_kilobytes_per_second))

#ifndef FAKE_NVML_OLD_DRIVER
GPU_U32(nvmlDeviceGetModuleId, module_id)
GPU_U32(nvmlDeviceGetC2cModeInfoV, is_c2c_enabled)  // its struct is one unsigned int
GPU_U64(nvmlDeviceGetCurrentClocksEventReasons, clock_event_reasons)
GPU_U64(nvmlDeviceGetSupportedClocksEventReasons, supported_clock_event_reasons)
GPU_ENGINE(nvmlDeviceGetJpgUtilization, jpeg_utilization_percent)
GPU_ENGINE(nvmlDeviceGetOfaUtilization, ofa_utilization_percent)

EXPORT nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_v1_t *value) {
    if (value == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (value->version != STRUCT_VERSION(*value, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    if (value->sensorType != 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    return get_u32(device, F_nvmlDeviceGetTemperatureV, AT(temperature_celsius),
                   (uint32_t *)&value->temperature);
}

EXPORT nvmlReturn_t nvmlDeviceGetMarginTemperature(nvmlDevice_t device,
                                                   nvmlMarginTemperature_v1_t *value) {
    if (value == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (value->version != STRUCT_VERSION(*value, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    return get_u32(device, F_nvmlDeviceGetMarginTemperature, AT(margin_temperature_celsius),
                   (uint32_t *)&value->marginTemperature);
}
#endif
