// The part of NVML's ABI that Wattkeeper reads.  Layouts and version words are
// those of nvidia-ml-py.
#ifndef FAKE_NVML_ABI_H
#define FAKE_NVML_ABI_H

#include <stdint.h>

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
    NVML_ERROR_FUNCTION_NOT_FOUND = 13,
    NVML_ERROR_GPU_IS_LOST = 15,
    NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18,
    NVML_ERROR_IN_USE = 19,
    NVML_ERROR_MEMORY = 20,
    NVML_ERROR_ARGUMENT_VERSION_MISMATCH = 25,
    NVML_ERROR_NOT_READY = 27,
    NVML_ERROR_UNKNOWN = 999,
};

// The word that a client writes into a versioned struct.
#define STRUCT_VERSION(type, number) ((uint32_t)sizeof(type) | (uint32_t)(number) << 24)

enum {
    VALUE_TYPE_DOUBLE = 0,
    VALUE_TYPE_UNSIGNED_INT = 1,
    VALUE_TYPE_UNSIGNED_LONG = 2,
    VALUE_TYPE_UNSIGNED_LONG_LONG = 3,
    VALUE_TYPE_SIGNED_LONG_LONG = 4,
    VALUE_TYPE_SIGNED_INT = 5,
    VALUE_TYPE_UNSIGNED_SHORT = 6,
};

// GPUs first, then their MIG devices.
struct nvmlDevice {
    uint32_t index;
    uint32_t mig;  // 0: the GPU; else the MIG device's index + 1
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
    uint64_t bar1Total, bar1Free, bar1Used;
} nvmlBAR1Memory_t;

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
    uint16_t usVal;
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

typedef struct {
    uint32_t max, high, partial, low, none;
} nvmlRowRemapperHistogramValues_t;

typedef struct {
    uint32_t version;
    uint64_t counts[11];  // in the order of nvidia-ml-py's members
    uint32_t bThresholdExceeded;
} nvmlEccSramErrorStatus_v1_t;
_Static_assert(sizeof(nvmlEccSramErrorStatus_v1_t) == 0x68, "nvmlEccSramErrorStatus_v1_t");

typedef struct {
    uint8_t clusterUuid[16];
    nvmlReturn_t status;
    uint32_t cliqueId, state;
} nvmlGpuFabricInfo_t;
_Static_assert(sizeof(nvmlGpuFabricInfo_t) == 28, "nvmlGpuFabricInfo_t");

typedef struct {
    uint32_t version;
    nvmlGpuFabricInfo_t info;
    uint32_t healthMask;
} nvmlGpuFabricInfo_v2_t;
_Static_assert(sizeof(nvmlGpuFabricInfo_v2_t) == 0x24, "nvmlGpuFabricInfo_v2_t");

typedef struct {
    uint32_t version;
    nvmlGpuFabricInfo_t info;
    uint32_t healthMask;
    uint8_t healthSummary;
} nvmlGpuFabricInfo_v3_t;
_Static_assert(sizeof(nvmlGpuFabricInfo_v3_t) == 0x28, "nvmlGpuFabricInfo_v3_t");

// Version 1 has the same layout: rackGuid, chassisPhysicalSlotNumber,
// computeSlotIndex and nodeIndex stand where the second to fifth member do.
typedef struct {
    uint32_t version;
    uint8_t ibGuid[16], chassisSerialNumber[16];
    uint8_t slotNumber, trayIndex, hostId, peerType, moduleId;
} nvmlPlatformInfo_t;
_Static_assert(sizeof(nvmlPlatformInfo_t) == 0x2C, "nvmlPlatformInfo_t");

typedef struct {
    uint32_t multiprocessorCount, sharedCopyEngineCount, sharedDecoderCount;
    uint32_t sharedEncoderCount, sharedJpegCount, sharedOfaCount;
    uint32_t gpuInstanceSliceCount, computeInstanceSliceCount;
    uint64_t memorySizeMB;
} nvmlDeviceAttributes_t;
_Static_assert(sizeof(nvmlDeviceAttributes_t) == 40, "nvmlDeviceAttributes_t");

typedef struct {
    uint32_t version;
    uint32_t perfProfilesMask[8], requestedProfilesMask[8], enforcedProfilesMask[8];
} nvmlWorkloadPowerProfileCurrentProfiles_v1_t;
_Static_assert(sizeof(nvmlWorkloadPowerProfileCurrentProfiles_v1_t) == 0x64, "power profiles");

typedef struct {
    uint32_t metricId;
    nvmlReturn_t nvmlReturn;
    double value;
    struct {
        const char *shortName, *longName, *unit;
    } metricInfo;
} nvmlGpmMetric_t;
_Static_assert(sizeof(nvmlGpmMetric_t) == 40, "nvmlGpmMetric_t");

struct gpm_sample;

// The length of `metrics` grew with the driver; only the first numMetrics count.
typedef struct {
    uint32_t version, numMetrics;
    struct gpm_sample *sample1, *sample2;
    nvmlGpmMetric_t metrics[];
} nvmlGpmMetricsGet_t;

typedef struct {
    uint32_t version, isSupportedDevice;
} nvmlGpmSupport_t;

#endif
