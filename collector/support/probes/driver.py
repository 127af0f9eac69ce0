"""The GPUs' driver and its device files, as far as files tell."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from collector.sources.nvml.installed import Installed, installed
from collector.support.finding import Finding, Known, Section

_OTHERS = ("/dev/ipmi0", "/dev/kmsg")


def driver(root: Path = Path("/")) -> Section:
    """What there is.

    Args:
        root: where to look.
    """
    found = installed(root)
    devices = [*found.devices, *(root / path.lstrip("/") for path in _OTHERS)]
    return Section(
        name="driver.json",
        about="the GPUs' driver, and who may open the devices",
        document={
            "libraries": [Known(version) for version in found.libraries],
            "kernel_module": None if found.module_version is None else Known(found.module_version),
            "modules": [Known(name) for name in found.modules],
            "persistenced": found.persistenced,
            "devices": {Known(path.name): _device(path) for path in devices if path.exists()},
        },
        findings=tuple(_judge(found)),
    )


def _device(path: Path) -> dict[str, object]:
    status = path.stat()
    return {
        "mode": Known(stat.filemode(status.st_mode)),
        "owner": Known("root" if status.st_uid == 0 else "another user"),
        "major": os.major(status.st_rdev),
        "minor": os.minor(status.st_rdev),
        "opens_here": os.access(path, os.R_OK | os.W_OK),
    }


def _judge(found: Installed) -> Iterator[Finding]:
    libraries = {version for version in found.libraries if version}
    if found.module_version and libraries and found.module_version not in libraries:
        yield Finding(
            topic="driver",
            text=f"the kernel module is {found.module_version}, the library "
            f"{', '.join(sorted(libraries))}: they do not work together",
            action="reboot, or unload and load the kernel module; the driver was updated",
        )
    if "nouveau" in found.modules:
        yield Finding(
            topic="driver",
            text="the kernel module nouveau is loaded, which keeps NVIDIA's from the GPUs",
            action="blacklist nouveau and reboot",
        )
    if found.module_version and not found.libraries:
        yield Finding(
            topic="driver",
            text="the kernel module is loaded, but libnvidia-ml.so.1 was not found in the usual "
            "folders",
            action="install the driver's libraries; in a container, use the nvidia runtime",
            weight="note",
        )
    closed = [path.name for path in found.devices if not os.access(path, os.R_OK | os.W_OK)]
    if closed:
        yield Finding(
            topic="devices",
            text=f"this user may not open {', '.join(closed)}",
            action="let the daemon's user open them; the unit's DeviceAllow= must name them",
            weight="note",
        )
