// The gate that every call passes: counting, hanging, latency, refusal.
#include "fake.h"

#include <pthread.h>
#include <time.h>

static const uint8_t group_of[] = {
#define FAKE_FUNCTION_GROUP(name, group, where) GROUP_##group,
    FAKE_FUNCTIONS(FAKE_FUNCTION_GROUP)
#undef FAKE_FUNCTION_GROUP
};
static const uint8_t where_of[] = {
#define FAKE_FUNCTION_WHERE(name, group, where) WHERE_##where,
    FAKE_FUNCTIONS(FAKE_FUNCTION_WHERE)
#undef FAKE_FUNCTION_WHERE
};

static pthread_mutex_t global_call_lock = PTHREAD_MUTEX_INITIALIZER;
static int32_t outstanding_by_gpu[FAKE_GPUS_MAX];

static void doze(void) { sleep_until(clock_nanoseconds(CLOCK_MONOTONIC) + 1000000); }

// ---- Hanging, latency -------------------------------------------------------

static const struct fake_field_fault *field_fault(const struct call *call,
                                                  const struct fake_gpu *gpu, int32_t position) {
    static const struct fake_field_fault none;
    uint32_t id = call->fields[position].fieldId;
    return id < FAKE_FIELD_IDS_MAX ? &gpu->field_faults[id] : &none;
}

static bool is_held(const struct call *call, const struct fake_gpu *gpu, uint64_t groups) {
    if ((LOAD(gpu->hang_mask) & groups) != 0 || LOAD(gpu->functions[call->function].is_hung))
        return true;
    if (call->fields != NULL && LOAD(gpu->has_field_faults))
        for (int32_t i = 0; i < call->field_count; i++)
            if (LOAD(field_fault(call, gpu, i)->is_hung))
                return true;
    return false;
}

static void wait_while_held(const struct call *call, struct fake_gpu *gpu, uint64_t groups) {
    if (!is_held(call, gpu, groups))
        return;
    COUNT(gpu->hung_calls);
    while (is_held(call, gpu, groups))
        doze();
}

static uint64_t latency_nanoseconds(const struct call *call, const struct fake_gpu *gpu,
                                    uint64_t further_groups) {
    uint64_t latency = LOAD(gpu->group_latency_nanoseconds[group_of[call->function]]);
    if (latency == 0)
        latency = LOAD(gpu->latency_nanoseconds);
    latency += LOAD(gpu->functions[call->function].latency_nanoseconds);
    while (further_groups != 0) {
        latency += LOAD(gpu->group_latency_nanoseconds[__builtin_ctzll(further_groups)]);
        further_groups &= further_groups - 1;
    }
    if (call->fields != NULL && LOAD(gpu->has_field_faults))
        for (int32_t i = 0; i < call->field_count; i++)
            latency += LOAD(field_fault(call, gpu, i)->latency_nanoseconds);
    return latency;
}

static void hang_and_delay(const struct call *call, uint64_t further_groups) {
    uint32_t lock = LOAD(call->state->global_lock);
    if (lock >= 2)
        pthread_mutex_lock(&global_call_lock);
    wait_while_held(call, call->gpu, further_groups | UINT64_C(1) << group_of[call->function]);
    if (lock == 1)
        pthread_mutex_lock(&global_call_lock);
    uint64_t latency = latency_nanoseconds(call, call->gpu, further_groups);
    if (latency > 0)
        sleep_until(clock_nanoseconds(CLOCK_MONOTONIC) + (int64_t)latency);
    if (lock != 0)
        pthread_mutex_unlock(&global_call_lock);
}

// ---- Refusal ----------------------------------------------------------------

nvmlReturn_t group_refusal(const struct fake_gpu *gpu, enum fake_group group) {
    nvmlReturn_t error = LOAD(gpu->group_error[group]);
    if (error == NVML_SUCCESS && ((LOAD(gpu->unsupported_mask) >> group) & 1))
        error = NVML_ERROR_NOT_SUPPORTED;
    return error;
}

static nvmlReturn_t refusal(const struct call *call, const struct fake_gpu *gpu) {
    if (LOAD(gpu->is_lost))
        return NVML_ERROR_GPU_IS_LOST;
    nvmlReturn_t error = LOAD(gpu->functions[call->function].error);
    if (error != NVML_SUCCESS)
        return error;
    if (call->fields != NULL && LOAD(gpu->has_field_faults))
        for (int32_t i = 0; i < call->field_count; i++)
            if ((error = LOAD(field_fault(call, gpu, i)->error)) != NVML_SUCCESS)
                return error;
    return group_refusal(gpu, group_of[call->function]);
}

// ---- Calls ------------------------------------------------------------------

// Before anything else, so that a shutdown meanwhile is seen.
static void enter(struct call *call, enum fake_function function) {
    *call = (struct call){.begin_nanoseconds = clock_nanoseconds(CLOCK_MONOTONIC),
                          .index = FAKE_GPUS_MAX,
                          .function = function};
    uint64_t outstanding = (uint32_t)__atomic_add_fetch(&calls_under_way, 1, __ATOMIC_SEQ_CST);
    struct fake_state *state = current_state();
    call->state = state;
    if (state == NULL)
        return;
    COUNT(state->calls[group_of[function]]);
    COUNT(state->total_calls);
    if (outstanding > 1)
        COUNT(state->concurrent_calls);
    uint64_t most = LOAD(state->outstanding_calls_max);
    while (most < outstanding &&
           !__atomic_compare_exchange_n(&state->outstanding_calls_max, &most, outstanding, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

nvmlReturn_t pass_function(struct fake_state *state, enum fake_function function) {
    struct fake_function_state *faults = &state->functions[function];
    COUNT(faults->calls);
    if (LOAD(faults->is_hung)) {
        COUNT(state->hung_calls);
        while (LOAD(faults->is_hung))
            doze();
    }
    uint64_t latency = LOAD(faults->latency_nanoseconds);
    if (latency > 0)
        sleep_until(clock_nanoseconds(CLOCK_MONOTONIC) + (int64_t)latency);
    return LOAD(faults->error);
}

nvmlReturn_t call_begin_system(struct call *call, enum fake_function function) {
    enter(call, function);
    nvmlReturn_t error = driver_refusal(call->state);
    return error != NVML_SUCCESS ? error : pass_function(call->state, function);
}

nvmlReturn_t pass_gpu(const struct call *call, struct fake_gpu *gpu) {
    COUNT(gpu->functions[call->function].calls);
    wait_while_held(call, gpu, UINT64_C(1) << group_of[call->function]);
    uint64_t latency = LOAD(gpu->functions[call->function].latency_nanoseconds);
    if (latency > 0)
        sleep_until(clock_nanoseconds(CLOCK_MONOTONIC) + (int64_t)latency);
    return refusal(call, gpu);
}

void count_group(const struct call *call, enum fake_group group) {
    COUNT(call->gpu->calls[group]);
    COUNT(call->state->calls[group]);
}

static uint64_t groups_of_fields(const struct call *call) {
    uint64_t groups = 0;
    for (int32_t i = 0; i < call->field_count; i++)
        groups |= UINT64_C(1) << field_group(call->gpu, call->fields[i].fieldId,
                                             call->fields[i].scopeId);
    return groups;
}

static nvmlReturn_t device_begin(struct call *call, nvmlDevice_t device) {
    nvmlReturn_t error = driver_refusal(call->state);
    if (error != NVML_SUCCESS)
        return error;
    if (device < fake_devices || device >= fake_devices + FAKE_DEVICES_MAX ||
        device->index >= LOAD(call->state->gpu_count))
        return NVML_ERROR_INVALID_ARGUMENT;
    uint32_t index = device->index;
    struct fake_gpu *gpu = &call->state->gpus[index];
    call->index = index;
    call->gpu = gpu;
    COUNT(gpu->calls[group_of[call->function]]);
    COUNT(gpu->functions[call->function].calls);
    COUNT(gpu->total_calls);
    if (__atomic_add_fetch(&outstanding_by_gpu[index], 1, __ATOMIC_RELAXED) > 1)
        COUNT(gpu->concurrent_calls);
    hang_and_delay(call, call->fields == NULL ? 0 : groups_of_fields(call));
    // After the wait: the driver may have gone, or the GPU, in the meantime.
    error = driver_refusal(call->state);
    if (error != NVML_SUCCESS)
        return error;
    if (index >= visible_gpus(call->state))
        return NVML_ERROR_GPU_IS_LOST;
    if (device->mig != 0) {
        call->mig = &gpu->mig[device->mig - 1];
        if (!LOAD(call->mig->is_present))
            return NVML_ERROR_INVALID_ARGUMENT;  // its instance was destroyed
        if (where_of[call->function] != WHERE_mig)
            return NVML_ERROR_NOT_SUPPORTED;
    }
    return refusal(call, gpu);
}

nvmlReturn_t call_begin(struct call *call, nvmlDevice_t device, enum fake_function function) {
    enter(call, function);
    return device_begin(call, device);
}

nvmlReturn_t call_begin_fields(struct call *call, nvmlDevice_t device,
                               const nvmlFieldValue_t *fields, int32_t count) {
    enter(call, F_nvmlDeviceGetFieldValues);
    call->fields = fields;
    call->field_count = count;
    return device_begin(call, device);
}

nvmlReturn_t call_end(struct call *call, nvmlReturn_t result) {
    if (call->gpu != NULL)
        __atomic_fetch_sub(&outstanding_by_gpu[call->index], 1, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&calls_under_way, 1, __ATOMIC_SEQ_CST);
    return result;
}
