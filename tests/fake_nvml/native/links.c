// PCIe's replays, NVLink, and where the GPU sits: fabric and platform.
#include "fake.h"

#include <string.h>

EXPORT nvmlReturn_t nvmlDeviceGetPcieReplayCounter(nvmlDevice_t device, uint32_t *count) {
    if (count == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetPcieReplayCounter);
    uint64_t value = 0;
    if (result == NVML_SUCCESS)
        result = field_u64(&call, 94, 0, &value);
    if (result == NVML_SUCCESS)
        *count = (uint32_t)value;
    return call_end(&call, result);
}

// ---- NVLink -----------------------------------------------------------------

enum { FIELD_LINK_COUNT = 91, FIELD_LINK_STATE = 165, FIELD_LINK_VERSION = 166 };

static bool has_link(const struct call *call, uint32_t link) {
    uint64_t links = 0;
    return field_u64(call, FIELD_LINK_COUNT, 0, &links) == NVML_SUCCESS && link < links;
}

static nvmlReturn_t link_field(nvmlDevice_t device, enum fake_function function, uint32_t link,
                               uint32_t field, uint32_t *out) {
    if (out == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, function);
    uint64_t value = 0;
    if (result == NVML_SUCCESS)
        result = has_link(&call, link) ? field_u64(&call, field, link, &value)
                                       : NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *out = (uint32_t)value;
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkState(nvmlDevice_t device, uint32_t link, uint32_t *state) {
    return link_field(device, F_nvmlDeviceGetNvLinkState, link, FIELD_LINK_STATE, state);
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkVersion(nvmlDevice_t device, uint32_t link,
                                               uint32_t *version) {
    return link_field(device, F_nvmlDeviceGetNvLinkVersion, link, FIELD_LINK_VERSION, version);
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemoteDeviceType(nvmlDevice_t device, uint32_t link,
                                                        uint32_t *type) {
    if (type == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetNvLinkRemoteDeviceType);
    if (result == NVML_SUCCESS && (link >= FAKE_NVLINKS_MAX || !has_link(&call, link)))
        result = NVML_ERROR_INVALID_ARGUMENT;
    if (result == NVML_SUCCESS)
        *type = LOAD(call.gpu->nvlink_remote_type[link]);
    return call_end(&call, result);
}

// By counter: replay, recovery, flow-control CRC, data CRC, data ECC.  Fields of
// links 0 to 5, of links 6 to 11, and of newer boards with the link as scope.
static const uint8_t counter_fields[5][3] = {
    {46, 108, 161}, {53, 114, 162}, {32, 96, 163}, {39, 102, 0}, {148, 154, 0}};

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkErrorCounter(nvmlDevice_t device, uint32_t link,
                                                    uint32_t counter, uint64_t *value) {
    if (value == NULL || counter >= 5)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetNvLinkErrorCounter);
    if (result == NVML_SUCCESS && !has_link(&call, link))
        result = NVML_ERROR_INVALID_ARGUMENT;
    if (result != NVML_SUCCESS)
        return call_end(&call, result);
    const uint8_t *fields = counter_fields[counter];
    result = NVML_ERROR_NOT_SUPPORTED;
    if (link < 12)
        result = field_u64(&call, link < 6 ? fields[0] + link : fields[1] + link - 6, 0, value);
    if (result == NVML_ERROR_NOT_SUPPORTED && fields[2] != 0)
        result = field_u64(&call, fields[2], link, value);
    return call_end(&call, result);
}

// ---- Fabric, platform -------------------------------------------------------

#ifndef FAKE_NVML_OLD_DRIVER
static void put_fabric(const struct fake_gpu *gpu, nvmlGpuFabricInfo_t *info) {
    memcpy(info->clusterUuid, gpu->fabric_cluster_uuid, sizeof(info->clusterUuid));
    info->status = LOAD(gpu->fabric_status);
    info->cliqueId = LOAD(gpu->fabric_clique_id);
    info->state = LOAD(gpu->fabric_state);
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuFabricInfo(nvmlDevice_t device, nvmlGpuFabricInfo_t *info) {
    if (info == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetGpuFabricInfo);
    if (result == NVML_SUCCESS)
        put_fabric(call.gpu, info);
    return call_end(&call, result);
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuFabricInfoV(nvmlDevice_t device,
                                                nvmlGpuFabricInfo_v2_t *info) {
    if (info == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetGpuFabricInfoV);
    if (result != NVML_SUCCESS)
        return call_end(&call, result);
    bool is_third = info->version == STRUCT_VERSION(nvmlGpuFabricInfo_v3_t, 3) &&
                    LOAD(call.gpu->fabric_version_max) >= 3;
    if (!is_third && info->version != STRUCT_VERSION(nvmlGpuFabricInfo_v2_t, 2))
        return call_end(&call, NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    put_fabric(call.gpu, &info->info);
    info->healthMask = LOAD(call.gpu->fabric_health_mask);
    if (is_third)
        ((nvmlGpuFabricInfo_v3_t *)(void *)info)->healthSummary =
            (uint8_t)LOAD(call.gpu->fabric_health_summary);
    return call_end(&call, NVML_SUCCESS);
}

EXPORT nvmlReturn_t nvmlDeviceGetPlatformInfo(nvmlDevice_t device, nvmlPlatformInfo_t *info) {
    if (info == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    struct call call;
    nvmlReturn_t result = call_begin(&call, device, F_nvmlDeviceGetPlatformInfo);
    if (result != NVML_SUCCESS)
        return call_end(&call, result);
    const struct fake_gpu *gpu = call.gpu;
    uint32_t version = info->version >> 24;
    if (info->version != STRUCT_VERSION(*info, version) || version < 1 ||
        version > LOAD(gpu->platform_version_max))
        return call_end(&call, NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
    memcpy(info->ibGuid, gpu->platform_ib_guid, sizeof(info->ibGuid));
    memcpy(info->chassisSerialNumber, gpu->platform_chassis_serial,
           sizeof(info->chassisSerialNumber));
    info->slotNumber = (uint8_t)LOAD(gpu->platform_slot);
    info->trayIndex = (uint8_t)LOAD(gpu->platform_tray);
    info->hostId = (uint8_t)LOAD(gpu->platform_host_id);
    info->peerType = (uint8_t)LOAD(gpu->platform_peer_type);
    info->moduleId = (uint8_t)LOAD(gpu->platform_module_id);
    return call_end(&call, NVML_SUCCESS);
}
#endif
