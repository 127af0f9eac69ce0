"""What the tests of the fake NVML share."""

import importlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.fake_nvml import FakeNvml

# Any: it makes its exception classes at run time.
pynvml: Any = importlib.import_module("pynvml")

MILLISECOND = 1_000_000
SECOND = 1_000_000_000
EPOCH = 50 * SECOND  # for tests that ask about chosen instants only


def client(fake: FakeNvml, code: str) -> subprocess.Popen[str]:
    """A child process with `n` = pynvml initialised and `gpus`, a list of handles."""
    start = (
        "import json, sys, time, pynvml as n\n"
        "n.nvmlInit()\n"
        "gpus = [n.nvmlDeviceGetHandleByIndex(i) for i in range(n.nvmlDeviceGetCount())]\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", start + code],
        env={**os.environ, **fake.environment()},
        stdout=subprocess.PIPE,
        text=True,
    )


def client_result(fake: FakeNvml, code: str) -> Any:
    """What a child process prints as JSON."""
    with client(fake, code) as process:
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    return json.loads(output)


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.0005)


def field(handle: Any, number: int, scope: int = 0) -> Any:
    (value,) = pynvml.nvmlDeviceGetFieldValues(handle, [(number, scope)])
    return value


def energy(handle: Any) -> int:
    return int(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle))


def check_energy_is_due(fake: FakeNvml, index: int, read: Callable[[], int]) -> None:
    before = fake.gpu(index).expected_counter_millijoules(time.monotonic_ns())
    value = read()
    after = fake.gpu(index).expected_counter_millijoules(time.monotonic_ns())
    assert before <= value <= after


def start_read(read: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(read()), daemon=True)
    thread.start()
    return thread, results
