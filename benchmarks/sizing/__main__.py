"""Fills the tables of docs/scale.md: `python -m benchmarks.sizing`; `--check` changes nothing."""

import argparse
import sys
from pathlib import Path

from benchmarks.sizing.figures import load
from benchmarks.sizing.page import filled

_DOCS = Path(__file__).resolve().parents[2] / "docs"


def main() -> int:
    """Returns the exit code: 0 written or up to date, 1 out of date."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sizing", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    arguments = parser.parse_args()
    page = _DOCS / "scale.md"
    old = page.read_text(encoding="utf-8")
    new = filled(old, load(_DOCS / "measurements" / "sizing.toml"))
    if arguments.check:
        if new != old:
            print(f"{page.name} is out of date: run python -m benchmarks.sizing")
        return int(new != old)
    page.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
