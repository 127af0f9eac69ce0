"""Ten minutes on a real GPU: what it offers, and what watching it costs a running matrix product.

    python -m benchmarks.real_gpu --out docs/measurements/GPU.md --capture tests/captures/GPU.json

Needs the NVIDIA driver, and PyTorch for the load (`--load none` measures without one). The load
runs in turns without the daemon, with it at 10 Hz and with it at 100 Hz, so that a drift of the
machine does not look like an effect of the daemon.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.rig import cpu_seconds, resident_megabytes
from tests.e2e.daemon import Daemon

LOAD = """
import sys, time, torch
size, seconds = 8192, float(sys.argv[1])
a = torch.randn(size, size, device="cuda", dtype=torch.bfloat16)
b = torch.randn(size, size, device="cuda", dtype=torch.bfloat16)
for _ in range(20):
    a @ b
torch.cuda.synchronize()
done, end = 0, time.monotonic() + seconds
began = time.monotonic()
while time.monotonic() < end:
    for _ in range(20):
        a @ b
    torch.cuda.synchronize()
    done += 20
print(done / (time.monotonic() - began))
"""
RATES: tuple[int | None, ...] = (None, 10, 100)
NONE = "none"


def products_per_second(load: str, seconds: float) -> float | None:
    """Matrix products a second over a while; None without a load."""
    if load == NONE:
        time.sleep(seconds)
        return None
    found = subprocess.run(
        [load, "-c", LOAD, str(seconds)], capture_output=True, text=True, check=True
    )
    return float(found.stdout)


def turn(folder: Path, rate: int | None, load: str, seconds: float) -> dict[str, Any]:
    """One turn of the load, with the daemon at a rate or without it."""
    if rate is None:
        return {"power_hz": None, "products_per_second": products_per_second(load, seconds)}
    place = folder / f"{rate}-{time.monotonic_ns()}"
    place.mkdir()
    with Daemon(place, {}, SAMPLING__POWER_HZ=rate) as daemon:
        assert daemon.process is not None  # noqa: S101 - for the type checker
        daemon.wait_for(lambda: daemon.value("gpu_up") == 1.0, "a GPU is up", 30)
        used, began = cpu_seconds(daemon.process.pid), time.monotonic()
        speed = products_per_second(load, seconds)
        spent = (cpu_seconds(daemon.process.pid) - used) / (time.monotonic() - began)
        metrics = daemon.metrics()
        found = {
            "power_hz": rate,
            "products_per_second": speed,
            "core_share": spent,
            "resident_megabytes": resident_megabytes(daemon.process.pid),
            "counter_ratio": daemon.value("gpu_energy_counter_ratio"),
            "coverage": daemon.value("gpu_power_coverage_ratio"),
            "refresh_seconds": daemon.value("gpu_sensor_refresh_seconds"),
            "ticks": sum(metrics["wattkeeper_ticks_total"].values()),
            "late": sum(metrics["wattkeeper_late_ticks_total"].values()),
            "read_errors": sum(metrics.get("gpu_read_errors_total", {}).values()),
        }
        daemon.stop()
    return found


def check(capture: Path | None) -> dict[str, Any]:
    """`wattkeeper check`, as JSON; keeps a capture."""
    command = [sys.executable, "-m", "collector", "check", "--seconds", "10", "--json"]
    if capture is not None:
        command += ["--record", str(capture)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        raise SystemExit(found.stderr)
    document: dict[str, Any] = json.loads(found.stdout)
    return document


def page(checked: dict[str, Any], turns: list[dict[str, Any]]) -> str:
    """The findings as Markdown."""
    lines = [
        "# On a real GPU",
        "",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.uname().release}.",
    ]
    lines += [
        "",
        "## The daemon's effect",
        "",
        "| power_hz | products/s | turns | core |",
        "|---|---|---|---|",
    ]
    for rate in RATES:
        mine = [one for one in turns if one["power_hz"] == rate]
        speeds = [one["products_per_second"] for one in mine if one["products_per_second"]]
        shares = [one["core_share"] for one in mine if "core_share" in one]
        lines.append(
            f"| {rate or 'without'} | {statistics.mean(speeds):.2f} |"
            if speeds
            else f"| {rate or 'without'} | - |"
        )
        lines[-1] += f" {len(mine)} | {f'{statistics.mean(shares):.2%}' if shares else '-'} |"
    lines += ["", "## Every turn", "", "```", *(json.dumps(one) for one in turns), "```"]
    lines += ["", "## wattkeeper check", "", "```", json.dumps(checked, indent=1), "```", ""]
    return "\n".join(lines)


def main() -> int:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_gpu", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--capture", type=Path)
    parser.add_argument("--load", default="python3", help="a Python that has PyTorch, or 'none'")
    parser.add_argument("--minutes", type=float, default=10)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    checked = check(arguments.capture)
    rounds = 3
    seconds = arguments.minutes * 60 / (rounds * len(RATES))
    with tempfile.TemporaryDirectory() as folder:
        turns = [
            turn(Path(folder), rate, arguments.load, seconds)
            for _ in range(rounds)
            for rate in RATES
        ]
    arguments.out.write_text(page(checked, turns))
    print(f"written to {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
