"""Keeps what clients must show up to date with its files; a broken file changes nothing."""

import asyncio
import logging
import time
from collections.abc import Callable

from collector.model import Fault
from exporters.http.access import Access, AccessError
from exporters.http.stamps import stamps_of

_log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
_GRACE_SECONDS = 2.5
"""A certificate and its key are not replaced at the same instant."""
_AGAIN_SECONDS = 10.0
"""After a failure: what is missing may be a file that nobody looks at yet."""
_PART = "http access"
_ACTION = "mend the file; what was read before stays in force until then"


class Keeper:
    """Holds the newest access that could be read. Owned by the event loop.

    Args:
        load: reads it; called in a thread from the second time on.
        changed: told of each new one.

    Raises:
        AccessError: there is none to begin with.
    """

    def __init__(self, load: Callable[[], Access], changed: Callable[[Access], None]) -> None:
        self._load = load
        self._changed = changed
        self.access = load()
        self._stamps = self.access.stamps
        self._failed_at: float | None = None
        self._tried_at = 0.0
        self._problem = ""
        self._fault: Fault | None = None

    @property
    def fault(self) -> Fault | None:
        """What is wrong with the files now."""
        return self._fault

    async def watch(self) -> None:
        """Look at the files for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look(time.monotonic())

    async def look(self, now: float) -> None:
        """Read the files again if one has changed.

        Args:
            now: monotonic seconds.
        """
        found = stamps_of(self._stamps)
        again = self._failed_at is not None and now - self._tried_at >= _AGAIN_SECONDS
        if found != self._stamps or again:
            self._stamps, self._tried_at = found, now
            try:
                access = await asyncio.to_thread(self._load)
                _make_sure_it_protects(self.access, access)
            except AccessError as error:
                self._problem = str(error)
                self._failed_at = now if self._failed_at is None else self._failed_at
            else:
                self._take(access)
        if self._failed_at is not None and now - self._failed_at >= _GRACE_SECONDS:
            self._say()

    def _take(self, access: Access) -> None:
        self.access, self._stamps = access, access.stamps
        self._failed_at = None
        self._changed(access)
        fault, self._fault = self._fault, None
        if fault is None:
            _log.info("%s: took the changed certificates, users and headers", _PART)
            return
        seconds = max(time.time_ns() - fault.since_wall_ns, 0) / 1e9
        _log.warning(
            "%s: well again after %.0f s (was: %s)",
            _PART,
            seconds,
            fault.problem,
            extra={"fault": "end", "part": _PART, "seconds": round(seconds, 1)},
        )

    def _say(self) -> None:
        if self._fault is None:
            _log.error(
                "%s: %s; %s",
                _PART,
                self._problem,
                _ACTION,
                extra={
                    "fault": "begin",
                    "part": _PART,
                    "problem": self._problem,
                    "action": _ACTION,
                },
            )
        elif self._fault.problem == self._problem:
            return
        self._fault = Fault(
            part=_PART,
            problem=self._problem,
            action=_ACTION,
            since_wall_ns=time.time_ns() if self._fault is None else self._fault.since_wall_ns,
        )


def _make_sure_it_protects(before: Access, after: Access) -> None:
    """A file that was cut off, or is half written, must not open the port to everybody.

    Raises:
        AccessError: a protection would be switched off, or TLS on.
    """
    lost = None
    if (before.tls is None) != (after.tls is None):
        lost = "TLS would be switched off" if after.tls is None else "TLS would be switched on"
    elif before.users and not after.users:
        lost = "no password would be needed any more"
    elif before.verifies and not after.verifies:
        lost = "no client certificate would be needed any more"
    elif before.allowed_sans and not after.allowed_sans:
        lost = "any client certificate would do"
    if lost is not None:
        raise AccessError(f"by the changed files {lost}; that takes a restart of the daemon")
