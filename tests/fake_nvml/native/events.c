// Events: a ring in the state file, and the sets that look at it.
#include "fake.h"

#include <stdlib.h>
#include <time.h>

struct event_set {
    uint64_t types[FAKE_GPUS_MAX];
    uint64_t next;  // events before this one were delivered, or came too early
};

EXPORT nvmlReturn_t nvmlEventSetCreate(struct event_set **set) {
    if (set == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, F_nvmlEventSetCreate);
    if (result == NVML_SUCCESS) {
        *set = calloc(1, sizeof(**set));
        if (*set == NULL) {
            result = NVML_ERROR_MEMORY;
        } else {
            (*set)->next = LOAD_ACQUIRE(call.state->event_head);
            COUNT(call.state->event_sets_open);
        }
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlEventSetFree(struct event_set *set) {
    if (set == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, F_nvmlEventSetFree);
    if (result == NVML_SUCCESS) {
        __atomic_fetch_sub(&call.state->event_sets_open, 1, __ATOMIC_RELAXED);
        free(set);
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, uint64_t types,
                                             struct event_set *set) {
    if (set == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceRegisterEvents);
    if (result == NVML_SUCCESS) {
        if ((types & ~LOAD(call.gpu->supported_event_types)) != 0)
            result = NVML_ERROR_NOT_SUPPORTED;
        else
            set->types[call.index] |= types;
    }
    return call_end(&call, result);
}

GPU_U64(nvmlDeviceGetSupportedEventTypes, supported_event_types)

static bool take_event(struct fake_state *state, struct event_set *set, nvmlEventData_t *data) {
    uint64_t head = LOAD_ACQUIRE(state->event_head);
    if (head - set->next > FAKE_EVENTS_MAX)
        set->next = head - FAKE_EVENTS_MAX;
    while (set->next < head) {
        const struct fake_event *event = &state->events[set->next++ % FAKE_EVENTS_MAX];
        if (event->gpu_index >= FAKE_GPUS_MAX ||
            (set->types[event->gpu_index] & event->event_type) == 0)
            continue;
        *data = (nvmlEventData_t){.device = device_of((uint32_t)event->gpu_index, 0),
                                  .eventType = event->event_type,
                                  .eventData = event->event_data,
                                  .gpuInstanceId = UINT32_MAX,
                                  .computeInstanceId = UINT32_MAX};
        COUNT(state->events_delivered);
        return true;
    }
    return false;
}

// Not an ordinary call: a wait is meant to overlap others.
EXPORT nvmlReturn_t nvmlEventSetWait_v2(struct event_set *set, nvmlEventData_t *data,
                                        uint32_t timeout_milliseconds) {
    if (set == NULL || data == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    __atomic_fetch_add(&waits_under_way, 1, __ATOMIC_SEQ_CST);
    struct fake_state *state = current_state();
    int64_t until = clock_nanoseconds(CLOCK_MONOTONIC) + (int64_t)timeout_milliseconds * 1000000;
    nvmlReturn_t result = driver_refusal(state);
    if (result == NVML_SUCCESS)
        result = pass_function(state, F_nvmlEventSetWait_v2);
    while (result == NVML_SUCCESS && !take_event(state, set, data)) {
        int64_t now = clock_nanoseconds(CLOCK_MONOTONIC);
        if (now >= until) {
            result = NVML_ERROR_TIMEOUT;
            break;
        }
        // Polled: rarely enough not to show in a benchmark of the client.
        sleep_until(until - now < 5000000 ? until : now + 5000000);
        result = driver_refusal(state);
        if (result == NVML_SUCCESS)
            result = LOAD(state->functions[F_nvmlEventSetWait_v2].error);
    }
    __atomic_fetch_sub(&waits_under_way, 1, __ATOMIC_SEQ_CST);
    return result;
}
