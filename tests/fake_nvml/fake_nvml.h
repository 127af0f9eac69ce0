// Shared declarations of the fake libnvidia-ml: the part of NVML's ABI that
// Wattkeeper reads, the layout of the state file, and the internal calls.
//
// layout.py holds the same layout; bump FAKE_LAYOUT_VERSION in both when any
// struct or the order of the groups changes.
#ifndef FAKE_NVML_H
#define FAKE_NVML_H

#include <stdbool.h>
#include <stdint.h>

// ---- NVML ABI ---------------------------------------------------------------

typedef uint32_t nvmlReturn_t;
enum {
    NVML_SUCCESS = 0,
    NVML_ERROR_UNINITIALIZED = 1,
    NVML_ERROR_INVALID_ARGUMENT = 2,
    NVML_ERROR_NOT_SUPPORTED = 3,
    NVML_ERROR_NO_PERMISSION = 4,
    NVML_ERROR_NOT_FOUND = 6,
    NVML_ERROR_INSUFFICIENT_SIZE = 7,
    NVML_ERROR_DRIVER_NOT_LOADED = 9,
    NVML_ERROR_TIMEOUT = 10,
    NVML_ERROR_GPU_IS_LOST = 15,
    NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18,
    NVML_ERROR_MEMORY = 20,
    NVML_ERROR_ARGUMENT_VERSION_MISMATCH = 25,
    NVML_ERROR_UNKNOWN = 999,
};

enum {
    VALUE_TYPE_UNSIGNED_INT = 1,
    VALUE_TYPE_UNSIGNED_LONG_LONG = 3,
    VALUE_TYPE_SIGNED_INT = 5,
};

struct nvmlDevice {
    uint32_t index;
};
typedef struct nvmlDevice *nvmlDevice_t;

typedef struct {
    char busIdLegacy[16];
    uint32_t domain, bus, device, pciDeviceId, pciSubSystemId;
    char busId[32];
} nvmlPciInfo_t;
_Static_assert(sizeof(nvmlPciInfo_t) == 68, "nvmlPciInfo_t");

typedef struct {
    uint64_t total, free, used;
} nvmlMemory_t;

typedef struct {
    uint32_t version;
    uint64_t total, reserved, free, used;
} nvmlMemory_v2_t;
_Static_assert(sizeof(nvmlMemory_v2_t) == 0x28, "nvmlMemory_v2_t");

typedef struct {
    uint32_t version, sensorType;
    int32_t temperature;
} nvmlTemperature_v1_t;
_Static_assert(sizeof(nvmlTemperature_v1_t) == 0x0C, "nvmlTemperature_v1_t");

typedef struct {
    uint32_t version;
    int32_t marginTemperature;
} nvmlMarginTemperature_v1_t;
_Static_assert(sizeof(nvmlMarginTemperature_v1_t) == 0x08, "nvmlMarginTemperature_v1_t");

typedef struct {
    uint32_t gpu, memory;
} nvmlUtilization_t;

typedef union {
    double dVal;
    uint32_t uiVal;
    uint64_t ullVal;
    int64_t sllVal;
    int32_t siVal;
} nvmlValue_t;

typedef struct {
    uint32_t fieldId, scopeId;
    int64_t timestamp, latencyUsec;
    uint32_t valueType;
    nvmlReturn_t nvmlReturn;
    nvmlValue_t value;
} nvmlFieldValue_t;
_Static_assert(sizeof(nvmlFieldValue_t) == 40, "nvmlFieldValue_t");

typedef struct {
    uint64_t referenceTime, violationTime;
} nvmlViolationTime_t;

typedef struct {
    uint32_t pid;
    uint64_t usedGpuMemory;
    uint32_t gpuInstanceId, computeInstanceId;
} nvmlProcessInfo_t;
_Static_assert(sizeof(nvmlProcessInfo_t) == 24, "nvmlProcessInfo_t");

typedef struct {
    uint64_t timeStamp;
    nvmlValue_t sampleValue;
} nvmlSample_t;

typedef struct {
    nvmlDevice_t device;
    uint64_t eventType, eventData;
    uint32_t gpuInstanceId, computeInstanceId;
} nvmlEventData_t;
_Static_assert(sizeof(nvmlEventData_t) == 32, "nvmlEventData_t");

// ---- State file -------------------------------------------------------------

#define FAKE_MAGIC UINT64_C(0x4B5741544C4D564E)
#define FAKE_LAYOUT_VERSION 1u
#define FAKE_GPUS_MAX 32u
#define FAKE_SEGMENTS_MAX 512u
#define FAKE_TABLE_POINTS_MAX 65536u
#define FAKE_EVENTS_MAX 256u
#define FAKE_PROCESSES_MAX 16u
#define FAKE_GROUPS_MAX 64u

// A group is the unit for which calls are counted, delayed, hung, refused or
// declared unsupported.  Order = layout.Group.
#define FAKE_GROUPS(X) \
    X(INIT) X(SHUTDOWN) X(SYSTEM) X(COUNT) X(HANDLE) X(IDENTITY) X(PERSISTENCE) \
    X(FIELD_VALUES) X(POWER_INSTANT) X(POWER_AVERAGE) X(POWER_MODULE) X(POWER_MEMORY) \
    X(POWER_USAGE) X(ENERGY) X(ENERGY_FIELD) X(MEMORY_TEMPERATURE) X(TEMPERATURE) \
    X(TEMPERATURE_V) X(MARGIN_TEMPERATURE) X(TEMPERATURE_THRESHOLD) X(TEMPERATURE_LIMITS) \
    X(UTILIZATION) X(ENCODER_DECODER) X(JPEG_OFA) X(CLOCKS) X(MAX_CLOCKS) \
    X(CLOCK_EVENT_REASONS) X(MEMORY_INFO) X(MEMORY_INFO_V2) X(POWER_LIMITS) \
    X(PERFORMANCE_STATE) X(VIOLATION) X(MIG) X(ECC) X(PROCESSES) X(PCIE) X(EVENTS) \
    X(SAMPLES) X(FABRIC) X(OTHER_FIELDS)

enum fake_group {
#define FAKE_GROUP_ENUM(name) GROUP_##name,
    FAKE_GROUPS(FAKE_GROUP_ENUM)
#undef FAKE_GROUP_ENUM
        GROUP_COUNT_OF
};
_Static_assert(GROUP_COUNT_OF <= FAKE_GROUPS_MAX, "too many groups");

enum fake_waveform { WAVEFORM_CONSTANT = 0, WAVEFORM_SQUARE, WAVEFORM_SINE, WAVEFORM_TABLE };
enum fake_scope { SCOPE_GPU = 0, SCOPE_MODULE = 1, SCOPE_MEMORY = 2 };

// A stretch of one waveform.  Its base is the exact energy at its start, so
// that swapping the waveform never makes the energy jump.
struct fake_segment {
    int64_t start_nanoseconds;  // CLOCK_MONOTONIC
    uint64_t base_millijoules;
    uint64_t base_remainder_picojoules;  // below 1e9; 1 pJ = 1 mW * 1 ns
    uint64_t kind;
    uint64_t phase_nanoseconds;
    uint64_t period_nanoseconds;
    uint64_t high_nanoseconds;  // square: time at high power, first in the period
    uint64_t low_milliwatts;    // constant: the power
    uint64_t high_milliwatts;
    uint64_t table_first;
    uint64_t table_count;
};

struct fake_table_point {
    uint64_t offset_nanoseconds;          // within the loop
    uint64_t power_milliwatts;            // held until the next point
    uint64_t energy_before_picojoules;    // from the loop's start to this point
};

struct fake_process {
    uint32_t pid;
    uint32_t reserved;
    uint64_t used_memory_bytes;
};

struct fake_event {
    uint64_t gpu_index;
    uint64_t event_type;
    uint64_t event_data;
};

struct fake_gpu {
    // Identity, fixed while a client runs.
    char name[96];
    char uuid[96];
    char serial[32];
    char vbios_version[32];
    char board_part_number[32];
    uint32_t pci_domain, pci_bus, pci_device, pci_device_id, pci_subsystem_id;
    uint32_t architecture, brand, compute_major, compute_minor, minor_number;

    // Truth.
    uint64_t module_factor_permille;
    uint64_t module_constant_milliwatts;
    uint64_t memory_factor_permille;
    uint64_t segment_count;  // written last when a segment is added
    int64_t epoch_nanoseconds;

    // Sensors.
    uint64_t power_refresh_nanoseconds;
    int64_t power_phase_nanoseconds;
    uint64_t power_window_nanoseconds;  // 0: a point sample
    uint64_t average_window_nanoseconds;
    uint32_t usage_is_average;  // PowerUsage reads the average sensor
    uint32_t timestamp_is_refresh;
    uint64_t power_override_mask;  // by group
    uint64_t power_override_milliwatts;

    // Counter.  Its parts change together, hence the sequence lock.
    uint64_t counter_sequence;
    uint64_t counter_refresh_nanoseconds;
    int64_t counter_phase_nanoseconds;
    int64_t counter_zero_nanoseconds;
    int64_t counter_base_millijoules;
    int64_t counter_frozen_nanoseconds;
    uint64_t counter_override_millijoules;
    uint32_t counter_is_frozen;
    uint32_t counter_is_overridden;
    uint32_t counter_scope;
    uint32_t reserved_counter;

    // Faults.
    uint64_t unsupported_mask;
    uint64_t hang_mask;
    uint64_t latency_nanoseconds;
    uint64_t group_latency_nanoseconds[FAKE_GROUPS_MAX];  // 0: latency_nanoseconds
    uint32_t group_error[FAKE_GROUPS_MAX];
    uint32_t is_lost;
    uint32_t persistence_mode;

    // Plain readings.
    int32_t temperature_celsius;
    int32_t memory_temperature_celsius;
    int32_t margin_temperature_celsius;
    int32_t shutdown_celsius, slowdown_celsius, memory_max_celsius, gpu_max_celsius;
    int32_t shutdown_limit_celsius, slowdown_limit_celsius;  // T.LIMIT: relative
    int32_t memory_max_limit_celsius, gpu_max_limit_celsius;
    uint32_t power_limit_milliwatts, enforced_power_limit_milliwatts;
    uint32_t default_power_limit_milliwatts;
    uint32_t minimum_power_limit_milliwatts, maximum_power_limit_milliwatts;
    uint32_t gpu_utilization_percent, memory_utilization_percent;
    uint32_t encoder_utilization_percent, decoder_utilization_percent;
    uint32_t jpeg_utilization_percent, ofa_utilization_percent;
    uint32_t graphics_clock_megahertz, sm_clock_megahertz;
    uint32_t memory_clock_megahertz, video_clock_megahertz;
    uint32_t max_graphics_clock_megahertz, max_sm_clock_megahertz;
    uint32_t max_memory_clock_megahertz, max_video_clock_megahertz;
    uint32_t performance_state;
    uint32_t mig_mode, mig_pending_mode, mig_device_count_max;
    uint32_t pcie_replay_count, pcie_generation, pcie_width, pcie_generation_max, pcie_width_max;
    uint32_t process_count;
    uint64_t memory_total_bytes, memory_reserved_bytes, memory_used_bytes;
    uint64_t clock_event_reasons, supported_clock_event_reasons;
    uint64_t supported_event_types;
    uint64_t ecc_errors[4];  // [2 * counterType + errorType]
    uint64_t violation_nanoseconds[16];
    struct fake_process processes[FAKE_PROCESSES_MAX];

    // Written by the C side only.
    uint64_t calls[FAKE_GROUPS_MAX];  // of a field's group: fields, not calls
    uint64_t total_calls;
    uint64_t hung_calls;
    uint64_t concurrent_calls;

    struct fake_segment segments[FAKE_SEGMENTS_MAX];
};

struct fake_state {
    uint64_t magic;
    uint32_t layout_version;
    uint32_t gpus_max;
    uint64_t total_bytes;
    uint64_t gpu_bytes;

    uint32_t gpu_count;      // set up in this file
    uint32_t visible_gpus;   // at most gpu_count
    uint32_t latch_visible_gpus;
    uint32_t init_error;
    uint32_t call_error;
    uint32_t driver_generation;
    uint32_t stale_client_error;
    uint32_t global_lock;  // 1: held for the latency; 2: held while hung as well
    uint32_t cuda_driver_version;
    uint32_t reserved;
    uint64_t init_latency_nanoseconds;
    char driver_version[80];
    char nvml_version[80];

    // Written by the C side only.
    uint64_t calls[FAKE_GROUPS_MAX];
    uint64_t total_calls;
    uint64_t concurrent_calls;
    uint64_t outstanding_calls_max;
    uint64_t shutdowns_with_outstanding_calls;
    uint64_t events_delivered;

    uint64_t event_head;  // events ever written; the ring keeps the last ones
    struct fake_event events[FAKE_EVENTS_MAX];

    struct fake_gpu gpus[FAKE_GPUS_MAX];
    struct fake_table_point table[FAKE_TABLE_POINTS_MAX];
};

// ---- Internal ---------------------------------------------------------------

#define EXPORT __attribute__((visibility("default")))
#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define LOAD_ACQUIRE(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)

typedef __int128 picojoules;  // 64 bits hold only 5 h at 1 kW

#pragma GCC visibility push(hidden)

// One NVML call in progress: what call_begin found and call_end needs.
struct call {
    struct fake_state *state;
    struct fake_gpu *gpu;  // NULL for calls without a device
    int64_t begin_nanoseconds;
    uint32_t index;
};

extern struct nvmlDevice fake_devices[FAKE_GPUS_MAX];

int64_t clock_nanoseconds(int clock);
void sleep_until(int64_t monotonic_nanoseconds);
struct fake_state *current_state(void);
uint32_t visible_gpus(const struct fake_state *state);

// call_end must follow every call_begin, also one that failed.
nvmlReturn_t call_begin(struct call *call, nvmlDevice_t device, enum fake_group group);
nvmlReturn_t call_begin_system(struct call *call, enum fake_group group);
nvmlReturn_t call_end(struct call *call, nvmlReturn_t result);
// As call_begin for a call that touches several groups: hang and latency cover
// them all, refusals are left to the caller (group_refusal).
nvmlReturn_t call_begin_groups(struct call *call, nvmlDevice_t device, enum fake_group group,
                               uint64_t further_groups);
void wait_while_hung(struct fake_gpu *gpu, uint64_t groups);
nvmlReturn_t group_refusal(const struct fake_gpu *gpu, enum fake_group group);
void count_group(const struct call *call, enum fake_group group);

picojoules true_energy(const struct fake_state *state, const struct fake_gpu *gpu, int64_t at,
                       enum fake_scope scope);
uint64_t true_power(const struct fake_state *state, const struct fake_gpu *gpu, int64_t at,
                    enum fake_scope scope);
int64_t refresh_instant(const struct fake_gpu *gpu, int64_t at, uint64_t refresh, int64_t phase);
uint32_t power_reading(const struct fake_state *state, const struct fake_gpu *gpu, int64_t at,
                       uint64_t window, enum fake_scope scope, enum fake_group group);
uint64_t counter_reading(const struct fake_state *state, const struct fake_gpu *gpu, int64_t at);

#pragma GCC visibility pop

#define MILLIJOULE ((picojoules)1000000000)

#endif
