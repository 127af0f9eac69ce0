// nvmlDeviceGetFieldValues, the hot path: no locks, no memory, no system calls
// beyond clock_gettime unless latency or a hang is asked for.  A field comes out
// of the table if it is there, else from the sensors and readings.
#include "fake.h"

#include <time.h>

enum {
    FIELD_ECC_TOTAL_FIRST = 3,
    FIELD_ECC_TOTAL_LAST = 6,
    FIELD_PERFORMANCE_POLICY_FIRST = 74,
    FIELD_PERFORMANCE_POLICY_LAST = 79,
    FIELD_PERFORMANCE_POLICY_APPLICATION_CLOCKS = 80,
    FIELD_PERFORMANCE_POLICY_BASE_CLOCKS = 81,
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

// GROUP_COUNT_OF: not one of the sensors and readings.
static enum fake_group sensor_group(uint32_t id, uint32_t scope) {
    switch (id) {
    case FIELD_MEMORY_TEMPERATURE:
        return GROUP_MEMORY_TEMPERATURE;
    case FIELD_TOTAL_ENERGY:
        return GROUP_ENERGY_FIELD;
    case FIELD_PCIE_REPLAY_COUNTER:
        return GROUP_PCIE;
#ifndef FAKE_NVML_OLD_DRIVER
    case FIELD_POWER_AVERAGE:
    case FIELD_POWER_INSTANT:
        switch (scope) {
        case SCOPE_GPU:
            return id == FIELD_POWER_INSTANT ? GROUP_POWER_INSTANT : GROUP_POWER_AVERAGE;
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
        (void)scope;
        if (id >= FIELD_PERFORMANCE_POLICY_FIRST && id <= FIELD_PERFORMANCE_POLICY_BASE_CLOCKS)
            return GROUP_VIOLATION;
        if (id >= FIELD_ECC_TOTAL_FIRST && id <= FIELD_ECC_TOTAL_LAST)
            return GROUP_ECC;
        return GROUP_COUNT_OF;
    }
}

enum fake_group field_group(const struct fake_gpu *gpu, uint32_t id, uint32_t scope) {
    enum fake_group group = sensor_group(id, scope);
    if (group == GROUP_COUNT_OF)
        group = table_group(gpu, id, scope);
    return group == GROUP_COUNT_OF ? GROUP_OTHER_FIELDS : group;
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

static uint64_t violation(const struct fake_gpu *gpu, uint32_t policy) {
    uint64_t unit = LOAD(gpu->violation_unit_nanoseconds);
    return LOAD(gpu->violation_nanoseconds[policy]) / (unit == 0 ? 1 : unit);
}

// Fills in a sensor's value; returns the instant it stems from.
static int64_t read_sensor(const struct call *call, nvmlFieldValue_t *field,
                           enum fake_group group, int64_t now) {
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
    case FIELD_PERFORMANCE_POLICY_APPLICATION_CLOCKS:
    case FIELD_PERFORMANCE_POLICY_BASE_CLOCKS:  // policies 10 and 11
        put_long(field, violation(gpu, field->fieldId - 70));
        return now;
    default:
        if (field->fieldId <= FIELD_ECC_TOTAL_LAST)
            put_long(field, LOAD(gpu->ecc_errors[field->fieldId - FIELD_ECC_TOTAL_FIRST]));
        else  // 74 to 79 follow the order of the performance policies
            put_long(field, violation(gpu, field->fieldId - FIELD_PERFORMANCE_POLICY_FIRST));
        return now;
    }
}

static bool has_entries(const struct fake_gpu *gpu, uint32_t id) {
    return id < FAKE_FIELD_IDS_MAX && LOAD(gpu->field_heads[id]) != 0;
}

// Fills in the value and nvmlReturn; returns the instant the value stems from.
static int64_t answer(const struct call *call, nvmlFieldValue_t *field, int64_t now) {
    enum fake_group group = sensor_group(field->fieldId, field->scopeId);
    bool is_sensor = group != GROUP_COUNT_OF;
    field->value.ullVal = 0;
    field->valueType = 0;
    struct field_answer entry;
    bool is_entry = has_entries(call->gpu, field->fieldId) &&
                    table_field(call->gpu, field->fieldId, field->scopeId, now, &entry) &&
                    !entry.is_hidden;
    if (!is_sensor)
        group = is_entry ? entry.group : GROUP_OTHER_FIELDS;
    count_group(call, group);
    if (!is_entry && !is_sensor) {
        field->nvmlReturn = NVML_ERROR_NOT_SUPPORTED;
        return now;
    }
    field->nvmlReturn = group_refusal(call->gpu, group);
    if (field->nvmlReturn != NVML_SUCCESS)
        return now;
    if (!is_entry)
        return read_sensor(call, field, group, now);
    field->nvmlReturn = entry.result;
    if (entry.result == NVML_SUCCESS) {
        field->valueType = entry.value_type;
        field->value = entry.value;
    }
    return now;
}

EXPORT nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int32_t count,
                                             nvmlFieldValue_t *fields) {
    if (fields == NULL || count <= 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_fields(&call, device, fields, count);
    if (result != NVML_SUCCESS)
        return call_end(&call, result);
    int64_t now = clock_nanoseconds(CLOCK_MONOTONIC);
    int64_t wall = clock_nanoseconds(CLOCK_REALTIME);
    bool timestamp_is_refresh = LOAD(call.gpu->timestamp_is_refresh) != 0;
    for (int32_t i = 0; i < count; i++) {
        int64_t seen = answer(&call, &fields[i], now);
        fields[i].timestamp = (timestamp_is_refresh ? wall - (now - seen) : wall) / 1000;
        fields[i].latencyUsec = (now - call.begin_nanoseconds) / 1000;
    }
    return call_end(&call, NVML_SUCCESS);
}

nvmlReturn_t field_u64(const struct call *call, uint32_t id, uint32_t scope, uint64_t *value) {
    int64_t now = clock_nanoseconds(CLOCK_MONOTONIC);
    struct field_answer entry;
    if (table_field(call->gpu, id, scope, now, &entry)) {
        *value = entry.value.ullVal;
        return entry.result;
    }
    enum fake_group group = sensor_group(id, scope);
    if (group == GROUP_COUNT_OF)
        return NVML_ERROR_NOT_SUPPORTED;
    nvmlFieldValue_t field = {.fieldId = id, .scopeId = scope};
    read_sensor(call, &field, group, now);
    *value = field.value.ullVal;
    return NVML_SUCCESS;
}
