"""What the daemon is told from outside: to stop, or to start anew."""

import asyncio
import logging
import signal
from collections import deque
from collections.abc import Callable
from types import FrameType

log = logging.getLogger(__name__)

_HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_missed: deque[int] = deque()
"""Signals that came while the daemon was starting anew: between two event loops. A process has one
disposition for each signal, so this is the process's own."""


class Signals:
    """SIGTERM and SIGINT stop; SIGHUP stops in order to start anew, if that may be.

    The handlers are Python's own and not the loop's, which takes its away when it closes: a second
    SIGHUP would then end the process. They stay until `restore`.

    Args:
        may_reload: asked at SIGHUP; None lets SIGHUP stop like the others.
    """

    def __init__(self, may_reload: Callable[[], bool] | None) -> None:
        self.stopping = asyncio.Event()
        self.reload = False
        self._may_reload = may_reload
        self._loop = asyncio.get_running_loop()
        for number in _HEARD:
            signal.signal(number, self._arrived)
        while _missed:
            self._loop.call_soon(self._heed, _missed.popleft())

    @staticmethod
    def restore() -> None:
        """Let signals do again what they do to a program that knows none."""
        for number in _HEARD:
            plain = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, plain)
        _missed.clear()

    def _arrived(self, number: int, _frame: FrameType | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._heed, number)
        except RuntimeError:  # the loop is closed: the next run deals with it
            _missed.append(number)

    def _heed(self, number: int) -> None:
        if number != signal.SIGHUP or self._may_reload is None:  # or the terminal was closed
            self.reload = False
            self._stop(number)
        elif self.reload:  # already on the way; what has changed since is for the next run
            _missed.append(number)
        elif not self.stopping.is_set() and self._may_reload():
            self.reload = True
            self.stopping.set()

    def _stop(self, number: int) -> None:
        if not self.stopping.is_set():
            log.info("%s: stopping", signal.Signals(number).name)
        self.stopping.set()
