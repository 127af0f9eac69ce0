"""An outage in words: one line when it starts, one when it ends, and the report between."""

import logging
import time
from collections.abc import Callable

from collector.ledger.model import LaneStatus
from exporters.delivery.model import DeliveryError, Report

_log = logging.getLogger(__name__)

_KEPT = "windows wait in the ledger and are sent later"
_REFUSALS_APART_SECONDS = 600.0


class Outage:
    """Whether a lane is down, and who was told.

    Args:
        lane: its name, for the log.
        report: told when the words change, and of the end.
        status: what waits.
    """

    def __init__(self, lane: str, report: Report, status: Callable[[], LaneStatus]) -> None:
        self._lane = lane
        self._report = report
        self._status = status
        self._since: float | None = None
        self._said: tuple[str, str] | None = None
        self._refusal_said_at: float | None = None

    @property
    def on(self) -> bool:
        """Whether it is down."""
        return self._since is not None

    def begin(self, error: DeliveryError) -> None:
        """A try failed."""
        words = (error.text, error.action or _KEPT)
        if self._since is None:
            self._since = time.monotonic()
            _log.error("%s: %s; %s", self._lane, *words)
        if words != self._said:
            self._said = words
            self._report(*words)

    def end(self) -> None:
        """A try succeeded."""
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
        )
        self._report(None, "")

    def refused(self, count: int, words: str) -> None:
        """Rows were refused for good; said at most every ten minutes."""
        now = time.monotonic()
        said_at = self._refusal_said_at
        if said_at is None or now - said_at >= _REFUSALS_APART_SECONDS:
            self._refusal_said_at = now
            _log.error(
                "%s: the server refuses %d windows for good, they are set aside in the ledger: %s",
                self._lane,
                count,
                words,
            )
