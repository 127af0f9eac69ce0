// Power and energy by functions of their own, and the buffer of power samples.
#include "fake.h"

#include <time.h>

EXPORT nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, uint32_t *milliwatts) {
    if (milliwatts == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetPowerUsage);
    if (result == NVML_SUCCESS) {
        const struct fake_gpu *gpu = call.gpu;
        uint64_t window = LOAD(gpu->usage_is_average) ? LOAD(gpu->average_window_nanoseconds)
                                                      : LOAD(gpu->power_window_nanoseconds);
        *milliwatts = power_reading(call.state, gpu, clock_nanoseconds(CLOCK_MONOTONIC), window,
                                    SCOPE_GPU, GROUP_POWER_USAGE);
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device,
                                                        uint64_t *millijoules) {
    if (millijoules == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetTotalEnergyConsumption);
    if (result == NVML_SUCCESS)
        *millijoules =
            counter_reading(call.state, call.gpu, clock_nanoseconds(CLOCK_MONOTONIC));
    return call_end(&call, result);
}

// ---- Samples ----------------------------------------------------------------

enum { SAMPLES_KEPT = 120, TOTAL_POWER_SAMPLES = 0, MODULE_POWER_SAMPLES = 7 };

static uint32_t write_samples(const struct call *call, enum fake_scope scope,
                              uint64_t last_seen_microseconds, uint32_t room,
                              nvmlSample_t *samples) {
    const struct fake_gpu *gpu = call->gpu;
    uint64_t own_period = LOAD(gpu->sample_period_nanoseconds);
    int64_t period = (int64_t)(own_period != 0 ? own_period : LOAD(gpu->power_refresh_nanoseconds));
    if (period == 0)
        period = 20000000;
    int64_t newest = refresh_instant(gpu, clock_nanoseconds(CLOCK_MONOTONIC), (uint64_t)period,
                                     LOAD(gpu->power_phase_nanoseconds));
    uint32_t written = 0;
    for (int64_t back = (int64_t)room - 1; back >= 0; back--) {
        int64_t at = newest - back * period;
        // By the offset at the start: a sample keeps its timestamp.
        uint64_t stamp = (uint64_t)((at + call->state->wall_offset_nanoseconds) / 1000);
        if (at < gpu->epoch_nanoseconds || stamp <= last_seen_microseconds)
            continue;
        samples[written].timeStamp = stamp;
        samples[written].sampleValue.ullVal = 0;
        samples[written].sampleValue.uiVal =
            own_period != 0
                ? sample_reading(call->state, gpu, at, (uint64_t)period, scope)
                : power_reading(call->state, gpu, at, LOAD(gpu->power_window_nanoseconds), scope,
                                scope == SCOPE_MODULE ? GROUP_POWER_MODULE : GROUP_POWER_INSTANT);
        written++;
    }
    return written;
}

// The newest 120, oldest first.
EXPORT nvmlReturn_t nvmlDeviceGetSamples(nvmlDevice_t device, uint32_t sampling_type,
                                         uint64_t last_seen_microseconds, uint32_t *value_type,
                                         uint32_t *count, nvmlSample_t *samples) {
    if (value_type == NULL || count == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetSamples);
    if (result == NVML_SUCCESS && sampling_type != TOTAL_POWER_SAMPLES)
        result = sampling_type == MODULE_POWER_SAMPLES
                     ? group_refusal(call.gpu, GROUP_POWER_MODULE)
                     : NVML_ERROR_NOT_SUPPORTED;
    if (result != NVML_SUCCESS)
        return call_end(&call, result);
    *value_type = VALUE_TYPE_UNSIGNED_INT;
    if (samples == NULL) {
        *count = SAMPLES_KEPT;
        return call_end(&call, NVML_SUCCESS);
    }
    *count = write_samples(&call, sampling_type == TOTAL_POWER_SAMPLES ? SCOPE_GPU : SCOPE_MODULE,
                           last_seen_microseconds, *count < SAMPLES_KEPT ? *count : SAMPLES_KEPT,
                           samples);
    return call_end(&call, *count > 0 ? NVML_SUCCESS : NVML_ERROR_NOT_FOUND);
}
