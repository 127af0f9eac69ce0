"""How long every panel of the site's dashboard takes on a Prometheus that holds a large site.

python -m benchmarks.dashboards [--nodes N] [--minutes 15] [--days 30] [--folder DIR] [--write FILE]

The recorded series that the dashboard draws are backfilled as densely as the rules record them;
every node is scraped live meanwhile. Asked is as Grafana asks: all queries of a panel at once.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import median

from benchmarks.fleet import Fleet
from benchmarks.fleet.backfill import create_blocks
from benchmarks.fleet.fleet import DAY_SECONDS
from benchmarks.long_past import dense_past
from collector.sitefile.load import load
from dashboards.parts.queries import names
from tests.dashboards.asking import answer
from tests.dashboards.queries import Asked, every_query
from tests.servers.process import ServerProcess, fetched, free_port, program

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "deploy" / "sites" / "computing-centre-phase-1.toml"
BARS = {6 * 3600: 1.0, 30 * DAY_SECONDS: 3.0}
"""By range in seconds, how long a panel may take, in seconds."""
DASHBOARD = "wk-site"
_POINTS = 720
_REPEATS = 3
_SCRAPE_SECONDS = 30
_LEAST_BYTES = 2 << 30
"""Less memory than this left on the machine ends the run: others live there too."""


@dataclass(frozen=True, slots=True)
class Took:
    """What a panel took.

    Attributes:
        title: of the panel.
        range_seconds: the dashboard's range.
        seconds: the median of the repeats.
        worst_seconds: the slowest of them.
        series: how many it brought.
    """

    title: str
    range_seconds: int
    seconds: float
    worst_seconds: float
    series: int


def measure(url: str, range_seconds: int, *, at_s: float | None = None) -> list[Took]:
    """Ask every panel of the dashboard, folded rows too.

    Args:
        url: of the Prometheus.
        range_seconds: the dashboard's range.
        at_s: the end of the range; now when not given.
    """
    asked = [
        one
        for one in every_query(range_seconds=range_seconds, points=_POINTS)
        if one.uid == DASHBOARD
    ]
    found = []
    with ThreadPoolExecutor(8) as pool:
        for title, group in groupby(asked, key=lambda one: one.title):
            queries = list(group)
            times, series = [], 0
            for _ in range(_REPEATS):
                begun = time.perf_counter()
                series = sum(pool.map(lambda one: _series(url, one, at_s), queries))
                times.append(time.perf_counter() - begun)
            found.append(Took(title, range_seconds, median(times), max(times), series))
    return found


def _series(url: str, one: Asked, at_s: float | None) -> int:
    return answer(url, one, time.time() - 1 if at_s is None else at_s).series


def drawn_names() -> frozenset[str]:
    """The series that the dashboard draws over time."""
    asked = every_query()
    return frozenset(
        name
        for one in asked
        if one.uid == DASHBOARD and not one.instant
        for name in names(one.text)
    )


def slowest(found: Iterable[Took], count: int = 10) -> Iterator[str]:
    """The slowest panels, as a Markdown table."""
    yield "| panel | range | series | seconds | slowest of three | bar |"
    yield "|---|---|---:|---:|---:|---|"
    for one in sorted(found, key=lambda one: -one.seconds)[:count]:
        bar = BARS[one.range_seconds]
        verdict = "holds" if one.worst_seconds <= bar else "**missed**"
        span = f"{one.range_seconds // 3600} h" if one.range_seconds < DAY_SECONDS else "30 d"
        yield (
            f"| {one.title} | {span} | {one.series} | {one.seconds:.3f} "
            f"| {one.worst_seconds:.3f} | {bar:g} s: {verdict} |"
        )


def _memory_left() -> int:
    found = re.search(r"MemAvailable:\s+(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"))
    return int(found[1]) * 1024 if found else 0


def _live(stack: ExitStack, folder: Path, arguments: argparse.Namespace) -> str:
    """Start the simulator and Prometheus; gives its URL."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.fleet_simulator", "--site", str(arguments.site)]
    command += ["--port", "0", "--sd", str(folder)]
    command += ["--nodes", str(arguments.nodes)] if arguments.nodes else []
    simulator = stack.enter_context(
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    )
    stack.callback(simulator.terminate)
    print(simulator.stdout.readline().strip() if simulator.stdout else "", flush=True)
    config = folder / "prometheus.yml"
    config.write_text(
        re.sub(r"scrape_interval: \S+", f"scrape_interval: {_SCRAPE_SECONDS}s", config.read_text())
    )
    url = f"http://127.0.0.1:{port}"
    server = ServerProcess(
        [
            "env",
            "GOMAXPROCS=2",
            program("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--storage.tsdb.retention.time=1y",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        f"{url}/-/ready",
        folder / "prometheus",
    )
    stack.enter_context(server)
    return url


def _value(url: str, query: str) -> float:
    """A single number of Prometheus; 0 where it has none."""
    body = fetched(f"{url}/api/v1/query?query={query}", seconds=60)
    found = json.loads(body)["data"]["result"]
    return float(found[0]["value"][1]) if found else 0.0


def _in_memory(url: str) -> int:
    """How many series Prometheus holds in memory."""
    body = fetched(f"{url}/api/v1/status/tsdb?limit=1", seconds=60)
    return int(json.loads(body)["data"]["headStats"]["numSeries"])


def _state(url: str) -> str:
    """What there is, in a sentence."""
    nodes = _value(url, "sum(site:nodes_up:sum)")
    gpus = _value(url, "sum(site:gpus_reporting:sum)")
    return (
        f"{nodes:,.0f} nodes, {gpus:,.0f} GPUs, {_in_memory(url):,} series in memory, "
        f"scraped every {_SCRAPE_SECONDS} s; {_memory_left() / 2**30:.1f} GiB of memory left, "
        f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."
    )


def _wait(url: str, minutes: float) -> None:
    """Let it be scraped for a while.

    Raises:
        MemoryError: the machine runs out of memory.
    """
    until = time.monotonic() + 60 * minutes
    while time.monotonic() < until:
        time.sleep(10)
        if _memory_left() < _LEAST_BYTES:
            raise MemoryError(f"too little memory is left: take fewer nodes; {_state(url)}")


def main() -> int:
    """Measure and print. Returns the exit code: 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboards")
    parser.add_argument("--site", type=Path, default=SITE, help="the site file")
    parser.add_argument("--nodes", type=int, help="only so many nodes")
    parser.add_argument("--minutes", type=float, default=15.0, help="how long it is scraped")
    parser.add_argument("--days", type=float, default=30.0, help="how much is backfilled")
    parser.add_argument("--folder", type=Path, help="for all data; else one that goes")
    parser.add_argument("--write", type=Path, metavar="FILE", help="the tables, as Markdown")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = arguments.folder or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="wk-dashboards-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        end_s = time.time()
        if not (folder / "data").exists():
            origin_s = (end_s // DAY_SECONDS - arguments.days - 3) * DAY_SECONDS
            fleet = Fleet(load(arguments.site), nodes=arguments.nodes, origin_s=origin_s)
            begin_s = end_s - arguments.days * DAY_SECONDS
            samples = 0
            for path, count in dense_past(fleet, folder / "om", begin_s, end_s, drawn_names()):
                create_blocks([path], folder / "data")
                path.unlink()
                samples += count
            took = time.time() - end_s
            print(f"backfilled {samples:,} samples in {took:.0f} s", flush=True)
        url = _live(stack, folder, arguments)
        _wait(url, arguments.minutes)
        lines = [_state(url), ""]
        found = [took for span in BARS for took in measure(url, span)]
        lines += ["After all queries: " + _state(url), ""]
    lines += slowest(found)
    missed = [one for one in found if one.worst_seconds > BARS[one.range_seconds]]
    lines += ["", f"{len(found)} panels and ranges asked, {len(missed)} over their bar."]
    print("\n".join(lines))
    if arguments.write:
        arguments.write.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
