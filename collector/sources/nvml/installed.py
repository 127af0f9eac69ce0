"""What of NVIDIA's driver is on this machine: for support, without calling any of it."""

import re
from dataclasses import dataclass
from pathlib import Path

_LIBRARY = "libnvidia-ml.so.1"
_FOLDERS = (
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
    "usr/lib64",
    "usr/lib",
    "usr/local/nvidia/lib64",
    "run/nvidia/driver/usr/lib/x86_64-linux-gnu",
    "run/nvidia/driver/usr/lib/aarch64-linux-gnu",
)
_VERSION = re.compile(r"\d{3}\.\d{1,3}(?:\.\d{1,3})?")
_DEVICE = re.compile(r"nvidia(\d{1,3}|ctl|-uvm|-uvm-tools|-modeset|-nvswitch\d{1,3}|-nvlink)")
_MODULE = re.compile(r"(nvidia\w*|nouveau) .*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What is there.

    Attributes:
        libraries: versions of libnvidia-ml that were found; "" where a file tells none.
        module_version: of the kernel module that is loaded; None when none is.
        modules: kernel modules by name: NVIDIA's, and nouveau, which keeps them out.
        devices: the device files.
        persistenced: whether nvidia-persistenced runs.
    """

    libraries: tuple[str, ...]
    module_version: str | None
    modules: tuple[str, ...]
    devices: tuple[Path, ...]
    persistenced: bool


def installed(root: Path = Path("/")) -> Installed:
    """Look for files of the driver.

    Args:
        root: where to look.
    """
    return Installed(
        libraries=tuple(sorted(set(_libraries(root)))),
        module_version=_module_version(root),
        modules=tuple(
            match[1]
            for line in _text(root / "proc/modules").splitlines()
            if (match := _MODULE.fullmatch(line))
        ),
        devices=tuple(
            path for path in sorted((root / "dev").glob("nvidia*")) if _DEVICE.fullmatch(path.name)
        ),
        persistenced=(root / "run/nvidia-persistenced/socket").exists(),
    )


def _libraries(root: Path) -> list[str]:
    found = []
    for folder in _FOLDERS:
        library = root / folder / _LIBRARY
        if library.exists():
            match = _VERSION.search(library.resolve().name)
            found.append(match.group() if match is not None else "")
    return found


def _module_version(root: Path) -> str | None:
    for path in ("sys/module/nvidia/version", "proc/driver/nvidia/version"):
        match = _VERSION.search(_text(root / path))
        if match is not None:
            return match.group()
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
