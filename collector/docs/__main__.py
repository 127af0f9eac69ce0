"""`scripts/generate`: write the derived files, or with `--check` say which are out of date."""

import argparse
import sys
from pathlib import Path

from collector.docs.files import outdated, write
from collector.docs.keys import UndescribedKeyError

_ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Returns the exit code: 0 done or up to date, 1 out of date or not to be made."""
    parser = argparse.ArgumentParser(prog="scripts/generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    arguments = parser.parse_args()
    try:
        old = outdated(_ROOT) if arguments.check else write(_ROOT)
    except UndescribedKeyError as error:
        print(f"scripts/generate: {error}", file=sys.stderr)  # noqa: T201 - what the user reads
        return 1
    for path in old:
        text = (
            f"{path} is out of date: run scripts/generate" if arguments.check else f"wrote {path}"
        )
        print(text)  # noqa: T201 - what the user reads
    return 1 if arguments.check and old else 0


if __name__ == "__main__":
    sys.exit(main())
