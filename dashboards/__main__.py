"""`python -m dashboards`: write the dashboards' JSON, or say which files are out of date."""

import argparse
import sys
from pathlib import Path

from dashboards.committed import GENERATED
from dashboards.files import LANGUAGES, outdated, write


def main() -> int:
    """Returns the exit code: 0 done or up to date, 1 out of date or not to be written."""
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the titles")
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="where to; needed for any --lang but en"
    )
    arguments = parser.parse_args()
    folder = arguments.output
    if folder is None:
        if arguments.lang != "en":
            parser.error(f"--lang {arguments.lang} needs --output FOLDER: {GENERATED} is English")
        folder = GENERATED
    try:
        found = (outdated if arguments.check else write)(folder, arguments.lang)
    except OSError as error:
        said = f"cannot write {folder}: {error.strerror}; choose another --output"
        print(f"python -m dashboards: {said}", file=sys.stderr)  # noqa: T201 - what the user reads
        return 1
    for path in found:
        text = (
            f"{path} is out of date: run scripts/generate" if arguments.check else f"wrote {path}"
        )
        print(text)  # noqa: T201 - what the user reads
    return 1 if arguments.check and found else 0


if __name__ == "__main__":
    sys.exit(main())
