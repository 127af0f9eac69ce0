// This process as a client: the state file's mapping, nvmlInit, nvmlShutdown.
#include "fake.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef FAKE_NVML_SOURCE_HASH
#define FAKE_NVML_SOURCE_HASH "unknown"
#endif

// build() looks for this in the file to tell whether it is up to date.
EXPORT const char fake_nvml_source_hash[] = "fake-nvml-source-hash:" FAKE_NVML_SOURCE_HASH;

struct nvmlDevice fake_devices[FAKE_DEVICES_MAX];

static struct {
    pthread_mutex_t lock;  // guards initialisation only
    struct fake_state *state;
    dev_t file_device;
    ino_t file_inode;
    uint32_t references;
    uint32_t driver_generation;
    uint32_t visible_at_init;
} client = {.lock = PTHREAD_MUTEX_INITIALIZER};

int32_t calls_under_way;
int32_t waits_under_way;

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

nvmlReturn_t driver_refusal(const struct fake_state *state) {
    if (state == NULL || __atomic_load_n(&client.references, __ATOMIC_SEQ_CST) == 0)
        return NVML_ERROR_UNINITIALIZED;
    nvmlReturn_t error = LOAD(state->call_error);
    if (error == NVML_SUCCESS && LOAD(state->driver_generation) != LOAD(client.driver_generation))
        error = LOAD(state->stale_client_error);
    return error;
}

static bool is_busy(void) {
    return __atomic_load_n(&calls_under_way, __ATOMIC_SEQ_CST) > 0 ||
           __atomic_load_n(&waits_under_way, __ATOMIC_SEQ_CST) > 0;
}

nvmlDevice_t device_of(uint32_t gpu_index, uint32_t mig) {
    if (mig == 0)
        return &fake_devices[gpu_index];
    return &fake_devices[FAKE_GPUS_MAX + gpu_index * FAKE_MIG_MAX + mig - 1];
}

static void number_devices(void) {
    for (uint32_t gpu = 0; gpu < FAKE_GPUS_MAX; gpu++)
        for (uint32_t mig = 0; mig <= FAKE_MIG_MAX; mig++)
            *device_of(gpu, mig) = (struct nvmlDevice){gpu, mig};
}

static bool has_layout(const struct fake_state *state) {
    return state->magic == FAKE_MAGIC && state->layout_version == FAKE_LAYOUT_VERSION &&
           state->total_bytes == sizeof(*state) && state->gpu_bytes == sizeof(struct fake_gpu) &&
           state->gpus_max == FAKE_GPUS_MAX && state->function_count == FUNCTION_COUNT_OF &&
           state->group_count == GROUP_COUNT_OF;
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
    if (!has_layout(state)) {
        fprintf(stderr, "fake NVML: state file has another layout\n");
        munmap(state, sizeof(*state));
        goto done;
    }
    struct fake_state *previous = client.state;
    __atomic_store_n(&client.state, state, __ATOMIC_SEQ_CST);
    client.file_device = status.st_dev;
    client.file_inode = status.st_ino;
    // A call still under way may use the old mapping: rather leak it.
    if (previous != NULL && !is_busy())
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
        COUNT(state->calls[GROUP_INIT]);
        uint64_t latency = LOAD(state->init_latency_nanoseconds);
        if (latency > 0)
            sleep_until(clock_nanoseconds(CLOCK_MONOTONIC) + (int64_t)latency);
        result = pass_function(state, F_nvmlInit_v2);
        if (result == NVML_SUCCESS)
            result = LOAD(state->init_error);
    }
    if (result == NVML_SUCCESS) {
        if (client.references == 0) {
            number_devices();
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
        COUNT(state->calls[GROUP_SHUTDOWN]);
        result = pass_function(state, F_nvmlShutdown);
    }
    if (result == NVML_SUCCESS) {
        if (client.references == 1 && is_busy())
            COUNT(client.state->shutdowns_with_outstanding_calls);
        // The mapping stays: the truth helpers work without a client.
        __atomic_fetch_sub(&client.references, 1, __ATOMIC_SEQ_CST);
    }
    pthread_mutex_unlock(&client.lock);
    return result;
}
