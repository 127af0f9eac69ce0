"""What all sensors cost: the bars of full telemetry, of all dialects, and each sensor alone.

python -m benchmarks.bars_sensors [--quick] [--write docs/measurements/DATE-sensors.md]
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.__main__ import commit, processor
from benchmarks.bars import Row
from benchmarks.rig import (
    GPUS,
    cpu_seconds,
    main_thread_seconds,
    resident_megabytes,
    rig,
    scrape_milliseconds,
    ticks,
)
from benchmarks.sleepers import Sleepers
from collector.catalogue import CATALOGUE, Rate
from collector.sources.nvml import NvmlSource
from collector.sources.watch import Watch
from tests.e2e.daemon import Daemon
from tests.fake_nvml import FakeNvml, build

CALL_MICROSECONDS = 100
"""What a call into a driver takes, for these bars."""
REPEATS = 3
ALL_DIALECTS = '["dcgm","dcgm-4.9"]'


@contextmanager
def full(power_hz: int, **settings: str) -> Iterator[tuple[FakeNvml, Daemon]]:
    """All default sensors, telemetry at 1 Hz, slow ones every 10 s, 100 us a call."""
    with rig(counter=True, events=False, SAMPLING__POWER_HZ=power_hz, **settings) as (fake, daemon):
        for gpu in fake.gpus:
            gpu.set_latency(CALL_MICROSECONDS)
        time.sleep(12)  # everything was looked for and read once
        yield fake, daemon


def shares(daemon: Daemon, seconds: float, repeats: int) -> list[float]:
    """Shares of a core, one after the other; each covers whole periods of the slow sensors."""
    assert daemon.process is not None  # noqa: S101 - for the type checker
    found = []
    for _ in range(repeats):
        began, used = time.monotonic(), cpu_seconds(daemon.process.pid)
        time.sleep(seconds)
        found.append((cpu_seconds(daemon.process.pid) - used) / (time.monotonic() - began))
    return found


def telemetry(power_hz: int, bar: float, seconds: float, repeats: int) -> list[Row]:
    """Processor, jitter and memory with everything that is read by default."""
    with full(power_hz) as (_, daemon):
        assert daemon.process is not None  # noqa: S101 - for the type checker
        before = ticks(daemon)
        with Sleepers(power_hz, seconds * repeats) as sleepers:
            found = shares(daemon, seconds, repeats)
        after = ticks(daemon)
        resident = resident_megabytes(daemon.process.pid)
    share = statistics.median(found)
    spread = (
        f"{share:.2%} ({min(found):.2%} to {max(found):.2%}; threads that only slept meanwhile: "
        f"{sleepers.share:.2%})"
    )
    done = after["all"] - before["all"]
    on_time = 1 - (after["delayed"] - before["delayed"]) / done
    late = (after["late"] - before["late"]) / done
    alone = 1 - sleepers.delayed / sleepers.ticks
    late_alone = sleepers.late / sleepers.ticks
    at = f"all sensors, power at {power_hz} Hz"
    return [
        Row(f"processor, {at}", f"<= {bar:.1%} of a core", spread, share <= bar),
        Row(
            f"within 2 ms, {at}",
            ">= 99 %",
            f"{on_time:.3%} (threads that only slept meanwhile: {alone:.3%})",
            on_time >= 0.99,
        ),
        Row(
            f"late ticks, {at}",
            "< 0.1 %",
            f"{late:.3%} (threads that only slept meanwhile: {late_alone:.3%})",
            late < 0.001,
        ),
        Row(f"resident memory, {at}", "<= 80 MB", f"{resident:.1f} MB", resident <= 80),
    ]


def dialects(scrapes: int) -> list[Row]:
    """A scrape with every dialect at once."""
    with full(10, PROMETHEUS__DIALECTS=ALL_DIALECTS) as (_, daemon):
        assert daemon.process is not None  # noqa: S101 - for the type checker
        row = scrape("all dialects", daemon, 8, scrapes)
        size = len(daemon.get("/metrics")[1])
        resident = resident_megabytes(daemon.process.pid)
    memory = f"{resident:.1f} MB for a page of {size / 1e3:.0f} kB"
    return [row, Row("resident memory, all dialects", "<= 80 MB", memory, resident <= 80)]


def scrape(what: str, daemon: Daemon, bar_ms: float, scrapes: int) -> Row:
    """The time of a scrape as the scraper sees it, and what it takes of a core in the daemon."""
    assert daemon.process is not None  # noqa: S101 - for the type checker
    pid, pause_seconds = daemon.process.pid, 0.6
    used, began = main_thread_seconds(pid), time.monotonic()
    time.sleep(scrapes * pause_seconds)
    idle = (main_thread_seconds(pid) - used) / (time.monotonic() - began)
    used, began = main_thread_seconds(pid), time.monotonic()
    median = scrape_milliseconds(daemon, scrapes, pause_seconds)
    spent = main_thread_seconds(pid) - used - idle * (time.monotonic() - began)
    found = f"{median:.2f} ms, of which {1000 * spent / scrapes:.2f} ms of a core in the daemon"
    return Row(f"scrape of {GPUS} GPUs, {what}, median", f"<= {bar_ms} ms", found, median <= bar_ms)


def earlier(power_hz: int, bar: float, seconds: float, repeats: int) -> list[Row]:
    """The bars of the node daemon again: calls that take no time."""
    with rig(events=False, SAMPLING__POWER_HZ=power_hz) as (_, daemon):
        time.sleep(12)
        with Sleepers(power_hz, seconds * repeats) as sleepers:
            found = shares(daemon, seconds, repeats)
        row = scrape(f"power at {power_hz} Hz", daemon, 3, 20)
    share = statistics.median(found)
    return [
        Row(
            f"processor, earlier bar, power at {power_hz} Hz",
            f"<= {bar:.1%} of a core",
            f"{share:.2%} ({min(found):.2%} to {max(found):.2%}; threads that only slept "
            f"meanwhile: {sleepers.share:.2%})",
            share <= bar,
        ),
        row,
    ]


def floor(seconds: float) -> list[Row]:
    """What threads that only sleep cost here."""
    with Sleepers(100, seconds) as sleepers:
        pass
    found = f"{sleepers.share:.2%}"
    return [Row("for scale: 8 threads that only sleep, 100 Hz", "-", found, holds=True)]


def cost_per_sensor(folder: Path, profile: str, reads: int = 40) -> list[tuple[str, int, float]]:
    """Driver calls and microseconds of the processor for one read of each sensor alone.

    Returns:
        Metric name, driver calls, median time on a core, for those that the board offers.
    """
    found = []
    with FakeNvml(folder, gpus=1, profile=profile, library_path=build(folder / "lib")) as fake:
        fake.load_in_process()
        for metric in CATALOGUE:
            rate = metric.rate
            if "nvml" not in metric.reads or rate not in {Rate.TELEMETRY, Rate.SLOW}:
                continue
            source = NvmlSource([metric])
            source.open()
            gpu = source.discover()[0]
            slow = rate is Rate.SLOW
            watch = Watch(timed=False)
            if not gpu.read(slow=slow, watch=watch).values.get(metric.name):
                gpu.read(slow=slow, watch=watch)
            reading = gpu.read(slow=slow, watch=watch)
            spent, calls = [], fake.gpu(0).calls()
            for _ in range(reads):
                began = time.thread_time_ns()
                reading = gpu.read(slow=slow, watch=watch)
                spent.append(time.thread_time_ns() - began)
            calls = (fake.gpu(0).calls() - calls) // reads
            if reading.values.get(metric.name) or reading.counter is not None:
                found.append((metric.name, calls, statistics.median(spent) / 1000))
            source.close()
    return found


def main() -> int:
    """Measure and print. Returns 1 when a bar does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bars_sensors", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter runs, for a look")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write a Markdown page")
    parser.add_argument(
        "--each", metavar="BOARD", help="instead: what each sensor of a board costs alone"
    )
    arguments = parser.parse_args()
    if arguments.each is not None:
        with tempfile.TemporaryDirectory() as folder:
            for name, calls, spent_us in cost_per_sensor(Path(folder), arguments.each):
                print(f"| `{name}` | {calls} | {spent_us:.0f} |")
        return 0
    seconds, repeats = (10.0, 1) if arguments.quick else (15.0, REPEATS)
    rows: list[Row] = []
    load = [os.getloadavg()[0]]
    measures: tuple[Callable[[], list[Row]], ...] = (
        lambda: floor(10.0),
        lambda: telemetry(10, 0.015, seconds, repeats),
        lambda: telemetry(100, 0.03, seconds, repeats),
        lambda: dialects(30),
        lambda: earlier(10, 0.008, seconds, repeats),
        lambda: earlier(100, 0.02, seconds, repeats),
    )
    for measure in measures:
        for row in measure():
            rows.append(row)
            print(f"{'ok  ' if row.holds else 'MISS'} {row.what:52} {row.bar:20} {row.found}",
                  flush=True)  # fmt: skip
        load.append(os.getloadavg()[0])
    if arguments.write is not None:
        arguments.write.write_text(_page(rows, load))
    return 0 if all(row.holds for row in rows) else 1


def _page(rows: list[Row], load: list[float]) -> str:
    lines = [
        "# All sensors against their bars",
        "",
        (
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit()} and changes, Python "
            f"{sys.version.split()[0]}, {processor()}, {GPUS} fake H200 on square waves; every "
            f"driver call takes {CALL_MICROSECONDS} us, but none for the earlier bars "
            "(`python -m benchmarks.bars_sensors`). Processor is time of the process, the median "
            "of runs with the least and the most behind it. Events are off, for the fake library "
            "polls for them where a driver waits. The load average of the machine was "
            f"{min(load):.1f} to {max(load):.1f}: others ran beside it."
        ),
        "",
        "| what | bar | found | |",
        "|---|---|---|---|",
        *(
            f"| {r.what} | {r.bar} | {r.found} | {'holds' if r.holds else '**missed**'} |"
            for r in rows
        ),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
