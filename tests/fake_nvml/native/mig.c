// MIG devices, and the processes on them and on whole GPUs.
#include "fake.h"

EXPORT nvmlReturn_t nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, uint32_t *is_mig) {
    if (is_mig == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceIsMigDeviceHandle);
    if (result == NVML_SUCCESS)
        *is_mig = call.mig != NULL;
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t mig_device,
                                                                 nvmlDevice_t *device) {
    if (device == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result =
        call_begin(&call, mig_device, F_nvmlDeviceGetDeviceHandleFromMigDeviceHandle);
    if (result == NVML_SUCCESS && call.mig == NULL)
        result = NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *device = device_of(call.index, 0);
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, uint32_t index,
                                                        nvmlDevice_t *mig_device) {
    if (mig_device == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetMigDeviceHandleByIndex);
    if (result == NVML_SUCCESS) {
        if (index >= LOAD(call.gpu->mig_device_count_max) || index >= FAKE_MIG_MAX)
            result = NVML_ERROR_INVALID_ARGUMENT;
        else if (!LOAD(call.gpu->mig_mode) || !LOAD(call.gpu->mig[index].is_present))
            result = NVML_ERROR_NOT_FOUND;
        else
            *mig_device = device_of(call.index, index + 1);
    }
    return call_end(&call, result);
}

// Of a MIG device only.
#define MIG_U32(function, member) \
    EXPORT nvmlReturn_t function(nvmlDevice_t device, uint32_t *out) { \
        if (out == NULL) \
            return NVML_ERROR_INVALID_ARGUMENT; \
        struct call call; \
        nvmlReturn_t result = call_begin(&call, device, F_##function); \
        if (result == NVML_SUCCESS && call.mig == NULL) \
            result = NVML_ERROR_INVALID_ARGUMENT; \
        if (result == NVML_SUCCESS) \
            *out = LOAD(call.mig->member); \
        return call_end(&call, result); \
    }
MIG_U32(nvmlDeviceGetGpuInstanceId, gpu_instance_id)
MIG_U32(nvmlDeviceGetComputeInstanceId, compute_instance_id)

EXPORT nvmlReturn_t nvmlDeviceGetAttributes_v2(nvmlDevice_t device,
                                               nvmlDeviceAttributes_t *attributes) {
    if (attributes == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetAttributes_v2);
    if (result == NVML_SUCCESS && call.mig == NULL)
        result = NVML_ERROR_NOT_SUPPORTED;
    if (result == NVML_SUCCESS) {
        const struct fake_mig *mig = call.mig;
        *attributes = (nvmlDeviceAttributes_t){
            .multiprocessorCount = LOAD(mig->multiprocessor_count),
            .sharedCopyEngineCount = LOAD(mig->copy_engine_count),
            .sharedDecoderCount = LOAD(mig->decoder_count),
            .sharedEncoderCount = LOAD(mig->encoder_count),
            .sharedJpegCount = LOAD(mig->jpeg_count),
            .sharedOfaCount = LOAD(mig->ofa_count),
            .gpuInstanceSliceCount = LOAD(mig->gpu_instance_slice_count),
            .computeInstanceSliceCount = LOAD(mig->compute_instance_slice_count),
            .memorySizeMB = LOAD(mig->memory_total_bytes) >> 20};
    }
    return call_end(&call, result);
}

// ---- Processes --------------------------------------------------------------

enum { PROCESS_COMPUTE = 0, PROCESS_GRAPHICS = 1, PROCESS_MPS = 2 };

static bool is_on(const struct fake_process *process, const struct fake_mig *mig) {
    return mig == NULL ||
           (LOAD(process->gpu_instance_id) == LOAD(mig->gpu_instance_id) &&
            LOAD(process->compute_instance_id) == LOAD(mig->compute_instance_id));
}

static nvmlReturn_t running(nvmlDevice_t device, enum fake_function function, uint32_t kind,
                            uint32_t *count, nvmlProcessInfo_t *processes) {
    if (count == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, function);
    if (result != NVML_SUCCESS)
        return call_end(&call, result);
    uint32_t room = processes == NULL ? 0 : *count, found = 0;
    uint32_t known = LOAD_ACQUIRE(call.gpu->process_count);
    for (uint32_t i = 0; i < known && i < FAKE_PROCESSES_MAX; i++) {
        const struct fake_process *process = &call.gpu->processes[i];
        if (LOAD(process->kind) != kind || !is_on(process, call.mig))
            continue;
        if (found < room) {
            processes[found].pid = LOAD(process->pid);
            processes[found].usedGpuMemory = LOAD(process->used_memory_bytes);
            processes[found].gpuInstanceId = LOAD(process->gpu_instance_id);
            processes[found].computeInstanceId = LOAD(process->compute_instance_id);
        }
        found++;
    }
    *count = found;
    return call_end(&call, found <= room ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_SIZE);
}

#define RUNNING(function, kind) \
    EXPORT nvmlReturn_t function(nvmlDevice_t device, uint32_t *count, \
                                 nvmlProcessInfo_t *processes) { \
        return running(device, F_##function, kind, count, processes); \
    }
RUNNING(nvmlDeviceGetComputeRunningProcesses_v2, PROCESS_COMPUTE)
RUNNING(nvmlDeviceGetGraphicsRunningProcesses_v2, PROCESS_GRAPHICS)
RUNNING(nvmlDeviceGetMPSComputeRunningProcesses_v2, PROCESS_MPS)
#ifndef FAKE_NVML_OLD_DRIVER
RUNNING(nvmlDeviceGetComputeRunningProcesses_v3, PROCESS_COMPUTE)
RUNNING(nvmlDeviceGetGraphicsRunningProcesses_v3, PROCESS_GRAPHICS)
RUNNING(nvmlDeviceGetMPSComputeRunningProcesses_v3, PROCESS_MPS)
#endif
