// The driver as a whole: versions, errors in words, and finding its GPUs.
#include "fake.h"

#include <stdio.h>
#include <string.h>

EXPORT const char *nvmlErrorString(nvmlReturn_t result) {
    switch (result) {
    case NVML_SUCCESS: return "Success";
    case NVML_ERROR_UNINITIALIZED: return "Uninitialized";
    case NVML_ERROR_INVALID_ARGUMENT: return "Invalid Argument";
    case NVML_ERROR_NOT_SUPPORTED: return "Not Supported";
    case NVML_ERROR_NO_PERMISSION: return "Insufficient Permissions";
    case NVML_ERROR_NOT_FOUND: return "Not Found";
    case NVML_ERROR_INSUFFICIENT_SIZE: return "Insufficient Size";
    case NVML_ERROR_DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case NVML_ERROR_TIMEOUT: return "Timeout";
    case NVML_ERROR_FUNCTION_NOT_FOUND: return "Function Not Found";
    case NVML_ERROR_GPU_IS_LOST: return "GPU is lost";
    case NVML_ERROR_LIB_RM_VERSION_MISMATCH: return "Driver/library version mismatch";
    case NVML_ERROR_IN_USE: return "In use by another client";
    case NVML_ERROR_MEMORY: return "Insufficient Memory";
    case NVML_ERROR_ARGUMENT_VERSION_MISMATCH: return "Mismatched argument version";
    case NVML_ERROR_NOT_READY: return "Not Ready";
    default: return "Unknown Error";
    }
}

static nvmlReturn_t copy_version(char *out, uint32_t length, enum fake_function function) {
    if (out == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, function);
    if (result == NVML_SUCCESS) {
        bool is_driver = function == F_nvmlSystemGetDriverVersion;
        const char *text = is_driver ? call.state->driver_version : call.state->nvml_version;
#ifdef FAKE_NVML_OLD_DRIVER
        text = is_driver ? "470.256.02" : "11.470.256.02";
#endif
        if (strlen(text) + 1 > length)
            result = NVML_ERROR_INSUFFICIENT_SIZE;
        else
            memcpy(out, text, strlen(text) + 1);
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char *version, uint32_t length) {
    return copy_version(version, length, F_nvmlSystemGetDriverVersion);
}

EXPORT nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, uint32_t length) {
    return copy_version(version, length, F_nvmlSystemGetNVMLVersion);
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version) {
    if (version == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, F_nvmlSystemGetCudaDriverVersion_v2);
    if (result == NVML_SUCCESS) {
        *version = (int)call.state->cuda_driver_version;
#ifdef FAKE_NVML_OLD_DRIVER
        *version = 11040;
#endif
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *version) {
    return nvmlSystemGetCudaDriverVersion_v2(version);
}

// ---- Finding devices --------------------------------------------------------

EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(uint32_t *count) {
    if (count == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, F_nvmlDeviceGetCount_v2);
    if (result == NVML_SUCCESS)
        *count = visible_gpus(call.state);
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetCount(uint32_t *count) { return nvmlDeviceGetCount_v2(count); }

static nvmlReturn_t hand_out(const struct call *call, uint32_t index, nvmlDevice_t *device) {
    nvmlReturn_t error = pass_gpu(call, &call->state->gpus[index]);
    if (error == NVML_SUCCESS)
        *device = device_of(index, 0);
    return error;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(uint32_t index, nvmlDevice_t *device) {
    if (device == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, F_nvmlDeviceGetHandleByIndex_v2);
    if (result == NVML_SUCCESS)
        result = index < visible_gpus(call.state) ? hand_out(&call, index, device)
                                                  : NVML_ERROR_INVALID_ARGUMENT;
    return call_end(&call, result);
}

static nvmlReturn_t find_uuid(const struct call *call, const char *uuid, nvmlDevice_t *device) {
    for (uint32_t i = 0; i < visible_gpus(call->state); i++) {
        const struct fake_gpu *gpu = &call->state->gpus[i];
        if (strcmp(uuid, gpu->uuid) == 0)
            return hand_out(call, i, device);
        for (uint32_t mig = 0; mig < FAKE_MIG_MAX; mig++)
            if (LOAD(gpu->mig[mig].is_present) && strcmp(uuid, gpu->mig[mig].uuid) == 0) {
                *device = device_of(i, mig + 1);
                return NVML_SUCCESS;
            }
    }
    return NVML_ERROR_NOT_FOUND;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device) {
    if (uuid == NULL || device == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, F_nvmlDeviceGetHandleByUUID);
    if (result == NVML_SUCCESS)
        result = find_uuid(&call, uuid, device);
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
    nvmlReturn_t result = call_begin_system(&call, F_nvmlDeviceGetHandleByPciBusId_v2);
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

// ---- For the tests: the lists of both sides must agree ----------------------

EXPORT const char *fake_nvml_group_name(uint32_t group) {
    static const char *const names[] = {
#define FAKE_GROUP_NAME(name) #name,
        FAKE_GROUPS(FAKE_GROUP_NAME)
#undef FAKE_GROUP_NAME
    };
    return group < GROUP_COUNT_OF ? names[group] : NULL;
}

EXPORT const char *fake_nvml_function_name(uint32_t function) {
    static const char *const names[] = {
#define FAKE_FUNCTION_NAME(name, group, where) #name,
        FAKE_FUNCTIONS(FAKE_FUNCTION_NAME)
#undef FAKE_FUNCTION_NAME
    };
    return function < FUNCTION_COUNT_OF ? names[function] : NULL;
}
