// The hot path: power, energy and the field values.  No locks, no memory, no
// system calls beyond clock_gettime unless latency or a hang is asked for.
#include "fake_nvml.h"

#include <stddef.h>
#include <time.h>

enum {
    FIELD_PERFORMANCE_POLICY_FIRST = 74,
    FIELD_PERFORMANCE_POLICY_LAST = 79,
    FIELD_MEMORY_TEMPERATURE = 82,
    FIELD_TOTAL_ENERGY = 83,
    FIELD_PCIE_REPLAY_COUNTER = 94,
    FIELD_POWER_AVERAGE = 185,
    FIELD_POWER_INSTANT = 186,
    FIELD_POWER_MINIMUM_LIMIT = 187,
    FIELD_POWER_MAXIMUM_LIMIT = 188,
    FIELD_POWER_DEFAULT_LIMIT = 189,
    FIELD_POWER_CURRENT_LIMIT = 190,
    FIELD_POWER_REQUESTED_LIMIT = 192,
    FIELD_SHUTDOWN_LIMIT = 193,
    FIELD_SLOWDOWN_LIMIT = 194,
    FIELD_MEMORY_MAXIMUM_LIMIT = 195,
    FIELD_GPU_MAXIMUM_LIMIT = 196,
};

EXPORT nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, uint32_t *milliwatts) {
    if (milliwatts == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_POWER_USAGE);
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
    nvmlReturn_t result = call_begin(&call, device, GROUP_ENERGY);
    if (result == NVML_SUCCESS)
        *millijoules =
            counter_reading(call.state, call.gpu, clock_nanoseconds(CLOCK_MONOTONIC));
    return call_end(&call, result);
}

static enum fake_group field_group(const nvmlFieldValue_t *field) {
    switch (field->fieldId) {
    case FIELD_MEMORY_TEMPERATURE:
        return GROUP_MEMORY_TEMPERATURE;
    case FIELD_TOTAL_ENERGY:
        return GROUP_ENERGY_FIELD;
    case FIELD_PCIE_REPLAY_COUNTER:
        return GROUP_PCIE;
#ifndef FAKE_NVML_OLD_DRIVER
    case FIELD_POWER_AVERAGE:
    case FIELD_POWER_INSTANT:
        switch (field->scopeId) {
        case SCOPE_GPU:
            return field->fieldId == FIELD_POWER_INSTANT ? GROUP_POWER_INSTANT
                                                         : GROUP_POWER_AVERAGE;
        case SCOPE_MODULE:
            return GROUP_POWER_MODULE;
        case SCOPE_MEMORY:
            return GROUP_POWER_MEMORY;
        default:
            return GROUP_COUNT_OF;
        }
    case FIELD_POWER_MINIMUM_LIMIT:
    case FIELD_POWER_MAXIMUM_LIMIT:
    case FIELD_POWER_DEFAULT_LIMIT:
    case FIELD_POWER_CURRENT_LIMIT:
    case FIELD_POWER_REQUESTED_LIMIT:
        return GROUP_POWER_LIMITS;
    case FIELD_SHUTDOWN_LIMIT:
    case FIELD_SLOWDOWN_LIMIT:
    case FIELD_MEMORY_MAXIMUM_LIMIT:
    case FIELD_GPU_MAXIMUM_LIMIT:
        return GROUP_TEMPERATURE_LIMITS;
#endif
    default:
        if (field->fieldId >= FIELD_PERFORMANCE_POLICY_FIRST &&
            field->fieldId <= FIELD_PERFORMANCE_POLICY_LAST)
            return GROUP_VIOLATION;
        return GROUP_COUNT_OF;  // unknown
    }
}

static void put_unsigned(nvmlFieldValue_t *field, uint32_t value) {
    field->valueType = VALUE_TYPE_UNSIGNED_INT;
    field->value.uiVal = value;
}

static void put_long(nvmlFieldValue_t *field, uint64_t value) {
    field->valueType = VALUE_TYPE_UNSIGNED_LONG_LONG;
    field->value.ullVal = value;
}

static void put_signed(nvmlFieldValue_t *field, int32_t value) {
    field->valueType = VALUE_TYPE_SIGNED_INT;
    field->value.siVal = value;
}

// Fills in the value; returns the instant it stems from.
static int64_t read_field(const struct call *call, nvmlFieldValue_t *field, enum fake_group group,
                          int64_t now) {
    const struct fake_gpu *gpu = call->gpu;
    switch (field->fieldId) {
    case FIELD_MEMORY_TEMPERATURE:
        put_unsigned(field, (uint32_t)LOAD(gpu->memory_temperature_celsius));
        return now;
    case FIELD_TOTAL_ENERGY:
        put_long(field, counter_reading(call->state, gpu, now));
        return refresh_instant(gpu, now, LOAD(gpu->counter_refresh_nanoseconds),
                               LOAD(gpu->counter_phase_nanoseconds));
    case FIELD_PCIE_REPLAY_COUNTER:
        put_unsigned(field, LOAD(gpu->pcie_replay_count));
        return now;
    case FIELD_POWER_AVERAGE:
    case FIELD_POWER_INSTANT:
        put_unsigned(field, power_reading(call->state, gpu, now,
                                          field->fieldId == FIELD_POWER_AVERAGE
                                              ? LOAD(gpu->average_window_nanoseconds)
                                              : LOAD(gpu->power_window_nanoseconds),
                                          field->scopeId, group));
        return refresh_instant(gpu, now, LOAD(gpu->power_refresh_nanoseconds),
                               LOAD(gpu->power_phase_nanoseconds));
    case FIELD_POWER_MINIMUM_LIMIT:
        put_unsigned(field, LOAD(gpu->minimum_power_limit_milliwatts));
        return now;
    case FIELD_POWER_MAXIMUM_LIMIT:
        put_unsigned(field, LOAD(gpu->maximum_power_limit_milliwatts));
        return now;
    case FIELD_POWER_DEFAULT_LIMIT:
        put_unsigned(field, LOAD(gpu->default_power_limit_milliwatts));
        return now;
    case FIELD_POWER_CURRENT_LIMIT:
        put_unsigned(field, LOAD(gpu->enforced_power_limit_milliwatts));
        return now;
    case FIELD_POWER_REQUESTED_LIMIT:
        put_unsigned(field, LOAD(gpu->power_limit_milliwatts));
        return now;
    case FIELD_SHUTDOWN_LIMIT:
        put_signed(field, LOAD(gpu->shutdown_limit_celsius));
        return now;
    case FIELD_SLOWDOWN_LIMIT:
        put_signed(field, LOAD(gpu->slowdown_limit_celsius));
        return now;
    case FIELD_MEMORY_MAXIMUM_LIMIT:
        put_signed(field, LOAD(gpu->memory_max_limit_celsius));
        return now;
    case FIELD_GPU_MAXIMUM_LIMIT:
        put_signed(field, LOAD(gpu->gpu_max_limit_celsius));
        return now;
    default:  // 74 to 79 follow the order of the performance policies
        put_long(field,
                 LOAD(gpu->violation_nanoseconds[field->fieldId - FIELD_PERFORMANCE_POLICY_FIRST]));
        return now;
    }
}

EXPORT nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int32_t count,
                                             nvmlFieldValue_t *fields) {
    if (fields == NULL || count <= 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    uint64_t groups = 0;
    for (int32_t i = 0; i < count; i++) {
        enum fake_group group = field_group(&fields[i]);
        if (group < GROUP_COUNT_OF)
            groups |= UINT64_C(1) << group;
    }
    struct call call;
    nvmlReturn_t result = call_begin_groups(&call, device, GROUP_FIELD_VALUES, groups);
    if (result != NVML_SUCCESS)
        return call_end(&call, result);
    int64_t now = clock_nanoseconds(CLOCK_MONOTONIC);
    int64_t wall = clock_nanoseconds(CLOCK_REALTIME);
    bool timestamp_is_refresh = LOAD(call.gpu->timestamp_is_refresh) != 0;
    for (int32_t i = 0; i < count; i++) {
        nvmlFieldValue_t *field = &fields[i];
        enum fake_group group = field_group(field);
        int64_t seen = now;
        field->value.ullVal = 0;
        field->valueType = 0;
        if (group == GROUP_COUNT_OF) {
            count_group(&call, GROUP_OTHER_FIELDS);
            field->nvmlReturn = NVML_ERROR_NOT_SUPPORTED;
        } else {
            count_group(&call, group);
            field->nvmlReturn = group_refusal(call.gpu, group);
        }
        if (field->nvmlReturn == NVML_SUCCESS)
            seen = read_field(&call, field, group, now);
        field->timestamp = (timestamp_is_refresh ? wall - (now - seen) : wall) / 1000;
        field->latencyUsec = (now - call.begin_nanoseconds) / 1000;
    }
    return call_end(&call, NVML_SUCCESS);
}

// Power samples only: one per refresh, the newest 120, oldest first.
EXPORT nvmlReturn_t nvmlDeviceGetSamples(nvmlDevice_t device, uint32_t sampling_type,
                                         uint64_t last_seen_microseconds, uint32_t *value_type,
                                         uint32_t *count, nvmlSample_t *samples) {
    if (value_type == NULL || count == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_SAMPLES);
    if (result == NVML_SUCCESS && sampling_type != 0)
        result = NVML_ERROR_NOT_SUPPORTED;
    if (result != NVML_SUCCESS)
        return call_end(&call, result);
    const uint32_t kept = 120;
    *value_type = VALUE_TYPE_UNSIGNED_INT;
    if (samples == NULL) {
        *count = kept;
        return call_end(&call, NVML_SUCCESS);
    }
    const struct fake_gpu *gpu = call.gpu;
    int64_t now = clock_nanoseconds(CLOCK_MONOTONIC);
    int64_t wall = clock_nanoseconds(CLOCK_REALTIME);
    int64_t period = (int64_t)LOAD(gpu->power_refresh_nanoseconds);
    if (period == 0)
        period = 20000000;
    int64_t newest = refresh_instant(gpu, now, (uint64_t)period,
                                     LOAD(gpu->power_phase_nanoseconds));
    uint32_t room = *count < kept ? *count : kept;
    uint32_t written = 0;
    for (int64_t back = (int64_t)room - 1; back >= 0; back--) {
        int64_t at = newest - back * period;
        uint64_t stamp = (uint64_t)((wall - (now - at)) / 1000);
        if (at < gpu->epoch_nanoseconds || stamp <= last_seen_microseconds)
            continue;
        samples[written].timeStamp = stamp;
        samples[written].sampleValue.ullVal = 0;
        samples[written].sampleValue.uiVal =
            power_reading(call.state, gpu, at, LOAD(gpu->power_window_nanoseconds), SCOPE_GPU,
                          GROUP_POWER_INSTANT);
        written++;
    }
    *count = written;
    return call_end(&call, written > 0 ? NVML_SUCCESS : NVML_ERROR_NOT_FOUND);
}
