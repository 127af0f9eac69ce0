"""Reads one source of host power for ever, and tells how it is doing."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from collector.daemon.faults import FaultBoard
from collector.energy.edges import SECOND_NS
from collector.sources.host.protocol import (
    HostReading,
    HostSource,
    HostSourceError,
    NothingHereError,
)

log = logging.getLogger(__name__)

_LOOK_SECONDS = 300.0
"""How often it is looked for what is not there: a driver may be loaded later."""
_FIRST_SECONDS, _MOST_SECONDS = 5.0, 300.0
"""How long to wait after a failure: doubled each time."""
_CLOSE_SECONDS = 2.0
_PATIENCE = 3
"""After so many failures in a row everything is looked for anew, and a fault is reported."""
_PASSING = {"timeout", "busy", "unreachable", "broken", "server_error", "gone", "no_reading", "io"}
"""Failures that may pass by themselves; others are told at once."""
_REOPEN_SECONDS = 60.0
_LEAST_STALE_NS = 3 * SECOND_NS

Take = Callable[[Sequence[HostReading]], None]


class SourceTask:
    """One source and the task that reads it. It delays nobody: not the ticks, not the others.

    Args:
        source: what to read.
        take: gets what was read.
        faults: told when a source that was asked for is not well.
        asked_for: whether the configuration names it. One that does not may be missing silently.
        phase: where in its period it is read, 0 to 1: nodes and sources spread.
    """

    def __init__(
        self, source: HostSource, take: Take, faults: FaultBoard, *, asked_for: bool, phase: float
    ) -> None:
        self.source = source
        self._part = f"host {source.name}"
        self.errors: dict[str, int] = {}
        self.latest: Sequence[HostReading] = ()
        self.latest_ns: int | None = None
        self._take = take
        self._faults = faults
        self._asked_for = asked_for
        self._phase = phase
        self._failures = 0
        self._ails = False
        self._close_told = False

    def fresh(self, now_ns: int) -> Sequence[HostReading]:
        """The latest readings; none once they are three periods old."""
        stale_ns = max(round(3 * self.source.seconds * SECOND_NS), _LEAST_STALE_NS)
        if self.latest_ns is None or now_ns - self.latest_ns > stale_ns:
            return ()
        return self.latest

    async def run(self) -> None:
        """Read until cancelled, or until the source turns out to have a bug."""
        await asyncio.sleep(self._phase * min(self.source.seconds, 10.0))
        while True:
            try:
                await self.source.open()
                await self._read_on()
                wait = 0.0
            except HostSourceError as error:
                wait = self._failed(error)
            except Exception:
                log.exception("host: reading %s failed by a mistake of ours", self.source.name)
                self._count("bug")
                self._faults.report(
                    self._part,
                    "it is read no more: a mistake in this program",
                    "report the traceback in the log; a restart tries again",
                )
                return
            finally:
                await self._close()
            await asyncio.sleep(wait)

    async def _read_on(self) -> None:
        """Read at absolute deadlines until everything is to be looked for anew.

        Raises:
            HostSourceError: it failed several times in a row, or in a way that does not pass.
        """
        opened = due = time.monotonic()
        while True:
            try:
                readings = await self.source.read()
            except HostSourceError as error:
                if error.word not in _PASSING or self._failures + 1 >= _PATIENCE:
                    raise
                await asyncio.sleep(self._failed(error, quietly=True))
                due = time.monotonic()
                continue
            self.took(readings)
            gone = any(reading.error == "gone" for reading in readings)
            if gone and time.monotonic() - opened > _REOPEN_SECONDS:
                return
            due = max(due + self.source.seconds, time.monotonic())
            await asyncio.sleep(due - time.monotonic())

    def took(self, readings: Sequence[HostReading]) -> None:
        """Take what was read, at least one reading that did not fail."""
        self.latest, self.latest_ns = readings, max(one.monotonic_ns for one in readings)
        for reading in readings:
            if reading.error:
                self._count(reading.error)
        self._failures = 0
        self._faults.clear(self._part)
        if self._ails:
            self._ails = False
            log.warning("%s: it is read again", self._part, extra=self._fields("end"))
        self._take(readings)

    def _failed(self, error: HostSourceError, *, quietly: bool = False) -> float:
        """Take note of a failure; return how long to wait, in seconds."""
        if isinstance(error, NothingHereError) and not self._asked_for:
            return _LOOK_SECONDS
        self._failures += 1
        self._count(error.word)
        if not quietly:
            self._tell(error)
        doubled = max(self.source.seconds, _FIRST_SECONDS) * (1 << min(self._failures - 1, 10))
        return max(min(doubled, _MOST_SECONDS), error.retry_seconds or 0)

    def _tell(self, error: HostSourceError) -> None:
        if self._asked_for:
            about = {"source": self.source.name}
            self._faults.report(self._part, str(error), error.action, about=about)
        elif not self._ails:
            self._ails = True
            fields = self._fields("begin") | {"problem": str(error), "action": error.action}
            words = f"; {error.action}" if error.action else ""
            log.warning("%s%s", error, words, extra=fields)

    def _fields(self, fault: str) -> dict[str, object]:
        return {"fault": fault, "part": self._part, "source": self.source.name}

    def _count(self, word: str) -> None:
        self.errors[word] = self.errors.get(word, 0) + 1

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.source.close()
        except TimeoutError:
            log.debug("host: %s did not close in time", self.source.name)
        except Exception:
            if not self._close_told:
                self._close_told = True
                log.exception("host: closing %s failed by a mistake of ours", self.source.name)
