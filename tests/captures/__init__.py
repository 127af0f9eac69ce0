"""Captures: of the fake boards in `fake/`, of real GPUs beside it, if there are any (README.md).

The real command makes both; `python -m tests.captures` makes those of the fake boards anew.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from collector.check.record import dump
from tests.fake_nvml import FakeNvml
from tests.replay import steady

HERE = Path(__file__).parent
"""Only recordings of real GPUs lie directly in it."""
FAKE = HERE / "fake"
FAKE_MADE_BY = "tests/fake_nvml"
GOLDEN = HERE.parent / "golden"
DCGM_GOLDEN = GOLDEN / "dcgm"
"""What each dialect adds, by dialect."""

BOARDS = {
    "h200": "H200",
    "a100": "A100",
    "t4": "T4",
    "gb200": "GB200",
    "gb300": "GB300-590",
    "a100-mig": "A100-MIG",
    "a100-driver-470": "OLD470",
}
"""Short name to profile of the fake NVML."""
_GPUS = 2
_COUNTER_MJ = 123_456_789_000
_VOLATILE = ("cost_median_us", "cost_max_us")


def paths() -> list[Path]:
    """All captures there are."""
    return [*real_paths(), *sorted(FAKE.glob("*.json"))]


def real_paths() -> list[Path]:
    """The captures of real GPUs."""
    return sorted(HERE.glob("*.json"))


def fake_path(name: str) -> Path:
    """The capture of a fake board, by its name in `BOARDS`."""
    return FAKE / f"fake-{name}.json"


def dcgm_golden(path: Path, dialect: str) -> Path:
    """Where what a dialect shows of a capture is kept."""
    return DCGM_GOLDEN / f"{path.stem}.{dialect}.prom"


def make() -> dict[str, str]:
    """Make the captures of all fake boards anew, by file name, without what differs every time."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        running = {}
        for name, profile in BOARDS.items():
            fake = stack.enter_context(_board(Path(folder) / name, profile))
            record = Path(folder) / f"{name}.json"
            check = [sys.executable, "-m", "collector", "check", "--json", "--seconds", "0.5"]
            running[name] = (
                record,
                stack.enter_context(
                    subprocess.Popen(
                        [*check, "--record", str(record)],
                        env={**os.environ, **fake.environment()},
                        stdout=subprocess.DEVNULL,
                    )
                ),
            )
        made = {}
        for name, (record, process) in running.items():
            if process.wait(timeout=30):
                raise RuntimeError(f"wattkeeper check failed for {name}")
            made[fake_path(name).name] = settled(record.read_text(encoding="utf-8"))
    return made


def settled(text: str) -> str:
    """A fake board's capture, marked as such; without times, costs and the version that made it."""
    capture = json.loads(text)
    # The command took the fake library for a driver. Nobody else shall.
    capture |= {"made_by": FAKE_MADE_BY, "simulated": True}
    del capture["wattkeeper_version"]
    for gpu in capture["gpus"]:
        del gpu["measured"]
        for call in gpu["calls"]:
            for key in _VOLATILE:
                call.pop(key, None)
            if "raw" in call:
                call["raw"] = steady(call["raw"])
            if call["function"] == "nvmlDeviceGetViolationStatus" and call["outputs"]:
                call["outputs"][0] = "0" * 16 + call["outputs"][0][16:]  # when it was read
    return dump(capture)


@contextmanager
def _board(folder: Path, profile: str) -> Iterator[FakeNvml]:
    """A fake whose readings stand still."""
    with FakeNvml(folder, gpus=_GPUS, profile=profile) as fake:
        for gpu in fake.gpus:
            gpu.override_counter(_COUNTER_MJ + gpu.index)
        yield fake
