"""Makes captures of fake boards and every golden anew: `python -m tests.regenerate`.

Look at the difference before committing it.
"""

from collector.catalogue.dcgm import DIALECTS
from tests.captures import DCGM_GOLDEN, GOLDEN, dcgm_golden, paths
from tests.captures.__main__ import main as make_captures
from tests.captures.exposition import dcgm_exposition, exposition
from tests.replay import read_capture


def main() -> None:
    """Write them."""
    make_captures()
    DCGM_GOLDEN.mkdir(parents=True, exist_ok=True)
    for path in paths():
        capture = read_capture(path)
        (GOLDEN / f"{path.stem}.prom").write_text(exposition(capture), encoding="utf-8")
        for dialect in DIALECTS:
            text = dcgm_exposition(capture, dialect)
            dcgm_golden(path, dialect).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
