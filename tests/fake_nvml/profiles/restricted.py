"""Boards that tell less: in a virtual machine, or to a user without rights.

What is refused is a guess; nothing in the fake depends on it being right.
"""

from dataclasses import replace
from typing import Final

from tests.fake_nvml.codes import ERROR_NO_PERMISSION
from tests.fake_nvml.groups import Group
from tests.fake_nvml.profiles.hopper import H100

_SAID: Final = frozenset(
    {
        Group.IDENTITY,
        Group.HANDLE,
        Group.COUNT,
        Group.SYSTEM,
        Group.INIT,
        Group.SHUTDOWN,
        Group.PERSISTENCE,
        Group.FIELD_VALUES,
        Group.OTHER_FIELDS,
        Group.UTILIZATION,
        Group.ENCODER_DECODER,
        Group.MEMORY_INFO,
        Group.MEMORY_INFO_V2,
        Group.BAR1,
        Group.PROCESSES,
        Group.PERFORMANCE_STATE,
        Group.VIRTUALIZATION,
        Group.EVENTS,
    }
)

VGPU: Final = replace(
    H100,
    name="VGPU",
    model_name="NVIDIA H100XM-80C",
    gpus=1,
    unsupported=frozenset(Group) - _SAID,
    nvlink=None,
    fabric=None,
    has_row_remapper=False,
    has_pcie_error_counts=False,
    gpm=(),
    virtualization_mode=2,
)
"""A vGPU as its guest sees it: memory and utilization, but neither power nor energy."""

NO_PERMISSION: Final = replace(
    H100,
    name="NO-PERMISSION",
    function_errors=tuple(
        (name, ERROR_NO_PERMISSION)
        for name in (
            "nvmlGpmSampleGet",
            "nvmlGpmMigSampleGet",
            "nvmlDeviceGetComputeRunningProcesses_v3",
            "nvmlDeviceGetGraphicsRunningProcesses_v3",
            "nvmlDeviceGetMPSComputeRunningProcesses_v3",
            "nvmlDeviceGetSramEccErrorStatus",
            "nvmlDeviceGetGpuFabricInfo",
            "nvmlDeviceGetGpuFabricInfoV",
            "nvmlDeviceRegisterEvents",
        )
    ),
    field_errors=((197, ERROR_NO_PERMISSION), (198, ERROR_NO_PERMISSION)),
)
"""A board whose driver keeps some things for administrators."""
