// GPM: metrics as what happened between two samples.
#include "fake.h"

#ifndef FAKE_NVML_OLD_DRIVER
#include <stdlib.h>
#include <time.h>

enum { GPM_VERSION = 1 };

struct gpm_sample {
    uint32_t is_taken;
    uint32_t gpu;
    uint32_t slot;  // 0: the whole GPU; else the MIG device's index + 1
    int64_t at_nanoseconds;
    double grown[FAKE_GPM_METRICS_MAX];
    int64_t since_nanoseconds[FAKE_GPM_METRICS_MAX];  // when the level was set
    double level[FAKE_GPM_METRICS_MAX];
};

EXPORT nvmlReturn_t nvmlGpmSampleAlloc(struct gpm_sample **sample) {
    if (sample == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, F_nvmlGpmSampleAlloc);
    if (result == NVML_SUCCESS) {
        *sample = calloc(1, sizeof(**sample));
        if (*sample == NULL)
            result = NVML_ERROR_MEMORY;
        else
            COUNT(call.state->gpm_samples_open);
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlGpmSampleFree(struct gpm_sample *sample) {
    if (sample == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, F_nvmlGpmSampleFree);
    if (result == NVML_SUCCESS) {
        __atomic_fetch_sub(&call.state->gpm_samples_open, 1, __ATOMIC_RELAXED);
        free(sample);
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlGpmQueryDeviceSupport(nvmlDevice_t device, nvmlGpmSupport_t *support) {
    if (support == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlGpmQueryDeviceSupport);
    if (result == NVML_SUCCESS && support->version != GPM_VERSION)
        result = NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    if (result == NVML_SUCCESS)
        support->isSupportedDevice = LOAD(call.gpu->is_gpm_supported);
    return call_end(&call, result);
}

// ---- Sampling ---------------------------------------------------------------

static double grown_at(const struct fake_gpm_metric *metric, int64_t at) {
    return metric->base + metric->level * (double)(at - metric->since_nanoseconds) / 1e9;
}

static void take_sample(const struct call *call, uint32_t slot, struct gpm_sample *sample) {
    const struct fake_gpm_metric *metrics = call->gpu->gpm[slot];
    // Bounded, as everywhere.
    for (int attempt = 0; attempt < 100000; attempt++) {
        uint64_t before = LOAD_ACQUIRE(call->gpu->gpm_sequence);
        sample->at_nanoseconds = clock_nanoseconds(CLOCK_MONOTONIC);
        for (uint32_t i = 0; i < FAKE_GPM_METRICS_MAX; i++) {
            sample->grown[i] =
                metrics[i].is_present ? grown_at(&metrics[i], sample->at_nanoseconds) : 0;
            sample->since_nanoseconds[i] = metrics[i].since_nanoseconds;
            sample->level[i] = metrics[i].level;
        }
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (before % 2 == 0 && LOAD(call->gpu->gpm_sequence) == before)
            break;
    }
    sample->gpu = call->index;
    sample->slot = slot;
    sample->is_taken = 1;
}

EXPORT nvmlReturn_t nvmlGpmSampleGet(nvmlDevice_t device, struct gpm_sample *sample) {
    if (sample == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlGpmSampleGet);
    if (result == NVML_SUCCESS && !LOAD(call.gpu->is_gpm_supported))
        result = NVML_ERROR_NOT_SUPPORTED;
    if (result == NVML_SUCCESS)
        take_sample(&call, 0, sample);
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlGpmMigSampleGet(nvmlDevice_t device, uint32_t gpu_instance_id,
                                        struct gpm_sample *sample) {
    if (sample == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlGpmMigSampleGet);
    if (result == NVML_SUCCESS && !LOAD(call.gpu->is_gpm_supported))
        result = NVML_ERROR_NOT_SUPPORTED;
    if (result != NVML_SUCCESS)
        return call_end(&call, result);
    result = NVML_ERROR_NOT_FOUND;
    for (uint32_t i = 0; result != NVML_SUCCESS && i < FAKE_MIG_MAX; i++) {
        const struct fake_mig *mig = &call.gpu->mig[i];
        if (!LOAD(mig->is_present) || LOAD(mig->gpu_instance_id) != gpu_instance_id)
            continue;
        take_sample(&call, i + 1, sample);
        result = NVML_SUCCESS;
    }
    return call_end(&call, result);
}

// ---- Metrics ----------------------------------------------------------------

static void put_metric(const struct fake_gpm_metric *known, const struct gpm_sample *first,
                       const struct gpm_sample *second, nvmlGpmMetric_t *metric) {
    metric->value = 0;
    metric->metricInfo.shortName = metric->metricInfo.longName = "fake";
    metric->metricInfo.unit = "";
    metric->nvmlReturn = NVML_ERROR_NOT_SUPPORTED;
    if (metric->metricId >= FAKE_GPM_METRICS_MAX)
        metric->nvmlReturn = NVML_ERROR_INVALID_ARGUMENT;
    else if (LOAD(known[metric->metricId].is_present))
        metric->nvmlReturn = LOAD(known[metric->metricId].error);
    if (metric->nvmlReturn != NVML_SUCCESS)
        return;
    uint32_t id = metric->metricId;
    if (first->since_nanoseconds[id] == second->since_nanoseconds[id])
        metric->value = second->level[id];  // exactly, without rounding
    else
        metric->value = (second->grown[id] - first->grown[id]) * 1e9 /
                        (double)(second->at_nanoseconds - first->at_nanoseconds);
}

EXPORT nvmlReturn_t nvmlGpmMetricsGet(nvmlGpmMetricsGet_t *get) {
    if (get == NULL || get->sample1 == NULL || get->sample2 == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    const struct gpm_sample *first = get->sample1, *second = get->sample2;
    // The faults of the GPU that the samples are of.
    struct call call;
    nvmlReturn_t result = call_begin(&call, device_of(second->gpu, 0), F_nvmlGpmMetricsGet);
    if (result == NVML_SUCCESS && get->version != GPM_VERSION)
        result = NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    if (result == NVML_SUCCESS &&
        (!first->is_taken || !second->is_taken || first->gpu != second->gpu ||
         first->slot != second->slot || first->at_nanoseconds >= second->at_nanoseconds ||
         get->numMetrics > FAKE_GPM_METRICS_MAX))
        result = NVML_ERROR_INVALID_ARGUMENT;
    for (uint32_t i = 0; result == NVML_SUCCESS && i < get->numMetrics; i++)
        put_metric(call.gpu->gpm[second->slot], first, second, &get->metrics[i]);
    return call_end(&call, result);
}
#endif
