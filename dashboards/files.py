"""The generated files: what they should say, which are out of date."""

from collections.abc import Callable, Mapping
from pathlib import Path

from dashboards.boards import BOARDS
from dashboards.korean import korean
from dashboards.parts.assemble import to_json

LANGUAGES: Mapping[str, Callable[[str], str]] = {"en": str, "ko": korean}
"""By language, what turns an English title into one of that language."""


def texts(language: str = "en") -> dict[str, str]:
    """By file name, the JSON of every dashboard.

    Args:
        language: one of `LANGUAGES`.
    """
    word = LANGUAGES[language]
    return {f"{board.uid}.json": to_json(board, word) for board in BOARDS}


def outdated(folder: Path, language: str = "en") -> list[Path]:
    """The files of a folder that do not say what they should, and dashboards that nobody makes.

    Args:
        folder: where they are.
        language: one of `LANGUAGES`.
    """
    wanted = texts(language)
    old = [folder / name for name, text in wanted.items() if _read(folder / name) != text]
    return old + [path for path in sorted(folder.glob("*.json")) if path.name not in wanted]


def write(folder: Path, language: str = "en") -> list[Path]:
    """Write what is out of date, take away what nobody makes any more; says which.

    Args:
        folder: where to; it is made if it is not there.
        language: one of `LANGUAGES`.

    Raises:
        OSError: the folder cannot be written.
    """
    wanted = texts(language)
    folder.mkdir(parents=True, exist_ok=True)
    changed = outdated(folder, language)
    for path in changed:
        if path.name in wanted:
            path.write_text(wanted[path.name], encoding="utf-8")
        else:
            path.unlink()
    return changed


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
