"""Compiling the library, and what a call costs."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.fake_nvml import FakeNvml, Table, build
from tests.fake_nvml_tests.helpers import MILLISECOND, SECOND, pynvml


def test_build_is_safe_at_the_same_time_and_idempotent(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.fake_nvml import build;"
        "print(build(Path(sys.argv[1])))"
    )
    root = Path(__file__).resolve().parents[2]
    builders = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    outputs = [builder.communicate(timeout=60)[0].strip() for builder in builders]
    assert outputs == [str(tmp_path / "libnvidia-ml.so.1")] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["libnvidia-ml.so.1"]
    stamp = (tmp_path / "libnvidia-ml.so.1").stat()
    build(tmp_path)
    again = (tmp_path / "libnvidia-ml.so.1").stat()
    assert (again.st_ino, again.st_mtime_ns) == (stamp.st_ino, stamp.st_mtime_ns)
    build(tmp_path, old_driver=True)
    assert (tmp_path / "libnvidia-ml.so.1").stat().st_ino != stamp.st_ino


def test_calls_are_cheap(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(0).set_waveform(Table([(MILLISECOND, i * 1000) for i in range(600)]))
    library = pynvml.nvmlLib
    values = (pynvml.c_nvmlFieldValue_t * 2)()
    values[0].fieldId, values[1].fieldId = 83, 186
    best = SECOND
    for _ in range(30):
        start = time.perf_counter_ns()
        for _ in range(200):
            library.nvmlDeviceGetFieldValues(nvml[0], 2, values)
        best = min(best, (time.perf_counter_ns() - start) // 200)
    assert best < 4_000  # with what ctypes takes; about 0.6 us where this was written
