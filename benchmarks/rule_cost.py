"""What the rules cost one Prometheus, in seconds of processor for each evaluation of each group.

python -m benchmarks.rule_cost HOST:PORT PID

Every expression is asked of a running Prometheus that holds a fleet's series, one after the other
as a group evaluates them, and the processor time that its process spent is taken. So it is told
rightly on a busy machine too. That Prometheus should do nothing else meanwhile: start it on the
data of an earlier one, without targets and rules.
"""

import argparse
import json
import os
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path

from alerts.reading import Rule, alerts, recordings
from benchmarks.alert_week.replay import seconds

_TICKS = os.sysconf("SC_CLK_TCK")
_REPEATS = 2


def processor_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def ask(address: str, expression: str, at_s: str) -> int:
    """Evaluate an expression once. Returns how many series it has."""
    asked = urllib.parse.urlencode({"query": expression, **({"time": at_s} if at_s else {})})
    url = f"http://{address}/api/v1/query"
    with urllib.request.urlopen(url, asked.encode(), timeout=300) as answer:
        return len(json.load(answer)["data"]["result"])


def costs(address: str, pid: int, at_s: str) -> Mapping[str, float]:
    """Seconds of processor by group."""
    groups: dict[str, list[Rule]] = {}
    for rule in (*recordings(), *alerts()):
        groups.setdefault(rule.group, []).append(rule)
    for rules in groups.values():  # once, so that what is kept in memory is
        _ask_all(address, rules, at_s)
    found = {}
    for name, rules in groups.items():
        before = processor_seconds(pid)
        for _ in range(_REPEATS):
            _ask_all(address, rules, at_s)
        found[name] = (processor_seconds(pid) - before) / _REPEATS
    return found


def _ask_all(address: str, rules: Iterable[Rule], at_s: str) -> None:
    for rule in rules:
        ask(address, rule.expression, at_s)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rule_cost", description=__doc__)
    parser.add_argument("address", metavar="HOST:PORT")
    parser.add_argument("pid", type=int)
    parser.add_argument("--at", default="", help="when, UTC seconds since 1970; now if not given")
    asked = parser.parse_args()
    found = costs(asked.address, asked.pid, asked.at)
    intervals = {rule.group: seconds(rule.interval) for rule in (*recordings(), *alerts())}
    print("| group | every | seconds of processor |", "|---|---:|---:|", sep="\n")
    for name, cost in sorted(found.items(), key=lambda item: -item[1]):
        print(f"| {name} | {intervals[name]:.0f} s | {cost:.3f} |")
    share = sum(cost / intervals[name] for name, cost in found.items())
    print(f"\nAll groups once: {sum(found.values()):.2f} s. All the time: {share:.1%} of a core.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
