"""What is wrong with the way to the meters: told when it starts, changes and ends."""

import logging
import time
from collections.abc import Callable

Report = Callable[[str | None, str], None]
"""Told the problem, or None when it is over, and what to do about it."""

_log = logging.getLogger(__name__)


class ListenerFault:
    """One line when it starts, one when it ends, and the report between.

    Args:
        report: told when the words change, and of the end.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._since: float | None = None
        self._said: tuple[str, str] | None = None

    def begin(self, problem: str, action: str) -> None:
        """Something is wrong."""
        words = (problem, action or "it is tried again")
        if self._since is None:
            self._since = time.monotonic()
            fields = {"fault": "begin", "part": "meters", "problem": words[0], "action": words[1]}
            _log.error("meters: %s; %s", *words, extra=fields)
        if words != self._said:
            self._said = words
            self._report(*words)

    def end(self) -> None:
        """All is well."""
        if self._since is None:
            return
        seconds = time.monotonic() - self._since
        self._since = self._said = None
        fields = {"fault": "end", "part": "meters", "seconds": round(seconds, 1)}
        _log.warning("meters: connected again after %.0f s", seconds, extra=fields)
        self._report(None, "")
