// The layout of the state file.  layout.py holds the same layout; bump
// FAKE_LAYOUT_VERSION in both when any struct or the order of the groups changes.
#ifndef FAKE_NVML_STATE_H
#define FAKE_NVML_STATE_H

#include <stdint.h>

#include "functions.h"

#define FAKE_MAGIC UINT64_C(0x4B5741544C4D564E)
#define FAKE_LAYOUT_VERSION 2u
#define FAKE_GPUS_MAX 32u
#define FAKE_SEGMENTS_MAX 512u
#define FAKE_TABLE_POINTS_MAX 65536u
#define FAKE_EVENTS_MAX 256u
#define FAKE_PROCESSES_MAX 64u
#define FAKE_GROUPS_MAX 64u
#define FAKE_FUNCTIONS_MAX 192u
#define FAKE_FIELD_IDS_MAX 512u
#define FAKE_FIELDS_MAX 2048u
#define FAKE_GPM_METRICS_MAX 512u
#define FAKE_MIG_MAX 8u
#define FAKE_RETIRED_PAGES_MAX 64u
#define FAKE_NVLINKS_MAX 36u

// A group is the unit for which calls are counted, delayed, hung, refused or
// declared unsupported.  Order = groups.Group.
#define FAKE_GROUPS(X) \
    X(INIT) X(SHUTDOWN) X(SYSTEM) X(COUNT) X(HANDLE) X(IDENTITY) X(PERSISTENCE) \
    X(FIELD_VALUES) X(POWER_INSTANT) X(POWER_AVERAGE) X(POWER_MODULE) X(POWER_MEMORY) \
    X(POWER_USAGE) X(ENERGY) X(ENERGY_FIELD) X(MEMORY_TEMPERATURE) X(TEMPERATURE) \
    X(TEMPERATURE_V) X(MARGIN_TEMPERATURE) X(TEMPERATURE_THRESHOLD) X(TEMPERATURE_LIMITS) \
    X(UTILIZATION) X(ENCODER_DECODER) X(JPEG_OFA) X(CLOCKS) X(MAX_CLOCKS) \
    X(CLOCK_EVENT_REASONS) X(MEMORY_INFO) X(MEMORY_INFO_V2) X(POWER_LIMITS) \
    X(PERFORMANCE_STATE) X(VIOLATION) X(MIG) X(ECC) X(PROCESSES) X(PCIE) X(EVENTS) \
    X(SAMPLES) X(FABRIC) X(OTHER_FIELDS) X(ROW_REMAPPER) X(RETIRED_PAGES) X(NVLINK) X(C2C) \
    X(GPM) X(PLATFORM) X(FAN) X(VIRTUALIZATION) X(POWER_PROFILES) X(POWER_SMOOTHING) X(BAR1) \
    X(POWER_MODE) X(RECOVERY)

enum fake_group {
#define FAKE_GROUP_ENUM(name) GROUP_##name,
    FAKE_GROUPS(FAKE_GROUP_ENUM)
#undef FAKE_GROUP_ENUM
        GROUP_COUNT_OF
};
_Static_assert(GROUP_COUNT_OF <= FAKE_GROUPS_MAX, "too many groups");
_Static_assert(FUNCTION_COUNT_OF <= FAKE_FUNCTIONS_MAX, "too many functions");

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
    uint32_t kind;  // 0 compute, 1 graphics, 2 MPS
    uint64_t used_memory_bytes;
    uint32_t gpu_instance_id, compute_instance_id;
};

struct fake_event {
    uint64_t gpu_index;
    uint64_t event_type;
    uint64_t event_data;
};

// What one function does beyond its ordinary answer.
struct fake_function_state {
    uint64_t calls;  // written by the C side only
    uint64_t latency_nanoseconds;
    uint32_t error;
    uint32_t is_hung;
};

// What befalls a nvmlDeviceGetFieldValues whose batch holds a field.
struct fake_field_fault {
    uint64_t latency_nanoseconds;
    uint32_t error;
    uint32_t is_hung;
};

#define FAKE_SCOPE_ANY UINT32_C(0xFFFFFFFE)
enum fake_field_flags {
    FIELD_IS_SUM = 1,     // of the same field's other scopes
    FIELD_IS_HIDDEN = 2,  // the driver is too old for the field; its function knows it
};

// One value of nvmlDeviceGetFieldValues.
struct fake_field {
    uint32_t field_id, scope_id;
    uint32_t value_type;
    uint32_t result;  // nvmlReturn
    uint32_t group;
    uint32_t flags;
    uint32_t next;  // of the same field; its position + 1; 0: the last one
    uint32_t reserved;
    uint64_t value;  // the bits; of a SIGNED_INT: the low 32
    double rate_per_second;
    int64_t since_nanoseconds;  // after the GPU's epoch, where the growth began
};

// Grows by `level` each second; what GPM gives is the growth over the time
// between two samples.
struct fake_gpm_metric {
    double level;
    double base;  // level times seconds until `since`
    int64_t since_nanoseconds;
    uint32_t is_present;
    uint32_t error;
};

struct fake_mig {
    uint32_t is_present;
    uint32_t gpu_instance_id, compute_instance_id;
    uint32_t multiprocessor_count, copy_engine_count, decoder_count;
    uint32_t encoder_count, jpeg_count, ofa_count;
    uint32_t gpu_instance_slice_count, compute_instance_slice_count;
    uint32_t reserved;
    uint64_t memory_total_bytes, memory_reserved_bytes, memory_used_bytes;
    char name[96];
    char uuid[96];
};

struct fake_retired_page {
    uint64_t address;
    uint64_t timestamp_microseconds;
    uint64_t cause;  // 0: single-bit errors, 1: a double-bit error
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
    uint64_t sample_period_nanoseconds;  // of nvmlDeviceGetSamples; 0: the refresh
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
    struct fake_function_state functions[FAKE_FUNCTIONS_MAX];
    uint32_t has_field_faults;
    uint32_t reserved_faults;
    struct fake_field_fault field_faults[FAKE_FIELD_IDS_MAX];

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
    uint32_t pcie_transmit_kilobytes_per_second, pcie_receive_kilobytes_per_second;
    uint32_t process_count;
    uint32_t ecc_mode, ecc_pending_mode, retired_pages_pending, retired_page_count;
    uint32_t virtualization_mode, power_management_mode, is_gpm_supported, is_c2c_enabled;
    uint32_t fan_count, fan_speed_percent, module_id, reserved_readings;
    uint64_t violation_unit_nanoseconds;
    uint64_t memory_total_bytes, memory_reserved_bytes, memory_used_bytes;
    uint64_t bar1_total_bytes, bar1_used_bytes;
    uint64_t clock_event_reasons, supported_clock_event_reasons;
    uint64_t supported_event_types;
    uint64_t ecc_errors[4];  // [2 * counterType + errorType]
    uint64_t sram_ecc_errors[11];  // in the order of nvmlEccSramErrorStatus_v1_t
    uint64_t sram_ecc_threshold_exceeded;
    uint64_t violation_nanoseconds[16];
    uint32_t row_remapper_histogram[5];  // max, high, partial, low, none
    uint32_t nvlink_remote_type[FAKE_NVLINKS_MAX];
    uint32_t power_profiles[3][8];  // supported, requested, enforced
    struct fake_process processes[FAKE_PROCESSES_MAX];
    struct fake_retired_page retired_pages[FAKE_RETIRED_PAGES_MAX];

    // Where the GPU sits.
    uint8_t fabric_cluster_uuid[16];
    uint32_t fabric_status, fabric_clique_id, fabric_state, fabric_health_mask;
    uint32_t fabric_health_summary, fabric_version_max;
    uint8_t platform_ib_guid[16], platform_chassis_serial[16];
    uint32_t platform_slot, platform_tray, platform_host_id, platform_peer_type;
    uint32_t platform_module_id, platform_version_max;

    struct fake_mig mig[FAKE_MIG_MAX];

    // Field values; the sequence is odd while they change.
    uint64_t field_sequence;
    uint64_t field_count;
    uint32_t field_heads[FAKE_FIELD_IDS_MAX];  // position + 1 of the first; 0: none
    struct fake_field fields[FAKE_FIELDS_MAX];

    uint64_t gpm_sequence;
    struct fake_gpm_metric gpm[1 + FAKE_MIG_MAX][FAKE_GPM_METRICS_MAX];

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
    uint32_t function_count;
    uint32_t group_count;

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
    int64_t wall_offset_nanoseconds;  // CLOCK_REALTIME less CLOCK_MONOTONIC, at the start
    char driver_version[80];
    char nvml_version[80];
    struct fake_function_state functions[FAKE_FUNCTIONS_MAX];

    // Written by the C side only.
    uint64_t calls[FAKE_GROUPS_MAX];
    uint64_t total_calls;
    uint64_t hung_calls;  // of functions without a device
    uint64_t concurrent_calls;
    uint64_t outstanding_calls_max;
    uint64_t shutdowns_with_outstanding_calls;
    uint64_t events_delivered;
    int64_t event_sets_open;
    int64_t gpm_samples_open;

    uint64_t event_head;  // events ever written; the ring keeps the last ones
    struct fake_event events[FAKE_EVENTS_MAX];

    struct fake_gpu gpus[FAKE_GPUS_MAX];
    struct fake_table_point table[FAKE_TABLE_POINTS_MAX];
};

#endif
