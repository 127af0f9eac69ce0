"""Each bar of the node daemon as a measurement."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.rig import (
    GPUS,
    resident_megabytes,
    rig,
    scrape_milliseconds,
    share_of_a_core,
    ticks,
)
from tests.e2e.truth import compare
from tests.fake_nvml import FakeNvml


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    bar: str
    found: str
    holds: bool


def energy(seconds: float) -> list[Row]:
    """Energy with the counter, in one run."""
    with rig() as (fake, daemon):
        time.sleep(seconds)
        daemon.stop()
        worst = max(abs(compare(daemon, fake, gpu).error) for gpu in range(GPUS))
    return [Row(f"energy, counter, {seconds:.0f} s", "<= 0.05 %", f"{worst:.4%}", worst <= 0.0005)]


def energy_over_kill(seconds: float) -> list[Row]:
    """Energy through kill -9 in the middle."""
    with rig(SAMPLING__POWER_HZ=100) as (fake, daemon):
        time.sleep(seconds / 2)
        daemon.kill()
        time.sleep(3)
        daemon.start()
        time.sleep(seconds / 2)
        daemon.stop()
        worst = max(abs(compare(daemon, fake, gpu).error) for gpu in range(GPUS))
    return [Row("energy through kill -9", "<= 0.1 %", f"{worst:.4%}", worst <= 0.001)]


def energy_without_counter(seconds: float) -> list[Row]:
    """Energy by the integral alone at 100 Hz."""
    with rig(counter=False, SAMPLING__POWER_HZ=100) as (fake, daemon):
        time.sleep(seconds)
        daemon.stop()
        worst = max(abs(compare(daemon, fake, gpu).error) for gpu in range(GPUS))
    return [Row("energy, no counter, 100 Hz", "<= 1 %", f"{worst:.4%}", worst <= 0.01)]


def cost(power_hz: int, bar: float, seconds: float) -> list[Row]:
    """Processor, memory and jitter at a rate."""
    with rig(SAMPLING__POWER_HZ=power_hz) as (_, daemon):
        assert daemon.process is not None  # noqa: S101 - for the type checker
        time.sleep(5)
        before = ticks(daemon)
        share = share_of_a_core(daemon.process.pid, seconds)
        after = ticks(daemon)
        resident = resident_megabytes(daemon.process.pid)
        rows = [
            Row(
                f"processor, 8 GPUs, power at {power_hz} Hz",
                f"<= {bar:.1%} of a core",
                f"{share:.2%}",
                share <= bar,
            ),
            Row(
                f"resident memory at {power_hz} Hz",
                "<= 80 MB",
                f"{resident:.1f} MB",
                resident <= 80,
            ),
        ]
        if power_hz == 100:
            done = after["all"] - before["all"]
            on_time = 1 - (after["delayed"] - before["delayed"]) / done
            late = (after["late"] - before["late"]) / done
            rows += [
                Row(
                    "samples within 2 ms of their deadline",
                    ">= 99 %",
                    f"{on_time:.3%}",
                    on_time >= 0.99,
                ),
                Row("late ticks", "< 0.1 %", f"{late:.3%}", late < 0.001),
            ]
            median = scrape_milliseconds(daemon, 30, 1.1)
            rows.append(Row("scrape of 8 GPUs, median", "<= 3 ms", f"{median:.2f} ms", median <= 3))
    return rows


def crowd(seconds: float) -> list[Row]:
    """Fifty scrapers at once, against none."""
    with rig(SAMPLING__POWER_HZ=100) as (_, daemon):
        time.sleep(3)
        counts = [ticks(daemon)]
        time.sleep(seconds)
        counts.append(ticks(daemon))
        until = time.monotonic() + seconds

        def scrape() -> None:
            while time.monotonic() < until:
                daemon.get("/metrics")
                time.sleep(1)

        threads = [threading.Thread(target=scrape) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        counts.append(ticks(daemon))
    alone, crowded = (
        (late["late"] - early["late"]) / (late["all"] - early["all"])
        for early, late in pairwise(counts)
    )
    found = f"{alone:.3%} alone, {crowded:.3%} with 50"
    return [
        Row("late ticks with 50 scrapers a second", "unchanged (< 0.1 %)", found, crowded < 0.001)
    ]


def hang() -> list[Row]:
    """One GPU blocked for good."""
    with rig(SAMPLING__POWER_HZ=100) as (fake, daemon):
        daemon.wait_for(lambda: daemon.value("gpu_up", gpu="7") == 1.0, "all are up")
        time.sleep(2)
        fake.gpu(3).hang()
        vanished = daemon.wait_for(
            lambda: daemon.value("gpu_power_watts", gpu="3") is None, "GPU 3 vanishes"
        )
        before = ticks(daemon)
        calls = _calls(fake)
        time.sleep(5)
        after = ticks(daemon)
        more = [now - then for now, then in zip(_calls(fake), calls, strict=True)]
        _, ended = daemon.stop()
    skipped = after["late"] - before["late"]
    others = min(count for index, count in enumerate(more) if index != 3)
    return [
        Row("series of a hung GPU vanish", "<= 4 s", f"{vanished:.1f} s", vanished <= 4),
        Row(
            "the other seven keep sampling",
            "no sample lost",
            f"{skipped:.0f} late of {sum(more)}, least {others / 5:.0f}/s",
            skipped <= sum(more) / 1000,
        ),
        Row("SIGTERM ends it, one GPU hung", "<= 2 s", f"{ended:.2f} s", ended <= 2),
    ]


def reference(seconds: float) -> list[Row]:
    """What eight threads that only sleep cost here: the floor of any sampler in Python."""
    code = (
        "import threading,time\n"
        "def run(i):\n"
        " t=time.monotonic()+i/800\n"
        " while True:\n"
        "  t+=.01; time.sleep(max(t-time.monotonic(),0))\n"
        "[threading.Thread(target=run,args=(i,),daemon=True).start() for i in range(8)]\n"
        "time.sleep(1e6)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        time.sleep(1)
        share = share_of_a_core(process.pid, seconds)
        process.kill()
    return [Row("for scale: 8 threads that only sleep, 100 Hz", "-", f"{share:.2%}", holds=True)]


def bars(*, quick: bool) -> list[Callable[[], list[Row]]]:
    """All measurements, in order."""
    whole = 15.0 if quick else 60.0
    part = 8.0 if quick else 30.0
    return [
        lambda: energy(whole),
        lambda: energy_over_kill(whole),
        lambda: energy_without_counter(whole),
        lambda: reference(part),
        lambda: cost(100, 0.02, part),
        lambda: cost(10, 0.008, part),
        lambda: crowd(part),
        hang,
    ]


def _calls(fake: FakeNvml) -> list[int]:
    return [gpu.calls() for gpu in fake.gpus]
