"""Prints the table; with --write, keeps it under docs/measurements/."""

import argparse
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bars import Row, bars


def main() -> int:
    """Measure and print. Returns 1 when a bar does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter runs, for a look")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write a Markdown page")
    arguments = parser.parse_args()
    rows: list[Row] = []
    for measure in bars(quick=arguments.quick):
        for row in measure():
            rows.append(row)
            print(
                f"{'ok  ' if row.holds else 'MISS'} {row.what:48} {row.bar:22} {row.found}",
                flush=True,
            )
    if arguments.write is not None:
        arguments.write.write_text(_page(rows))
    return 0 if all(row.holds for row in rows) else 1


def _page(rows: list[Row]) -> str:
    lines = [
        "# The node daemon against its bars",
        "",
        (
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit()}, "
            f"Python {platform.python_version()}, {processor()}, 8 fake GPUs on square waves "
            "from 0.3 to 3 s (`python -m benchmarks`)."
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


def commit() -> str:
    """The commit that is measured, short."""
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return found or "unknown"


def processor() -> str:
    """The machine's processors, in words."""
    info = Path("/proc/cpuinfo").read_text()
    models = [line.partition(":")[2].strip() for line in info.splitlines() if "model name" in line]
    return f"{len(models)} x {models[0]}" if models else platform.machine()


if __name__ == "__main__":
    sys.exit(main())
