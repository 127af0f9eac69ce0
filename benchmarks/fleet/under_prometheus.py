"""What it costs an engine to scrape a simulated site, and a Prometheus to evaluate our rules.

python -m benchmarks.fleet.under_prometheus [--engine prometheus|victoriametrics] [--nodes 5000]
    [--seconds 300] [--dashboard] [--folder DIR] [--write FILE]

With --dashboard, what each panel of the site's dashboard takes beside all that. A folder in which
`scripts/measure-dashboards --folder DIR` has backfilled 30 days makes that whole.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.dashboards import BARS, measure, slowest
from benchmarks.fleet.engines import Engine, prometheus, victoriametrics
from benchmarks.fleet.usage import Usage
from tests.servers.process import fetched

ENGINES = {"prometheus": prometheus, "victoriametrics": victoriametrics}
_SCRAPE_SECONDS = 15
_SPAN_SECONDS = 120
_DEAREST = 40
_NODES = '{job="wattkeeper-node"}'
_ALWAYS = {
    "nodes that answer": f"count(up{_NODES} == 1)",
    "nodes that do not": f"count(up{_NODES} == 0)",
    "series in a scrape of all": f"sum(scrape_samples_post_metric_relabeling{_NODES})",
    "a scrape takes, mean seconds": f"avg(scrape_duration_seconds{_NODES})",
    "a scrape takes, longest seconds": f"max(scrape_duration_seconds{_NODES})",
}
_RULED = {
    "site:gpu_power_watts:sum": "site:gpu_power_watts:sum",
    "site:it_power_watts:sum": "site:it_power_watts:sum",
    "alerts": "count(ALERTS)",
}
Row = tuple[str, str]


@contextmanager
def _simulator(arguments: argparse.Namespace, folder: Path) -> Iterator[Usage]:
    command = [sys.executable, "-m", "benchmarks.fleet_simulator", "--port=0", f"--sd={folder}"]
    command += [f"--site={arguments.site}", f"--nodes={arguments.nodes}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is not None:
                print(process.stdout.readline().strip())
            yield Usage(process.pid)
        finally:
            process.terminate()


def _asked(engine: Engine, path: str, **arguments: str) -> Any:
    query = f"?{urllib.parse.urlencode(arguments)}" if arguments else ""
    return json.loads(fetched(f"{engine.url}/api/v1/{path}{query}", seconds=120))["data"]


def _note_rules(engine: Engine, seconds: dict[str, list[float]]) -> None:
    """Note what the last evaluation of each rule took."""
    for group in _asked(engine, "rules")["groups"]:
        for number, rule in enumerate(group["rules"]):
            seconds[f"{group['name']} {number} {rule['name']}"].append(rule["evaluationTime"])


def _watch(seconds: int, engine: Engine, simulator: Usage) -> list[Row]:
    """Wait, and tell every 20 s; the rows of the last half."""
    rules: defaultdict[str, list[float]] = defaultdict(list)
    until, half = time.monotonic() + seconds, time.monotonic() + seconds / 2
    shares: dict[str, list[float]] = {name: [] for name in engine.usage}
    while time.monotonic() < until:
        time.sleep(min(20, max(1, until - time.monotonic())))
        told = [f"simulator {simulator.share():.2f} of a core"]
        for name, usage in engine.usage.items():
            share = usage.share()
            told.append(f"{name} {share:.2f} of a core, {usage.megabytes():.0f} MB")
            if time.monotonic() > half:
                shares[name].append(share)
        if engine.rules and time.monotonic() > half:
            _note_rules(engine, rules)
        told.append(f"load of the machine {os.getloadavg()[0]:.1f}")
        print("; ".join(told), flush=True)
    dearest = sorted(rules, key=lambda name: -statistics.median(rules[name]))[:_DEAREST]
    for name in dearest:
        print(f"{statistics.median(rules[name]):.3f} s {name}")
    return [
        row
        for name, usage in engine.usage.items()
        for row in (
            (f"{name}, cores", f"{sum(shares[name]) / max(len(shares[name]), 1):.2f}"),
            (f"{name}, resident memory", f"{usage.megabytes() / 1000:.1f} GB"),
        )
    ]


def _missed(engine: Engine) -> Iterator[Row]:
    """Scrapes that were due and did not come, by the times of those that did."""
    found = _asked(engine, "query", query=f"up{_NODES}[{_SPAN_SECONDS}s]")["result"]
    apart = [
        after - before
        for one in found
        for (before, _), (after, _) in itertools.pairwise(one["values"])
    ]
    yield f"scrapes in {_SPAN_SECONDS} s", str(sum(len(one["values"]) for one in found))
    yield "of these missed", str(sum(round(gap / _SCRAPE_SECONDS) - 1 for gap in apart))
    yield "two scrapes of a node, furthest apart", f"{max(apart, default=0):.2f} s"


def _answers(engine: Engine) -> Iterator[Row]:
    for what, query in {**_ALWAYS, **(_RULED if engine.rules else {})}.items():
        found = _asked(engine, "query", query=query)["result"]
        values = [f"{float(one['value'][1]):.6g}" for one in found]
        yield what, ", ".join(values) or "none"


def _rules(engine: Engine, seconds: int) -> Iterator[Row]:
    """What the groups took, over the second half of the run: a single evaluation tells little."""
    span = f"[{max(seconds // 2, 60)}s]"
    missed = f"sum(increase(prometheus_rule_group_iterations_missed_total{span}))"
    found = _asked(engine, "query", query=missed)["result"]
    yield "rule evaluations missed", f"{float(found[0]['value'][1]):.0f}"
    last = "prometheus_rule_group_last_duration_seconds"
    for word, query in {
        "mean": f"sum(avg_over_time({last}{span}))",
        "median": f"sum(quantile_over_time(0.5, {last}{span}))",
    }.items():
        found = _asked(engine, "query", query=query)["result"]
        yield f"all rule groups once, seconds ({word})", f"{float(found[0]['value'][1]):.2f}"
    found = _asked(engine, "query", query=f"topk(8, quantile_over_time(0.5, {last}{span}))")
    for one in sorted(found["result"], key=lambda one: -float(one["value"][1])):
        name = one["metric"]["rule_group"].rpartition(";")[2]
        yield f"of which {name} (median)", f"{float(one['value'][1]):.3f}"
    groups = _asked(engine, "rules")["groups"]
    broken = [rule["name"] for group in groups for rule in group["rules"] if rule.get("lastError")]
    yield "rules that fail", ", ".join(broken) or "none"


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    return "\n".join(["| what | found |", "|---|---:|", *(f"| {a} | {b} |" for a, b in rows)])


def main() -> None:
    """Run both, and print what they used."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet.under_prometheus")
    parser.add_argument("--engine", choices=ENGINES, default="prometheus")
    parser.add_argument("--site", default="deploy/sites/computing-centre-phase-1.toml")
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--dashboard", action="store_true")
    parser.add_argument("--folder", type=Path, help="for all data; else one that goes")
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    panels: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.folder or Path(name)
        with (
            _simulator(arguments, folder) as simulator,
            ENGINES[arguments.engine](folder) as engine,
        ):
            rows = _watch(arguments.seconds, engine, simulator)
            rows += _missed(engine)
            rows += _answers(engine)
            rows += _rules(engine, arguments.seconds) if engine.rules else []
            if arguments.dashboard:
                panels += slowest([t for span in BARS for t in measure(engine.url, span)])
            written = sum(path.stat().st_size for path in engine.data.rglob("*") if path.is_file())
            rows.append(("written to disk", f"{written / 1e6:.0f} MB"))
    text = "\n".join([table(rows), *(["", *panels] if panels else [])])
    print(text)
    if arguments.write is not None:
        arguments.write.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
