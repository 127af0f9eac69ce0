// What the files of the fake share among themselves.
#ifndef FAKE_NVML_H
#define FAKE_NVML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nvml.h"
#include "state.h"

#define EXPORT __attribute__((visibility("default")))
#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define LOAD_ACQUIRE(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define COUNT(field) __atomic_fetch_add(&(field), 1, __ATOMIC_RELAXED)

typedef __int128 picojoules;  // 64 bits hold only 5 h at 1 kW
#define MILLIJOULE ((picojoules)1000000000)

#define FAKE_DEVICES_MAX (FAKE_GPUS_MAX * (1 + FAKE_MIG_MAX))

#pragma GCC visibility push(hidden)

// One NVML call in progress: what call_begin found and call_end needs.
struct call {
    struct fake_state *state;
    struct fake_gpu *gpu;  // NULL for calls without a device
    const struct fake_mig *mig;  // NULL unless the handle is a MIG device's
    const nvmlFieldValue_t *fields;  // of nvmlDeviceGetFieldValues
    int32_t field_count;
    int64_t begin_nanoseconds;
    uint32_t index;
    enum fake_function function;
};

extern struct nvmlDevice fake_devices[FAKE_DEVICES_MAX];

// client.c
int64_t clock_nanoseconds(int clock);
void sleep_until(int64_t monotonic_nanoseconds);
struct fake_state *current_state(void);
uint32_t visible_gpus(const struct fake_state *state);
nvmlReturn_t driver_refusal(const struct fake_state *state);
extern int32_t calls_under_way;
extern int32_t waits_under_way;  // event waits are meant to overlap other calls
nvmlDevice_t device_of(uint32_t gpu_index, uint32_t mig);  // mig: its index + 1; 0: the GPU

// gate.c.  call_end must follow every call_begin, also one that failed.
nvmlReturn_t call_begin(struct call *call, nvmlDevice_t device, enum fake_function function);
nvmlReturn_t call_begin_fields(struct call *call, nvmlDevice_t device,
                               const nvmlFieldValue_t *fields, int32_t count);
nvmlReturn_t call_begin_system(struct call *call, enum fake_function function);
nvmlReturn_t call_end(struct call *call, nvmlReturn_t result);
// As a call on one GPU within a call without a device: a handle is looked up.
nvmlReturn_t pass_gpu(const struct call *call, struct fake_gpu *gpu);
// For functions without a device: hang, latency, error.
nvmlReturn_t pass_function(struct fake_state *state, enum fake_function function);
nvmlReturn_t group_refusal(const struct fake_gpu *gpu, enum fake_group group);
void count_group(const struct call *call, enum fake_group group);

// truth.c
picojoules true_energy(const struct fake_state *state, const struct fake_gpu *gpu, int64_t at,
                       enum fake_scope scope);
uint64_t true_power(const struct fake_state *state, const struct fake_gpu *gpu, int64_t at,
                    enum fake_scope scope);
int64_t refresh_instant(const struct fake_gpu *gpu, int64_t at, uint64_t refresh, int64_t phase);
uint32_t power_reading(const struct fake_state *state, const struct fake_gpu *gpu, int64_t at,
                       uint64_t window, enum fake_scope scope, enum fake_group group);
uint32_t sample_reading(const struct fake_state *state, const struct fake_gpu *gpu, int64_t at,
                        uint64_t period, enum fake_scope scope);
uint64_t counter_reading(const struct fake_state *state, const struct fake_gpu *gpu, int64_t at);

// table.c: the field values that tests and profiles set.
struct field_answer {
    uint32_t value_type;
    nvmlReturn_t result;
    enum fake_group group;
    bool is_hidden;
    nvmlValue_t value;
};
bool table_field(const struct fake_gpu *gpu, uint32_t id, uint32_t scope, int64_t now,
                 struct field_answer *answer);
enum fake_group table_group(const struct fake_gpu *gpu, uint32_t id, uint32_t scope);

// fields.c: of one field whatever holds it; the function's way to the same value.
enum fake_group field_group(const struct fake_gpu *gpu, uint32_t id, uint32_t scope);
nvmlReturn_t field_u64(const struct call *call, uint32_t id, uint32_t scope, uint64_t *value);

// getters.c
nvmlReturn_t get_u32(nvmlDevice_t device, enum fake_function function, size_t offset,
                     uint32_t *out);
nvmlReturn_t get_u64(nvmlDevice_t device, enum fake_function function, size_t offset,
                     uint64_t *out);

#pragma GCC visibility pop

#define GPU_U32(function, field) \
    EXPORT nvmlReturn_t function(nvmlDevice_t device, uint32_t *out) { \
        return get_u32(device, F_##function, offsetof(struct fake_gpu, field), out); \
    }
#define GPU_U64(function, field) \
    EXPORT nvmlReturn_t function(nvmlDevice_t device, uint64_t *out) { \
        return get_u64(device, F_##function, offsetof(struct fake_gpu, field), out); \
    }

#endif
