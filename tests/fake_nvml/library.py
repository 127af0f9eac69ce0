"""Compiling the fake libnvidia-ml and loading it into this process."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

LIBRARY_NAME: Final = "libnvidia-ml.so.1"

_NATIVE: Final = Path(__file__).resolve().parent / "native"
_SOURCES: Final = tuple(sorted(_NATIVE.glob("*.c")))
_HEADERS: Final = tuple(sorted(_NATIVE.glob("*.h")))
_FLAGS: Final = (
    "-std=c11",
    "-D_GNU_SOURCE",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-shared",
    "-fPIC",
    f"-Wl,-soname,{LIBRARY_NAME}",
)

# What this process has built already, by hash: a copy is faster than cc.
_built: dict[str, Path] = {}
_loaded: dict[str, ctypes.CDLL] = {}


@functools.cache
def _sources_hash(*, old_driver: bool) -> str:
    digest = hashlib.sha256()
    for path in (*_SOURCES, *_HEADERS):
        digest.update(path.read_bytes())
    digest.update(" ".join(_FLAGS).encode())
    return digest.hexdigest()[:32] + ("-old" if old_driver else "-new")


def _marker(*, old_driver: bool) -> bytes:
    return b"fake-nvml-source-hash:" + _sources_hash(old_driver=old_driver).encode() + b"\0"


def _is_current(library: Path, *, old_driver: bool) -> bool:
    try:
        return _marker(old_driver=old_driver) in library.read_bytes()
    except FileNotFoundError:
        return False


def build(folder: Path, *, old_driver: bool = False) -> Path:
    """Compile the library into `folder` and return its path.

    Does nothing if the file there stems from the same sources.  Safe with
    several processes at once: each compiles apart and renames into place.
    `old_driver` leaves out what driver 470 did not have.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder.resolve() / LIBRARY_NAME
    if _is_current(target, old_driver=old_driver):
        return target
    key = _sources_hash(old_driver=old_driver)
    earlier = _built.get(key)
    with tempfile.TemporaryDirectory(prefix=".fake-nvml-", dir=folder) as scratch:
        fresh = Path(scratch) / LIBRARY_NAME
        if earlier is not None and _is_current(earlier, old_driver=old_driver):
            shutil.copyfile(earlier, fresh)
            fresh.chmod(0o755)
        else:
            _compile(fresh, key, old_driver=old_driver)
        fresh.replace(target)
    _built[key] = target
    return target


def _compile(output: Path, key: str, *, old_driver: bool) -> None:
    command = [
        *shlex.split(os.environ.get("CC", "cc")),
        *_FLAGS,
        f'-DFAKE_NVML_SOURCE_HASH="{key}"',
        *(["-DFAKE_NVML_OLD_DRIVER"] if old_driver else []),
        *map(str, _SOURCES),
        "-o",
        str(output),
        "-lm",
        "-lpthread",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"cannot compile the fake NVML:\n{done.stderr}")


def load(library: Path) -> ctypes.CDLL:
    """Load the library so that a later dlopen by its soname finds it.

    A process holds one fake for good; asking for another variant is an error.
    """
    content = hashlib.sha256(library.read_bytes()).hexdigest()
    if content in _loaded:
        return _loaded[content]
    if _loaded:
        raise RuntimeError("another variant of the fake NVML is loaded in this process")
    handle = ctypes.CDLL(str(library.resolve()), mode=ctypes.RTLD_GLOBAL)
    for name in (
        "fake_nvml_true_energy_mj",
        "fake_nvml_true_energy_pj_low",
        "fake_nvml_true_energy_scope_mj",
        "fake_nvml_true_power_mw",
        "fake_nvml_counter_mj",
    ):
        function = getattr(handle, name)
        function.restype = ctypes.c_uint64
        function.argtypes = [ctypes.c_uint32, ctypes.c_int64]
    handle.fake_nvml_true_energy_scope_mj.argtypes = [
        ctypes.c_uint32,
        ctypes.c_int64,
        ctypes.c_uint32,
    ]
    handle.fake_nvml_power_reading_mw.restype = ctypes.c_uint32
    handle.fake_nvml_power_reading_mw.argtypes = [
        ctypes.c_uint32,
        ctypes.c_int64,
        ctypes.c_uint32,
    ]
    for name in ("fake_nvml_group_name", "fake_nvml_function_name"):
        function = getattr(handle, name)
        function.restype = ctypes.c_char_p
        function.argtypes = [ctypes.c_uint32]
    _loaded[content] = handle
    return handle
