"""python -m benchmarks.chaos [--minutes M] [--seed N] [--folder DIR] [--write FILE]."""

import argparse
import random
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.__main__ import commit, processor
from benchmarks.chaos.plan import planned
from benchmarks.chaos.report import report
from benchmarks.chaos.run import run


def main() -> int:
    """Run, print, and with --write keep the table. Returns 1 when the books do not balance."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos")
    parser.add_argument("--minutes", type=float, default=30.0, help="of faults; 30")
    parser.add_argument("--pace", type=float, default=1.0, help="below 1: faults come faster")
    parser.add_argument("--seed", type=int, help="to repeat a run; drawn and printed if not given")
    parser.add_argument("--folder", type=Path, help="keep all files here, for a look afterwards")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write a Markdown page")
    arguments = parser.parse_args()
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed  # noqa: S311 - no secret
    plan = planned(seed, arguments.minutes * 60, pace=arguments.pace)
    print(f"seed {seed}, {len(plan)} faults", flush=True)
    with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as name:
        folder = arguments.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        began = datetime.now(UTC)
        outcome = run(plan, folder, lambda words: print(words, flush=True))
    tables = report(outcome)
    print(tables)
    if arguments.write is not None:
        arguments.write.write_text(
            f"# {arguments.minutes:.0f} minutes of every fault at once\n\n"
            f"{began:%Y-%m-%d %H:%M} UTC, commit {commit()}, {processor()}; 8 fake GPUs on square"
            f" waves, power at 100 Hz, windows of 1 s; seed {seed} (`scripts/measure-chaos`).\n\n"
            f"{tables}\n"
        )
    return 1 if outcome.wrong() else 0


if __name__ == "__main__":
    sys.exit(main())
