"""Boards that the fake can pose as."""

from typing import Final

from tests.fake_nvml.profiles.blackwell import B200, GB200, GB300, GB300_590
from tests.fake_nvml.profiles.hopper import H100, H200
from tests.fake_nvml.profiles.older import A100, A100_MIG, OLD470, T4
from tests.fake_nvml.profiles.profile import Fabric, Platform, Profile
from tests.fake_nvml.profiles.restricted import NO_PERMISSION, VGPU

__all__ = ["PROFILES", "Fabric", "Platform", "Profile"]

PROFILES: Final[dict[str, Profile]] = {
    profile.name: profile
    for profile in (
        H100,
        H200,
        B200,
        GB200,
        GB300,
        GB300_590,
        A100,
        A100_MIG,
        T4,
        OLD470,
        VGPU,
        NO_PERMISSION,
    )
}
