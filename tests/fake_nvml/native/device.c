// Who a device is, its memory, its utilization.
#include "fake.h"

#include <stdio.h>
#include <string.h>

static nvmlReturn_t copy_text(const char *text, char *out, uint32_t length) {
    if (text[0] == '\0')
        return NVML_ERROR_NOT_SUPPORTED;
    if (strlen(text) + 1 > length)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    memcpy(out, text, strlen(text) + 1);
    return NVML_SUCCESS;
}

// `of_mig`: the text of a MIG device, if it is one.
#define DEVICE_TEXT(function, of_gpu, of_mig) \
    EXPORT nvmlReturn_t function(nvmlDevice_t device, char *out, uint32_t length) { \
        if (out == NULL) \
            return NVML_ERROR_INVALID_ARGUMENT; \
        struct call call; \
        nvmlReturn_t result = call_begin(&call, device, F_##function); \
        if (result == NVML_SUCCESS) \
            result = copy_text(call.mig != NULL ? (of_mig) : (of_gpu), out, length); \
        return call_end(&call, result); \
    }

DEVICE_TEXT(nvmlDeviceGetName, call.gpu->name, call.mig->name)
DEVICE_TEXT(nvmlDeviceGetUUID, call.gpu->uuid, call.mig->uuid)
DEVICE_TEXT(nvmlDeviceGetSerial, call.gpu->serial, "")
DEVICE_TEXT(nvmlDeviceGetVbiosVersion, call.gpu->vbios_version, "")
DEVICE_TEXT(nvmlDeviceGetBoardPartNumber, call.gpu->board_part_number, "")

EXPORT nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, uint32_t *index) {
    if (index == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetIndex);
    if (result == NVML_SUCCESS)
        *index = call.index;
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *info) {
    if (info == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetPciInfo_v3);
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
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetCudaComputeCapability);
    if (result == NVML_SUCCESS) {
        *major = (int)call.gpu->compute_major;
        *minor = (int)call.gpu->compute_minor;
    }
    return call_end(&call, result);
}

// ---- Memory -----------------------------------------------------------------

static nvmlMemory_v2_t memory_of(const struct call *call) {
    nvmlMemory_v2_t memory = {0};
    if (call->mig != NULL) {
        memory.total = LOAD(call->mig->memory_total_bytes);
        memory.reserved = LOAD(call->mig->memory_reserved_bytes);
        memory.used = LOAD(call->mig->memory_used_bytes);
    } else {
        memory.total = LOAD(call->gpu->memory_total_bytes);
        memory.reserved = LOAD(call->gpu->memory_reserved_bytes);
        memory.used = LOAD(call->gpu->memory_used_bytes);
    }
    memory.free = memory.total - memory.reserved - memory.used;
    return memory;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
    if (memory == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetMemoryInfo);
    if (result == NVML_SUCCESS) {
        // The first version counts what the driver reserves as used.
        nvmlMemory_v2_t known = memory_of(&call);
        *memory = (nvmlMemory_t){known.total, known.free, known.used + known.reserved};
    }
    return call_end(&call, result);
}

#ifndef FAKE_NVML_OLD_DRIVER
EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory) {
    if (memory == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (memory->version != STRUCT_VERSION(*memory, 2))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetMemoryInfo_v2);
    if (result == NVML_SUCCESS) {
        // One by one: the padding stays the caller's.
        nvmlMemory_v2_t known = memory_of(&call);
        memory->total = known.total;
        memory->reserved = known.reserved;
        memory->free = known.free;
        memory->used = known.used;
    }
    return call_end(&call, result);
}
#endif

EXPORT nvmlReturn_t nvmlDeviceGetBAR1MemoryInfo(nvmlDevice_t device, nvmlBAR1Memory_t *memory) {
    if (memory == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetBAR1MemoryInfo);
    if (result == NVML_SUCCESS) {
        memory->bar1Total = LOAD(call.gpu->bar1_total_bytes);
        memory->bar1Used = LOAD(call.gpu->bar1_used_bytes);
        memory->bar1Free = memory->bar1Total - memory->bar1Used;
    }
    return call_end(&call, result);
}

// ---- Utilization, power profiles --------------------------------------------

EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device,
                                                  nvmlUtilization_t *utilization) {
    if (utilization == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetUtilizationRates);
    if (result == NVML_SUCCESS) {
        utilization->gpu = LOAD(call.gpu->gpu_utilization_percent);
        utilization->memory = LOAD(call.gpu->memory_utilization_percent);
    }
    return call_end(&call, result);
}

#ifndef FAKE_NVML_OLD_DRIVER
EXPORT nvmlReturn_t nvmlDeviceWorkloadPowerProfileGetCurrentProfiles(
    nvmlDevice_t device, nvmlWorkloadPowerProfileCurrentProfiles_v1_t *profiles) {
    if (profiles == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (profiles->version != STRUCT_VERSION(*profiles, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    struct call call;
    nvmlReturn_t result =
        call_begin(&call, device, F_nvmlDeviceWorkloadPowerProfileGetCurrentProfiles);
    for (int word = 0; result == NVML_SUCCESS && word < 8; word++) {
        profiles->perfProfilesMask[word] = LOAD(call.gpu->power_profiles[0][word]);
        profiles->requestedProfilesMask[word] = LOAD(call.gpu->power_profiles[1][word]);
        profiles->enforcedProfilesMask[word] = LOAD(call.gpu->power_profiles[2][word]);
    }
    return call_end(&call, result);
}
#endif
