"""Trees of sysfs as the kernel lays them out, in a folder of the test."""

import os
from collections.abc import Mapping
from pathlib import Path


def lay(root: Path, files: Mapping[str, object]) -> Path:
    """Write files below a folder, each with a line feed at its end as sysfs has it."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n", encoding="utf-8")
    return root


def acpi_meter(
    number: int, microwatts: object, oem_info: str = "", *, old: bool = False
) -> dict[str, object]:
    """An ACPI power meter; before Linux 6.14 its files lay in `device`."""
    chip = f"class/hwmon/hwmon{number}"
    inside = f"{chip}/device" if old else chip
    return {
        f"{chip}/name": "power_meter",
        f"{inside}/power1_average": microwatts,
        f"{inside}/power1_average_interval": 1000,
        f"{inside}/power1_oem_info": oem_info,
        f"{inside}/power1_model_number": "",
    }


def rapl_zone(
    zone: str, name: str, energy_uj: object, range_uj: int = 262_143_328_850
) -> dict[str, object]:
    """A RAPL zone, flat under `class/powercap` as its links are."""
    folder = f"class/powercap/{zone}"
    return {
        f"{folder}/name": name,
        f"{folder}/energy_uj": energy_uj,
        f"{folder}/max_energy_range_uj": range_uj,
    }


def grace_pair(*, old: bool = False) -> dict[str, object]:
    """Two GH200: module, Grace socket, CPU rail and SysIO rail of each, and an NVMe's sensor."""
    files: dict[str, object] = {"class/hwmon/hwmon8/name": "nvme"}
    watts = {"Module": 612, "Grace": 168, "CPU": 104, "SysIO": 31}
    number = 0
    for socket in (0, 1):
        for label, value in watts.items():
            micro = (value + socket) * 1_000_000
            files |= acpi_meter(number, micro, f"{label} Power Socket {socket}", old=old)
            number += 1
    return files


def fifo(path: Path) -> None:
    """A file whose opening hangs, as a sensor on a dead bus does."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)
