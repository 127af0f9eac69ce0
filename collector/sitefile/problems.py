"""What is wrong with a site file, gathered and put into sentences with file, line and key."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from collector.shown import shown
from collector.sitefile.positions import Path, line_of

_QUOTED = re.compile(r'"[^"]*"')
_SUBJECTS_SHOWN = 3
_ERRORS_SHOWN = 200
_MOST_WORDS = 1000
_LONGEST_KEY = 80
_HINTS = 20
"""Finding what is meant is slow where there are thousands of names; the first help enough."""


class SiteFileError(Exception):
    """The site file is wrong. The text is for people: every problem with file, line and key.

    Attributes:
        problems: one sentence each, by line.
    """

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        shown = list(problems[:_ERRORS_SHOWN])
        if more := len(problems) - len(shown):
            shown.append(f"... and {more} more problems like these")
        super().__init__("\n".join(shown))


@dataclass(frozen=True, slots=True)
class _Finding:
    """What is said of one key, whatever the names in it."""

    where: Path
    pattern: str


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    subject: str
    known: Collection[str] = ()


_Findings = dict[_Finding, list[_Said]]


@dataclass(slots=True)
class Problems:
    """Gathers errors and warnings.

    The same thing said of many ids in one table (as when a range makes a thousand racks) becomes
    one sentence.

    Args:
        file: how the file is called in messages.
        find_lines: finds the line of each key; called only if there is something to say.
    """

    file: str
    find_lines: Callable[[], Mapping[Path, int]]
    _errors: _Findings = field(default_factory=dict)
    _warnings: _Findings = field(default_factory=dict)
    _lines: Mapping[Path, int] | None = None

    def error(self, where: Path, text: str, subject: str = "", known: Collection[str] = ()) -> None:
        """Note what makes the file unusable.

        Args:
            where: the key.
            text: what is wrong; what is allowed. Names in it stand in quotes.
            subject: the id that it is said of.
            known: what there is, where the subject is not among it.
        """
        _note(self._errors, where, _Said(text, subject, known))

    def warn(self, where: Path, text: str, subject: str = "") -> None:
        """Note what is probably not meant; arguments as for `error`."""
        _note(self._warnings, where, _Said(text, subject))

    @property
    def failed(self) -> bool:
        """Whether there are errors."""
        return bool(self._errors)

    def line_of(self, where: Path) -> int:
        """The line of a key, or of the table around it."""
        if self._lines is None:
            self._lines = self.find_lines()
        return line_of(self._lines, where)

    def raise_errors(self) -> None:
        """Raise what was found, if anything.

        Raises:
            SiteFileError: with all errors.
        """
        if self._errors:
            raise SiteFileError(*self._sentences(self._errors))

    def warnings(self) -> tuple[str, ...]:
        """All warnings, by line."""
        return tuple(self._sentences(self._warnings))

    def _sentences(self, findings: _Findings) -> Iterator[str]:
        at = {finding: self.line_of(finding.where) for finding in findings}
        hints = 0
        for finding in sorted(findings, key=at.__getitem__):
            said = findings[finding]
            text = _joined(said)
            if said[0].known and hints < _HINTS:
                hints += 1
                text += _meant(said[0].subject, said[0].known)
            keys = [part for part in finding.where if isinstance(part, str)]
            key = ".".join(shown(part, _LONGEST_KEY) for part in keys)
            text = shown(text, _MOST_WORDS)
            yield ": ".join(part for part in (f"{self.file}:{at[finding]}", key, text) if part)


def _note(findings: _Findings, where: Path, said: _Said) -> None:
    findings.setdefault(_Finding(where, _QUOTED.sub('""', said.text)), []).append(said)


def _joined(said: list[_Said]) -> str:
    """One sentence for all of whom the same is said."""
    if len({one.text for one in said}) > 1:
        more = f" (and {len(said) - 1} more like it in this table)"
        return _about([said[0].subject]) + said[0].text + more
    return _about([one.subject for one in said]) + said[0].text


def _about(ids: list[str]) -> str:
    named = list(dict.fromkeys(one for one in ids if one))
    if not named:
        return ""
    shown = ", ".join(f'"{one}"' for one in named[:_SUBJECTS_SHOWN])
    more = len(named) - _SUBJECTS_SHOWN
    return f"{shown} and {more} more: " if more > 0 else f"{shown}: "


def _meant(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name[:_LONGEST_KEY], known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
