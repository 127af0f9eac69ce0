"""Prints how long it takes from a fault to its notification, with the rules as they are."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.alerts_e2e.course import Outcome, course, table
from tests.alerts_e2e.desk import PAGERDUTY, Desk
from tests.alerts_e2e.lab import lab
from tests.alerts_e2e.pace import Pace

_QUICK_SECONDS = 1500.0
_LASTING_SECONDS = 2 * 3600.0
_WHERE = {PAGERDUTY: "page", "/queue": "ticket"}


def besides(desk: Desk, outcomes: list[Outcome]) -> Iterator[str]:
    """What was told that is no fault's own alert, each thing once."""
    known = {(told.at_s, line.text) for one in outcomes for told, line in one.found}
    said = {
        f"- {severity}: {line.text.splitlines()[0]}"
        for told in desk.told()
        if (severity := _WHERE.get(told.path))
        for line in told.lines
        if (told.at_s, line.text) not in known and not line.over
    }
    yield from sorted(said)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.alerts_e2e", description=__doc__)
    parser.add_argument(
        "--lasting", action="store_true", help="wait also for ends that come an hour later"
    )
    parser.add_argument("--keep", type=Path, help="a folder for all files; else one that goes")
    asked = parser.parse_args()
    most_seconds = _LASTING_SECONDS if asked.lasting else _QUICK_SECONDS
    with tempfile.TemporaryDirectory(prefix="wk-alerts-") as made:
        folder = asked.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        with lab(folder) as running:
            outcomes = course(running, Pace(), lasting=asked.lasting, resolve_seconds=most_seconds)
            others = ["", "Also told:", "", *besides(running.desk, outcomes)]
            sys.stdout.write("\n".join([*table(outcomes), *others, ""]))
            messages = running.desk.told()
    if asked.keep:
        rows = (json.dumps([told.at_s, told.path, told.body]) for told in messages)
        (asked.keep / "told.jsonl").write_text("\n".join(rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
