"""Prints how long it takes from a fault to its notification, with the rules as they are."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.alerts_e2e.course import course, table
from tests.alerts_e2e.lab import lab


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.alerts_e2e", description=__doc__)
    parser.add_argument("--resolved", type=float, default=1800.0, metavar="SECONDS")
    parser.add_argument("--keep", type=Path, help="a folder for all files; else one that goes")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wk-alerts-") as made:
        folder = asked.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        with lab(folder) as running:
            outcomes = course(running, until_resolved_seconds=asked.resolved)
            sys.stdout.write("\n".join(table(outcomes)) + "\n")
            others = {
                f"{one.path}: {one.text[:400]}"
                for one in running.desk.told()
                if one.path != "/deadman" and not any(one in each.told for each in outcomes)
            }
            sys.stdout.write("\n".join(["", "Also told:", "", *sorted(others), ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
