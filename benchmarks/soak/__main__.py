"""python -m benchmarks.soak [--hours H] [--every SECONDS] [--csv FILE] [--write FILE]."""

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.__main__ import commit, processor
from benchmarks.soak.watch import summary, watch, watched


def main() -> int:
    """Watch, print, and with --write keep the summary. Returns 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--hours", type=float, default=8.0, help="for how long; 8, a night")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two looks; 60")
    parser.add_argument("--warm", type=float, default=600.0, help="seconds that do not count; 600")
    parser.add_argument("--csv", type=Path, default=Path("soak.csv"), help="a line for each look")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write a Markdown page")
    arguments = parser.parse_args()
    began = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="soak-") as name, watched(Path(name)) as daemon:
        looks = watch(
            daemon,
            arguments.hours * 3600,
            arguments.every,
            arguments.csv,
            lambda words: print(words, flush=True),
        )
    found = summary(looks, min(arguments.warm, arguments.hours * 3600 / 3))
    lines = ["| what | found |", "|---|---|", *(f"| {what} | {much} |" for what, much in found)]
    print("\n".join(lines))
    if arguments.write is not None:
        head = (
            f"# {arguments.hours:g} hours at 100 Hz\n\n"
            f"{began:%Y-%m-%d %H:%M} UTC, commit {commit()}, {processor()}; 8 fake GPUs on square"
            " waves, a scrape every 15 s, pushing to what is installed of VictoriaMetrics and"
            " Mosquitto (`scripts/measure-soak`).\n\n"
        )
        arguments.write.write_text(head + "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
