// Initialisation, the state file's mapping, and the gate every call passes:
// counting, hanging, latency, refusal.
#include "fake_nvml.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef FAKE_NVML_SOURCE_HASH
#define FAKE_NVML_SOURCE_HASH "unknown"
#endif

// build() looks for this in the file to tell whether it is up to date.
EXPORT const char fake_nvml_source_hash[] = "fake-nvml-source-hash:" FAKE_NVML_SOURCE_HASH;

struct nvmlDevice fake_devices[FAKE_GPUS_MAX];

static struct {
    pthread_mutex_t lock;  // guards initialisation only
    struct fake_state *state;
    dev_t file_device;
    ino_t file_inode;
    uint32_t references;
    uint32_t driver_generation;
    uint32_t visible_at_init;
} client = {.lock = PTHREAD_MUTEX_INITIALIZER};

static pthread_mutex_t global_call_lock = PTHREAD_MUTEX_INITIALIZER;
static int32_t outstanding_calls;
static int32_t outstanding_waits;  // event waits are meant to overlap other calls
static int32_t outstanding_by_gpu[FAKE_GPUS_MAX];

int64_t clock_nanoseconds(int clock) {
    struct timespec now;
    clock_gettime((clockid_t)clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void sleep_until(int64_t monotonic_nanoseconds) {
    struct timespec until = {.tv_sec = monotonic_nanoseconds / 1000000000,
                             .tv_nsec = monotonic_nanoseconds % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
}

struct fake_state *current_state(void) { return LOAD_ACQUIRE(client.state); }

uint32_t visible_gpus(const struct fake_state *state) {
    uint32_t visible =
        LOAD(state->latch_visible_gpus) ? LOAD(client.visible_at_init) : LOAD(state->visible_gpus);
    uint32_t count = LOAD(state->gpu_count);
    return visible < count ? visible : count;
}

// Maps the file named by FAKE_NVML_STATE, or keeps the mapping if it is the
// same file.  Needs client.lock.
static nvmlReturn_t map_state(void) {
    const char *path = getenv("FAKE_NVML_STATE");
    if (path == NULL || path[0] == '\0')
        return NVML_ERROR_DRIVER_NOT_LOADED;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return NVML_ERROR_DRIVER_NOT_LOADED;
    struct stat status;
    nvmlReturn_t result = NVML_ERROR_UNKNOWN;
    if (fstat(file, &status) != 0)
        goto done;
    if (client.state != NULL && status.st_dev == client.file_device &&
        status.st_ino == client.file_inode) {
        result = NVML_SUCCESS;
        goto done;
    }
    if (status.st_size < (off_t)sizeof(struct fake_state)) {
        fprintf(stderr, "fake NVML: state file too short\n");
        goto done;
    }
    struct fake_state *state =
        mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (state == MAP_FAILED)
        goto done;
    if (state->magic != FAKE_MAGIC || state->layout_version != FAKE_LAYOUT_VERSION ||
        state->total_bytes != sizeof(*state) || state->gpu_bytes != sizeof(struct fake_gpu) ||
        state->gpus_max != FAKE_GPUS_MAX) {
        fprintf(stderr, "fake NVML: state file has another layout\n");
        munmap(state, sizeof(*state));
        goto done;
    }
    struct fake_state *previous = client.state;
    __atomic_store_n(&client.state, state, __ATOMIC_SEQ_CST);
    client.file_device = status.st_dev;
    client.file_inode = status.st_ino;
    // A call still under way may use the old mapping: rather leak it.
    if (previous != NULL && __atomic_load_n(&outstanding_calls, __ATOMIC_SEQ_CST) == 0 &&
        __atomic_load_n(&outstanding_waits, __ATOMIC_SEQ_CST) == 0)
        munmap(previous, sizeof(*previous));
    result = NVML_SUCCESS;
done:
    close(file);
    return result;
}

static nvmlReturn_t initialise(void) {
    pthread_mutex_lock(&client.lock);
    nvmlReturn_t result = map_state();
    if (result == NVML_SUCCESS) {
        struct fake_state *state = client.state;
        __atomic_fetch_add(&state->calls[GROUP_INIT], 1, __ATOMIC_RELAXED);
        uint64_t latency = LOAD(state->init_latency_nanoseconds);
        if (latency > 0)
            sleep_until(clock_nanoseconds(CLOCK_MONOTONIC) + (int64_t)latency);
        result = LOAD(state->init_error);
    }
    if (result == NVML_SUCCESS) {
        for (uint32_t i = 0; i < FAKE_GPUS_MAX; i++)
            fake_devices[i].index = i;
        if (client.references == 0) {
            client.driver_generation = LOAD(client.state->driver_generation);
            client.visible_at_init = LOAD(client.state->visible_gpus);
        }
        __atomic_fetch_add(&client.references, 1, __ATOMIC_SEQ_CST);
    }
    pthread_mutex_unlock(&client.lock);
    return result;
}

EXPORT nvmlReturn_t nvmlInit(void) { return initialise(); }
EXPORT nvmlReturn_t nvmlInit_v2(void) { return initialise(); }
EXPORT nvmlReturn_t nvmlInitWithFlags(uint32_t flags) {
    (void)flags;
    return initialise();
}

EXPORT nvmlReturn_t nvmlShutdown(void) {
    nvmlReturn_t result = NVML_ERROR_UNINITIALIZED;
    pthread_mutex_lock(&client.lock);
    if (client.references > 0) {
        struct fake_state *state = client.state;
        __atomic_fetch_add(&state->calls[GROUP_SHUTDOWN], 1, __ATOMIC_RELAXED);
        if (client.references == 1 &&
            (__atomic_load_n(&outstanding_calls, __ATOMIC_SEQ_CST) > 0 ||
             __atomic_load_n(&outstanding_waits, __ATOMIC_SEQ_CST) > 0))
            __atomic_fetch_add(&state->shutdowns_with_outstanding_calls, 1, __ATOMIC_RELAXED);
        // The mapping stays: the truth helpers work without a client.
        __atomic_fetch_sub(&client.references, 1, __ATOMIC_SEQ_CST);
        result = NVML_SUCCESS;
    }
    pthread_mutex_unlock(&client.lock);
    return result;
}

// ---- The gate ---------------------------------------------------------------

static uint64_t latency_nanoseconds(const struct fake_gpu *gpu, enum fake_group group,
                                    uint64_t further_groups) {
    uint64_t latency = LOAD(gpu->group_latency_nanoseconds[group]);
    if (latency == 0)
        latency = LOAD(gpu->latency_nanoseconds);
    while (further_groups != 0) {
        latency += LOAD(gpu->group_latency_nanoseconds[__builtin_ctzll(further_groups)]);
        further_groups &= further_groups - 1;
    }
    return latency;
}

void wait_while_hung(struct fake_gpu *gpu, uint64_t groups) {
    if ((LOAD(gpu->hang_mask) & groups) == 0)
        return;
    __atomic_fetch_add(&gpu->hung_calls, 1, __ATOMIC_RELAXED);
    while ((LOAD(gpu->hang_mask) & groups) != 0)
        sleep_until(clock_nanoseconds(CLOCK_MONOTONIC) + 1000000);
}

static void hang_and_delay(const struct call *call, uint64_t groups, uint64_t latency) {
    uint32_t lock = LOAD(call->state->global_lock);
    if (lock >= 2)
        pthread_mutex_lock(&global_call_lock);
    wait_while_hung(call->gpu, groups);
    if (lock == 1)
        pthread_mutex_lock(&global_call_lock);
    if (latency > 0)
        sleep_until(clock_nanoseconds(CLOCK_MONOTONIC) + (int64_t)latency);
    if (lock != 0)
        pthread_mutex_unlock(&global_call_lock);
}

// Before anything else, so that a shutdown meanwhile is seen.
static void enter(struct call *call, enum fake_group group) {
    call->gpu = NULL;
    call->index = FAKE_GPUS_MAX;
    call->begin_nanoseconds = clock_nanoseconds(CLOCK_MONOTONIC);
    int32_t outstanding = __atomic_add_fetch(&outstanding_calls, 1, __ATOMIC_SEQ_CST);
    struct fake_state *state = current_state();
    call->state = state;
    if (state == NULL)
        return;
    __atomic_fetch_add(&state->calls[group], 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&state->total_calls, 1, __ATOMIC_RELAXED);
    if (outstanding > 1)
        __atomic_fetch_add(&state->concurrent_calls, 1, __ATOMIC_RELAXED);
    uint64_t most = LOAD(state->outstanding_calls_max);
    while (most < (uint64_t)outstanding &&
           !__atomic_compare_exchange_n(&state->outstanding_calls_max, &most,
                                        (uint64_t)outstanding, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
    }
}

static nvmlReturn_t driver_refusal(const struct call *call) {
    if (call->state == NULL || __atomic_load_n(&client.references, __ATOMIC_SEQ_CST) == 0)
        return NVML_ERROR_UNINITIALIZED;
    nvmlReturn_t error = LOAD(call->state->call_error);
    if (error == NVML_SUCCESS &&
        LOAD(call->state->driver_generation) != LOAD(client.driver_generation))
        error = LOAD(call->state->stale_client_error);
    return error;
}

nvmlReturn_t call_begin_system(struct call *call, enum fake_group group) {
    enter(call, group);
    return driver_refusal(call);
}

nvmlReturn_t group_refusal(const struct fake_gpu *gpu, enum fake_group group) {
    nvmlReturn_t error = LOAD(gpu->group_error[group]);
    if (error == NVML_SUCCESS && ((LOAD(gpu->unsupported_mask) >> group) & 1))
        error = NVML_ERROR_NOT_SUPPORTED;
    return error;
}

void count_group(const struct call *call, enum fake_group group) {
    __atomic_fetch_add(&call->gpu->calls[group], 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&call->state->calls[group], 1, __ATOMIC_RELAXED);
}

nvmlReturn_t call_begin_groups(struct call *call, nvmlDevice_t device, enum fake_group group,
                               uint64_t further_groups) {
    enter(call, group);
    nvmlReturn_t error = driver_refusal(call);
    if (error != NVML_SUCCESS)
        return error;
    if (device < fake_devices || device >= fake_devices + FAKE_GPUS_MAX ||
        device->index >= LOAD(call->state->gpu_count))
        return NVML_ERROR_INVALID_ARGUMENT;
    uint32_t index = device->index;
    call->index = index;
    call->gpu = &call->state->gpus[index];
    __atomic_fetch_add(&call->gpu->calls[group], 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&call->gpu->total_calls, 1, __ATOMIC_RELAXED);
    if (__atomic_add_fetch(&outstanding_by_gpu[index], 1, __ATOMIC_RELAXED) > 1)
        __atomic_fetch_add(&call->gpu->concurrent_calls, 1, __ATOMIC_RELAXED);
    hang_and_delay(call, further_groups | UINT64_C(1) << group,
                   latency_nanoseconds(call->gpu, group, further_groups));
    // After the wait: the driver may have gone, or the GPU, in the meantime.
    error = driver_refusal(call);
    if (error != NVML_SUCCESS)
        return error;
    if (LOAD(call->gpu->is_lost) || index >= visible_gpus(call->state))
        return NVML_ERROR_GPU_IS_LOST;
    return group_refusal(call->gpu, group);
}

nvmlReturn_t call_begin(struct call *call, nvmlDevice_t device, enum fake_group group) {
    return call_begin_groups(call, device, group, 0);
}

nvmlReturn_t call_end(struct call *call, nvmlReturn_t result) {
    if (call->gpu != NULL)
        __atomic_fetch_sub(&outstanding_by_gpu[call->index], 1, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&outstanding_calls, 1, __ATOMIC_SEQ_CST);
    return result;
}

// ---- Events: here, because a wait must not count as an ordinary call --------

struct event_set {
    uint64_t types[FAKE_GPUS_MAX];
    uint64_t next;  // events before this one were delivered, or came too early
};

EXPORT nvmlReturn_t nvmlEventSetCreate(struct event_set **set) {
    if (set == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, GROUP_EVENTS);
    if (result == NVML_SUCCESS) {
        *set = calloc(1, sizeof(**set));
        if (*set == NULL)
            result = NVML_ERROR_MEMORY;
        else
            (*set)->next = LOAD_ACQUIRE(call.state->event_head);
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlEventSetFree(struct event_set *set) {
    if (set == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, GROUP_EVENTS);
    if (result == NVML_SUCCESS)
        free(set);
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, uint64_t types,
                                             struct event_set *set) {
    if (set == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_EVENTS);
    if (result == NVML_SUCCESS) {
        if ((types & ~LOAD(call.gpu->supported_event_types)) != 0)
            result = NVML_ERROR_NOT_SUPPORTED;
        else
            set->types[call.index] |= types;
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, uint64_t *types) {
    if (types == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, GROUP_EVENTS);
    if (result == NVML_SUCCESS)
        *types = LOAD(call.gpu->supported_event_types);
    return call_end(&call, result);
}

static bool take_event(struct fake_state *state, struct event_set *set, nvmlEventData_t *data) {
    uint64_t head = LOAD_ACQUIRE(state->event_head);
    if (head - set->next > FAKE_EVENTS_MAX)
        set->next = head - FAKE_EVENTS_MAX;
    while (set->next < head) {
        const struct fake_event *event = &state->events[set->next++ % FAKE_EVENTS_MAX];
        if (event->gpu_index >= FAKE_GPUS_MAX ||
            (set->types[event->gpu_index] & event->event_type) == 0)
            continue;
        *data = (nvmlEventData_t){.device = &fake_devices[event->gpu_index],
                                  .eventType = event->event_type,
                                  .eventData = event->event_data,
                                  .gpuInstanceId = UINT32_MAX,
                                  .computeInstanceId = UINT32_MAX};
        __atomic_fetch_add(&state->events_delivered, 1, __ATOMIC_RELAXED);
        return true;
    }
    return false;
}

EXPORT nvmlReturn_t nvmlEventSetWait_v2(struct event_set *set, nvmlEventData_t *data,
                                        uint32_t timeout_milliseconds) {
    if (set == NULL || data == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    __atomic_fetch_add(&outstanding_waits, 1, __ATOMIC_SEQ_CST);
    struct call call = {.state = current_state()};
    int64_t until =
        clock_nanoseconds(CLOCK_MONOTONIC) + (int64_t)timeout_milliseconds * 1000000;
    nvmlReturn_t result;
    for (;;) {
        result = driver_refusal(&call);
        if (result != NVML_SUCCESS || take_event(call.state, set, data))
            break;
        int64_t now = clock_nanoseconds(CLOCK_MONOTONIC);
        if (now >= until) {
            result = NVML_ERROR_TIMEOUT;
            break;
        }
        // Polled: rarely enough not to show in a benchmark of the client.
        sleep_until(until - now < 5000000 ? until : now + 5000000);
    }
    __atomic_fetch_sub(&outstanding_waits, 1, __ATOMIC_SEQ_CST);
    return result;
}

// ---- System -----------------------------------------------------------------

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
    case NVML_ERROR_GPU_IS_LOST: return "GPU is lost";
    case NVML_ERROR_LIB_RM_VERSION_MISMATCH: return "Driver/library version mismatch";
    case NVML_ERROR_MEMORY: return "Insufficient Memory";
    case NVML_ERROR_ARGUMENT_VERSION_MISMATCH: return "Mismatched argument version";
    default: return "Unknown Error";
    }
}

static nvmlReturn_t copy_version(char *out, uint32_t length, bool is_driver) {
    if (out == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, GROUP_SYSTEM);
    if (result == NVML_SUCCESS) {
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
    return copy_version(version, length, true);
}

EXPORT nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, uint32_t length) {
    return copy_version(version, length, false);
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version) {
    if (version == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin_system(&call, GROUP_SYSTEM);
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

EXPORT const char *fake_nvml_group_name(uint32_t group) {
    static const char *const names[] = {
#define FAKE_GROUP_NAME(name) #name,
        FAKE_GROUPS(FAKE_GROUP_NAME)
#undef FAKE_GROUP_NAME
    };
    return group < GROUP_COUNT_OF ? names[group] : NULL;
}
