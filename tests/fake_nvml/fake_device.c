// The plain device queries: each copies a value out of the state file.
#include "fake_nvml.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

// ---- Finding devices --------------------------------------------------------

EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(uint32_t *count) {
    if (count == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, GROUP_COUNT);
    if (result == NVML_SUCCESS)
        *count = visible_gpus(call.state);
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetCount(uint32_t *count) { return nvmlDeviceGetCount_v2(count); }

static nvmlReturn_t hand_out(const struct call *call, uint32_t index, nvmlDevice_t *device) {
    struct fake_gpu *gpu = &call->state->gpus[index];
    wait_while_hung(gpu, UINT64_C(1) << GROUP_HANDLE);
    if (LOAD(gpu->is_lost))
        return NVML_ERROR_GPU_IS_LOST;
    nvmlReturn_t error = group_refusal(gpu, GROUP_HANDLE);
    if (error == NVML_SUCCESS)
        *device = &fake_devices[index];
    return error;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(uint32_t index, nvmlDevice_t *device) {
    if (device == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, GROUP_HANDLE);
    if (result == NVML_SUCCESS)
        result = index < visible_gpus(call.state) ? hand_out(&call, index, device)
                                                  : NVML_ERROR_INVALID_ARGUMENT;
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device) {
    if (uuid == NULL || device == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, GROUP_HANDLE);
    if (result == NVML_SUCCESS) {
        result = NVML_ERROR_NOT_FOUND;
        for (uint32_t i = 0; i < visible_gpus(call.state); i++)
            if (strcmp(uuid, call.state->gpus[i].uuid) == 0)
                result = hand_out(&call, i, device);
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, nvmlDevice_t *device) {
    if (bus_id == NULL || device == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    unsigned domain = 0, bus = 0, slot = 0, function = 0;
    bool is_valid = sscanf(bus_id, "%x:%x:%x.%x", &domain, &bus, &slot, &function) == 4;
    if (!is_valid) {
        domain = 0;  // NVML takes the short form too
        is_valid = sscanf(bus_id, "%x:%x.%x", &bus, &slot, &function) == 3;
    }
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, GROUP_HANDLE);
    if (result == NVML_SUCCESS) {
        result = is_valid ? NVML_ERROR_NOT_FOUND : NVML_ERROR_INVALID_ARGUMENT;
        for (uint32_t i = 0; is_valid && i < visible_gpus(call.state); i++) {
            const struct fake_gpu *gpu = &call.state->gpus[i];
            if (gpu->pci_domain == domain && gpu->pci_bus == bus && gpu->pci_device == slot)
                result = hand_out(&call, i, device);
        }
    }
    return call_end(&call, result);
}

// ---- Values -----------------------------------------------------------------

static nvmlReturn_t get_u32(nvmlDevice_t device, enum fake_group group, size_t offset,
                            uint32_t *out) {
    if (out == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, group);
    if (result == NVML_SUCCESS)
        *out = LOAD(*(const uint32_t *)((const char *)call.gpu + offset));
    return call_end(&call, result);
}

static nvmlReturn_t get_u64(nvmlDevice_t device, enum fake_group group, size_t offset,
                            uint64_t *out) {
    if (out == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, group);
    if (result == NVML_SUCCESS)
        *out = LOAD(*(const uint64_t *)((const char *)call.gpu + offset));
    return call_end(&call, result);
}

static nvmlReturn_t get_text(nvmlDevice_t device, size_t offset, char *out, uint32_t length) {
    if (out == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_IDENTITY);
    if (result == NVML_SUCCESS) {
        const char *text = (const char *)call.gpu + offset;
        if (text[0] == '\0')
            result = NVML_ERROR_NOT_SUPPORTED;
        else if (strlen(text) + 1 > length)
            result = NVML_ERROR_INSUFFICIENT_SIZE;
        else
            memcpy(out, text, strlen(text) + 1);
    }
    return call_end(&call, result);
}

// As get_u32 with the value picked out of four by NVML's clock type or so.
static nvmlReturn_t get_u32_choice(nvmlDevice_t device, enum fake_group group,
                                   const size_t *offsets, uint32_t count, uint32_t choice,
                                   uint32_t *out) {
    if (choice >= count)
        return NVML_ERROR_INVALID_ARGUMENT;
    return get_u32(device, group, offsets[choice], out);
}

#define GPU_U32(function, group, field) \
    EXPORT nvmlReturn_t function(nvmlDevice_t device, uint32_t *out) { \
        return get_u32(device, group, offsetof(struct fake_gpu, field), out); \
    }
#define GPU_U64(function, group, field) \
    EXPORT nvmlReturn_t function(nvmlDevice_t device, uint64_t *out) { \
        return get_u64(device, group, offsetof(struct fake_gpu, field), out); \
    }
#define GPU_TEXT(function, field) \
    EXPORT nvmlReturn_t function(nvmlDevice_t device, char *out, uint32_t length) { \
        return get_text(device, offsetof(struct fake_gpu, field), out, length); \
    }
// NVML also gives the sampling period of these.
#define GPU_ENGINE(function, group, field) \
    EXPORT nvmlReturn_t function(nvmlDevice_t device, uint32_t *out, uint32_t *period_us) { \
        if (period_us == NULL) \
            return NVML_ERROR_INVALID_ARGUMENT; \
        *period_us = 167000; \
        return get_u32(device, group, offsetof(struct fake_gpu, field), out); \
    }

GPU_TEXT(nvmlDeviceGetName, name)
GPU_TEXT(nvmlDeviceGetUUID, uuid)
GPU_TEXT(nvmlDeviceGetSerial, serial)
GPU_TEXT(nvmlDeviceGetVbiosVersion, vbios_version)
GPU_TEXT(nvmlDeviceGetBoardPartNumber, board_part_number)
GPU_U32(nvmlDeviceGetArchitecture, GROUP_IDENTITY, architecture)
GPU_U32(nvmlDeviceGetBrand, GROUP_IDENTITY, brand)
GPU_U32(nvmlDeviceGetMinorNumber, GROUP_IDENTITY, minor_number)
GPU_U32(nvmlDeviceGetPersistenceMode, GROUP_PERSISTENCE, persistence_mode)
GPU_U32(nvmlDeviceGetPerformanceState, GROUP_PERFORMANCE_STATE, performance_state)
GPU_U32(nvmlDeviceGetEnforcedPowerLimit, GROUP_POWER_LIMITS, enforced_power_limit_milliwatts)
GPU_U32(nvmlDeviceGetPowerManagementLimit, GROUP_POWER_LIMITS, power_limit_milliwatts)
GPU_U32(nvmlDeviceGetPowerManagementDefaultLimit, GROUP_POWER_LIMITS,
        default_power_limit_milliwatts)
GPU_U32(nvmlDeviceGetMaxMigDeviceCount, GROUP_MIG, mig_device_count_max)
GPU_U32(nvmlDeviceGetPcieReplayCounter, GROUP_PCIE, pcie_replay_count)
GPU_U32(nvmlDeviceGetCurrPcieLinkGeneration, GROUP_PCIE, pcie_generation)
GPU_U32(nvmlDeviceGetCurrPcieLinkWidth, GROUP_PCIE, pcie_width)
GPU_U32(nvmlDeviceGetMaxPcieLinkGeneration, GROUP_PCIE, pcie_generation_max)
GPU_U32(nvmlDeviceGetMaxPcieLinkWidth, GROUP_PCIE, pcie_width_max)
GPU_U64(nvmlDeviceGetCurrentClocksThrottleReasons, GROUP_CLOCK_EVENT_REASONS, clock_event_reasons)
GPU_U64(nvmlDeviceGetSupportedClocksThrottleReasons, GROUP_CLOCK_EVENT_REASONS,
        supported_clock_event_reasons)
GPU_ENGINE(nvmlDeviceGetEncoderUtilization, GROUP_ENCODER_DECODER, encoder_utilization_percent)
GPU_ENGINE(nvmlDeviceGetDecoderUtilization, GROUP_ENCODER_DECODER, decoder_utilization_percent)

#ifndef FAKE_NVML_OLD_DRIVER
GPU_U64(nvmlDeviceGetCurrentClocksEventReasons, GROUP_CLOCK_EVENT_REASONS, clock_event_reasons)
GPU_U64(nvmlDeviceGetSupportedClocksEventReasons, GROUP_CLOCK_EVENT_REASONS,
        supported_clock_event_reasons)
GPU_ENGINE(nvmlDeviceGetJpgUtilization, GROUP_JPEG_OFA, jpeg_utilization_percent)
GPU_ENGINE(nvmlDeviceGetOfaUtilization, GROUP_JPEG_OFA, ofa_utilization_percent)
#endif

EXPORT nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, uint32_t *index) {
    if (index == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_IDENTITY);
    if (result == NVML_SUCCESS)
        *index = call.index;
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *info) {
    if (info == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_IDENTITY);
    if (result == NVML_SUCCESS) {
        const struct fake_gpu *gpu = call.gpu;
        *info = (nvmlPciInfo_t){.domain = gpu->pci_domain,
                                .bus = gpu->pci_bus,
                                .device = gpu->pci_device,
                                .pciDeviceId = gpu->pci_device_id,
                                .pciSubSystemId = gpu->pci_subsystem_id};
        snprintf(info->busId, sizeof(info->busId), "%08X:%02X:%02X.0", gpu->pci_domain,
                 gpu->pci_bus, gpu->pci_device);
        snprintf(info->busIdLegacy, sizeof(info->busIdLegacy), "%04X:%02X:%02X.0",
                 gpu->pci_domain & 0xFFFF, gpu->pci_bus & 0xFF, gpu->pci_device & 0xFF);
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major,
                                                       int *minor) {
    if (major == NULL || minor == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_IDENTITY);
    if (result == NVML_SUCCESS) {
        *major = (int)call.gpu->compute_major;
        *minor = (int)call.gpu->compute_minor;
    }
    return call_end(&call, result);
}

// ---- Memory -----------------------------------------------------------------

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
    if (memory == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_MEMORY_INFO);
    if (result == NVML_SUCCESS) {
        // The first version counts what the driver reserves as used.
        memory->total = LOAD(call.gpu->memory_total_bytes);
        memory->used =
            LOAD(call.gpu->memory_used_bytes) + LOAD(call.gpu->memory_reserved_bytes);
        memory->free = memory->total - memory->used;
    }
    return call_end(&call, result);
}

#ifndef FAKE_NVML_OLD_DRIVER
EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory) {
    if (memory == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (memory->version != (sizeof(*memory) | 2u << 24))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_MEMORY_INFO_V2);
    if (result == NVML_SUCCESS) {
        memory->total = LOAD(call.gpu->memory_total_bytes);
        memory->reserved = LOAD(call.gpu->memory_reserved_bytes);
        memory->used = LOAD(call.gpu->memory_used_bytes);
        memory->free = memory->total - memory->reserved - memory->used;
    }
    return call_end(&call, result);
}
#endif

// ---- Power limits, temperatures, utilization, clocks ------------------------

EXPORT nvmlReturn_t nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t device,
                                                                 uint32_t *minimum,
                                                                 uint32_t *maximum) {
    if (minimum == NULL || maximum == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_POWER_LIMITS);
    if (result == NVML_SUCCESS) {
        *minimum = LOAD(call.gpu->minimum_power_limit_milliwatts);
        *maximum = LOAD(call.gpu->maximum_power_limit_milliwatts);
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, uint32_t sensor,
                                             uint32_t *celsius) {
    if (sensor != 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    return get_u32(device, GROUP_TEMPERATURE, offsetof(struct fake_gpu, temperature_celsius),
                   celsius);
}

#ifndef FAKE_NVML_OLD_DRIVER
EXPORT nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_v1_t *value) {
    if (value == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (value->version != (sizeof(*value) | 1u << 24))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    if (value->sensorType != 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    return get_u32(device, GROUP_TEMPERATURE_V, offsetof(struct fake_gpu, temperature_celsius),
                   (uint32_t *)&value->temperature);
}

EXPORT nvmlReturn_t nvmlDeviceGetMarginTemperature(nvmlDevice_t device,
                                                   nvmlMarginTemperature_v1_t *value) {
    if (value == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (value->version != (sizeof(*value) | 1u << 24))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    return get_u32(device, GROUP_MARGIN_TEMPERATURE,
                   offsetof(struct fake_gpu, margin_temperature_celsius),
                   (uint32_t *)&value->marginTemperature);
}
#endif

EXPORT nvmlReturn_t nvmlDeviceGetTemperatureThreshold(nvmlDevice_t device, uint32_t threshold,
                                                      uint32_t *celsius) {
    static const size_t offsets[] = {offsetof(struct fake_gpu, shutdown_celsius),
                                     offsetof(struct fake_gpu, slowdown_celsius),
                                     offsetof(struct fake_gpu, memory_max_celsius),
                                     offsetof(struct fake_gpu, gpu_max_celsius)};
    return get_u32_choice(device, GROUP_TEMPERATURE_THRESHOLD, offsets, 4, threshold, celsius);
}

EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device,
                                                  nvmlUtilization_t *utilization) {
    if (utilization == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_UTILIZATION);
    if (result == NVML_SUCCESS) {
        utilization->gpu = LOAD(call.gpu->gpu_utilization_percent);
        utilization->memory = LOAD(call.gpu->memory_utilization_percent);
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, uint32_t type,
                                           uint32_t *megahertz) {
    static const size_t offsets[] = {offsetof(struct fake_gpu, graphics_clock_megahertz),
                                     offsetof(struct fake_gpu, sm_clock_megahertz),
                                     offsetof(struct fake_gpu, memory_clock_megahertz),
                                     offsetof(struct fake_gpu, video_clock_megahertz)};
    return get_u32_choice(device, GROUP_CLOCKS, offsets, 4, type, megahertz);
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, uint32_t type,
                                              uint32_t *megahertz) {
    static const size_t offsets[] = {offsetof(struct fake_gpu, max_graphics_clock_megahertz),
                                     offsetof(struct fake_gpu, max_sm_clock_megahertz),
                                     offsetof(struct fake_gpu, max_memory_clock_megahertz),
                                     offsetof(struct fake_gpu, max_video_clock_megahertz)};
    return get_u32_choice(device, GROUP_MAX_CLOCKS, offsets, 4, type, megahertz);
}

// ---- Errors, MIG, processes -------------------------------------------------

EXPORT nvmlReturn_t nvmlDeviceGetViolationStatus(nvmlDevice_t device, uint32_t policy,
                                                 nvmlViolationTime_t *time) {
    if (time == NULL || policy >= 16)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_VIOLATION);
    if (result == NVML_SUCCESS) {
        time->referenceTime = (uint64_t)call.begin_nanoseconds / 1000;
        time->violationTime = LOAD(call.gpu->violation_nanoseconds[policy]);
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, uint32_t error_type,
                                                uint32_t counter_type, uint64_t *count) {
    if (error_type > 1 || counter_type > 1)
        return NVML_ERROR_INVALID_ARGUMENT;
    size_t which = 2 * counter_type + error_type;
    return get_u64(device, GROUP_ECC,
                   offsetof(struct fake_gpu, ecc_errors) + which * sizeof(uint64_t), count);
}

EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, uint32_t *current,
                                         uint32_t *pending) {
    if (current == NULL || pending == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_MIG);
    if (result == NVML_SUCCESS) {
        *current = LOAD(call.gpu->mig_mode);
        *pending = LOAD(call.gpu->mig_pending_mode);
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, uint32_t *count,
                                                            nvmlProcessInfo_t *processes) {
    if (count == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_PROCESSES);
    if (result != NVML_SUCCESS)
        return call_end(&call, result);
    uint32_t room = processes == NULL ? 0 : *count;
    uint32_t running = LOAD_ACQUIRE(call.gpu->process_count);
    if (running > FAKE_PROCESSES_MAX)
        running = FAKE_PROCESSES_MAX;
    *count = running;
    if (room < running)
        return call_end(&call, NVML_ERROR_INSUFFICIENT_SIZE);
    for (uint32_t i = 0; i < running; i++)
        processes[i] = (nvmlProcessInfo_t){
            .pid = LOAD(call.gpu->processes[i].pid),
            .usedGpuMemory = LOAD(call.gpu->processes[i].used_memory_bytes),
            .gpuInstanceId = UINT32_MAX,
            .computeInstanceId = UINT32_MAX};
    return call_end(&call, NVML_SUCCESS);
}

// Not emulated; there, so that a client sees NOT_SUPPORTED as on a plain board.
static nvmlReturn_t not_supported(nvmlDevice_t device) {
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_FABRIC);
    return call_end(&call, result != NVML_SUCCESS ? result : NVML_ERROR_NOT_SUPPORTED);
}

#ifndef FAKE_NVML_OLD_DRIVER
EXPORT nvmlReturn_t nvmlDeviceGetGpuFabricInfo(nvmlDevice_t device, void *info) {
    (void)info;
    return not_supported(device);
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuFabricInfoV(nvmlDevice_t device, void *info) {
    (void)info;
    return not_supported(device);
}
#endif

EXPORT nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, uint32_t index,
                                                        nvmlDevice_t *mig_device) {
    (void)index;
    (void)mig_device;
    return not_supported(device);
}
