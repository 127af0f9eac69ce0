// ECC errors, repaired memory, time spent limited.  What is also a field is
// taken from there: a function and its field never disagree.
#include "fake.h"

#include <string.h>

EXPORT nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, uint32_t error_type,
                                                uint32_t counter_type, uint64_t *count) {
    if (error_type > 1 || counter_type > 1 || count == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetTotalEccErrors);
    if (result == NVML_SUCCESS)
        result = field_u64(&call, 3 + 2 * counter_type + error_type, 0, count);
    return call_end(&call, result);
}

enum { LOCATIONS = 8, LOCATION_SRAM = 7 };

// By [location][counter type][error type]: L1, L2, DRAM, registers, texture,
// shared texture, CBU.  0: there is no such field.
static const uint8_t location_field[LOCATIONS][2][2] = {
    {{7, 8}, {18, 19}},   {{9, 10}, {20, 21}}, {{11, 12}, {22, 23}}, {{13, 14}, {24, 25}},
    {{15, 16}, {26, 27}}, {{0, 0}, {0, 0}},    {{0, 17}, {0, 28}},   {{0, 0}, {0, 0}},
};

static uint64_t sram_errors(const struct fake_gpu *gpu, uint32_t error_type,
                            uint32_t counter_type) {
    // aggregate: parity, SEC-DED, corrected; volatile: the same from 3 on
    const uint64_t *counts = &gpu->sram_ecc_errors[counter_type == 0 ? 3 : 0];
    return error_type == 0 ? LOAD(counts[2]) : LOAD(counts[0]) + LOAD(counts[1]);
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryErrorCounter(nvmlDevice_t device, uint32_t error_type,
                                                    uint32_t counter_type, uint32_t location,
                                                    uint64_t *count) {
    if (error_type > 1 || counter_type > 1 || location >= LOCATIONS || count == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetMemoryErrorCounter);
    uint32_t id = location_field[location][counter_type][error_type];
    if (result == NVML_SUCCESS && location == LOCATION_SRAM)
        *count = sram_errors(call.gpu, error_type, counter_type);
    else if (result == NVML_SUCCESS)
        result = id == 0 ? NVML_ERROR_NOT_SUPPORTED : field_u64(&call, id, 0, count);
    return call_end(&call, result);
}

#ifndef FAKE_NVML_OLD_DRIVER
EXPORT nvmlReturn_t nvmlDeviceGetSramEccErrorStatus(nvmlDevice_t device,
                                                    nvmlEccSramErrorStatus_v1_t *status) {
    if (status == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (status->version != STRUCT_VERSION(*status, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetSramEccErrorStatus);
    if (result == NVML_SUCCESS) {
        for (int i = 0; i < 11; i++)
            status->counts[i] = LOAD(call.gpu->sram_ecc_errors[i]);
        status->bThresholdExceeded = (uint32_t)LOAD(call.gpu->sram_ecc_threshold_exceeded);
    }
    return call_end(&call, result);
}
#endif

// ---- Rows and pages ---------------------------------------------------------

EXPORT nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, uint32_t *corrected,
                                              uint32_t *uncorrected, uint32_t *is_pending,
                                              uint32_t *has_failed) {
    uint32_t *const out[] = {corrected, uncorrected, is_pending, has_failed};
    for (int i = 0; i < 4; i++)
        if (out[i] == NULL)
            return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetRemappedRows);
    for (uint32_t i = 0; result == NVML_SUCCESS && i < 4; i++) {
        uint64_t value = 0;
        result = field_u64(&call, 142 + i, 0, &value);
        *out[i] = (uint32_t)value;
    }
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetRowRemapperHistogram(nvmlDevice_t device,
                                                      nvmlRowRemapperHistogramValues_t *values) {
    if (values == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetRowRemapperHistogram);
    if (result == NVML_SUCCESS)
        memcpy(values, call.gpu->row_remapper_histogram, sizeof(*values));
    return call_end(&call, result);
}

// Without `addresses` (`timestamps` is garbage then, as nvidia-ml-py calls it)
// or with too little room: only how many there are.
static nvmlReturn_t retired_pages(nvmlDevice_t device, enum fake_function function, uint32_t cause,
                                  uint32_t *count, uint64_t *addresses, uint64_t *timestamps) {
    if (count == NULL || cause > 1)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, function);
    if (result != NVML_SUCCESS)
        return call_end(&call, result);
    const struct fake_gpu *gpu = call.gpu;
    uint32_t known = LOAD_ACQUIRE(gpu->retired_page_count), room = *count, found = 0;
    for (uint32_t i = 0; i < known && i < FAKE_RETIRED_PAGES_MAX; i++) {
        const struct fake_retired_page *page = &gpu->retired_pages[i];
        if (LOAD(page->cause) != cause)
            continue;
        if (addresses != NULL && found < room) {
            addresses[found] = LOAD(page->address);
            if (timestamps != NULL)
                timestamps[found] = LOAD(page->timestamp_microseconds);
        }
        found++;
    }
    *count = found;
    bool is_enough = addresses == NULL ? found == 0 : found <= room;
    return call_end(&call, is_enough ? NVML_SUCCESS : NVML_ERROR_INSUFFICIENT_SIZE);
}

EXPORT nvmlReturn_t nvmlDeviceGetRetiredPages(nvmlDevice_t device, uint32_t cause, uint32_t *count,
                                              uint64_t *addresses) {
    return retired_pages(device, F_nvmlDeviceGetRetiredPages, cause, count, addresses, NULL);
}

EXPORT nvmlReturn_t nvmlDeviceGetRetiredPages_v2(nvmlDevice_t device, uint32_t cause,
                                                 uint32_t *count, uint64_t *addresses,
                                                 uint64_t *timestamps) {
    return retired_pages(device, F_nvmlDeviceGetRetiredPages_v2, cause, count, addresses,
                         addresses == NULL ? NULL : timestamps);
}

// ---- Time spent limited -----------------------------------------------------

EXPORT nvmlReturn_t nvmlDeviceGetViolationStatus(nvmlDevice_t device, uint32_t policy,
                                                 nvmlViolationTime_t *time) {
    bool is_known = policy <= 5 || policy == 10 || policy == 11;
    if (time == NULL || !is_known)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetViolationStatus);
    if (result == NVML_SUCCESS) {
        time->referenceTime = (uint64_t)call.begin_nanoseconds / 1000;
        result = field_u64(&call, policy <= 5 ? 74 + policy : 70 + policy, 0,
                           &time->violationTime);
    }
    return call_end(&call, result);
}
