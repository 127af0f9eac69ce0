"""An outage in words: one line when it starts, one when it ends, and the report between."""

import logging
import time
from collections.abc import Callable

from collector.ledger.model import LaneStatus
from exporters.delivery.model import DeliveryError, Report

_log = logging.getLogger(__name__)

_KEPT = "windows wait in the ledger and are sent later"
_REFUSALS_APART_SECONDS = 600.0
"""So long after the last refusal they are over."""


class Outage:
    """Whether a lane is down, and who was told.

    Args:
        lane: its name, for the log.
        report: told when the words change, and of the end.
        status: what waits.
    """

    def __init__(self, lane: str, report: Report, status: Callable[[], LaneStatus]) -> None:
        self._lane = lane
        self._about = {"part": lane, "exporter": lane}
        self._report = report
        self._status = status
        self._since: float | None = None
        self._said: tuple[str, str] | None = None
        self._refusing_since: float | None = None
        self._refused_at = 0.0
        self._refusals = 0

    @property
    def on(self) -> bool:
        """Whether it is down."""
        return self._since is not None

    def begin(self, error: DeliveryError) -> None:
        """A try failed."""
        words = (error.text, error.action or _KEPT)
        if self._since is None:
            self._since = time.monotonic()
            problem, action = words
            fields = {"fault": "begin", "problem": problem, "action": action, **self._about}
            _log.error("%s: %s; %s", self._lane, problem, action, extra=fields)
        if words != self._said:
            self._said = words
            self._report(*words)

    def end(self) -> None:
        """A try succeeded."""
        self._end_refusals()
        if self._since is None:
            return
        seconds = time.monotonic() - self._since
        self._since = self._said = None
        waiting = self._status()
        _log.warning(
            "%s: delivers again after %.0f s; %d windows (%.1f MB) wait and follow now",
            self._lane,
            seconds,
            waiting.waiting_rows,
            waiting.waiting_bytes / 1e6,
            extra={"fault": "end", "seconds": round(seconds, 1), **self._about},
        )
        self._report(None, "")

    def refused(self, count: int, words: str) -> None:
        """Rows were refused for good; said when that begins, and when it is over."""
        now = time.monotonic()
        self._refused_at = now
        self._refusals += count
        if self._refusing_since is None:
            self._refusing_since = now
            _log.error(
                "%s: the server refuses %d windows for good, they are set aside in the ledger: %s; "
                "more of them are only counted",
                self._lane,
                count,
                words,
                extra={"fault": "begin", "problem": words, **self._about},
            )

    def _end_refusals(self) -> None:
        since, now = self._refusing_since, time.monotonic()
        if since is None or now - self._refused_at < _REFUSALS_APART_SECONDS:
            return
        count, seconds = self._refusals, self._refused_at - since
        self._refusing_since, self._refusals = None, 0
        _log.warning(
            "%s: the server refuses nothing any more; %d windows were set aside over %.0f s",
            self._lane,
            count,
            seconds,
            extra={"fault": "end", "seconds": round(seconds, 1), **self._about},
        )
