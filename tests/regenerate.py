"""Makes captures of fake boards and every golden anew: `python -m tests.regenerate`.

Look at the difference before committing it.
"""

from tests.captures import GOLDEN, paths
from tests.captures.__main__ import main as make_captures
from tests.captures.exposition import exposition
from tests.replay import read_capture


def main() -> None:
    """Write them."""
    make_captures()
    GOLDEN.mkdir(exist_ok=True)
    for path in paths():
        text = exposition(read_capture(path))
        (GOLDEN / f"{path.stem}.prom").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
