"""What it costs a real Prometheus to scrape a simulated site and to evaluate our rules.

python -m benchmarks.fleet.under_prometheus --nodes 5000 --seconds 180
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.process import ServerProcess, free_port

_TICKS = os.sysconf("SC_CLK_TCK")
_QUESTIONS = {
    "nodes that answer": 'count(up{job="wattkeeper-node"} == 1)',
    "nodes that do not": 'count(up{job="wattkeeper-node"} == 0)',
    "series in a scrape of all": "sum(scrape_samples_post_metric_relabeling)",
    "scrape, mean seconds": 'avg(scrape_duration_seconds{job="wattkeeper-node"})',
    "scrape, longest seconds": 'max(scrape_duration_seconds{job="wattkeeper-node"})',
    "fewest scrapes of a node in 2 minutes": (
        'min(count_over_time(up{job="wattkeeper-node"}[2m]))'
    ),
    "site:gpu_power_watts:sum": "site:gpu_power_watts:sum",
    "site:it_power_watts:sum": "site:it_power_watts:sum",
    "alerts": "count(ALERTS)",
}


class _Usage:
    """Processor time and memory of a process."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._last = (time.monotonic(), self._seconds())

    def share(self) -> float:
        """The share of a core since the last question."""
        now, before = (time.monotonic(), self._seconds()), self._last
        self._last = now
        return (now[1] - before[1]) / (now[0] - before[0])

    def megabytes(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self._pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def _seconds(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def _simulator(arguments: argparse.Namespace, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.fleet_simulator", "--port=0", f"--sd={folder}"]
    command += [f"--site={arguments.site}", f"--nodes={arguments.nodes}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is not None:
                print(process.stdout.readline().strip())
            yield process
        finally:
            process.terminate()


def _asked(port: int, path: str, **arguments: str) -> Any:
    url = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(arguments)}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)["data"]


def main() -> None:
    """Run both, and print what they used."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet.under_prometheus")
    parser.add_argument("--site", default="deploy/sites/computing-centre-phase-1.toml")
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=180)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        with _simulator(arguments, folder) as simulator:
            prometheus = ServerProcess(
                [
                    "prometheus",
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                f"http://127.0.0.1:{port}/-/ready",
                folder / "log",
            )
            with prometheus:
                _watch(arguments.seconds, _Usage(simulator.pid), _Usage(_pid_on(port)))
                _report(port)


def _pid_on(port: int) -> int:
    """The process whose arguments name a port."""
    wanted = f"--web.listen-address=127.0.0.1:{port}".encode()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if wanted in path.read_bytes().split(b"\0"):
                return int(path.parent.name)
        except OSError:
            continue
    raise RuntimeError("Prometheus is not running")


def _watch(seconds: int, simulator: _Usage, prometheus: _Usage) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(min(20, max(1, until - time.monotonic())))
        print(
            f"simulator {simulator.share():.2f} of a core, {simulator.megabytes():.0f} MB; "
            f"Prometheus {prometheus.share():.2f} of a core, {prometheus.megabytes():.0f} MB; "
            f"load of the machine {os.getloadavg()[0]:.1f}",
            flush=True,
        )


def _report(port: int) -> None:
    for what, query in _QUESTIONS.items():
        found = _asked(port, "query", query=query)["result"]
        print(f"{what}: {', '.join(one['value'][1] for one in found) or 'none'}")
    groups = _asked(port, "rules")["groups"]
    busy = sum(group["evaluationTime"] / group["interval"] for group in groups)
    print(f"rules: {busy:.3f} of the time, longest:")
    for group in sorted(groups, key=lambda one: -one["evaluationTime"])[:5]:
        print(f"  {group['name']}: {group['evaluationTime']:.3f} s every {group['interval']} s")
    broken = [
        f"{rule['name']}: {rule['lastError']}"
        for group in groups
        for rule in group["rules"]
        if rule.get("lastError")
    ]
    print(f"rules that fail: {'; '.join(broken) or 'none'}")


if __name__ == "__main__":
    main()
